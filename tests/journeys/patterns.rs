//! The local cloud delivers what `contracts::pattern` decides: its `TestEventPattern` must decide the same of every event.
//! That is no evidence for either of them, because the local cloud is patched by the same reading of the guide.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TestEventPattern.html>

use std::env;
use std::time::Duration;

use aws_sdk_eventbridge::Client;
use contracts::pattern::Pattern;
use contracts::pattern::generate::{Pair, pair};
use serde_json::{Value, json};
use tests::product::Product;
use tokio::task::JoinSet;
use tokio::time::timeout;

const PAIRS: u64 = 10_000;

/// Few, because other tests use the same cloud.
const CALLERS: u64 = 2;

/// Many times what it takes on two cores that others keep busy.
const DEADLINE: Duration = Duration::from_mins(10);

/// Whether the event matches, or why the pattern is refused.
type Verdict = Result<bool, String>;

fn our_verdict(pattern: &str, event: &Value) -> Verdict {
    let pattern = Pattern::parse(pattern).map_err(|error| error.reason().to_owned())?;
    Ok(pattern.matches(event))
}

async fn aws_verdict(client: &Client, pattern: &str, event: &Value) -> Verdict {
    match client.test_event_pattern().event_pattern(pattern).event(event.to_string()).send().await {
        Ok(answer) => Ok(answer.result),
        Err(error) => {
            let error = error.into_service_error();
            assert!(error.is_invalid_event_pattern_exception(), "{pattern}: {error:?}");
            let message = error.meta().message().unwrap_or_default();
            let reason = message.strip_prefix("Event pattern is not valid. Reason: ").unwrap_or(message);
            Err(reason.to_owned())
        }
    }
}

/// The reasons are those of AWS too, apart from two: AWS gives none for broken JSON, and reports a broken `$or` as if it
/// were the name of a field.
fn verdicts_agree(pattern: &str, ours: &Verdict, theirs: &Verdict) -> bool {
    match (ours, theirs) {
        (Err(ours), Err(theirs)) => ours == theirs || pattern.contains("$or") || theirs == "Invalid JSON",
        (ours, theirs) => ours == theirs,
    }
}

#[tokio::test]
async fn ten_thousand_generated_patterns_match_as_in_the_cloud() {
    let product = Product::shared().await;
    let client = Client::new(product.sdk());
    // Another number draws other pairs.
    let first: u64 = env::var("BUSLINE_PATTERN_SEED").map_or(0, |seed| seed.parse().expect("a number"));
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let client = client.clone();
        callers.spawn(async move {
            let mut differences = Vec::new();
            for seed in (first + caller..first + PAIRS).step_by(usize::try_from(CALLERS).expect("a few")) {
                let Pair { pattern, event } = pair(seed);
                let (ours, theirs) = (our_verdict(&pattern, &event), aws_verdict(&client, &pattern, &event).await);
                if !verdicts_agree(&pattern, &ours, &theirs) {
                    differences.push(format!("seed {seed}: {pattern}\n  {event}\n  ours {ours:?}, theirs {theirs:?}"));
                }
            }
            differences
        });
    }
    let differences = timeout(DEADLINE, callers.join_all()).await.expect("the cloud answers in time").concat();
    assert!(differences.is_empty(), "{} of {PAIRS} differ:\n{}", differences.len(), differences.join("\n"));
}

#[tokio::test]
async fn the_documented_patterns_match_as_in_the_cloud() {
    let product = Product::shared().await;
    let client = Client::new(product.sdk());
    let cases = include_str!("../../contracts/tests/it/fixtures/patterns.json");
    let cases: Vec<Value> = serde_json::from_str(cases).expect("cases");
    for case in &cases {
        let pattern = case["pattern"].as_str().map_or_else(|| case["pattern"].to_string(), str::to_owned);
        let event = enveloped(&case["event"]);
        let (ours, theirs) = (our_verdict(&pattern, &event), aws_verdict(&client, &pattern, &event).await);
        assert!(verdicts_agree(&pattern, &ours, &theirs), "{}: ours {ours:?}, theirs {theirs:?}", case["name"]);
    }
}

/// The event with the fields that `TestEventPattern` asks for.
fn enveloped(event: &Value) -> Value {
    let mut whole = json!({
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": "none",
        "source": "none",
        "account": "111122223333",
        "time": "2026-11-21T18:43:48Z",
        "region": "eu-west-1",
        "resources": [],
        "detail": {},
    });
    for (name, value) in event.as_object().into_iter().flatten() {
        whole[name] = value.clone();
    }
    whole
}
