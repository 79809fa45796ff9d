//! Questions to an operator at a terminal before something that cannot be undone.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::AtomicBool;

use ops::dlq::cancellation::until_set;
use tokio::sync::oneshot;

/// Whether the operator agrees. Nobody is asked when standard input or standard error is not a terminal, as in a script.
pub(crate) async fn is_confirmed(question: &str, stopped: &AtomicBool) -> bool {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return true;
    }
    write!(io::stderr(), "{question} [y/N] ").and_then(|()| io::stderr().flush()).ok();
    let (sender, answer) = oneshot::channel();
    // A separate thread: an interrupt must not wait for an answer.
    std::thread::spawn(move || {
        let mut line = String::new();
        io::stdin().read_line(&mut line).ok();
        sender.send(line).ok();
    });
    tokio::select! {
        () = until_set(stopped) => false,
        line = answer => line.is_ok_and(|line| matches!(line.trim().to_lowercase().as_str(), "y" | "yes")),
    }
}
