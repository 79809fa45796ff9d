//! Reservations of what a user may have in all.

use lambda_kit::clock;
use lambda_kit::contention::{self, ATTEMPTS};
use uuid::Uuid;

use crate::app::error::AppError;
use crate::domain::quota::{NextStep, Quota, QuotaRefusal, RefusalReason, Usage};
use crate::store::Store;

/// The outcome of a reservation.
pub(crate) type Reservation = Result<(), QuotaRefusal>;

/// Reserves `amount` for something that is created next. If it is not created, the next count finds that.
///
/// One conditional write, unless the limit seems to be reached: then what the user has is counted, at most once in
/// [`COUNT_INTERVAL`](crate::domain::quota::COUNT_INTERVAL).
pub(crate) async fn reserve(store: &Store, quota: Quota, owner: Uuid, amount: u64) -> Result<Reservation, AppError> {
    for attempt in 0..ATTEMPTS {
        if store.add_usage(owner, quota, amount, clock::now()).await? {
            return Ok(Ok(()));
        }
        let recorded = store.get_usage(owner, quota.resource).await?;
        match quota.next_step(recorded.as_ref(), amount, clock::now()) {
            NextStep::Reserve => {}
            NextStep::Refuse(reason) => return Ok(Err(quota.refusal(reason))),
            NextStep::Count => {
                if let Some(reservation) = reserve_after_count(store, quota, owner, amount, recorded).await? {
                    return Ok(reservation);
                }
            }
        }
        contention::pause(attempt).await;
    }
    Err(AppError::Contended)
}

/// Counts what the user has and reserves `amount` if it fits. None when another request changed the record meanwhile.
async fn reserve_after_count(
    store: &Store,
    quota: Quota,
    owner: Uuid,
    amount: u64,
    recorded: Option<Usage>,
) -> Result<Option<Reservation>, AppError> {
    let before = match recorded {
        None => None,
        Some(usage) => {
            let counting = usage.counting(clock::now());
            if !store.save_usage(owner, quota.resource, &counting).await? {
                return Ok(None);
            }
            Some(counting)
        }
    };
    let count = store.count_usage(owner, quota.resource, clock::now()).await?;
    let usage = quota.counted(count, amount, before.as_ref(), clock::now());
    if !store.save_usage(owner, quota.resource, &usage).await? {
        return Ok(None);
    }
    Ok(Some(if usage.is_exact { Err(quota.refusal(RefusalReason::LimitReached)) } else { Ok(()) }))
}
