//! The program `ops`: it parses arguments, calls the engine (the library of this crate) and prints.

mod cli;

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    cli::run().await
}
