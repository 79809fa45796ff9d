//! Which way a message would go, without asking anybody.

use serde::{Deserialize, Serialize};

use crate::dlq::envelope::Envelope;
use crate::dlq::marks::Marking;
use crate::dlq::message::Message;
use crate::dlq::names;

/// Which way messages go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Way {
    /// Back to what failed.
    Back,
    /// To this queue, by its URL, as they are.
    Queue(String),
}

/// Which way messages go, and as what those are taken that are none of the known shapes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Choice {
    /// Which way.
    pub way: Way,
    /// The function for messages that do not say which one failed.
    pub function: Option<String>,
    /// What messages of an unknown shape are taken for.
    pub taken_as: Option<Envelope>,
    /// What a message carries in another queue.
    pub marking: Marking,
}

/// Why a message cannot go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoWay(pub String);

/// A rule's target as a place to go to. Functions and queues get exactly the event again; for the others nothing here
/// stands in for EventBridge.
pub(super) fn target(arn: &str) -> Result<String, NoWay> {
    let name = names::last_part(arn);
    let (kind, instead) = match arn.split(':').nth(2).unwrap_or_default() {
        "lambda" | "sqs" => return Ok(format!("target {name}")),
        "sns" => ("a topic", "publish its event to the topic"),
        "events" => ("a bus or an API destination", "put its event on that bus"),
        "states" => ("a state machine", "start an execution with its event"),
        _ => ("neither a function nor a queue", "give the target its event"),
    };
    Err(NoWay(format!(
        "no road back: the rule's target {name} is {kind}. Use --to-queue or --invoke for something that takes its place; \
         or `export` them, {instead} (`event` of each line), then `purge` them"
    )))
}

impl Choice {
    /// Where a message would go, in words, without asking anybody.
    ///
    /// # Errors
    /// When there is no way back for it.
    pub fn outline(&self, message: &Message) -> Result<String, NoWay> {
        let no = |reason: &str| Err(NoWay(reason.to_owned()));
        if let Way::Queue(url) = &self.way {
            return Ok(format!("queue {}", url.rsplit('/').next().unwrap_or(url)));
        }
        let origin = &message.origin;
        let has_original = origin.original.is_some();
        match self.envelope(message) {
            Envelope::LambdaDestination | Envelope::LambdaDlq | Envelope::StreamPayload
                if self.envelope(message) == message.envelope && !has_original =>
            {
                no(message
                    .problem
                    .as_deref()
                    .unwrap_or("the record does not hold the event (SNS drops what is too large)"))
            }
            Envelope::LambdaDestination | Envelope::LambdaDlq | Envelope::StreamPayload | Envelope::StreamMetadata => {
                match self.function_of(message) {
                    Some(arn) => Ok(format!("function {}", names::function(&arn).unwrap_or(arn))),
                    None => no("it does not say which function failed: give --invoke"),
                }
            }
            Envelope::RuleDlq => match (&origin.target_arn, &self.function) {
                (Some(arn), None) => target(arn),
                (Some(arn), Some(_)) if target(arn).is_ok() => target(arn),
                (_, Some(function)) => {
                    Ok(format!("function {}", names::function(function).unwrap_or(function.clone())))
                }
                (None, None) => no("it does not say which target was meant: give --invoke or --to-queue"),
            },
            Envelope::SqsRedrive => match &origin.source_queue_arn {
                Some(arn) => Ok(format!("queue {}", names::last_part(arn))),
                None => no("it does not say which queue gave it up: give --to-queue"),
            },
            Envelope::Unknown => no("its shape is unknown: give --as, or --to-queue"),
        }
    }

    pub(super) fn envelope(&self, message: &Message) -> Envelope {
        match (message.envelope, self.taken_as) {
            (Envelope::Unknown, Some(taken_as)) => taken_as,
            (envelope, _) => envelope,
        }
    }

    /// The function that a message names, else the one that was given.
    pub(super) fn function_of(&self, message: &Message) -> Option<String> {
        message.origin.function_arn.clone().or_else(|| self.function.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlq::envelope::{self, Reading};
    use crate::dlq::message::Raw;

    fn failed_at(target: &str, choice: &Choice) -> Result<String, NoWay> {
        let raw = Raw { message_id: "m".to_owned(), ..Raw::default() };
        let Reading::Whole(decoded) = envelope::read(&raw) else { panic!("an empty message is whole") };
        let mut message = Message::new(raw, *decoded);
        message.envelope = Envelope::RuleDlq;
        message.origin.target_arn = Some(target.to_owned());
        choice.outline(&message)
    }

    fn choice(way: Way, function: Option<&str>) -> Choice {
        Choice { way, function: function.map(str::to_owned), taken_as: None, marking: Marking::Count }
    }

    #[test]
    fn a_target_that_nothing_here_can_reach_is_said_in_the_plan() {
        for (arn, kind) in [
            ("arn:aws:sns:eu-west-1:1:orders", "a topic"),
            ("arn:aws:events:eu-west-1:1:event-bus/audit", "a bus"),
            ("arn:aws:states:eu-west-1:1:stateMachine:ship", "a state machine"),
            ("arn:aws:kinesis:eu-west-1:1:stream/s", "neither a function nor a queue"),
        ] {
            let NoWay(reason) = failed_at(arn, &choice(Way::Back, None)).unwrap_err();
            assert!(reason.contains("no road back") && reason.contains(kind), "{reason}");
            assert!(failed_at(arn, &choice(Way::Queue("https://x/q".to_owned()), None)).is_ok());
            assert_eq!(failed_at(arn, &choice(Way::Back, Some("instead"))).unwrap(), "function instead");
        }
        for arn in ["arn:aws:lambda:eu-west-1:1:function:f", "arn:aws:sqs:eu-west-1:1:q"] {
            assert!(failed_at(arn, &choice(Way::Back, None)).is_ok(), "{arn}");
        }
    }
}
