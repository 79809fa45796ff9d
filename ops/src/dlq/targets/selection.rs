//! Which target a message would be replayed to, decided without a call to AWS.

use serde::{Deserialize, Serialize};

use crate::dlq::envelope::{Envelope, Notification};
use crate::dlq::message::Message;
use crate::dlq::queue_lookup::name_in_url;
use crate::dlq::replay_metadata::MetadataPolicy;
use crate::names;

/// Where messages are replayed to. Journals call the first one `back`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ReplayTarget {
    /// The function, queue or rule target that each message names.
    #[serde(rename = "back")]
    Origin,
    /// The queue at this URL. Messages are sent unchanged.
    Queue(String),
    /// The SNS topic with this ARN. Messages are published as they were published first.
    Topic(String),
}

/// The replay target of all messages, and what is assumed of messages that do not name theirs. Journals keep it under
/// these names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetSelection {
    #[serde(rename = "way")]
    pub target: ReplayTarget,
    /// The function for messages that do not name the one that failed.
    pub function: Option<String>,
    /// The envelope that is assumed of messages of an unknown shape.
    #[serde(rename = "takenAs")]
    pub assumed_envelope: Option<Envelope>,
    /// What happens to replay metadata in another queue.
    #[serde(rename = "marking")]
    pub metadata: MetadataPolicy,
}

/// Why a message cannot be replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotReplayable(pub String);

/// Describes a rule's target. Functions, queues and topics receive exactly the event again; other targets can be
/// reached through EventBridge alone.
pub(super) fn describe_rule_target(arn: &str) -> Result<String, NotReplayable> {
    let name = names::last_part(arn);
    let (kind, instead) = match arn.split(':').nth(2).unwrap_or_default() {
        "lambda" | "sqs" => return Ok(format!("target {name}")),
        "sns" => return Ok(format!("topic {name}")),
        "events" => ("a bus or an API destination", "put its event on that bus"),
        "states" => ("a state machine", "start an execution with its event"),
        _ => ("not a function, a queue or a topic", "send its event to the target"),
    };
    Err(NotReplayable(format!(
        "no replay target: the rule's target {name} is {kind}. Use --to-queue, --to-topic or --invoke to send the events \
         elsewhere; or `export` them, {instead} (`event` of each line), then `purge` them"
    )))
}

impl TargetSelection {
    /// Describes where a message would go.
    ///
    /// # Errors
    /// When it cannot be replayed.
    pub fn describe_target(&self, message: &Message) -> Result<String, NotReplayable> {
        match &self.target {
            ReplayTarget::Queue(url) => Ok(format!("queue {}", name_in_url(url))),
            ReplayTarget::Topic(arn) => Ok(format!("topic {}", names::last_part(arn))),
            ReplayTarget::Origin => self.describe_origin(message),
        }
    }

    fn describe_origin(&self, message: &Message) -> Result<String, NotReplayable> {
        let no = |reason: &str| Err(NotReplayable(reason.to_owned()));
        let origin = &message.origin;
        let envelope = self.envelope(message);
        match envelope {
            Envelope::LambdaDestination | Envelope::LambdaDlq | Envelope::StreamPayload
                if envelope == message.envelope && origin.original.is_none() =>
            {
                let dropped = "the record does not contain the event (SNS drops a payload that is too large)";
                no(message.problem.as_deref().unwrap_or(dropped))
            }
            Envelope::LambdaDestination | Envelope::LambdaDlq | Envelope::StreamPayload | Envelope::StreamMetadata => {
                match self.function_of(message) {
                    Some(arn) => Ok(format!("function {}", names::function(&arn).unwrap_or(arn))),
                    None => no("it does not name the function that failed: give --invoke"),
                }
            }
            Envelope::RuleDlq => match (&origin.target_arn, &self.function) {
                (Some(arn), None) => describe_rule_target(arn),
                (Some(arn), Some(_)) if describe_rule_target(arn).is_ok() => describe_rule_target(arn),
                (_, Some(function)) => {
                    Ok(format!("function {}", names::function(function).unwrap_or(function.clone())))
                }
                (None, None) => no("it does not name the rule's target: give --invoke, --to-queue or --to-topic"),
            },
            Envelope::SqsRedrive => match &origin.source_queue_arn {
                Some(arn) => Ok(format!("queue {}", names::last_part(arn))),
                None => no("it does not name the queue that gave it up: give --to-queue"),
            },
            Envelope::Unknown => Err(unknown_shape(message)),
        }
    }

