//! The service's copy of addresses and profiles.

use serde_json::json;

use crate::function::{Answer, condition_failed, done, fixture, run};

const JOB: &str = "update-recipients";

#[test]
fn a_registration_saves_address_and_profile() {
    let script = [("UpdateItem", done()), ("UpdateItem", done()), ("GetItem", done())];
    let ran = run(JOB, &fixture("user-registered"), &script);
    assert!(ran.outcome.is_ok(), "{ran:?}");
    let [address, profile] = ran.bodies("UpdateItem")[..] else {
        panic!("{ran:?}");
    };
    assert_eq!(address["UpdateExpression"], json!("SET #email = if_not_exists(#email, :email)"));
    assert_eq!(address["ExpressionAttributeValues"][":email"]["S"], json!("ann@example.com"));
    assert_eq!(profile["Key"]["sk"]["S"], json!("RECIPIENT"));
    assert_eq!(profile["ExpressionAttributeValues"][":sequence"]["N"], json!("1"));
    assert_eq!(profile["ExpressionAttributeValues"][":timeZone"]["S"], json!("Europe/Dublin"));
    assert!(!ran.logs.contains("example.com"), "an address is in the log: {}", ran.logs);
}

#[test]
fn a_change_does_not_replace_a_newer_one() {
    let newer = condition_failed(&json!({}));
    let ran = run(JOB, &fixture("user-profile-changed"), &[("UpdateItem", newer), ("GetItem", done())]);
    assert!(ran.outcome.is_ok(), "{ran:?}");
    let update = ran.bodies("UpdateItem")[0];
    assert_eq!(update["ConditionExpression"], json!("attribute_not_exists(#sequence) OR #sequence < :sequence"));
    assert_eq!(update["ExpressionAttributeValues"][":sequence"]["N"], json!("2"));
}

/// A user who turns digests on right after signing up may not be known here yet.
#[test]
fn a_digest_that_was_planned_for_another_time_zone_is_rescheduled() {
    let planned = json!({"Item": {
        "pk": {"S": "USER#0198c0de-0000-7000-8000-000000000001"}, "sk": {"S": "PREFERENCES"},
        "userId": {"S": "0198c0de-0000-7000-8000-000000000001"}, "version": {"N": "1"},
        "reminderMail": {"BOOL": true}, "digestMail": {"BOOL": true}, "digestHour": {"N": "7"},
        "digestShard": {"S": "0"}, "digestAt": {"S": "2198-01-01T07:00:00Z"},
    }});
    let recipient = |zone: &str| json!({"Item": {"email": {"S": "ann@example.com"}, "displayName": {"S": "Ann"}, "timeZone": {"S": zone}}});
    for (zone, moves) in [("Europe/Zurich", 1), ("Europe/Dublin", 0)] {
        for (event, saved) in [("user-registered", 2), ("user-profile-changed", 1)] {
            let mut script = vec![("UpdateItem", done()); saved + moves];
            script.extend([
                ("GetItem", Answer::Json(200, planned.clone())),
                ("GetItem", Answer::Json(200, recipient(zone))),
            ]);
            let ran = run(JOB, &fixture(event), &script);
            assert!(ran.outcome.is_ok(), "{ran:?}");
            let updates = ran.bodies("UpdateItem");
            assert_eq!(updates.len(), saved + moves, "{zone}: {ran:?}");
            assert_eq!(updates.last().unwrap()["ConditionExpression"] == json!("digestAt = :before"), moves == 1);
        }
    }
}
