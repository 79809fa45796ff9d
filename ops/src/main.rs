//! The program `ops`: it parses arguments, calls the engine (the library of this crate) and prints.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::completion::answer_shell();
    run()
}

// With workers, signals are handled and leases renewed while the main thread waits for a reader of standard output.
#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn run() -> ExitCode {
    cli::run().await
}
