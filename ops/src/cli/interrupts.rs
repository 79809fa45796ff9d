//! Ctrl-C, a closed terminal and SIGTERM: the first ends the command in an orderly way, the second at once.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::cli::{output, standard_output};

/// The exit code of an interrupted program.
const INTERRUPTED: i32 = 130;

/// Sets `stopped` at the first interrupt, so that messages in work are finished and the others are made visible. A
/// second interrupt ends the program at once.
pub(crate) fn stop_at_interrupt(stopped: Arc<AtomicBool>) -> Arc<AtomicBool> {
    // Installed before this returns: no interrupt is missed.
    let mut interrupts = Interrupts::install();
    let set = Arc::clone(&stopped);
    tokio::spawn(async move {
        interrupts.next().await;
        standard_output::note_interrupt();
        set.store(true, Ordering::Relaxed);
        interrupts.next().await;
        output::print_notice("ended at once: messages in flight stay hidden until their visibility timeout");
        output::print_continuation();
        process::exit(INTERRUPTED);
    });
    stopped
}

#[cfg(unix)]
struct Interrupts(Vec<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Interrupts {
    fn install() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        // A handler that cannot be installed leaves the default: the signal ends the program.
        Self(kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect())
    }

    async fn next(&mut self) {
        std::future::poll_fn(|context| {
            let is_interrupted = self.0.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
            if is_interrupted { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
    }
}

#[cfg(not(unix))]
struct Interrupts;

#[cfg(not(unix))]
impl Interrupts {
    fn install() -> Self {
        Self
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            // No handler could be installed.
            std::future::pending::<()>().await;
        }
    }
}
