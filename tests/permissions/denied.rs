//! Denied: what the others may, and what nobody may, is refused to each role by the running cloud.
//!
//! Every call is made by a session of the function's own role. The same call passes for the role that may make it, so
//! that a refusal is known to come from the policy and not from a broken call. Calls change nothing: they write on a
//! condition that no row meets, or to names of the test's own.
//!
//! Streams and logs are the exception, since the local cloud refuses direct calls of them to every role: there it is
//! Lambda that acts in the role's name, and asks the role.

mod actor;
mod calls;
mod questions;

use std::time::Instant;

use reqwest::Method;
use tests::permissions::Role;
use tests::product::{Product, Service};
use tests::signature::{Keys, Request, Signer};
use tests::wait::eventually;
use tokio::task::{JoinSet, LocalSet};
use uuid::Uuid;

use crate::denied::actor::{Actor, Answer};
use crate::denied::questions::{Powers, Question, of_nobody, of_somebody, powers_of};
use crate::grants::jobs;
use crate::report;

#[tokio::test]
async fn permissions_of_neighbours_are_denied() {
    let product = Product::alone().await;
    let begun = Instant::now();
    let mut actors = Vec::new();
    let mut powers = Powers::new();
    for job in jobs() {
        let function = job.function(product.env());
        let role = Role::of(&product, &function).await;
        for power in powers_of(&role.policy) {
            powers.entry(power).or_default().push(function.clone());
        }
        let session = role.session().await;
        actors.push(Actor::new(&product, function, session, role));
    }
    let mark = Uuid::new_v4();
    let mut questions = of_somebody(&powers, mark);
    let neighbours = questions.len();
    questions.extend(of_nobody(&product));

    let (roles, asked) = (actors.len(), questions.len());
    let mut table = Table::default();
    for row in LocalSet::new().run_until(ask_all(actors, &questions)).await {
        table.admitted += row.admitted;
        table.denied += row.denied;
        table.wrong.extend(row.wrong);
    }
    report::print(&format!(
        "\npermissions: {roles} roles × ({neighbours} permissions of somebody, {} of nobody): {} denied, {} admitted as \
         granted, {} wrong, in {:.0?}",
        asked - neighbours,
        table.denied,
        table.admitted,
        table.wrong.len(),
        begun.elapsed(),
    ));
    assert!(table.wrong.is_empty(), "{}", table.wrong.join("\n"));
    clean_up(&product, &powers, mark).await;
}

/// How many questions were answered in which way.
#[derive(Default)]
struct Table {
    admitted: usize,
    denied: usize,
    /// What was neither as it should be.
    wrong: Vec<String>,
}

async fn ask_all(actors: Vec<Actor>, questions: &[Question]) -> Vec<Table> {
    let mut rows = JoinSet::new();
    for actor in actors {
        let questions = questions.to_vec();
        rows.spawn_local(async move { ask(&actor, &questions).await });
    }
    rows.join_all().await
}

/// Asks one role everything.
async fn ask(actor: &Actor, questions: &[Question]) -> Table {
    let mut table = Table::default();
    for question in questions {
        let answer = actor.attempt(&question.attempt).await;
        match (answer, question.allowed.contains(&actor.function)) {
            (Answer::Denied, false) => table.denied += 1,
            (Answer::Admitted(_), true) => table.admitted += 1,
            (Answer::Denied, true) => table.wrong.push(format!("{} was denied {}", actor.function, question.what)),
            (Answer::Admitted(how), false) => {
                table.wrong.push(format!("{} was not denied {}: {how}", actor.function, question.what));
            }
        }
    }
    table
}

/// Takes away what the admitted calls left: objects, and what buckets and topics said to the dead-letter queues.
async fn clean_up(product: &Product, powers: &Powers, mark: Uuid) {
    let root = Signer::new(product, Keys::root());
    for service in Service::ALL {
        let failures = format!("busline-{}-{}-failures", product.env(), service.name());
        let ours = powers.iter().filter(|((action, resource, _), _)| {
            ["sns:Publish", "s3:PutObject"].contains(&action.as_str()) && resource.contains(&failures)
        });
        let expected: usize = ours.map(|(_, allowed)| allowed.len()).sum();
        let queue = product.dead_letters(service);
        let part = format!("permissions-{mark}");
        let letters = eventually("what was published", async || {
            let letters = queue.with(&part).await;
            (letters.len() >= expected).then_some(letters)
        });
        for letter in letters.await {
            queue.remove(&letter).await;
            let told = &letter.body["Records"][0]["s3"];
            if let (Some(bucket), Some(key)) = (told["bucket"]["name"].as_str(), told["object"]["key"].as_str()) {
                let reply = root.send(&Request::plain("s3", Method::DELETE, &format!("/{bucket}/{key}"), "")).await;
                assert_eq!(reply.status, 204, "{}", reply.body);
            }
        }
    }
}
