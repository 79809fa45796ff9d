//! Throughput as users grow: the same number of changes, by one user, by four at once, and so on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context, Result};
use tests::account::User;
use tests::product::Product;
use uuid::Uuid;

use crate::figures::{LoadFigures, Spread, exact, median, ms};
use crate::inbox::Inboxes;
use crate::road::post;

/// How many users are at work at once.
const USERS: [usize; 4] = [1, 4, 16, 64];

/// What one round at one number of users showed.
struct Round {
    answered_per_s: f64,
    effects_per_s: f64,
    answers_ms: Vec<f64>,
}

/// Makes `changes` items at each number of users, `rounds` times in turn.
///
/// # Errors
/// When an item is not made.
pub(crate) async fn measure(product: &Product, changes: usize, rounds: usize) -> Result<Vec<LoadFigures>> {
    let people = sign_up(product, USERS.into_iter().max().unwrap_or(1)).await?;
    // So that each number of users finds its functions running.
    for users in USERS {
        round(product, &people[..users], users * 2).await?;
    }
    let mut measured: Vec<Vec<Round>> = USERS.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (users, rounds) in USERS.into_iter().zip(&mut measured) {
            rounds.push(round(product, &people[..users], changes).await?);
        }
    }
    let middle = |rounds: &[Round], of: fn(&Round) -> f64| median(&rounds.iter().map(of).collect::<Vec<_>>());
    let figures = USERS.into_iter().zip(&measured).map(|(users, rounds)| LoadFigures {
        users,
        answered_per_s: middle(rounds, |round| round.answered_per_s),
        effects_per_s: middle(rounds, |round| round.effects_per_s),
        answer: Spread::of(&rounds.iter().flat_map(|round| round.answers_ms.clone()).collect::<Vec<_>>()),
    });
    Ok(figures.collect())
}

/// New users, whom the product has greeted.
async fn sign_up(product: &Product, count: usize) -> Result<Vec<User>> {
    let mut people = Vec::with_capacity(count);
    for _ in 0..count {
        people.push(product.user().await);
    }
    Inboxes::of(product, &people)?.until(count as u64).await?;
    Ok(people)
}

async fn round(product: &Product, people: &[User], changes: usize) -> Result<Round> {
    let inboxes = Inboxes::of(product, people)?;
    let before = inboxes.entries().await?;
    let begun = Instant::now();
    let given_out = Arc::new(AtomicUsize::new(0));
    let working: Vec<_> =
        people.iter().map(|user| tokio::spawn(work(user.clone(), Arc::clone(&given_out), changes))).collect();
    let mut answers_ms = Vec::new();
    for task in working {
        answers_ms.extend(task.await.context("a user stopped")??);
    }
    let answered = begun.elapsed();
    inboxes.until(before + changes as u64).await?;
    let count = exact(changes as u64);
    Ok(Round {
        answered_per_s: count / answered.as_secs_f64(),
        effects_per_s: count / begun.elapsed().as_secs_f64(),
        answers_ms,
    })
}

/// One user at work: as long as there are changes to make, one after the other. The time of each.
async fn work(user: User, given_out: Arc<AtomicUsize>, changes: usize) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    while given_out.fetch_add(1, Ordering::Relaxed) < changes {
        let (name, begun) = (Uuid::new_v4().to_string(), Instant::now());
        post(&user, &name, "Buy milk").await?;
        times.push(ms(begun.elapsed()));
    }
    Ok(times)
}
