//! The local cloud as a process: it is started, found and stopped here.
//!
//! While it runs, the launcher holds a lock on `lock.json` in its state folder, which contains its process id and port: the
//! file shows whether a local cloud runs, and on which port it ran last.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use tokio::process::{Child, Command};

use crate::home::Home;
use crate::process;
use crate::python::Python;

const START_DEADLINE: Duration = Duration::from_mins(3);
const STOP_DEADLINE: Duration = Duration::from_mins(3);
const POLL: Duration = Duration::from_millis(50);

/// A running local cloud.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
pub(crate) struct Cloud {
    /// The process id, which is also the id of its process group.
    pub(crate) pid: u32,
    /// The port on 127.0.0.1.
    pub(crate) port: u16,
    /// Whether it has ended with all its state saved; not in the records of earlier versions.
    saved: Option<bool>,
}

/// The local cloud of one home, running or not.
#[derive(Debug)]
pub(crate) struct LocalCloud<'a> {
    home: &'a Home,
}

impl Cloud {
    /// The endpoint of every AWS API.
    pub(crate) fn endpoint(self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl<'a> LocalCloud<'a> {
    pub(crate) fn new(home: &'a Home) -> Self {
        Self { home }
    }

    /// The running cloud, if there is one.
    pub(crate) fn running(&self) -> Result<Option<Cloud>> {
        let Some(mut file) = self.lock_file()? else {
            return Ok(None);
        };
        match file.try_lock() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => Ok(read_record(&mut file)),
            Err(TryLockError::Error(error)) => Err(error).context("cannot check whether the local cloud is running"),
        }
    }

    /// The running cloud, or an error that explains how to start one.
    pub(crate) fn expect_running(&self) -> Result<Cloud> {
        self.running()?.context("the local cloud is not running: start it with `cargo xtask up`")
    }

    /// Starts the cloud, which outlives this process, and waits until it is ready.
    ///
    /// Without a port it uses that of the last run, so that URLs stay valid, or any free one.
    pub(crate) async fn start(&self, python: &Python, port: Option<u16>) -> Result<Cloud> {
        let port = port.map_or_else(|| self.choose_port(), Ok)?;
        fs::create_dir_all(&self.home.dir).with_context(|| format!("cannot make {}", self.home.dir.display()))?;
        let mut child = self.spawn(python, port)?;
        let ready = format!("http://127.0.0.1:{port}/_ministack/ready");
        let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).build()?;
        let started = Instant::now();
        while started.elapsed() < START_DEADLINE {
            if let Some(status) = child.try_wait()? {
                bail!("the local cloud did not start ({status}):\n{}", self.log_end()?);
            }
            let answers = client.get(&ready).send().await.is_ok_and(|response| response.status().is_success());
            if let (true, Some(cloud)) = (answers, self.running()?) {
                return Ok(cloud);
            }
            tokio::time::sleep(POLL).await;
        }
        child.kill().await.context("cannot end the local cloud that did not become ready")?;
        bail!("the local cloud was not ready after {} s:\n{}", START_DEADLINE.as_secs(), self.log_end()?)
    }

    /// Stops the cloud, which saves its state. Returns whether one was running.
    pub(crate) async fn stop(&self) -> Result<Option<Cloud>> {
        let Some(cloud) = self.running()? else {
            return Ok(None);
        };
        signal("TERM", &cloud.pid.to_string()).await?;
        let started = Instant::now();
        while self.running()?.is_some() {
            if started.elapsed() > STOP_DEADLINE {
                signal("KILL", &format!("-{}", cloud.pid)).await?;
                bail!(
                    "the local cloud (process {}) did not stop within {} s and was killed: what changed since its \
                     last clean stop may be lost; its log is {}",
                    cloud.pid,
                    STOP_DEADLINE.as_secs(),
                    self.log().display()
                );
            }
            tokio::time::sleep(POLL).await;
        }
        if self.is_incomplete()? {
            bail!(
                "the local cloud could not save all its data, perhaps because the disk is full: its log {} names what; \
                 `cargo xtask up --fresh` starts empty",
                self.log().display()
            );
        }
        Ok(Some(cloud))
    }

    /// Whether a cloud ended without saving all its state, because it was killed or the disk was full.
    pub(crate) fn is_incomplete(&self) -> Result<bool> {
        let record = self.lock_file()?.and_then(|mut file| read_record(&mut file));
        Ok(record.is_some_and(|cloud| cloud.saved == Some(false)))
    }

    /// Kills the cloud and its functions without saving the state: for one that is not started again.
    ///
    /// Saving takes half a minute after tens of thousands of requests.
    pub(crate) async fn kill(&self) -> Result<()> {
        let Some(cloud) = self.running()? else {
            return Ok(());
        };
        signal("KILL", &format!("-{}", cloud.pid)).await?;
        let started = Instant::now();
        while self.running()?.is_some() {
            if started.elapsed() > STOP_DEADLINE {
                bail!("the local cloud (process {}) was killed and still runs", cloud.pid);
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Deletes the state of a stopped cloud, except its last port.
    pub(crate) fn delete_data(&self) -> Result<()> {
        let record = fs::read(self.record());
        if self.state().exists() {
            fs::remove_dir_all(self.state()).with_context(|| format!("cannot empty {}", self.state().display()))?;
        }
        if let Ok(record) = record {
            fs::create_dir_all(self.state())?;
            fs::write(self.record(), record)?;
        }
        Ok(())
    }

    /// The log file of the launcher and of MiniStack.
    pub(crate) fn log(&self) -> PathBuf {
        self.home.dir.join("cloud.log")
    }

    fn state(&self) -> PathBuf {
        self.home.dir.join("cloud")
    }

    fn record(&self) -> PathBuf {
        self.state().join("lock.json")
    }

    fn lock_file(&self) -> Result<Option<File>> {
        match File::options().read(true).write(true).open(self.record()) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", self.record().display())),
        }
    }

    fn choose_port(&self) -> Result<u16> {
        let last = self.lock_file()?.and_then(|mut file| read_record(&mut file)).map(|cloud| cloud.port);
        let free = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        let listener = last.and_then(|port| free(port).ok()).map_or_else(|| free(0), Ok);
        Ok(listener.context("no free port on 127.0.0.1")?.local_addr()?.port())
    }

    fn spawn(&self, python: &Python, port: u16) -> Result<Child> {
        let log = File::create(self.log()).with_context(|| format!("cannot write {}", self.log().display()))?;
        let mut command = Command::new(python.program("python"));
        command
            .args(["-m", "busline_local", "--port", &port.to_string(), "--state-dir"])
            .arg(self.state())
            .env("PYTHONPATH", self.home.repo.join("local"))
            .current_dir(&self.home.dir)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // In a separate process group: Ctrl-C in the terminal must not reach it, so that it can be stopped cleanly.
            .process_group(0);
        remove_aws_settings(&mut command);
        command.spawn().context("cannot start the local cloud")
    }

    fn log_end(&self) -> Result<String> {
        let log = fs::read_to_string(self.log())?;
        Ok(process::last_lines(&log, 20))
    }
}

/// Removes the developer's AWS settings (profile, keys, region) from the environment of the local cloud.
fn remove_aws_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
}

fn read_record(file: &mut File) -> Option<Cloud> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

async fn signal(name: &str, process: &str) -> Result<()> {
    let status = process::command("kill").args(["-s", name, "--", process]).status().await?;
    // It may have ended since it was found.
    if status.success() || status.signal().is_none() {
        Ok(())
    } else {
        bail!("`kill` was ended by a signal ({status})")
    }
}
