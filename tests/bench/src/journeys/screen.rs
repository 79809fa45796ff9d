//! The page of a user in a browser's tab, which reports when a title is on its screen: `tests/bench/page/screen.mjs`.

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

const DEADLINE: Duration = Duration::from_mins(2);

/// An open tab with a connected WebSocket, which is closed when this value is dropped.
#[derive(Debug)]
pub(super) struct Screen {
    shown: Arc<Mutex<BTreeMap<String, Timestamp>>>,
    _browser: Child,
}

/// A line that the tab writes.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Line {
    Ready {
        #[allow(dead_code, reason = "its presence is the message")]
        ready: bool,
    },
    #[serde(rename_all = "camelCase")]
    Shown { title: String, at_us: i64 },
}

impl Screen {
    /// Signs a user in on the page, in a separate browser.
    ///
    /// # Errors
    /// When the page does not open, or connects no WebSocket.
    pub(super) async fn open(user: &User) -> Result<Self> {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("page/screen.mjs");
        let mut node = Command::new("node");
        // Not killed: it ends with its input, when this value is dropped, and closes its browser first.
        node.arg(program).stdin(Stdio::piped()).stdout(Stdio::piped());
        node.env("BUSLINE_WEB_ORIGIN", user.product().web());
        node.env("BUSLINE_EMAIL", &user.account.email).env("BUSLINE_PASSWORD", &user.account.password);
        let mut browser = node.spawn().context("cannot start `node`")?;
        let out = browser.stdout.take().context("the tab has no output")?;
        let mut lines = BufReader::new(out).lines();
        let first = timeout(DEADLINE, lines.next_line()).await.context("the page does not open")??;
        match first.as_deref().map(serde_json::from_str) {
            Some(Ok(Line::Ready { .. })) => {}
            other => bail!("the page did not open in the browser: it wrote {other:?}, see above"),
        }
        let shown = Arc::default();
        tokio::spawn(listen(lines, Arc::clone(&shown)));
        Ok(Self { shown, _browser: browser })
    }

    /// The titles that were shown so far, and when.
    pub(super) fn shown(&self) -> BTreeMap<String, Timestamp> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn listen(mut lines: Lines<BufReader<ChildStdout>>, shown: Arc<Mutex<BTreeMap<String, Timestamp>>>) {
    while let Ok(Some(line)) = lines.next_line().await {
        let Ok(Line::Shown { title, at_us }) = serde_json::from_str(&line) else { continue };
        let Ok(at) = Timestamp::from_microsecond(at_us) else { continue };
        shown.lock().unwrap_or_else(PoisonError::into_inner).insert(title, at);
    }
}
