//! The times at which DynamoDB may delete rows.

use jiff::{SignedDuration, Timestamp};

/// The value of a table's TTL attribute, in seconds since 1970, for a row that is kept for `retention` from then on.
#[must_use]
pub fn expires_at(from: Timestamp, retention: SignedDuration) -> i64 {
    from.as_second().saturating_add(retention.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_expires_after_its_retention_at_any_time() {
        let day = SignedDuration::from_hours(24);
        assert_eq!(expires_at(Timestamp::UNIX_EPOCH, day), 86_400);
        assert_eq!(expires_at(Timestamp::MAX, day), Timestamp::MAX.as_second() + 86_400);
    }
}
