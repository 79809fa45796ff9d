//! Ctrl-C, a closed terminal and SIGTERM: the first ends the command in an orderly way, the second at once.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use crate::cli::{output, standard_output};

/// The exit code of an interrupted program.
const INTERRUPTED: i32 = 130;

/// How long the last words of an interrupted program may take.
const MAX_PRINT_TIME: Duration = Duration::from_millis(500);

/// Whether the command holds messages that are hidden from others.
static HOLDS_MESSAGES: AtomicBool = AtomicBool::new(true);

/// The command has given all messages back.
pub(crate) fn hold_nothing() {
    HOLDS_MESSAGES.store(false, Ordering::Relaxed);
}

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
        print_with_limit(|| {
            let held = ": messages in flight stay hidden until their visibility timeout";
            let held = if HOLDS_MESSAGES.load(Ordering::Relaxed) { held } else { "" };
            output::print_notice(&format!("ended at once{held}"));
            output::print_continuation();
        });
        process::exit(INTERRUPTED);
    });
    stopped
}

/// Prints, unless the reader of standard error does not read.
fn print_with_limit(print: impl FnOnce() + Send + 'static) {
    let (done, printed) = mpsc::channel();
    thread::spawn(move || {
        print();
        done.send(()).ok();
    });
    printed.recv_timeout(MAX_PRINT_TIME).ok();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_that_nobody_reads_are_not_waited_for() {
        let (never, nothing) = mpsc::channel::<()>();
        print_with_limit(move || nothing.recv().unwrap_or_default());
        drop(never);
    }
}
