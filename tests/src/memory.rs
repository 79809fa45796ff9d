//! How much memory the functions use on the local cloud.

use std::process::Command;

use crate::product::Product;

impl Product {
    /// The peak resident memory of each process that runs a job now, in MiB.
    pub fn peak_memory_mib(&self, service: &str, job: &str) -> Vec<f64> {
        // Both list each process's id, memory, command and environment.
        let options: &[&str] = if cfg!(target_os = "macos") {
            &["-axEww", "-o", "pid=,rss=,command="]
        } else {
            &["axeww", "-o", "pid=,rss=,args="]
        };
        let listing = Command::new("ps").args(options).output().expect("ps runs").stdout;
        let listing = String::from_utf8_lossy(&listing);
        let name = format!("AWS_LAMBDA_FUNCTION_NAME={}", self.function(service, job));
        let cloud = format!("AWS_ENDPOINT_URL={}", self.endpoint());
        let has = |line: &str, wanted: &str| line.split(' ').any(|word| word == wanted);
        listing.lines().filter(|line| has(line, &name) && has(line, &cloud)).filter_map(peak_mib).collect()
    }
}

/// The peak of the process on one line of the listing; `None` when it has just ended.
fn peak_mib(line: &str) -> Option<f64> {
    let mut words = line.split_whitespace();
    let (id, current) = (words.next()?, words.next()?);
    // Only Linux keeps the peak; elsewhere the current value is used.
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next());
    Some(peak.unwrap_or(current).parse::<f64>().ok()? / 1024.0)
}
