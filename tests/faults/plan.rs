//! Which fault meets which call.
//!
//! The Python package `microburst` (0.10) answers in the same error shapes and was looked at first. It can neither refuse
//! single entries of `PutEvents`, nor repeat or hold back what it has accepted, nor be given a seed.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tests::dice::Dice;

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
    /// `TransactWriteItems` alone: another transaction is at the same items.
    Conflict,
    /// `PutEvents` alone: some entries are refused, the others are taken.
    RefuseEntries,
    /// `PutEvents` alone: the entries are delivered, and again later, the last one first.
    RepeatEntries,
    /// `PutEvents` alone: the entries are taken, and some are delivered later than those that follow.
    HoldEntries,
}

/// Of a thousand calls, this many meet this fault.
type Odds = &'static [(u64, Fault)];

/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/CommonErrors.html>
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

/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>
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
    (20, Fault::Conflict),
];

/// What a storm answers: the SDK does not try again, so that whole attempts of Lambda fail quickly, one after the other.
const OUTAGE: Fault = Fault::Error { status: 400, code: "AccessDeniedException" };

/// Every call of these fails, for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Storm {
    /// Calls to the table of the service of this name.
    Table(&'static str),
    /// Calls to the bus.
    Bus,
}

/// A call that may meet a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// `PutEvents`.
    PutEvents,
    /// Anything of DynamoDB.
    Table { name: String, transaction: bool },
    /// Anything else, which meets none.
    Other,
}

/// The faults of a run.
#[derive(Debug)]
pub(crate) struct Plan {
    dice: Dice,
    begun: AtomicBool,
    storm: Mutex<Option<(Storm, Instant)>>,
    met: Mutex<BTreeMap<String, u64>>,
}

impl Plan {
    /// A plan that lets everything pass until it begins.
    pub(crate) fn new(seed: u64) -> Self {
        let (begun, storm, met) = (AtomicBool::new(false), Mutex::new(None), Mutex::default());
        Self { dice: Dice::new(seed, 1), begun, storm, met }
    }

    pub(crate) fn begin(&self) {
        self.begun.store(true, Ordering::Relaxed);
    }

    pub(crate) fn end(&self) {
        self.begun.store(false, Ordering::Relaxed);
        *self.storm.lock().unwrap() = None;
    }

    /// Lets a storm rage for a time.
    pub(crate) fn rage(&self, storm: Storm, time: Duration) {
        *self.storm.lock().unwrap() = Some((storm, Instant::now() + time));
    }

    /// The fault that a call meets, if any.
    pub(crate) fn fault(&self, call: &Call) -> Option<Fault> {
        if !self.begun.load(Ordering::Relaxed) {
            return None;
        }
        if self.rages_over(call) {
            return Some(OUTAGE);
        }
        let (odds, transaction) = match call {
            Call::PutEvents => (BUS, false),
            Call::Table { transaction, .. } => (TABLE, *transaction),
            Call::Other => return None,
        };
        let mut roll = self.dice.roll(1000);
        for &(share, fault) in odds {
            if roll < share {
                return Some(fault).filter(|fault| transaction || *fault != Fault::Conflict);
            }
            roll -= share;
        }
        None
    }

    /// Counts a fault, or something that it brought about.
    pub(crate) fn count(&self, what: &str, times: u64) {
        *self.met.lock().unwrap().entry(what.to_owned()).or_default() += times;
    }

    /// How often everything was counted.
    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        self.met.lock().unwrap().clone()
    }

    pub(crate) fn dice(&self) -> &Dice {
        &self.dice
    }

    fn rages_over(&self, call: &Call) -> bool {
        let mut storm = self.storm.lock().unwrap();
        let Some((now, end)) = *storm else {
            return false;
        };
        if Instant::now() > end {
            *storm = None;
            return false;
        }
        match (now, call) {
            (Storm::Bus, Call::PutEvents) => true,
            (Storm::Table(service), Call::Table { name, .. }) => name.ends_with(&format!("-{service}")),
            _ => false,
        }
    }
}

impl Fault {
    /// Its name in the report.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Error { code, .. } => code.to_owned(),
            Self::CutBefore => "cut before the work".to_owned(),
            Self::CutAfter => "cut after the work".to_owned(),
            Self::KillBefore => "kill before the work".to_owned(),
            Self::KillAfter => "kill after the work".to_owned(),
            Self::Delay => "delay".to_owned(),
            Self::Conflict => "TransactionConflict".to_owned(),
            Self::RefuseEntries => "some entries refused".to_owned(),
            Self::RepeatEntries => "entries repeated".to_owned(),
            Self::HoldEntries => "entries held back".to_owned(),
        }
    }
}
