//! Each role is denied what it does not allow itself: the permissions of all other roles, and what no role may do.
//!
//! Every request is sent with the credentials of the function's own role. The same request succeeds for the role that has
//! the permission, so that a denial is known to come from the policy and not from a wrong request. Requests change
//! nothing: they write under a condition that no row meets, or to names of this test.
//!
//! Streams and logs are an exception, because the local cloud denies direct requests about them to every role: there
//! Lambda acts with the function's role, and its permissions are checked.

use std::collections::BTreeMap;
use std::time::Instant;

use tests::permissions::FunctionRole;
use tests::permissions::failures::delete_reported_object;
use tests::product::Product;
use tests::report;
use tests::wait::eventually;
use tokio::task::{JoinSet, LocalSet};
use uuid::Uuid;

use crate::actor::{Actor, Answer};
use crate::questions::{Permissions, Question, about_no_role, about_other_roles, permissions_in};
use crate::requests::Requests;

#[tokio::test]
async fn every_role_is_denied_what_only_other_roles_may_do() {
    let product = Product::alone().await;
    let started = Instant::now();
    let functions = functions(&product).await;
    let mut actors = Vec::new();
    let mut permissions = Permissions::new();
    for function in functions.values().flatten() {
        let role = FunctionRole::new(&product, function).await;
        for permission in permissions_in(&role.policy) {
            permissions.entry(permission).or_default().push(function.clone());
        }
        let session = role.session().await;
        actors.push(Actor::new(&product, function.clone(), session, role));
    }
    let requests = Requests::new(&product).await;
    let mut questions = about_other_roles(&requests, &permissions);
    let others = questions.len();
    questions.extend(about_no_role(&product, &functions));

    let (roles, asked) = (actors.len(), questions.len());
    let mut table = Table::default();
    for row in LocalSet::new().run_until(ask_all(actors, &questions)).await {
        table.allowed += row.allowed;
        table.denied += row.denied;
        table.wrong.extend(row.wrong);
    }
    report::print(&format!(
        "\npermissions: {roles} roles × ({others} permissions of some role, {} of none): {} denied, {} allowed as \
         granted, {} wrong, in {:.0?}",
        asked - others,
        table.denied,
        table.allowed,
        table.wrong.len(),
        started.elapsed(),
    ));
    assert!(table.wrong.is_empty(), "{}", table.wrong.join("\n"));
    clean_up(&product, &permissions, requests.mark).await;
}

/// The names of the deployed functions of each service.
async fn functions(product: &Product) -> BTreeMap<String, Vec<String>> {
    let client = aws_sdk_lambda::Client::new(product.sdk());
    let mut listed = client.list_functions().into_paginator().items().send();
    let mut names = Vec::new();
    while let Some(function) = listed.next().await {
        names.extend(function.expect("a function").function_name);
    }
    let of_service = |service: String| {
        let prefix = product.function(&service, "");
        let own: Vec<String> = names.iter().filter(|name| name.starts_with(&prefix)).cloned().collect();
        assert!(!own.is_empty(), "{service} has no function");
        (service, own)
    };
    product.services().into_iter().map(of_service).collect()
}

/// How many questions had which answer.
#[derive(Default)]
struct Table {
    allowed: usize,
    denied: usize,
    /// The questions with the wrong answer.
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

/// Asks one role all questions.
async fn ask(actor: &Actor, questions: &[Question]) -> Table {
    let mut table = Table::default();
    for question in questions {
        let answer = actor.attempt(&question.attempt).await;
        match (answer, question.allowed.contains(&actor.function)) {
            (Answer::Denied, false) => table.denied += 1,
            (Answer::Allowed(_), true) => table.allowed += 1,
            (Answer::Denied, true) => table.wrong.push(format!("{} was denied {}", actor.function, question.what)),
            (Answer::Allowed(response), false) => {
                table.wrong.push(format!("{} was allowed {}: {response}", actor.function, question.what));
            }
        }
    }
    table
}

/// Deletes what the allowed requests created: objects, and the messages that buckets and topics sent to the dead-letter
/// queues.
async fn clean_up(product: &Product, permissions: &Permissions, mark: Uuid) {
    for service in &product.services() {
        let failures = format!("busline-{}-{service}-failures", product.env());
        let own = permissions.iter().filter(|((action, resource, _), _)| {
            ["sns:Publish", "s3:PutObject"].contains(&action.as_str()) && resource.contains(&failures)
        });
        let expected: usize = own.map(|(_, allowed)| allowed.len()).sum();
        let queue = product.dead_letter_queue(service);
        let part = format!("permissions-{mark}");
        let messages = eventually("all published messages", async || {
            let messages = queue.containing(&part).await;
            (messages.len() >= expected).then_some(messages)
        });
        for message in messages.await {
            queue.delete(&message).await;
            delete_reported_object(product, &message.body).await;
        }
    }
}
