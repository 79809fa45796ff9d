//! What was measured, as it is written to `results.json`.

use serde::{Deserialize, Serialize};

/// Everything of a run.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Figures {
    /// When the run ended.
    pub(crate) at: jiff::Timestamp,
    /// How the functions were built.
    pub(crate) profile: String,
    /// What it ran on.
    pub(crate) machine: Machine,
    /// Each function alone.
    pub(crate) functions: Vec<FunctionFigures>,
    /// Each service's zip, and the bare one's.
    pub(crate) zips: Vec<ZipFigures>,
    /// From a request to the subscriber's effect.
    pub(crate) road: Option<RoadFigures>,
    /// As users grow.
    pub(crate) load: Vec<LoadFigures>,
    /// As the table grows.
    pub(crate) growth: Vec<GrowthFigures>,
    /// Files that come at once; results from before they were measured have none.
    #[serde(default)]
    pub(crate) uploads: Vec<UploadFigures>,
    /// The bounds that do not hold, in words.
    pub(crate) missed: Vec<String>,
}

/// The machine, with what else it had to do.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Machine {
    /// The processor's cores.
    pub(crate) cores: usize,
    /// `x86_64`, `aarch64`.
    pub(crate) architecture: String,
    /// Processes that wanted to run, on average over a minute, before the run: on a machine of its own nearly 0.
    pub(crate) load_before: Option<f64>,
}

/// A time or size, beside the bare function's, measured in turn with it.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Beside {
    /// The function's median.
    pub(crate) ours: f64,
    /// The bare function's.
    pub(crate) bare: f64,
}

impl Beside {
    /// How many times the bare function's.
    pub(crate) fn ratio(self) -> f64 {
        self.ours / self.bare
    }
}

/// One function.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct FunctionFigures {
    pub(crate) service: String,
    pub(crate) job: String,
    /// From the start of the process to its first request for work.
    pub(crate) init_ms: Beside,
    /// The first event.
    pub(crate) first_ms: Beside,
    /// The median of later ones.
    pub(crate) warm_ms: Beside,
    /// Resident memory after those.
    pub(crate) resident_mib: Beside,
    /// Resident memory over many invocations.
    pub(crate) memory: MemoryFigures,
}

/// Whether a function's memory grows.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct MemoryFigures {
    pub(crate) invocations: u32,
    /// After a tenth of them.
    pub(crate) early_mib: f64,
    /// After all of them.
    pub(crate) late_mib: f64,
}

/// One zip.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct ZipFigures {
    pub(crate) name: String,
    pub(crate) mb: f64,
    pub(crate) binary_mb: f64,
}

/// The middle and the slow end of many times, in ms.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Spread {
    pub(crate) count: usize,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// From `POST /todos` to the subscriber's effect.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct RoadFigures {
    /// To the client's answer.
    pub(crate) answered: Spread,
    /// To the inbox entry.
    pub(crate) effect: Spread,
    /// To the message on another session's WebSocket; results from before it was measured have none.
    pub(crate) socket: Option<Spread>,
    /// To the screen of another session of the user's; results from before it was measured have none.
    pub(crate) screen: Option<Spread>,
    /// From a call of the bus to the bare function.
    pub(crate) bare_hop: Spread,
}

/// So many users at once.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct LoadFigures {
    pub(crate) users: usize,
    /// Changes a second until the last was answered.
    pub(crate) answered_per_s: f64,
    /// Changes a second until the last had its effect in the subscriber.
    pub(crate) effects_per_s: f64,
    /// One change, until it was answered.
    pub(crate) answer: Spread,
}

/// Files of one kind, uploaded at once.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct UploadFigures {
    pub(crate) what: String,
    pub(crate) uploads: usize,
    /// The size of one.
    pub(crate) bytes: u64,
    /// Until the bucket had the last.
    pub(crate) uploaded_s: f64,
    /// Until the last was ready.
    pub(crate) ready_s: f64,
    /// Processes of the function that looked at them.
    pub(crate) processes: usize,
    /// The most that one of those has held.
    pub(crate) peak_mib: f64,
}

/// One route at one size of its table.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct GrowthFigures {
    pub(crate) route: String,
    /// Of whom the table is full.
    pub(crate) owner: String,
    /// Items of that kind in the table.
    pub(crate) items: u64,
    /// One call, through the local cloud.
    pub(crate) call: Spread,
    /// A bare `GetItem` of the same table meanwhile.
    pub(crate) bare_read: Spread,
    /// Calls of AWS that the function made.
    pub(crate) aws_calls: u64,
    /// Items that DynamoDB read or wrote for it.
    pub(crate) items_touched: u64,
}

impl GrowthFigures {
    /// Whether another one is of the same route and the same kind of owner, perhaps at another size.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.route == other.route && self.owner == other.owner
    }
}

/// The middle of some values; 0 of none.
pub(crate) fn median(values: &[f64]) -> f64 {
    percentile(values, 50)
}

/// The value that so many percent of the values are not above; 0 of none.
pub(crate) fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(rank).copied().unwrap_or(0.0)
}

impl Spread {
    /// Of times in ms.
    pub(crate) fn of(times: &[f64]) -> Self {
        Self { count: times.len(), p50_ms: median(times), p99_ms: percentile(times, 99) }
    }
}

/// A count as a fraction can hold it: exactly, below 2^52.
pub(crate) fn exact(count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "nothing here is counted so high")]
    let count = count as f64;
    count
}

/// A duration in ms.
pub(crate) fn ms(duration: std::time::Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let values: Vec<f64> = (1..=200).map(f64::from).rev().collect();
        assert_eq!((median(&values), percentile(&values, 99)), (100.0, 198.0));
        assert_eq!((median(&[3.0]), percentile(&[3.0], 99), median(&[])), (3.0, 3.0, 0.0));
    }
}
