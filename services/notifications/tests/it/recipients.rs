//! The service's own copy of the people whom it writes to.

use serde_json::json;

use crate::function::{condition_failed, done, fixture, run};

#[test]
fn a_registration_keeps_address_and_profile() {
    let script = [("UpdateItem", done()), ("UpdateItem", done())];
    let ran = run("recipient-registered", &fixture("user-registered"), &script);
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
fn a_change_gives_way_to_a_newer_one() {
    let newer = condition_failed(&json!({}));
    let ran = run("recipient-changed", &fixture("user-profile-changed"), &[("UpdateItem", newer), ("GetItem", done())]);
    assert!(ran.outcome.is_ok(), "{ran:?}");
    let update = ran.bodies("UpdateItem")[0];
    assert_eq!(update["ConditionExpression"], json!("attribute_not_exists(#sequence) OR #sequence < :sequence"));
    assert_eq!(update["ExpressionAttributeValues"][":sequence"]["N"], json!("2"));
}
