//! Deriving a verdict from the evidence.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::dlq::message::Message;
use crate::verify::consumer::{Consumer, ConsumerAddress, ConsumerState};
use crate::verify::handled_events::HandledEvents;
use crate::verify::schema_check::SchemaCheck;
use crate::verify::verdict::{Case, Verdict, Verified};

/// Parts of the names of transient errors.
const TRANSIENT: [&str; 7] =
    ["Timeout", "Timedout", "Throttl", "TooManyRequests", "Contended", "ServiceUnavailable", "ConcurrentInvocation"];

/// The highest sequence that waits for a consumer, by subject.
#[derive(Debug, Default)]
pub(super) struct NewestSequences(HashMap<(ConsumerAddress, String), u64>);

impl NewestSequences {
    pub(super) fn add(&mut self, address: &ConsumerAddress, message: &Message) {
        if let (Some(subject), Some(sequence)) = (&message.subject, message.sequence) {
            let newest = self.0.entry((address.clone(), subject.clone())).or_default();
            *newest = sequence.max(*newest);
        }
    }

    fn newer_than(&self, address: &ConsumerAddress, subject: &str, sequence: u64) -> Option<u64> {
        self.0.get(&(address.clone(), subject.to_owned())).copied().filter(|newest| *newest > sequence)
    }
}

/// The first and the last failure for each consumer and error type.
#[derive(Debug, Default)]
pub(super) struct FailureTimes(HashMap<(ConsumerAddress, Option<String>), (Timestamp, Timestamp)>);

impl FailureTimes {
    pub(super) fn new(cases: &[Case]) -> Self {
        let mut times = Self::default();
        for case in cases {
            let Some(at) = case.verified.failed_at else { continue };
            let key = (case.address.clone(), case.verified.error_type.clone());
            let span = times.0.entry(key).or_insert((at, at));
            *span = (span.0.min(at), span.1.max(at));
        }
        times
    }

    /// The first of all failures.
    pub(super) fn first(&self) -> Option<Timestamp> {
        self.0.values().map(|(first, _)| *first).min()
    }

    fn span(&self, case: &Case) -> Option<(Timestamp, Timestamp)> {
        self.0.get(&(case.address.clone(), case.verified.error_type.clone())).copied()
    }
}

/// The evidence for all messages.
#[derive(Debug)]
pub(super) struct Evaluator<'a> {
    pub(super) consumers: &'a HashMap<ConsumerAddress, Consumer>,
    pub(super) handled: &'a HandledEvents,
    pub(super) newest: &'a NewestSequences,
    pub(super) failure_times: &'a FailureTimes,
}

