//! Account deletion: who may request it, and when it is complete.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::domain::participants::Services;

/// How recently a user must have entered their password to delete their account.
const MAX_AUTHENTICATION_AGE: SignedDuration = SignedDuration::from_mins(5);

/// A deletion that is not complete after this time needs an operator.
pub(crate) const OVERDUE_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// Whether a user who entered their password at `authenticated_at` may delete their account at `now`.
pub(crate) fn is_recently_authenticated(authenticated_at: Option<Timestamp>, now: Timestamp) -> bool {
    authenticated_at.is_some_and(|at| now.duration_since(at) <= MAX_AUTHENTICATION_AGE)
}

/// The result of a request for a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BeginOutcome {
    Started,
    AlreadyStarted,
    /// The profile was changed meanwhile; nothing was written.
    Conflict,
}

/// An answer to the request for an erasure.
#[derive(Clone, Debug)]
pub(crate) struct ErasureAnswer {
    pub(crate) deletion_id: String,
    /// The service that has erased the user.
    pub(crate) service: String,
}

/// A deletion that is not complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OpenDeletion {
    /// The hash of the user's id.
    pub(crate) id: String,
    /// Kept until the deletion is complete, because it may have to be requested from another service.
    pub(crate) user: Uuid,
    pub(crate) requested_at: Timestamp,
    /// The services that must erase the user.
    pub(crate) participants: Services,
    /// The services that have erased the user.
    pub(crate) erased_by: Services,
    /// Counts the versions of `participants`; the sequence of the event that requested the erasure from them.
    pub(crate) sequence: u64,
    /// The ids of the events that requested the erasure: their outbox rows name the user.
    pub(crate) event_ids: Vec<String>,
}

/// What to do next with a deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NextStep {
    /// Participants have not answered yet.
    Wait,
    /// The registry has changed since the deletion began.
    ChangeParticipants(ParticipantsChange),
    /// Every participant has erased the user.
    Complete,
}

/// A change of a deletion's participants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParticipantsChange {
    /// Registered since the deletion began: the erasure must be requested from them.
    pub(crate) added: Services,
    /// Not registered any more, and without an answer: they are noted in the record. Tables and buckets that outlive their
    /// stack are deleted by whoever deletes the stack.
    pub(crate) removed: Services,
}

impl OpenDeletion {
    /// Whether every participant has answered.
    pub(crate) fn is_answered(&self) -> bool {
        self.participants.is_subset(&self.erased_by)
    }

    /// Compares the participants with those that are registered now.
    pub(crate) fn next_step(&self, registered: &Services) -> NextStep {
        let added: Services = registered.difference(&self.participants).cloned().collect();
        let unanswered = self.participants.difference(&self.erased_by);
        let removed: Services = unanswered.filter(|service| !registered.contains(*service)).cloned().collect();
        if !added.is_empty() || !removed.is_empty() {
            return NextStep::ChangeParticipants(ParticipantsChange { added, removed });
        }
        if self.is_answered() { NextStep::Complete } else { NextStep::Wait }
    }

    /// The deletion after a change of its participants.
    pub(crate) fn with(mut self, change: &ParticipantsChange) -> Self {
        self.participants.retain(|service| !change.removed.contains(service));
        self.participants.extend(change.added.iter().cloned());
        self.sequence += 1;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn services<const N: usize>(names: [&str; N]) -> Services {
        names.map(str::to_owned).into()
    }

    fn deletion<const P: usize, const E: usize>(participants: [&str; P], erased_by: [&str; E]) -> OpenDeletion {
        OpenDeletion {
            id: "d".into(),
            user: Uuid::nil(),
            requested_at: at(0),
            participants: services(participants),
            erased_by: services(erased_by),
            sequence: 1,
            event_ids: Vec::new(),
        }
    }

    #[test]
    fn an_account_can_be_deleted_for_five_minutes_after_entering_the_password() {
        assert!(is_recently_authenticated(Some(at(0)), at(300)));
        assert!(!is_recently_authenticated(Some(at(0)), at(301)));
        assert!(!is_recently_authenticated(None, at(0)));
    }

    #[test]
    fn an_authentication_time_in_the_near_future_is_accepted() {
        assert!(is_recently_authenticated(Some(at(2)), at(1)));
    }

    #[test]
    fn a_deletion_is_complete_when_the_last_participant_has_answered() {
        let registered = services(["orders", "users"]);
        assert_eq!(deletion(["orders", "users"], []).next_step(&registered), NextStep::Wait);
        assert_eq!(deletion(["orders", "users"], ["orders"]).next_step(&registered), NextStep::Wait);
        assert_eq!(deletion(["orders", "users"], ["orders", "users"]).next_step(&registered), NextStep::Complete);
    }

    #[test]
    fn a_participant_that_was_removed_without_an_answer_is_dropped() {
        let open = deletion(["orders", "users"], ["users"]);
        let NextStep::ChangeParticipants(change) = open.next_step(&services(["users"])) else { panic!("a change") };
        assert_eq!((&change.added, &change.removed), (&services([]), &services(["orders"])));
        let changed = open.with(&change);
        assert_eq!(changed.next_step(&services(["users"])), NextStep::Complete);
        assert_eq!(changed.sequence, 2);
    }

    #[test]
    fn a_participant_that_was_removed_after_its_answer_is_kept_in_the_record() {
        let answered = deletion(["orders", "users"], ["orders", "users"]);
        assert_eq!(answered.next_step(&services(["users"])), NextStep::Complete);
    }

    #[test]
    fn a_participant_that_registers_during_a_deletion_is_added_before_it_completes() {
        let registered = services(["orders", "users"]);
        let open = deletion(["users"], ["users"]);
        let NextStep::ChangeParticipants(change) = open.next_step(&registered) else { panic!("a change") };
        assert_eq!(change.added, services(["orders"]));
        let changed = open.with(&change);
        assert_eq!(changed.next_step(&registered), NextStep::Wait);
    }
}
