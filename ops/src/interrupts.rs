//! Ctrl-C, a terminal that was closed, and the wish of the system to end: once in good order, twice at once.

use std::future::pending;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::output;

/// The exit code of a program that an interrupt has ended.
const INTERRUPTED: i32 = 130;

/// True as soon as somebody presses Ctrl-C, closes the terminal or ends the program: what is under way is finished, and what is held is given
/// back. Asked a second time, it ends at once.
pub(crate) fn stop_at_interrupt(stopped: Arc<AtomicBool>) -> Arc<AtomicBool> {
    let set = Arc::clone(&stopped);
    tokio::spawn(async move {
        asked_to_end().await;
        set.store(true, Ordering::Relaxed);
        asked_to_end().await;
        output::remark("ended at once: messages that were held are hidden until their time is over");
        process::exit(INTERRUPTED);
    });
    stopped
}

#[cfg(unix)]
async fn asked_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::terminate()), signal(SignalKind::hangup())) {
        (Ok(mut terminated), Ok(mut hung_up)) => tokio::select! {
            () = interrupted() => {}
            _ = terminated.recv() => {}
            _ = hung_up.recv() => {}
        },
        _ => interrupted().await,
    }
}

#[cfg(not(unix))]
async fn asked_to_end() {
    interrupted().await;
}

async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Nobody can ask.
        pending::<()>().await;
    }
}
