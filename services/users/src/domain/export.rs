//! Export: an archive with everything that Busline has about a user.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::domain::participants::Services;

/// How long an archive is kept; the lifecycle rule of the bucket has the same number.
pub(crate) const ARCHIVE_RETENTION: SignedDuration = SignedDuration::from_hours(7 * 24);
/// An export that is not ready after this time has failed. The bucket deletes parts after the same time.
const PREPARATION_TIMEOUT: SignedDuration = SignedDuration::from_hours(24);
pub(crate) const MAX_EXPORTS_PER_DAY: usize = 3;
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The newest export of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Export {
    pub(crate) id: Uuid,
    pub(crate) user: Uuid,
    pub(crate) requested_at: Timestamp,
    /// The times of the last day's requests, this one included; at most [`MAX_EXPORTS_PER_DAY`].
    pub(crate) requests: Vec<Timestamp>,
    /// The services that must write a part.
    pub(crate) participants: Services,
    /// The services that have written their part.
    pub(crate) exported_by: Services,
    /// The archive, once it is complete.
    pub(crate) archive: Option<Archive>,
}

/// The archive of a complete export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Archive {
    pub(crate) bytes: u64,
    pub(crate) expires_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExportStatus {
    Preparing,
    Ready,
    Expired,
    Failed,
}

/// A request for an export.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExportRequest {
    /// The id of the new export.
    pub(crate) id: Uuid,
    pub(crate) user: Uuid,
}

/// An announcement that a participant has written its part.
#[derive(Clone, Debug)]
pub(crate) struct PartAnnouncement {
    pub(crate) user: Uuid,
    pub(crate) export: Uuid,
    /// The service that has written the part.
    pub(crate) service: String,
}

/// The result of a request for an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RequestDecision {
    New(Export),
    /// An export is being prepared already.
    AlreadyPreparing(Export),
    DailyLimitReached,
}

impl Export {
    /// Decides on a request; `newest` is the user's newest export. A new export has no participants yet.
    pub(crate) fn request(newest: Option<Self>, request: ExportRequest, now: Timestamp) -> RequestDecision {
        let mut requests = Vec::new();
        if let Some(newest) = newest {
            if newest.status(now) == ExportStatus::Preparing {
                return RequestDecision::AlreadyPreparing(newest);
            }
            requests = newest.requests;
        }
        requests.retain(|at| now.duration_since(*at) < DAY);
        if requests.len() >= MAX_EXPORTS_PER_DAY {
            return RequestDecision::DailyLimitReached;
        }
        requests.push(now);
        RequestDecision::New(Self {
            id: request.id,
            user: request.user,
            requested_at: now,
            requests,
            participants: Services::new(),
            exported_by: Services::new(),
            archive: None,
        })
    }

    pub(crate) fn status(&self, now: Timestamp) -> ExportStatus {
        match self.archive {
            Some(archive) if now >= archive.expires_at => ExportStatus::Expired,
            Some(_) => ExportStatus::Ready,
            None if now.duration_since(self.requested_at) > PREPARATION_TIMEOUT => ExportStatus::Failed,
            None => ExportStatus::Preparing,
        }
    }

    /// The participants that have not written their part.
    pub(crate) fn missing_parts(&self) -> Services {
        self.participants.difference(&self.exported_by).cloned().collect()
    }

    /// The participants without a part that are not registered any more.
    pub(crate) fn removed_participants(&self, registered: &Services) -> Services {
        self.missing_parts().difference(registered).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(hour * 3600).unwrap()
    }

    fn services<const N: usize>(names: [&str; N]) -> Services {
        names.map(str::to_owned).into()
    }

    fn request(newest: Option<Export>, hour: i64) -> RequestDecision {
        let (id, user) = (Uuid::from_u128(2), Uuid::from_u128(1));
        match Export::request(newest, ExportRequest { id, user }, at(hour)) {
            RequestDecision::New(export) => {
                RequestDecision::New(Export { participants: services(["orders", "users"]), ..export })
            }
            other => other,
        }
    }

    fn new(decision: RequestDecision) -> Export {
        let RequestDecision::New(export) = decision else { panic!("a new export") };
        export
    }

    fn ready(decision: RequestDecision) -> Export {
        let export = new(decision);
        let expires_at = export.requested_at.saturating_add(ARCHIVE_RETENTION).unwrap();
        Export { archive: Some(Archive { bytes: 1, expires_at }), ..export }
    }

    #[test]
    fn one_export_is_prepared_at_a_time() {
        let first = new(request(None, 0));
        assert_eq!(request(Some(first.clone()), 1), RequestDecision::AlreadyPreparing(first.clone()));
        assert_eq!(first.status(at(25)), ExportStatus::Failed);
        assert!(matches!(request(Some(first), 25), RequestDecision::New(_)));
    }

    #[test]
    fn a_user_can_request_three_exports_a_day() {
        let third = (0..3).fold(None, |newest, hour| Some(ready(request(newest, hour))));
        assert_eq!(request(third.clone(), 3), RequestDecision::DailyLimitReached);
        assert!(matches!(request(third, 24), RequestDecision::New(_)));
    }

    #[test]
    fn an_archive_expires_after_a_week() {
        let export = ready(request(None, 0));
        assert_eq!(export.status(at(7 * 24 - 1)), ExportStatus::Ready);
        assert_eq!(export.status(at(7 * 24)), ExportStatus::Expired);
    }

    #[test]
    fn an_export_waits_for_the_part_of_each_participant() {
        let mut export = new(request(None, 0));
        assert_eq!(export.missing_parts(), services(["orders", "users"]));
        export.exported_by = services(["users"]);
        assert_eq!(export.missing_parts(), services(["orders"]));
        export.exported_by = services(["orders", "users"]);
        assert_eq!(export.missing_parts(), services([]));
    }

    #[test]
    fn only_participants_without_a_part_can_be_dropped() {
        let mut export = new(request(None, 0));
        export.exported_by = services(["orders"]);
        assert_eq!(export.removed_participants(&services(["users"])), services([]));
        export.exported_by = services(["users"]);
        assert_eq!(export.removed_participants(&services(["users"])), services(["orders"]));
    }
}
