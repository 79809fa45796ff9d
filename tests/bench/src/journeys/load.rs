//! Throughput for growing numbers of concurrent clients: the same number of changes by 1, 4, 16 and 64 of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context, Result};
use tests::account::User;
use tests::product::Product;
use uuid::Uuid;

use super::inbox::{Inboxes, sign_up};
use super::latency::post;
use crate::results::{LoadFigures, Spread, exact, median, ms};

/// The numbers of concurrent clients, each of which is a user.
const CLIENTS: [usize; 4] = [1, 4, 16, 64];

/// One round with one number of clients.
struct Round {
    answered_per_s: f64,
    effects_per_s: f64,
    answers_ms: Vec<f64>,
}

/// Creates `changes` items with each number of clients, `rounds` times in turn.
///
/// # Errors
/// When an item is not created.
pub(crate) async fn measure(product: &Product, changes: usize, rounds: usize) -> Result<Vec<LoadFigures>> {
    let users = sign_up(product, CLIENTS.into_iter().max().unwrap_or(1)).await?;
    // So that each number of clients finds running functions.
    for clients in CLIENTS {
        round(product, &users[..clients], clients * 2).await?;
    }
    let mut measured: Vec<Vec<Round>> = CLIENTS.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (clients, rounds) in CLIENTS.into_iter().zip(&mut measured) {
            rounds.push(round(product, &users[..clients], changes).await?);
        }
    }
    let median_of = |rounds: &[Round], value: fn(&Round) -> f64| median(&rounds.iter().map(value).collect::<Vec<_>>());
    let figures = CLIENTS.into_iter().zip(&measured).map(|(clients, rounds)| LoadFigures {
        clients,
        answered_per_s: median_of(rounds, |round| round.answered_per_s),
        effects_per_s: median_of(rounds, |round| round.effects_per_s),
        answer: Spread::new(&rounds.iter().flat_map(|round| round.answers_ms.clone()).collect::<Vec<_>>()),
    });
    Ok(figures.collect())
}

async fn round(product: &Product, users: &[User], changes: usize) -> Result<Round> {
    let inboxes = Inboxes::new(product, users);
    let before = inboxes.entries().await?;
    let start = Instant::now();
    let given_out = Arc::new(AtomicUsize::new(0));
    let working: Vec<_> =
        users.iter().map(|user| tokio::spawn(work(user.clone(), Arc::clone(&given_out), changes))).collect();
    let mut answers_ms = Vec::new();
    for task in working {
        answers_ms.extend(task.await.context("a client stopped")??);
    }
    let answered = start.elapsed();
    inboxes.wait_for(before + changes as u64).await?;
    let count = exact(changes as u64);
    Ok(Round {
        answered_per_s: count / answered.as_secs_f64(),
        effects_per_s: count / start.elapsed().as_secs_f64(),
        answers_ms,
    })
}

/// One client: creates items one after the other until `changes` are given out. Returns the time of each.
async fn work(user: User, given_out: Arc<AtomicUsize>, changes: usize) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    while given_out.fetch_add(1, Ordering::Relaxed) < changes {
        let (name, start) = (Uuid::new_v4().to_string(), Instant::now());
        post(&user, &name, "Buy milk").await?;
        times.push(ms(start.elapsed()));
    }
    Ok(times)
}
