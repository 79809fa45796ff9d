//! From evidence to a verdict.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::dlq::message::Message;
use crate::verify::consumer::{Address, Consumer, Standing};
use crate::verify::contract::Contract;
use crate::verify::traffic::Traffic;
use crate::verify::{Case, Verdict, Verified};

/// Kinds of errors that pass by themselves, by a part of their names.
const PASSING: [&str; 7] =
    ["Timeout", "Timedout", "Throttl", "TooManyRequests", "Contended", "ServiceUnavailable", "ConcurrentInvocation"];

/// The newest sequence that waits for a consumer, by subject.
#[derive(Debug, Default)]
pub(super) struct Newest(HashMap<(Address, String), u64>);

impl Newest {
    pub(super) fn add(&mut self, address: &Address, message: &Message) {
        if let (Some(subject), Some(sequence)) = (&message.subject, message.sequence) {
            let newest = self.0.entry((address.clone(), subject.clone())).or_default();
            *newest = sequence.max(*newest);
        }
    }

    fn beyond(&self, address: &Address, subject: &str, sequence: u64) -> Option<u64> {
        self.0.get(&(address.clone(), subject.to_owned())).copied().filter(|newest| *newest > sequence)
    }
}

/// The first and the last failure of each cause: a consumer, and a kind of error.
#[derive(Debug, Default)]
pub(super) struct Causes(HashMap<(Address, Option<String>), (Timestamp, Timestamp)>);

impl Causes {
    pub(super) fn of(cases: &[Case]) -> Self {
        let mut spans = Self::default();
        for case in cases {
            let Some(at) = case.verified.failed_at else { continue };
            let key = (case.address.clone(), case.verified.error_type.clone());
            let span = spans.0.entry(key).or_insert((at, at));
            *span = (span.0.min(at), span.1.max(at));
        }
        spans
    }

    /// The first failure of all.
    pub(super) fn first(&self) -> Option<Timestamp> {
        self.0.values().map(|(first, _)| *first).min()
    }

    fn span(&self, case: &Case) -> Option<(Timestamp, Timestamp)> {
        self.0.get(&(case.address.clone(), case.verified.error_type.clone())).copied()
    }
}

/// All evidence.
#[derive(Debug)]
pub(super) struct Judge<'a> {
    pub(super) consumers: &'a HashMap<Address, Consumer>,
    pub(super) traffic: &'a Traffic,
    pub(super) newest: &'a Newest,
    pub(super) causes: &'a Causes,
}

impl Judge<'_> {
    pub(super) fn judge(&self, case: Case) -> Verified {
        let consumer = self.consumers.get(&case.address);
        let (verdict, reason) = self.verdict(&case, consumer);
        let mut verified = case.verified;
        verified.evidence = evidence(&case.contract, consumer);
        verified.verdict = verdict;
        verified.reason = reason;
        if let Some(function) = consumer.and_then(|consumer| consumer.function.clone()) {
            verified.function = Some(function);
        }
        verified
    }

    fn verdict(&self, case: &Case, consumer: Option<&Consumer>) -> (Verdict, String) {
        match &case.contract {
            Contract::NoEvent(why) => return (Verdict::CannotTell, format!("what would be sent is not known: {why}")),
            Contract::Unreadable(why) => return (Verdict::Unreadable, why.clone()),
            Contract::Readable(_) | Contract::Unknown(_) => {}
        }
        let Some(Consumer { function, state, .. }) = consumer else {
            return (Verdict::CannotTell, "who would get it is not known".to_owned());
        };
        let changed = match state {
            Standing::Missing(why) => return (Verdict::WouldFail, why.clone()),
            Standing::Unclear(why) => return (Verdict::CannotTell, why.clone()),
            Standing::Ready { changed } => *changed,
        };
        let Some(function) = function.as_deref() else {
            return (Verdict::CannotTell, "who would get it is not known".to_owned());
        };
        self.by_history(case, function).unwrap_or_else(|| self.by_cause(case, function, changed))
    }

    /// By what became of this event, and of newer ones of its subject.
    fn by_history(&self, case: &Case, function: &str) -> Option<(Verdict, String)> {
        let Verified { subject, event_id, sequence, .. } = &case.verified;
        let (subject, event_id) = (subject.as_deref()?, event_id.as_deref()?);
        if let Some(at) = self.traffic.handled(function, subject, event_id) {
            let text = format!("it was handled at {at}: a replay changes nothing, because the event's id is claimed");
            return Some((Verdict::WouldPass, text));
        }
        if let Some((newer, at)) = self.traffic.newer(function, subject, event_id) {
            let text = format!("a newer event of its subject, {newer}, was handled at {at}");
            return Some((Verdict::Stale, text));
        }
        let newest = self.newest.beyond(&case.address, subject, (*sequence)?)?;
        let text = format!("change {newest} of its subject waits too: replay both with `--order subject`");
        Some((Verdict::Stale, text))
    }

    /// By what the function did, and what was done to it, since it failed like this the last time.
    fn by_cause(&self, case: &Case, function: &str, changed: Option<Timestamp>) -> (Verdict, String) {
        let kind = case.verified.error_type.as_deref().unwrap_or("the same error");
        let Some((first, last)) = self.causes.span(case) else {
            return (Verdict::CannotTell, "when it failed is not known".to_owned());
        };
        if case.verified.error_type.as_deref() == Some("NO_RESOURCE") {
            return (Verdict::WouldPass, format!("the rule could not reach its target; {function} is there now"));
        }
        if kind == "EventUnreadable" && matches!(case.contract, Contract::Readable(_)) {
            return (Verdict::WouldPass, "it could not be read when it failed; what it is now can be".to_owned());
        }
        if let Some(at) = changed.filter(|changed| *changed > last) {
            return (Verdict::WouldPass, format!("the function was changed at {at}, after the last {kind} at {last}"));
        }
        let picks = self.traffic.any_between(function, first, last);
        match self.traffic.first_after(function, last) {
            Some(at) if !picks => {
                (Verdict::WouldPass, format!("the function handled another event at {at}, after the last {kind}"))
            }
            _ if PASSING.iter().any(|part| kind.contains(part)) => {
                (Verdict::WouldPass, format!("{kind} passes by itself; nothing else speaks for or against it"))
            }
            Some(_) => (
                Verdict::WouldFail,
                format!(
                    "{kind} again: the function handled other events while these failed, and was not changed since"
                ),
            ),
            None => (
                Verdict::WouldFail,
                format!("{kind} again: since the last at {last} the function has handled nothing and was not changed"),
            ),
        }
    }
}

