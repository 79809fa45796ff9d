//! Several calls at a time.

use std::collections::BTreeMap;

use anyhow::Result;
use tokio::task::JoinSet;

use crate::dlq::limits::MAX_CONCURRENT_REQUESTS;

/// Calls `call` with each input, up to [`MAX_CONCURRENT_REQUESTS`] at a time. The results are in the order of the inputs.
///
/// # Errors
/// When a call makes the program panic.
pub(crate) async fn concurrently<I, F>(
    inputs: impl IntoIterator<Item = I>,
    call: impl Fn(I) -> F,
) -> Result<Vec<F::Output>>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let mut inputs = inputs.into_iter().enumerate();
    let (mut calls, mut results) = (JoinSet::new(), BTreeMap::new());
    loop {
        while calls.len() < MAX_CONCURRENT_REQUESTS
            && let Some((number, input)) = inputs.next()
        {
            let call = call(input);
            calls.spawn(async move { (number, call.await) });
        }
        let Some(ended) = calls.join_next().await else { return Ok(results.into_values().collect()) };
        let (number, result) = ended?;
        results.insert(number, result);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn the_results_are_in_order_however_long_a_call_takes() {
        let open = Arc::new(AtomicUsize::new(0));
        let results = concurrently(0..40_u64, |input| {
            let open = Arc::clone(&open);
            async move {
                assert!(open.fetch_add(1, Ordering::SeqCst) < MAX_CONCURRENT_REQUESTS, "too many calls");
                tokio::time::sleep(Duration::from_millis(40 - input)).await;
                open.fetch_sub(1, Ordering::SeqCst);
                input
            }
        });
        assert_eq!(results.await.unwrap(), (0..40).collect::<Vec<_>>());
    }
}
