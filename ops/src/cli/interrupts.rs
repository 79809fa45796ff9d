//! Ctrl-C, a closed terminal and SIGTERM: the first ends the command in an orderly way, the second at once.

use std::future::pending;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::cli::output;

/// The exit code of an interrupted program.
const INTERRUPTED: i32 = 130;

/// Sets `stopped` at the first interrupt, so that messages in work are finished and the others are made visible. A
/// second interrupt ends the program at once.
pub(crate) fn stop_at_interrupt(stopped: Arc<AtomicBool>) -> Arc<AtomicBool> {
    let set = Arc::clone(&stopped);
    tokio::spawn(async move {
        interrupt().await;
        set.store(true, Ordering::Relaxed);
        interrupt().await;
        output::print_notice("ended at once: messages in flight stay hidden until their visibility timeout");
        process::exit(INTERRUPTED);
    });
    stopped
}

#[cfg(unix)]
async fn interrupt() {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::terminate()), signal(SignalKind::hangup())) {
        (Ok(mut terminated), Ok(mut hung_up)) => tokio::select! {
            () = ctrl_c() => {}
            _ = terminated.recv() => {}
            _ = hung_up.recv() => {}
        },
        _ => ctrl_c().await,
    }
}

#[cfg(not(unix))]
async fn interrupt() {
    ctrl_c().await;
}

async fn ctrl_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        // No handler could be installed.
        pending::<()>().await;
    }
}