impl Evaluator<'_> {
    pub(super) fn evaluate(&self, case: Case) -> Verified {
        let consumer = self.consumers.get(&case.address);
        let (verdict, reason) = self.verdict(&case, consumer);
        let mut verified = case.verified;
        verified.evidence = evidence(&case.schema_check, consumer);
        verified.verdict = verdict;
        verified.reason = reason;
        if let Some(function) = consumer.and_then(|consumer| consumer.function.clone()) {
            verified.function = Some(function);
        }
        verified
    }

    fn verdict(&self, case: &Case, consumer: Option<&Consumer>) -> (Verdict, String) {
        match &case.schema_check {
            SchemaCheck::NoEvent(why) => return (Verdict::CannotTell, format!("the event is not known: {why}")),
            SchemaCheck::Unreadable(why) => return (Verdict::Unreadable, why.clone()),
            SchemaCheck::Readable(_) | SchemaCheck::Unknown(_) => {}
        }
        let Some(Consumer { function, topic, state, .. }) = consumer else {
            return (Verdict::CannotTell, "its consumer is not known".to_owned());
        };
        let changed = match state {
            ConsumerState::Missing(why) => return (Verdict::WouldFail, why.clone()),
            ConsumerState::Unknown(why) => return (Verdict::CannotTell, why.clone()),
            ConsumerState::Ready { changed } => *changed,
        };
        if let Some(topic) = topic {
            return topic_verdict(case, topic);
        }
        let Some(function) = function.as_deref() else {
            return (Verdict::CannotTell, "its consumer is not known".to_owned());
        };
        self.by_history(case, function).unwrap_or_else(|| self.by_cause(case, function, changed))
    }

    /// The verdict by the results of this event and of newer ones of its subject.
    fn by_history(&self, case: &Case, function: &str) -> Option<(Verdict, String)> {
        let Verified { subject, event_id, sequence, .. } = &case.verified;
        let (subject, event_id) = (subject.as_deref()?, event_id.as_deref()?);
        if let Some(at) = self.handled.handled(function, subject, event_id) {
            let text = format!("it was handled at {at}: a replay has no effect, because the event's id is claimed");
            return Some((Verdict::WouldPass, text));
        }
        if let Some((newer, at)) = self.handled.newer(function, subject, event_id) {
            let text = format!("a newer event of its subject, {newer}, was handled at {at}");
            return Some((Verdict::Stale, text));
        }
        let newest = self.newest.newer_than(&case.address, subject, (*sequence)?)?;
        let text = format!("change {newest} of its subject waits too: replay both with `--order subject`");
        Some((Verdict::Stale, text))
    }

    /// The verdict by the function's results and changes since its last failure of this kind.
    fn by_cause(&self, case: &Case, function: &str, changed: Option<Timestamp>) -> (Verdict, String) {
        let kind = case.verified.error_type.as_deref().unwrap_or("the same error");
        let Some((first, last)) = self.failure_times.span(case) else {
            return (Verdict::CannotTell, "when it failed is not known".to_owned());
        };
        if case.verified.error_type.as_deref() == Some("NO_RESOURCE") {
            return (Verdict::WouldPass, format!("the rule could not reach its target; {function} exists now"));
        }
        if kind == "EventUnreadable" && matches!(case.schema_check, SchemaCheck::Readable(_)) {
            return (Verdict::WouldPass, "it could not be read when it failed; now it can".to_owned());
        }
        if let Some(at) = changed.filter(|changed| *changed > last) {
            return (Verdict::WouldPass, format!("the function was changed at {at}, after the last {kind} at {last}"));
        }
        let handled_others = self.handled.any_between(function, first, last);
        match self.handled.first_after(function, last) {
            Some(at) if !handled_others => {
                (Verdict::WouldPass, format!("the function handled another event at {at}, after the last {kind}"))
            }
            _ if TRANSIENT.iter().any(|part| kind.contains(part)) => {
                (Verdict::WouldPass, format!("{kind} is a transient error; there is no other evidence"))
            }
            Some(_) => (
                Verdict::WouldFail,
                format!(
                    "{kind} again: the function handled other events while these failed, and was not changed since"
                ),
            ),
            None => (
                Verdict::WouldFail,
                format!(
                    "{kind} again: since the last failure at {last} the function handled no event and was not changed"
                ),
            ),
        }
    }
}

/// A replay can publish to the topic; whether its subscribers succeed is unknown.
fn topic_verdict(case: &Case, topic: &str) -> (Verdict, String) {
    if case.verified.error_type.as_deref() == Some("NO_RESOURCE") {
        return (Verdict::WouldPass, format!("the rule could not reach its target; the topic {topic} exists now"));
    }
    (Verdict::CannotTell, format!("the topic {topic} exists; whether its subscribers succeed is not known"))
}

