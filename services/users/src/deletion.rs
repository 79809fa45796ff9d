//! Account deletion: the record that proves it, the request that begins it, and the jobs that carry it through.
//!
//! `DELETE /me` writes in one transaction that the profile is gone, the tombstone, the record, and the event
//! `UserDeleted.v1`; an hourly job does the same for whoever is gone from the user pool without it. From there on nothing
//! depends on the request: each service, this one too, erases its own when the event comes, and says so; the last one to
//! say so completes the record.

pub(crate) mod api;
mod begin;
pub(crate) mod erase;
pub(crate) mod error;
mod lost;
pub(crate) mod mark;
pub(crate) mod record;
pub(crate) mod watch;

use jiff::{SignedDuration, Timestamp};

/// Somebody who deletes their account must have given their password within this time.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// A deletion that is not complete after this time needs a person.
pub(crate) const OVERDUE: SignedDuration = SignedDuration::from_hours(24);

/// The services that have data of users. A deletion is complete when each of them has erased its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Users,
    Todos,
    Notifications,
}

impl Part {
    pub(crate) const ALL: [Self; 3] = [Self::Users, Self::Todos, Self::Notifications];

    /// The attribute of the record that says when the service was done.
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::Users => "usersErasedAt",
            Self::Todos => "todosErasedAt",
            Self::Notifications => "notificationsErasedAt",
        }
    }
}

/// Whether somebody who gave their password at `authenticated_at` may delete their account at `now`.
pub(crate) fn is_fresh(authenticated_at: Option<Timestamp>, now: Timestamp) -> bool {
    authenticated_at.is_some_and(|at| now.duration_since(at) <= FRESH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_deleted_within_minutes_of_giving_its_password() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert!(is_fresh(Some(at(0)), at(300)));
        assert!(!is_fresh(Some(at(0)), at(301)));
        assert!(!is_fresh(None, at(0)));
    }

    #[test]
    fn the_clock_of_cognito_may_be_a_moment_ahead() {
        assert!(is_fresh(Timestamp::from_second(2).ok(), Timestamp::from_second(1).unwrap()));
    }
}
