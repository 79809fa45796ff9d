//! Which call gets which fault.
//!
//! The Python package `microburst` (0.10) has the same forms of errors. It can neither refuse single entries of
//! `PutEvents`, nor repeat or delay accepted entries, and it has no seed.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tests::rng::SeededRng;

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// An error of AWS, and no work done.
    Error { status: u16, code: &'static str },
    /// The connection is cut before the work is done.
    CutBefore,
    /// The connection is cut after the work was done: the caller does not know.
    CutAfter,
    /// The calling function is killed before the work is done.
    KillBefore,
    /// The calling function is killed after the work was done.
    KillAfter,
    /// The work is done late.
    Delay,
    /// Only `TransactWriteItems`: DynamoDB cancels the transaction, with this reason for its first write.
    Cancelled(&'static str),
    /// Only `PutEvents`: some entries are refused, the others are accepted.
    RefuseEntries,
    /// Only `PutEvents`: the entries are delivered, and later again in reverse order.
    RepeatEntries,
    /// Only `PutEvents`: the entries are accepted, and some are delivered later than the following ones.
    HoldEntries,
}

/// The number of calls in a thousand that get each fault.
type Odds = &'static [(u64, Fault)];

/// Errors of EventBridge: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/CommonErrors.html>
const BUS: Odds = &[
    (30, Fault::Error { status: 400, code: "ThrottlingException" }),
    (15, Fault::Error { status: 500, code: "InternalException" }),
    (10, Fault::Error { status: 503, code: "ServiceUnavailable" }),
    (15, Fault::CutBefore),
    (20, Fault::CutAfter),
    (10, Fault::KillBefore),
    (15, Fault::KillAfter),
    (40, Fault::Delay),
    (150, Fault::RefuseEntries),
    (50, Fault::RepeatEntries),
    (50, Fault::HoldEntries),
];

/// Errors of DynamoDB: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>
const TABLE: Odds = &[
    (10, Fault::Error { status: 400, code: "ProvisionedThroughputExceededException" }),
    (5, Fault::Error { status: 400, code: "ThrottlingException" }),
    (10, Fault::Error { status: 500, code: "InternalServerError" }),
    (5, Fault::Error { status: 503, code: "ServiceUnavailable" }),
    (8, Fault::CutBefore),
    (8, Fault::CutAfter),
    (1, Fault::KillBefore),
    (1, Fault::KillAfter),
    (30, Fault::Delay),
    (10, Fault::Cancelled("TransactionConflict")),
    (5, Fault::Cancelled("ThrottlingError")),
    (5, Fault::Cancelled("ProvisionedThroughputExceeded")),
];

/// The answer during an outage: the SDK does not retry it, so that Lambda's attempts fail quickly.
const OUTAGE_ERROR: Fault = Fault::Error { status: 400, code: "AccessDeniedException" };

/// Calls that all fail for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outage {
    /// Calls to the table of this service.
    Table(&'static str),
    /// Calls to the bus.
    Bus,
}

/// A call that may get a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    PutEvents,
    /// Any operation of DynamoDB.
    Table {
        name: String,
        transaction: bool,
    },
    /// Any other operation, which gets no fault.
    Other,
}

/// The faults of a run.
#[derive(Debug)]
pub(crate) struct Plan {
    rng: SeededRng,
    begun: AtomicBool,
    outage: Mutex<Option<(Outage, Instant)>>,
    counts: Mutex<BTreeMap<String, u64>>,
}

impl Plan {
    /// A plan without faults until it begins.
    pub(crate) fn new(seed: u64) -> Self {
        let (begun, outage, counts) = (AtomicBool::new(false), Mutex::new(None), Mutex::default());
        Self { rng: SeededRng::new(seed, 1), begun, outage, counts }
    }

    pub(crate) fn begin(&self) {
        self.begun.store(true, Ordering::Relaxed);
    }

    pub(crate) fn end(&self) {
        self.begun.store(false, Ordering::Relaxed);
        *self.outage.lock().unwrap() = None;
    }

    pub(crate) fn begin_outage(&self, outage: Outage, time: Duration) {
        *self.outage.lock().unwrap() = Some((outage, Instant::now() + time));
    }

    /// The fault for a call, if any.
    pub(crate) fn fault(&self, call: &Call) -> Option<Fault> {
        if !self.begun.load(Ordering::Relaxed) {
            return None;
        }
        if self.is_in_outage(call) {
            return Some(OUTAGE_ERROR);
        }
        let (odds, transaction) = match call {
            Call::PutEvents => (BUS, false),
            Call::Table { transaction, .. } => (TABLE, *transaction),
            Call::Other => return None,
        };
        let mut roll = self.rng.below(1000);
        for &(share, fault) in odds {
            if roll < share {
                return Some(fault).filter(|fault| transaction || !matches!(fault, Fault::Cancelled(_)));
            }
            roll -= share;
        }
        None
    }

    /// Counts a fault, or an effect of one.
    pub(crate) fn count(&self, what: &str, times: u64) {
        *self.counts.lock().unwrap().entry(what.to_owned()).or_default() += times;
    }

    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        self.counts.lock().unwrap().clone()
    }

    pub(crate) fn rng(&self) -> &SeededRng {
        &self.rng
    }

    fn is_in_outage(&self, call: &Call) -> bool {
        let mut outage = self.outage.lock().unwrap();
        let Some((affected, end)) = *outage else {
            return false;
        };
        if Instant::now() > end {
            *outage = None;
            return false;
        }
        match (affected, call) {
            (Outage::Bus, Call::PutEvents) => true,
            (Outage::Table(service), Call::Table { name, .. }) => name.ends_with(&format!("-{service}")),
            _ => false,
        }
    }
}

impl Fault {
    pub(crate) fn name(self) -> String {
        match self {
            Self::Error { code, .. } => code.to_owned(),
            Self::CutBefore => "cut before the work".to_owned(),
            Self::CutAfter => "cut after the work".to_owned(),
            Self::KillBefore => "kill before the work".to_owned(),
            Self::KillAfter => "kill after the work".to_owned(),
            Self::Delay => "delay".to_owned(),
            Self::Cancelled(reason) => format!("transaction cancelled: {reason}"),
            Self::RefuseEntries => "some entries refused".to_owned(),
            Self::RepeatEntries => "entries repeated".to_owned(),
            Self::HoldEntries => "entries held back".to_owned(),
        }
    }
}