fn evidence(schema_check: &SchemaCheck, consumer: Option<&Consumer>) -> Vec<String> {
    let explanation = match schema_check {
        SchemaCheck::Readable(why)
        | SchemaCheck::Unreadable(why)
        | SchemaCheck::Unknown(why)
        | SchemaCheck::NoEvent(why) => why,
    };
    let mut evidence = vec![explanation.clone()];
    evidence.extend(consumer.map(|consumer| consumer.evidence.clone()).unwrap_or_default());
    evidence
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::dlq::envelope::{self, Reading};
    use crate::dlq::raw_message::RawMessage;

    fn time(text: &str) -> Timestamp {
        format!("2026-11-21T{text}Z").parse().unwrap()
    }

    fn case(error_type: &str, schema_check: SchemaCheck) -> Case {
        let record = json!({
            "timestamp": "2026-11-21T03:00:00Z",
            "requestContext": {"functionArn": "arn:aws:lambda:eu-west-1:1:function:f", "condition": "RetriesExhausted"},
            "requestPayload": {"detail-type": "A.v1", "detail": {"metadata": {"eventId": "1", "subject": "s", "sequence": 1}}},
            "responsePayload": {"errorType": error_type},
        });
        let raw = RawMessage { body: record.to_string(), ..RawMessage::default() };
        let Reading::Whole(decoded) = envelope::read(&raw) else { panic!("no object is named") };
        let message = Message::new(raw, *decoded);
        let verified = Verified {
            message_id: String::new(),
            function: message.function.clone(),
            error_type: message.error_type.clone(),
            event_type: message.event_type.clone(),
            event_id: message.event_id.clone(),
            subject: message.subject.clone(),
            sequence: message.sequence,
            failed_at: message.failed_at,
            verdict: Verdict::CannotTell,
            reason: String::new(),
            evidence: Vec::new(),
        };
        Case { verified, address: ConsumerAddress::from_message(&message), schema_check }
    }

    fn verdict(case: Case, state: ConsumerState) -> (Verdict, String) {
        let consumer = Consumer { function: Some("f".to_owned()), topic: None, state, evidence: Vec::new() };
        let consumers = HashMap::from([(case.address.clone(), consumer)]);
        let failure_times = FailureTimes::new(std::slice::from_ref(&case));
        let (handled, newest) = (HandledEvents::default(), NewestSequences::default());
        let evaluator =
            Evaluator { consumers: &consumers, handled: &handled, newest: &newest, failure_times: &failure_times };
        let verified = evaluator.evaluate(case);
        (verified.verdict, verified.reason)
    }

    fn readable() -> SchemaCheck {
        SchemaCheck::Readable("it is what f reads".to_owned())
    }

    #[test]
    fn without_a_change_a_message_fails_again() {
        let ready = ConsumerState::Ready { changed: Some(time("02:00:00")) };
        assert_eq!(verdict(case("MailRefused", readable()), ready).0, Verdict::WouldFail);
    }

    #[test]
    fn a_change_after_the_failure_is_evidence_for_success() {
        let (verdict, reason) =
            verdict(case("MailRefused", readable()), ConsumerState::Ready { changed: Some(time("04:00:00")) });
        assert_eq!(verdict, Verdict::WouldPass);
        assert!(reason.contains("changed at 2026-11-21T04:00:00Z, after the last MailRefused"), "{reason}");
    }

    #[test]
    fn a_transient_error_is_expected_to_pass() {
        for kind in ["Sandbox.Timedout", "TableContended", "TooManyRequestsException"] {
            assert_eq!(
                verdict(case(kind, readable()), ConsumerState::Ready { changed: None }).0,
                Verdict::WouldPass,
                "{kind}"
            );
        }
    }

    #[test]
    fn the_schema_is_checked_before_the_function() {
        let unreadable = SchemaCheck::Unreadable("no owner".to_owned());
        assert_eq!(verdict(case("X", unreadable), ConsumerState::Missing("gone".to_owned())).0, Verdict::Unreadable);
        assert_eq!(
            verdict(case("X", readable()), ConsumerState::Missing("gone".to_owned())),
            (Verdict::WouldFail, "gone".into())
        );
        let nothing = SchemaCheck::NoEvent("too large".to_owned());
        assert_eq!(verdict(case("X", nothing), ConsumerState::Ready { changed: None }).0, Verdict::CannotTell);
    }
}