fn evidence(contract: &Contract, consumer: Option<&Consumer>) -> Vec<String> {
    let contract = match contract {
        Contract::Readable(why) | Contract::Unreadable(why) | Contract::Unknown(why) | Contract::NoEvent(why) => why,
    };
    let mut evidence = vec![contract.clone()];
    evidence.extend(consumer.map(|consumer| consumer.evidence.clone()).unwrap_or_default());
    evidence
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::dlq::envelope::{self, Reading};
    use crate::dlq::message::Raw;

    fn time(text: &str) -> Timestamp {
        format!("2026-11-21T{text}Z").parse().unwrap()
    }

    fn case(error_type: &str, contract: Contract) -> Case {
        let record = json!({
            "timestamp": "2026-11-21T03:00:00Z",
            "requestContext": {"functionArn": "arn:aws:lambda:eu-west-1:1:function:f", "condition": "RetriesExhausted"},
            "requestPayload": {"detail-type": "A.v1", "detail": {"metadata": {"eventId": "1", "subject": "s", "sequence": 1}}},
            "responsePayload": {"errorType": error_type},
        });
        let raw = Raw { body: record.to_string(), ..Raw::default() };
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
        Case { verified, address: Address::of(&message), contract }
    }

    fn judged(case: Case, state: Standing) -> (Verdict, String) {
        let consumer = Consumer { function: Some("f".to_owned()), state, evidence: Vec::new() };
        let consumers = HashMap::from([(case.address.clone(), consumer)]);
        let causes = Causes::of(std::slice::from_ref(&case));
        let (traffic, newest) = (Traffic::default(), Newest::default());
        let judge = Judge { consumers: &consumers, traffic: &traffic, newest: &newest, causes: &causes };
        let verified = judge.judge(case);
        (verified.verdict, verified.reason)
    }

    fn readable() -> Contract {
        Contract::Readable("it is what f reads".to_owned())
    }

    #[test]
    fn nothing_changed_nothing_passes() {
        let ready = Standing::Ready { changed: Some(time("02:00:00")) };
        assert_eq!(judged(case("MailRefused", readable()), ready).0, Verdict::WouldFail);
    }

    #[test]
    fn a_change_after_the_failure_speaks_for_it() {
        let (verdict, reason) =
            judged(case("MailRefused", readable()), Standing::Ready { changed: Some(time("04:00:00")) });
        assert_eq!(verdict, Verdict::WouldPass);
        assert!(reason.contains("changed at 2026-11-21T04:00:00Z, after the last MailRefused"), "{reason}");
    }

    #[test]
    fn what_passes_by_itself_is_not_held_against_it() {
        for kind in ["Sandbox.Timedout", "TableContended", "TooManyRequestsException"] {
            assert_eq!(
                judged(case(kind, readable()), Standing::Ready { changed: None }).0,
                Verdict::WouldPass,
                "{kind}"
            );
        }
    }

    #[test]
    fn the_contract_comes_before_the_function() {
        let unreadable = Contract::Unreadable("no owner".to_owned());
        assert_eq!(judged(case("X", unreadable), Standing::Missing("gone".to_owned())).0, Verdict::Unreadable);
        assert_eq!(
            judged(case("X", readable()), Standing::Missing("gone".to_owned())),
            (Verdict::WouldFail, "gone".into())
        );
        let nothing = Contract::NoEvent("too large".to_owned());
        assert_eq!(judged(case("X", nothing), Standing::Ready { changed: None }).0, Verdict::CannotTell);
    }
}