    pub(super) fn envelope(&self, message: &Message) -> Envelope {
        match (message.envelope, self.assumed_envelope) {
            (Envelope::Unknown, Some(assumed)) => assumed,
            (envelope, _) => envelope,
        }
    }

    /// The function that a message names, otherwise the one that the operator gave.
    pub(super) fn function_of(&self, message: &Message) -> Option<String> {
        message.origin.function_arn.clone().or_else(|| self.function.clone())
    }
}

/// A notification names its topic, but publishing it again reaches every subscriber, so the operator has to ask for it.
fn unknown_shape(message: &Message) -> NotReplayable {
    let topic = Notification::parse(&message.body).map(|notification| notification.topic_arn);
    NotReplayable(match topic {
        Some(topic) => format!(
            "its shape is unknown, but it was published to the topic {}: give --to-topic to publish it again to every \
             subscriber, --as, or --to-queue",
            names::last_part(&topic)
        ),
        None => "its shape is unknown: give --as, --to-queue or --to-topic".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlq::envelope::{self, Reading};
    use crate::dlq::raw_message::RawMessage;

    fn message(body: &str) -> Message {
        let raw = RawMessage { message_id: "m".to_owned(), body: body.to_owned(), ..RawMessage::default() };
        let Reading::Whole(decoded) = envelope::read(&raw) else { panic!("the message names no object") };
        Message::new(raw, *decoded)
    }

    fn undelivered_to(target: &str) -> Message {
        let mut message = message("");
        message.envelope = Envelope::RuleDlq;
        message.origin.target_arn = Some(target.to_owned());
        message
    }

    fn selection(target: ReplayTarget, function: Option<&str>) -> TargetSelection {
        let function = function.map(str::to_owned);
        TargetSelection { target, function, assumed_envelope: None, metadata: MetadataPolicy::Increment }
    }

    #[test]
    fn the_plan_explains_why_a_rule_target_cannot_be_reached() {
        for (arn, kind) in [
            ("arn:aws:events:eu-west-1:1:event-bus/audit", "a bus"),
            ("arn:aws:states:eu-west-1:1:stateMachine:ship", "a state machine"),
            ("arn:aws:kinesis:eu-west-1:1:stream/s", "not a function, a queue or a topic"),
        ] {
            let failed = undelivered_to(arn);
            let NotReplayable(reason) = selection(ReplayTarget::Origin, None).describe_target(&failed).unwrap_err();
            assert!(reason.contains("no replay target") && reason.contains(kind), "{reason}");
            let to_queue = selection(ReplayTarget::Queue("https://x/q".to_owned()), None);
            assert!(to_queue.describe_target(&failed).is_ok());
            let to_function = selection(ReplayTarget::Origin, Some("instead"));
            assert_eq!(to_function.describe_target(&failed).unwrap(), "function instead");
        }
    }

    #[test]
    fn functions_queues_and_topics_are_replay_targets_of_a_rule() {
        let origin = selection(ReplayTarget::Origin, None);
        for (arn, target) in [
            ("arn:aws:lambda:eu-west-1:1:function:f", "target f"),
            ("arn:aws:sqs:eu-west-1:1:q", "target q"),
            ("arn:aws:sns:eu-west-1:1:orders", "topic orders"),
        ] {
            assert_eq!(origin.describe_target(&undelivered_to(arn)).unwrap(), target);
        }
    }

    #[test]
    fn a_notification_is_published_again_only_on_request() {
        let topic = "arn:aws:sns:eu-west-1:1:orders";
        let notification = message(&format!(r#"{{"Type":"Notification","TopicArn":"{topic}","Message":"paid"}}"#));
        let NotReplayable(reason) = selection(ReplayTarget::Origin, None).describe_target(&notification).unwrap_err();
        assert!(
            reason.contains("its shape is unknown") && reason.contains("topic orders: give --to-topic"),
            "{reason}"
        );
        let to_topic = selection(ReplayTarget::Topic(topic.to_owned()), None);
        assert_eq!(to_topic.describe_target(&notification).unwrap(), "topic orders");
    }

    #[test]
    fn journals_keep_the_names_of_earlier_versions() {
        let target = |text: &str| serde_json::from_str::<ReplayTarget>(text).unwrap();
        assert_eq!(target(r#""back""#), ReplayTarget::Origin);
        assert_eq!(target(r#"{"queue":"http://x/q"}"#), ReplayTarget::Queue("http://x/q".to_owned()));
        let written = serde_json::to_string(&selection(ReplayTarget::Topic("arn".to_owned()), None)).unwrap();
        assert_eq!(written, r#"{"way":{"topic":"arn"},"function":null,"takenAs":null,"marking":"count"}"#);
    }
}
