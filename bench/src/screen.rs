//! Somebody's page in a browser's tab, which says when a title is on its screen: `bench/page/screen.mjs`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use serde::Deserialize;
use tests::account::User;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_mins(2);

/// An open tab with its socket connected. It closes with this value.
#[derive(Debug)]
pub(crate) struct Screen {
    seen: Arc<Mutex<BTreeMap<String, Timestamp>>>,
    _browser: Child,
}

/// What the tab says.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Said {
    Ready {
        #[allow(dead_code, reason = "that it is there says all")]
        ready: bool,
    },
    #[serde(rename_all = "camelCase")]
    Shown { title: String, at_us: i64 },
}

impl Screen {
    /// Signs a user in on the page, in a browser of our own.
    ///
    /// # Errors
    /// When the page does not open, or connects no socket.
    pub(crate) async fn of(user: &User) -> Result<Self> {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("page/screen.mjs");
        let mut node = Command::new("node");
        // Not killed: it ends with its input, when this value goes, and closes its browser first.
        node.arg(program).stdin(Stdio::piped()).stdout(Stdio::piped());
        node.env("BUSLINE_WEB_ORIGIN", user.product().web());
        node.env("BUSLINE_EMAIL", &user.person.email).env("BUSLINE_PASSWORD", &user.person.password);
        let mut browser = node.spawn().context("cannot start `node`")?;
        let out = browser.stdout.take().context("the tab has no output")?;
        let mut lines = BufReader::new(out).lines();
        let first = timeout(PATIENCE, lines.next_line()).await.context("the page does not open")??;
        match first.as_deref().map(serde_json::from_str) {
            Some(Ok(Said::Ready { .. })) => {}
            other => bail!("the page did not open in the browser: it said {other:?}, see above"),
        }
        let seen = Arc::default();
        tokio::spawn(listen(lines, Arc::clone(&seen)));
        Ok(Self { seen, _browser: browser })
    }

    /// The titles that were shown so far, and when.
    pub(crate) fn seen(&self) -> BTreeMap<String, Timestamp> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn listen(mut lines: Lines<BufReader<ChildStdout>>, seen: Arc<Mutex<BTreeMap<String, Timestamp>>>) {
    while let Ok(Some(line)) = lines.next_line().await {
        let Ok(Said::Shown { title, at_us }) = serde_json::from_str(&line) else { continue };
        let Ok(at) = Timestamp::from_microsecond(at_us) else { continue };
        seen.lock().unwrap_or_else(PoisonError::into_inner).insert(title, at);
    }
}
