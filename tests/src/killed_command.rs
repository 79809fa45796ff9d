//! A command of the operations CLI that is killed at random points, and started again until it has completed.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::process::{Child, Command};

use crate::rng::SeededRng;

/// How long a command may take that is not killed.
const DEADLINE: Duration = Duration::from_mins(10);

/// A process that writes nothing for this long waits for hidden messages, and is killed during the wait.
const IDLE: Duration = Duration::from_secs(4);

/// How a command continues after a kill.
#[derive(Clone, Copy, Debug)]
pub enum Continuation {
    /// With `resume`, and with the command itself for what `resume` has left.
    Resume,
    /// With the same command.
    Repeat,
}

/// A command, its journals, and how it is killed.
#[derive(Debug)]
pub struct KilledCommand<'a> {
    /// The path of the operations CLI.
    pub ops: &'a Path,
    /// The faulty endpoint of AWS.
    pub endpoint: &'a str,
    /// The folder of journals.
    pub folder: &'a Path,
    /// The arguments of the command that is killed.
    pub command: Vec<String>,
    pub continuation: Continuation,
    /// The approximate size of its journal at the end, in bytes, to spread the kills over the run.
    pub journal_bytes: u64,
}

impl KilledCommand<'_> {
    /// Runs it and kills it up to `kills` times; the number of kills, and its last line of output.
    pub async fn run(&self, kills: u32, rng: &SeededRng) -> (u32, Value) {
        // Random points may be further apart than the average, so there is space for a quarter more.
        let average = self.journal_bytes / u64::from(kills + kills / 4 + 5);
        let (mut done, mut has_begun) = (0, false);
        while done < kills {
            let mut process = self.start(has_begun);
            let point = size(self.folder) + rng.below(2 * average + 1);
            if let Some(code) = wait_for_size(&mut process, self.folder, point).await {
                // It ended before it could be killed.
                assert!([0, 1, 2].contains(&code), "exit code {code}");
                if code == 0 {
                    break;
                }
                has_begun = code != 2;
                continue;
            }
            tokio::time::sleep(rng.milliseconds(0, 8)).await;
            process.kill().await.expect("a process that can be killed");
            (done, has_begun) = (done + 1, true);
        }
        let summary = self.finish().await;
        self.verify().await;
        (done, summary)
    }

    /// Runs it until it has completed; its last line of output.
    pub async fn finish(&self) -> Value {
        let deadline = Instant::now() + DEADLINE;
        let mut has_begun = true;
        loop {
            let process = self.start(has_begun);
            let output = tokio::time::timeout(DEADLINE, process.wait_with_output()).await.expect("it ends");
            let output = output.expect("the output");
            if output.status.success() {
                let text = String::from_utf8(output.stdout).expect("text");
                return serde_json::from_str(text.lines().last().expect("a last line")).expect("a last line in JSON");
            }
            // `resume` cannot do more than the plan contains, which a kill may have cut short.
            has_begun = output.status.code() != Some(2);
            assert!(Instant::now() < deadline, "{:?} does not complete: {}", self.command, output.status);
        }
    }

    fn start(&self, has_begun: bool) -> Child {
        let mut command = Command::new(self.ops);
        command.arg("dlq");
        match (self.continuation, journals(self.folder).pop()) {
            (Continuation::Resume, Some(journal)) if has_begun => command.arg("resume").arg(journal),
            _ => command.args(&self.command),
        };
        command.arg("--journal-dir").arg(self.folder).env("AWS_ENDPOINT_URL", self.endpoint);
        command.envs([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_REGION", "eu-west-1")]);
        command.stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("the operations CLI")
    }

    async fn verify(&self) {
        for journal in journals(self.folder) {
            let mut command = Command::new(self.ops);
            command.args(["dlq", "journal", "verify"]).arg(&journal).stdout(Stdio::null());
            assert!(command.status().await.expect("the operations CLI").success(), "{} is whole", journal.display());
        }
    }
}

/// The journals with a plan, the oldest first.
pub fn journals(folder: &Path) -> Vec<PathBuf> {
    let Ok(files) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let files = files.map(|file| file.expect("a file").path());
    let mut begun: Vec<PathBuf> =
        files.filter(|path| std::fs::read(path).is_ok_and(|text| text.contains(&b'\n'))).collect();
    begun.sort();
    begun
}

fn size(folder: &Path) -> u64 {
    journals(folder).pop().map_or(0, |path| std::fs::metadata(path).expect("a journal").len())
}

/// Waits until the journal has this size, or does not grow any more; the exit code if the process ends before.
///
/// A process that has written nothing yet reads the queue for its plan.
async fn wait_for_size(process: &mut Child, folder: &Path, point: u64) -> Option<i32> {
    let before = size(folder);
    let (mut last, mut since) = (before, Instant::now());
    loop {
        if let Some(status) = process.try_wait().expect("a process") {
            return Some(status.code().expect("an exit code"));
        }
        let now = size(folder);
        if now >= point && now != before {
            return None;
        }
        if now != last {
            (last, since) = (now, Instant::now());
        }
        if since.elapsed() > IDLE && now != before {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
