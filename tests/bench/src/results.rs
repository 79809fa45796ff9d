//! The figures of a run, as they are written to `results.json`.

use serde::{Deserialize, Serialize};

/// All figures of a run.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Figures {
    /// When the run ended.
    pub(crate) at: jiff::Timestamp,
    /// How the functions were built.
    pub(crate) profile: String,
    pub(crate) machine: Machine,
    pub(crate) functions: Vec<FunctionFigures>,
    /// Each service's zip, and the bare function's.
    pub(crate) zips: Vec<ZipFigures>,
    /// From a request to its effects.
    pub(crate) latency: Option<LatencyFigures>,
    /// For growing numbers of clients.
    pub(crate) load: Vec<LoadFigures>,
    /// For growing numbers of rows in a table.
    pub(crate) growth: Vec<GrowthFigures>,
    /// Files that are uploaded at once.
    pub(crate) uploads: Vec<UploadFigures>,
    /// Descriptions of the bounds that do not hold.
    pub(crate) missed: Vec<String>,
}

/// The machine, and how busy it was.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Machine {
    pub(crate) cores: usize,
    /// Such as `x86_64` or `aarch64`.
    pub(crate) architecture: String,
    /// The load average over a minute before the run: nearly 0 on a machine that does nothing else.
    pub(crate) load_before: Option<f64>,
}

/// A time or size of a function and of the bare function, measured in turn.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Comparison {
    /// The median of the function.
    pub(crate) function: f64,
    /// The median of the bare function.
    pub(crate) bare: f64,
}

impl Comparison {
    /// How many times as much as the bare function.
    pub(crate) fn ratio(self) -> f64 {
        self.function / self.bare
    }
}

/// The figures of one function.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct FunctionFigures {
    pub(crate) service: String,
    pub(crate) job: String,
    /// From the start of the process to its first request for work.
    pub(crate) init_ms: Comparison,
    /// The time of the first event.
    pub(crate) first_ms: Comparison,
    /// The median time of later events.
    pub(crate) warm_ms: Comparison,
    /// Resident memory after these events.
    pub(crate) resident_mib: Comparison,
    pub(crate) memory: MemoryFigures,
}

/// Resident memory over many invocations, which shows whether it grows.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct MemoryFigures {
    pub(crate) invocations: u32,
    /// After a tenth of the invocations.
    pub(crate) early_mib: f64,
    /// After all of the invocations.
    pub(crate) late_mib: f64,
}

/// The size of one zip.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct ZipFigures {
    pub(crate) name: String,
    pub(crate) mb: f64,
    pub(crate) binary_mb: f64,
}

/// Percentiles of many times, in ms.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Spread {
    pub(crate) count: usize,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// End-to-end latency, from a request to its effects.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct LatencyFigures {
    /// From a call of the bus to the bare function.
    pub(crate) bare_hop: Spread,
    /// From a request to its answer and to each of its effects.
    pub(crate) steps: Vec<Step>,
}

/// The time between two points of a journey.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Step {
    pub(crate) what: String,
    pub(crate) time: Spread,
}

/// Throughput with one number of concurrent clients.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct LoadFigures {
    pub(crate) clients: usize,
    /// Changes per second until the last one was answered.
    pub(crate) answered_per_s: f64,
    /// Changes per second until the last one had its effect in the subscriber.
    pub(crate) effects_per_s: f64,
    /// The time of one change until its answer.
    pub(crate) answer: Spread,
}

/// Files of one kind, uploaded at once.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct UploadFigures {
    pub(crate) what: String,
    pub(crate) uploads: usize,
    /// The size of one file.
    pub(crate) bytes: u64,
    /// Until the bucket had the last file.
    pub(crate) uploaded_s: f64,
    /// Until the last file was ready.
    pub(crate) ready_s: f64,
    /// Processes of the function that checks them.
    pub(crate) processes: usize,
    /// The highest memory of one process.
    pub(crate) peak_mib: f64,
    /// The function's `MemorySize` in MiB.
    pub(crate) limit_mib: i32,
}

/// One route at one size of its table.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct GrowthFigures {
    pub(crate) route: String,
    /// The owners of the items in the table.
    pub(crate) owner: String,
    /// The number of items of the kind in the table.
    pub(crate) items: u64,
    /// One call, with the local cloud.
    pub(crate) call: Spread,
    /// A bare `GetItem` of the same table at the same time.
    pub(crate) bare_read: Spread,
    /// AWS calls of one invocation.
    pub(crate) aws_calls: u64,
    /// Items that DynamoDB read or wrote for these calls.
    pub(crate) items_touched: u64,
}

impl GrowthFigures {
    /// Whether two figures differ in nothing but the size of the table.
    pub(crate) fn is_same_series(&self, other: &Self) -> bool {
        self.route == other.route && self.owner == other.owner
    }
}

/// The median; 0 without values.
pub(crate) fn median(values: &[f64]) -> f64 {
    percentile(values, 50)
}

/// The value that `percent` percent of the values do not exceed; 0 without values.
pub(crate) fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(rank).copied().unwrap_or(0.0)
}

impl Spread {
    /// The percentiles of times in ms.
    pub(crate) fn new(times: &[f64]) -> Self {
        Self { count: times.len(), p50_ms: median(times), p99_ms: percentile(times, 99) }
    }
}

/// A count below 2^52 as a float.
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
