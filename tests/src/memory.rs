//! How much memory the functions take.

use std::process::Command;

use crate::product::{Product, Service};

impl Product {
    /// The most memory that each process of a job has held so far, in MiB.
    pub fn peaks_of(&self, service: Service, job: &str) -> Vec<f64> {
        // Both show each process's id, memory, command and environment.
        let options: &[&str] = if cfg!(target_os = "macos") {
            &["-axEww", "-o", "pid=,rss=,command="]
        } else {
            &["axeww", "-o", "pid=,rss=,args="]
        };
        let listing = Command::new("ps").args(options).output().expect("ps runs").stdout;
        let listing = String::from_utf8_lossy(&listing);
        let name = format!("AWS_LAMBDA_FUNCTION_NAME=busline-{}-{}-{job}", self.env(), service.name());
        let cloud = format!("AWS_ENDPOINT_URL={}", self.endpoint());
        let has = |line: &str, wanted: &str| line.split(' ').any(|word| word == wanted);
        listing.lines().filter(|line| has(line, &name) && has(line, &cloud)).filter_map(peak).collect()
    }
}

/// The peak of the process of one line; `None` when it has just ended.
fn peak(line: &str) -> Option<f64> {
    let mut words = line.split_whitespace();
    let (id, now) = (words.next()?, words.next()?);
    // Linux alone remembers a process's peak; elsewhere what it still holds stands for it.
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next());
    Some(peak.unwrap_or(now).parse::<f64>().ok()? / 1024.0)
}
