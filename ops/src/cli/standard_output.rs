//! Standard output, written by a thread: a reader that has stopped reading, such as a pager, must not keep an interrupted
//! command from giving messages back.

use std::io::{self, BufWriter, Write};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// How often an interrupt is looked for while nobody reads.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// How long an interrupted command waits for its reader.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// What is handed to the thread at once.
const BUFFER_BYTES: usize = 64 * 1024;

/// When the first interrupt came.
static INTERRUPTED: OnceLock<Instant> = OnceLock::new();

/// From now on, the reader is waited for only for a moment.
pub(crate) fn note_interrupt() {
    INTERRUPTED.get_or_init(Instant::now);
}

/// The command was interrupted, and nobody reads what it prints.
#[derive(Debug, thiserror::Error)]
#[error("interrupted, while the reader of standard output did not read")]
pub(crate) struct NobodyReads;

/// Standard output without a buffer.
pub(crate) struct StandardOutput {
    requests: SyncSender<Vec<u8>>,
    written: Receiver<io::Result<()>>,
    is_blocked: bool,
}

impl StandardOutput {
    pub(crate) fn open() -> BufWriter<Self> {
        let (requests, received) = sync_channel::<Vec<u8>>(1);
        let (done, written) = sync_channel(1);
        thread::spawn(move || {
            for bytes in received {
                let mut out = io::stdout().lock();
                if done.send(out.write_all(&bytes).and_then(|()| out.flush())).is_err() {
                    return;
                }
            }
        });
        BufWriter::with_capacity(BUFFER_BYTES, Self { requests, written, is_blocked: false })
    }

    /// Waits until the thread has written, or the command was interrupted and nobody reads.
    fn wait(&mut self) -> io::Result<()> {
        let started = Instant::now();
        loop {
            match self.written.recv_timeout(CHECK_INTERVAL) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Disconnected) => return Err(io::ErrorKind::BrokenPipe.into()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if INTERRUPTED.get().is_some_and(|at| started.max(*at).elapsed() > MAX_WAIT) {
                self.is_blocked = true;
                return Err(io::Error::other(NobodyReads));
            }
        }
    }
}

impl Write for StandardOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_blocked {
            return Err(io::Error::other(NobodyReads));
        }
        self.requests.send(bytes.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe)?;
        self.wait().map(|()| bytes.len())
    }

    /// Every call of `write` has flushed.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether the command was interrupted while nobody read what it prints.
pub(crate) fn is_nobody_reading(error: &io::Error) -> bool {
    error.get_ref().and_then(|cause| cause.downcast_ref::<NobodyReads>()).is_some()
}
