//! Planning of digests: which digests are requested.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::function::{Answer, done, run};

const INVOKE: &str = "POST /2015-03-31/functions/send-digest-mail/invocations";
/// The number of partitions of the index.
const SHARDS: usize = 16;

fn user(number: u8) -> String {
    format!("0198c0de-0000-7000-8000-0000000000{number:02}")
}

fn row(number: u8) -> Value {
    json!({
        "pk": {"S": format!("USER#{}", user(number))}, "sk": {"S": "PREFERENCES"}, "userId": {"S": user(number)},
        "reminderMail": {"BOOL": true}, "digestMail": {"BOOL": true}, "digestHour": {"N": "6"}, "version": {"N": "1"},
        "digestShard": {"S": "0"}, "digestAt": {"S": "2026-12-24T06:00:00Z"},
    })
}

#[test]
fn a_row_that_cannot_be_read_stops_no_other_digest() {
    let mut corrupt = row(2);
    corrupt["digestHour"] = json!({"S": "six, private@example.com"});
    let position = json!({"pk": corrupt["pk"], "sk": corrupt["sk"]});
    let mut script = vec![
        ("Query", Answer::Json(200, json!({"Items": [row(1), corrupt], "LastEvaluatedKey": position}))),
        ("Query", Answer::Json(200, json!({"Items": [row(3)]}))),
    ];
    script.extend((1..SHARDS).map(|_| ("Query", Answer::Json(200, json!({"Items": []})))));
    for operation in ["GetItem", INVOKE, "UpdateItem"] {
        script.extend([(operation, done()), (operation, done())]);
    }
    let ran = run("plan-digests", &json!({"scheduledTime": "2026-12-24T06:00:00Z"}), &script);
    assert!(ran.outcome.is_ok(), "{ran:?}");
    // Several are requested at the same time.
    let requested: BTreeSet<&str> = ran.bodies(INVOKE).iter().filter_map(|body| body["userId"].as_str()).collect();
    assert_eq!(requested, BTreeSet::from([user(1).as_str(), user(3).as_str()]));
    assert_eq!(ran.bodies(INVOKE).len(), 2);
    assert!(ran.bodies("Query").iter().any(|query| query["ExclusiveStartKey"] == position), "{ran:?}");
    assert!(ran.logs.contains("preferences cannot be read") && ran.logs.contains(&user(2)), "{}", ran.logs);
    assert!(!ran.logs.contains("private@example.com"), "{}", ran.logs);
}
