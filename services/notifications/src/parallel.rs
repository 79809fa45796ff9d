//! Jobs that run at the same time, with a limit.

use std::panic::resume_unwind;

use tokio::task::JoinSet;

/// Runs jobs, at most `limit` at a time, and returns their results in the order in which they end.
///
/// # Panics
/// When a job does.
pub(crate) async fn join_all<J>(limit: usize, jobs: impl IntoIterator<Item = J>) -> Vec<J::Output>
where
    J: Future<Output: Send> + Send + 'static,
{
    let (mut jobs, mut running, mut results) = (jobs.into_iter(), JoinSet::new(), Vec::new());
    for job in jobs.by_ref().take(limit) {
        running.spawn(job);
    }
    while let Some(ended) = running.join_next().await {
        results.push(ended.unwrap_or_else(|failure| resume_unwind(failure.into_panic())));
        if let Some(job) = jobs.next() {
            running.spawn(job);
        }
    }
    results
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Barrier;

    use super::*;

    const LIMIT: usize = 16;

    #[tokio::test]
    async fn jobs_run_at_the_same_time_and_not_more_than_the_limit() {
        let everyone = Arc::new(Barrier::new(LIMIT));
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let jobs = (0..LIMIT * 3).map(|number| {
            let (everyone, running, most) = (Arc::clone(&everyone), Arc::clone(&running), Arc::clone(&most));
            async move {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                // Opens when as many jobs run as may: one after the other they would wait for ever.
                everyone.wait().await;
                running.fetch_sub(1, Ordering::SeqCst);
                number
            }
        });
        let mut numbers = join_all(LIMIT, jobs).await;
        numbers.sort_unstable();
        assert!(numbers.into_iter().eq(0..LIMIT * 3));
        assert_eq!(most.load(Ordering::SeqCst), LIMIT);
    }
}
