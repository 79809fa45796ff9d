//! Deletions of accounts: begun here, carried out by each participant, complete when all of them have answered.

use lambda_kit::clock;
use lambda_kit::contention::{self, ATTEMPTS};
use lambda_kit::correlation::CorrelationContext;
use tracing::info;
use uuid::Uuid;

use crate::app::error::AppError;
use crate::domain::deletion::{BeginOutcome, ErasureAnswer, NextStep, OVERDUE_AFTER, OpenDeletion};
use crate::domain::participants::Services;
use crate::exports_bucket::ExportsBucket;
use crate::participant_registry::ParticipantRegistry;
use crate::store::deletion::AnswerOutcome;
use crate::store::{Store, WriteOutcome};

/// The deletions in the table, and the registry of those who must take part.
#[derive(Clone, Debug)]
pub(crate) struct Deletions {
    pub(crate) store: Store,
    pub(crate) registry: ParticipantRegistry,
}

impl Deletions {
    /// Begins a user's deletion, with the participants that are registered now. A repeat is harmless.
    pub(crate) async fn begin(&self, user: Uuid, correlation: &CorrelationContext) -> Result<BeginOutcome, AppError> {
        if self.store.is_deleted(user).await? {
            return Ok(BeginOutcome::AlreadyStarted);
        }
        let participants = self.registry.read().await?.erasure;
        for attempt in 0..ATTEMPTS {
            match self.store.begin_deletion(user, &participants, clock::now(), correlation).await? {
                BeginOutcome::Conflict => contention::pause(attempt).await,
                outcome => return Ok(outcome),
            }
        }
        Ok(BeginOutcome::Conflict)
    }

    /// Notes that a participant has erased the user, and completes the deletion if it was the last one. The answer of a
    /// service that is not a participant of the deletion is ignored, and so is a repeat.
    ///
    /// A service that was asked for its part of an export before it heard of the deletion may have written the part after
    /// this service's erasure. It has written all of it before it answers, so the exports are deleted again here.
    pub(crate) async fn note_erasure(
        &self,
        exports: &ExportsBucket,
        answer: &ErasureAnswer,
        correlation: &CorrelationContext,
    ) -> Result<(), AppError> {
        let AnswerOutcome::Noted(deletion) = self.store.note_erasure(answer, clock::now()).await? else {
            info!("ignored the answer of a service that is not expected to erase the user");
            return Ok(());
        };
        exports.delete_user(&answer.deletion_id).await.map_err(AppError::ExportsNotErased)?;
        if !deletion.is_answered() {
            info!(deletion.complete = false, "a service has erased a user");
            return Ok(());
        }
        let registered = self.registry.read().await?.erasure;
        self.take_next_step(deletion, &registered, correlation).await
    }

    /// Takes the next step of each open deletion: drops participants that are not registered any more, requests the
    /// erasure from those that registered meanwhile, and completes what is answered.
    ///
    /// # Errors
    /// The first failure, after every deletion was tried. Also when a deletion is still incomplete a day after it began.
    pub(crate) async fn reconcile(&self, correlation: &CorrelationContext) -> Result<(), AppError> {
        let open = self.store.open_deletions().await?;
        if !open.is_empty() {
            let registered = self.registry.read().await?.erasure;
            let mut outcome = Ok(());
            for deletion in open {
                let step = self.take_next_step(deletion, &registered, correlation).await;
                outcome = outcome.and(step);
            }
            outcome?;
        }
        let began_before = clock::now().saturating_sub(OVERDUE_AFTER).unwrap_or_default();
        match self.store.count_deletions_begun_before(began_before).await? {
            0 => Ok(()),
            overdue => Err(AppError::Overdue(overdue)),
        }
    }

    async fn take_next_step(
        &self,
        deletion: OpenDeletion,
        registered: &Services,
        correlation: &CorrelationContext,
    ) -> Result<(), AppError> {
        let outcome = match deletion.next_step(registered) {
            NextStep::Wait => return Ok(()),
            NextStep::Complete => self.store.complete_deletion(&deletion, clock::now()).await?,
            NextStep::ChangeParticipants(change) => {
                info!(added = ?change.added, removed = ?change.removed, "the participants of a deletion have changed");
                let outcome = self.store.change_participants(&deletion, &change, clock::now(), correlation).await?;
                let changed = deletion.with(&change);
                if outcome == WriteOutcome::Conflict || !changed.is_answered() {
                    return Ok(());
                }
                self.store.complete_deletion(&changed, clock::now()).await?
            }
        };
        // After a conflict, the next answer or the next hour's run takes the next step.
        info!(deletion.complete = outcome == WriteOutcome::Applied, "a service has erased a user");
        Ok(())
    }
}
