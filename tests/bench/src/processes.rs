//! The memory of a function's processes on the local cloud.

use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tests::product::Product;
use tokio::process::Command;

/// The memory of a function.
#[derive(Debug)]
pub(crate) struct FunctionMemory {
    /// The function's `MemorySize` in MiB.
    pub(crate) limit_mib: i32,
    /// The most memory that each running process has had.
    pub(crate) peaks_mib: Vec<f64>,
}

impl FunctionMemory {
    /// # Errors
    /// When no process of the function is running.
    pub(crate) async fn read(product: &Product, service: &str, job: &str) -> Result<Self> {
        let name = product.function(service, job);
        let client = aws_sdk_lambda::Client::new(product.sdk());
        let settings = client.get_function_configuration().function_name(&name).send().await;
        let limit_mib = settings.with_context(|| format!("there is no {name}"))?.memory_size();
        let limit_mib = limit_mib.with_context(|| format!("{name} has no MemorySize"))?;
        Ok(Self { limit_mib, peaks_mib: peaks_mib(product, &name).await? })
    }
}

async fn peaks_mib(product: &Product, function: &str) -> Result<Vec<f64>> {
    // Both show each process's id, memory, command and environment.
    let options: &[&str] = if cfg!(target_os = "macos") {
        &["-axEww", "-o", "pid=,rss=,command="]
    } else {
        &["axeww", "-o", "pid=,rss=,args="]
    };
    let listing = Command::new("ps").args(options).stdin(Stdio::null()).output().await.context("cannot run ps")?;
    let listing = String::from_utf8_lossy(&listing.stdout).into_owned();
    let name = format!("AWS_LAMBDA_FUNCTION_NAME={function}");
    let endpoint = format!("AWS_ENDPOINT_URL={}", product.endpoint().trim_end_matches('/'));
    let is_of_function = |line: &&str| {
        let has = |wanted: &str| line.split(' ').any(|word| word.trim_end_matches('/') == wanted);
        has(&name) && has(&endpoint)
    };
    let mut peaks = Vec::new();
    for line in listing.lines().filter(is_of_function) {
        let mut words = line.split_whitespace();
        let (id, resident) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        // Only Linux keeps a process's peak; elsewhere the present value stands for it.
        let status = tokio::fs::read_to_string(format!("/proc/{id}/status")).await.unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next());
        let kib: f64 = peak.unwrap_or(resident).parse().with_context(|| format!("ps shows no memory: {line}"))?;
        peaks.push(kib / 1024.0);
    }
    if peaks.is_empty() {
        bail!("no process of {function} is running");
    }
    Ok(peaks)
}
