//! Export: everything that Busline has of a user, as one archive.
//!
//! `POST /me/export` asks every service for its part by `UserExportRequested.v1`. Each writes it into the bucket of
//! exports and says so; with the last one this service packs the archive, which its user downloads while signed in.

pub(crate) mod api;
pub(crate) mod archive;
pub(crate) mod bucket;
pub(crate) mod collect;
pub(crate) mod error;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// How long an archive is kept; the bucket's lifecycle has the same number.
pub(crate) const ARCHIVE_LIFE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// An export that is not ready after this time has failed. The bucket forgets parts after the same time.
const PATIENCE: SignedDuration = SignedDuration::from_hours(24);
/// This many exports may be asked for within a day.
const A_DAY: usize = 3;

/// The services that write a part, beside this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writer {
    Todos,
    Notifications,
}

impl Writer {
    pub(crate) const ALL: [Self; 2] = [Self::Todos, Self::Notifications];

    /// The attribute of the export's row that says when its part was written.
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::Todos => "todosExportedAt",
            Self::Notifications => "notificationsExportedAt",
        }
    }
}

/// The newest export of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Export {
    pub(crate) id: Uuid,
    pub(crate) user: Uuid,
    pub(crate) requested_at: Timestamp,
    /// When the last exports were asked for, this one included; at most as many as a day may have.
    pub(crate) requests: Vec<Timestamp>,
    /// The archive, once it is there.
    pub(crate) archive: Option<Archive>,
}

/// An archive that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Archive {
    pub(crate) bytes: u64,
    pub(crate) expires_at: Timestamp,
}

/// Where an export stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Preparing,
    Ready,
    Expired,
    Failed,
}

/// What comes of a request for an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// This new one.
    New(Export),
    /// The one that is being prepared.
    Running(Export),
    /// No more today.
    TooOften,
}

impl Export {
    /// A user asks for an export; `last` is their newest one.
    pub(crate) fn ask(last: Option<Self>, user: Uuid, id: Uuid, now: Timestamp) -> Asked {
        let mut requests = Vec::new();
        if let Some(last) = last {
            if last.status(now) == Status::Preparing {
                return Asked::Running(last);
            }
            requests = last.requests;
        }
        requests.retain(|at| now.duration_since(*at) < SignedDuration::from_hours(24));
        if requests.len() >= A_DAY {
            return Asked::TooOften;
        }
        requests.push(now);
        Asked::New(Self { id, user, requested_at: now, requests, archive: None })
    }

    /// Where the export stands at `now`.
    pub(crate) fn status(&self, now: Timestamp) -> Status {
        match self.archive {
            Some(archive) if now >= archive.expires_at => Status::Expired,
            Some(_) => Status::Ready,
            None if now.duration_since(self.requested_at) > PATIENCE => Status::Failed,
            None => Status::Preparing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(hour * 3600).unwrap()
    }

    fn ask(last: Option<Export>, hour: i64) -> Asked {
        Export::ask(last, Uuid::from_u128(1), Uuid::from_u128(2), at(hour))
    }

    fn ready(asked: Asked) -> Option<Export> {
        match asked {
            Asked::New(export) => {
                let expires_at = export.requested_at.saturating_add(ARCHIVE_LIFE).unwrap();
                Some(Export { archive: Some(Archive { bytes: 1, expires_at }), ..export })
            }
            Asked::Running(_) | Asked::TooOften => None,
        }
    }

    #[test]
    fn one_export_runs_at_a_time() {
        let Asked::New(first) = ask(None, 0) else { panic!("a first export") };
        assert_eq!(ask(Some(first.clone()), 1), Asked::Running(first.clone()));
        assert_eq!(first.status(at(25)), Status::Failed);
        assert!(matches!(ask(Some(first), 25), Asked::New(_)));
    }

    #[test]
    fn three_exports_a_day_are_enough() {
        let third = (0..3).fold(None, |last, hour| ready(ask(last, hour)));
        assert_eq!(ask(third.clone(), 3), Asked::TooOften);
        assert!(matches!(ask(third, 24), Asked::New(_)));
    }

    #[test]
    fn an_archive_is_there_for_a_week() {
        let export = ready(ask(None, 0)).unwrap();
        assert_eq!(export.status(at(7 * 24 - 1)), Status::Ready);
        assert_eq!(export.status(at(7 * 24)), Status::Expired);
    }
}
