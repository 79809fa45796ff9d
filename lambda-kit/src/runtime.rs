//! Lambda's runtime, for every runner: it hands events to a job, and answers the probe of a deployment itself.

use std::fmt::Debug;

use lambda_runtime::{Diagnostic, Error, LambdaEvent, Service, service_fn};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use tracing::info;

/// The member of a probe, with the value [`START`]: `{"buslineProbe": "start"}`.
///
/// A function gets it from a direct invocation only, for which its caller needs `lambda:InvokeFunction`. API Gateway,
/// EventBridge, a stream and Cognito put what users send into other members. `cargo xtask deploy` sends it.
const START: &str = "start";
/// No probe is longer, so that other payloads are not parsed twice.
const MAX_PROBE_BYTES: usize = 64;

/// Runs a job until the environment ends.
///
/// The job has started when its first event comes: its settings were read, its clients made. A probe shows this: it is
/// answered with `"started <request id>"`, and does not reach the job. The log line about it has that id, too.
///
/// # Errors
/// When the Lambda runtime's API fails.
pub async fn run<A, R, S>(mut job: S) -> Result<(), Error>
where
    A: DeserializeOwned,
    R: Serialize,
    S: Service<LambdaEvent<A>, Response = R>,
    S::Error: Into<Diagnostic> + Debug,
{
    lambda_runtime::run(service_fn(|event: LambdaEvent<Payload<A>>| {
        let answer = match event.payload {
            Payload::Probe => Err(event.context.request_id),
            // On the heap, because the futures of jobs are large.
            Payload::Event(payload) => Ok(Box::pin(job.call(LambdaEvent::new(payload, event.context)))),
        };
        async move {
            match answer {
                Ok(answer) => answer.await.map(Answer::Job),
                Err(request) => Ok(started(&request)),
            }
        }
    }))
    .await
}

/// What a function is invoked with.
enum Payload<A> {
    Probe,
    Event(A),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Probe {
    busline_probe: String,
}

impl<'de, A: DeserializeOwned> Deserialize<'de> for Payload<A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        if is_probe(raw.get()) {
            return Ok(Self::Probe);
        }
        // With the path of what does not parse, as `lambda_runtime` would tell it.
        serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(raw.get()))
            .map(Self::Event)
            .map_err(D::Error::custom)
    }
}

fn is_probe(payload: &str) -> bool {
    let probe = Some(payload).filter(|payload| payload.len() <= MAX_PROBE_BYTES);
    probe.and_then(|text| serde_json::from_str(text).ok()).is_some_and(|probe: Probe| probe.busline_probe == START)
}

/// The answer to a probe, once its line is logged.
fn started<R>(request: &str) -> Answer<R> {
    info!(request_id = request, "started, as a deployment wanted to know");
    Answer::Started(format!("started {request}"))
}

#[derive(Serialize)]
#[serde(untagged)]
enum Answer<R> {
    Started(String),
    Job(R),
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn event(payload: &Value) -> Option<Value> {
        match serde_json::from_value(payload.clone()).unwrap() {
            Payload::Probe => None,
            Payload::Event(event) => Some(event),
        }
    }

    #[test]
    fn a_probe_does_not_reach_the_job_and_every_other_payload_does() {
        assert_eq!(event(&json!({"buslineProbe": "start"})), None);
        for other in [
            json!({}),
            json!("start"),
            json!({"buslineProbe": "stop"}),
            json!({"buslineProbe": "start", "version": "2.0"}),
            json!({"version": "2.0", "body": "{\"buslineProbe\": \"start\"}"}),
            json!({"detail": {"buslineProbe": "start"}}),
        ] {
            assert_eq!(event(&other), Some(other));
        }
    }

    #[test]
    fn a_payload_that_does_not_parse_is_refused_with_the_place() {
        #[derive(Deserialize)]
        struct Event {
            #[expect(dead_code, reason = "only its type matters")]
            detail: Vec<u8>,
        }
        let refused = serde_json::from_str::<Payload<Event>>(r#"{"detail": [1, "secret"]}"#).err().unwrap();
        assert!(refused.to_string().starts_with("detail[1]: invalid type"), "{refused}");
    }

    #[test]
    fn the_answer_of_a_job_is_unchanged() {
        assert_eq!(serde_json::to_value(Answer::Job(json!({"statusCode": 200}))).unwrap(), json!({"statusCode": 200}));
        assert_eq!(serde_json::to_value(Answer::Job(())).unwrap(), Value::Null);
        assert_eq!(serde_json::to_value(started::<()>("r-1")).unwrap(), json!("started r-1"));
    }
}
