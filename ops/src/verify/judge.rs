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
    ["Timeout", "TimedOut", "Throttl", "TooManyRequests", "Contended", "ServiceUnavailable", "ConcurrentInvocation"];

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
