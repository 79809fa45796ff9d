//! A command of the operations CLI that is killed at random points, and started again until it has done all.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::dice::Dice;
use tokio::process::{Child, Command};

use crate::DEADLINE;

/// A process that writes nothing for this long waits for hidden messages, and is killed at that.
const IDLE: Duration = Duration::from_secs(4);

/// How a command goes on once its journal is there.
#[derive(Clone, Copy, Debug)]
pub(crate) enum GoesOn {
    /// `resume`, and for what is left at its end the command itself once more.
    ByResume,
    /// By itself.
    ByItself,
}

/// A command, its journals, and how it is killed.
#[derive(Debug)]
pub(crate) struct Killed<'a> {
    /// The operations CLI.
    pub(crate) ops: &'a Path,
    /// Where AWS's APIs answer, more or less.
    pub(crate) endpoint: &'a str,
    /// The folder of journals.
    pub(crate) folder: &'a Path,
    /// The command's arguments.
    pub(crate) command: Vec<String>,
    pub(crate) goes_on: GoesOn,
    /// What it writes into its journal altogether, in bytes, approximately: enough to spread the kills over the run.
    pub(crate) writes: u64,
}

impl Killed<'_> {
    /// Kills it so many times, if it does not end before; how often, and its last line.
    pub(crate) async fn run(&self, kills: u32, dice: &Dice) -> (u32, Value) {
        // Chance may spread the kills wider: a quarter more of them would fit.
        let average = self.writes / u64::from(kills + kills / 4 + 5);
        let (mut done, mut is_begun) = (0, false);
        while done < kills {
            let mut process = self.start(is_begun);
            let point = size(self.folder) + dice.roll(2 * average + 1);
            if let Some(code) = reached(&mut process, self.folder, point).await {
                // It ended before it could be killed.
                assert!([0, 1, 2].contains(&code), "exit code {code}");
                if code == 0 {
                    break;
                }
                is_begun = code != 2;
                continue;
            }
            tokio::time::sleep(dice.time(0, 8)).await;
            process.kill().await.expect("a process that can be killed");
            (done, is_begun) = (done + 1, true);
        }
        let summary = self.finish().await;
        self.verify().await;
        (done, summary)
    }

    /// Lets it end, as often as it takes; its last line.
    pub(crate) async fn finish(&self) -> Value {
        let deadline = Instant::now() + DEADLINE;
        let mut is_begun = true;
        loop {
            let process = self.start(is_begun);
            let output = tokio::time::timeout(DEADLINE, process.wait_with_output()).await.expect("it ends");
            let output = output.expect("the output");
            if output.status.success() {
                let text = String::from_utf8(output.stdout).expect("text");
                return serde_json::from_str(text.lines().last().expect("a last line")).expect("a last line in JSON");
            }
            // Of a plan that a kill cut short, `resume` can do no more than what it says.
            is_begun = output.status.code() != Some(2);
            assert!(Instant::now() < deadline, "{:?} does not come to an end: {}", self.command, output.status);
        }
    }

    fn start(&self, is_begun: bool) -> Child {
        let mut command = Command::new(self.ops);
        command.arg("dlq");
        match (self.goes_on, journals(self.folder).pop()) {
            (GoesOn::ByResume, Some(journal)) if is_begun => command.arg("resume").arg(journal),
            _ => command.args(&self.command),
        };
        command.arg("--journal-dir").arg(self.folder).env("AWS_ENDPOINT_URL", self.endpoint);
        command.envs([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_REGION", "eu-west-1")]);
        command.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true).spawn().expect("the operations CLI")
    }

    async fn verify(&self) {
        for journal in journals(self.folder) {
            let mut command = Command::new(self.ops);
            command.args(["dlq", "journal", "verify"]).arg(&journal).stdout(Stdio::null());
            assert!(command.status().await.expect("the operations CLI").success(), "{} is whole", journal.display());
        }
    }
}

/// The journals whose plan was written, the oldest first.
pub(crate) fn journals(folder: &Path) -> Vec<PathBuf> {
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

/// Waits until the journal has this size, or nothing happens any more; the exit code if the process ends before.
///
/// One that has written nothing yet is looking through the queue for its plan.
async fn reached(process: &mut Child, folder: &Path, point: u64) -> Option<i32> {
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
