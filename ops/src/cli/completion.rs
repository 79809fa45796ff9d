//! Completion in shells: of commands and options, and of the names of queues and ids of replays that exist.

use std::env;
use std::ffi::OsString;
use std::iter;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{CommandFactory, ValueEnum};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::Shells;
use clap_complete::{CompleteEnv, Shell};
use ops::connection;
use ops::dlq::journal::read;
use ops::dlq::queue_lookup::{list_urls, name_in_url};

use crate::cli::Cli;
use crate::cli::output::{self, Outcome};

/// A shell that asks for completions sets this variable.
const VARIABLE: &str = "OPS_COMPLETE";

/// How long a look at the queues may take: a user waits at a prompt.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Answers a shell that asks for completions, and then ends this process; otherwise does nothing.
pub(crate) fn answer_shell() {
    CompleteEnv::with_factory(Cli::command).var(VARIABLE).complete();
}

/// `ops completions`: prints what a shell has to run to ask this program for completions.
pub(crate) fn print_script(shell: Shell) -> Result<Outcome> {
    let name = shell.to_possible_value().context("no such shell")?;
    let shells = Shells::builtins();
    let completer = shells.completer(name.get_name()).context("no such shell")?;
    let mut script = Vec::new();
    completer.write_registration(VARIABLE, "ops", "ops", "ops", &mut script)?;
    output::print_text(&script)
}

/// The queues and services of the environment. None when they cannot be listed: a prompt is no place for an error.
pub(crate) fn queues() -> ArgValueCandidates {
    ArgValueCandidates::new(|| candidates(names_in_time().unwrap_or_default()))
}

/// The replays that have a journal, the newest first.
pub(crate) fn replays() -> ArgValueCandidates {
    ArgValueCandidates::new(|| candidates(replay_ids().unwrap_or_default()))
}

fn candidates(names: Vec<String>) -> Vec<CompletionCandidate> {
    let numbered = names.into_iter().enumerate();
    numbered.map(|(number, name)| CompletionCandidate::new(name).display_order(Some(number))).collect()
}

#[tokio::main(flavor = "current_thread")]
async fn names_in_time() -> Result<Vec<String>> {
    tokio::time::timeout(TIMEOUT, queue_names()).await?
}

async fn queue_names() -> Result<Vec<String>> {
    let connection = connection::connect(typed("--env").as_deref(), None).await?;
    let services = connection.known_services().await;
    let urls = list_urls(&connection.sdk, connection.prefix().as_deref()).await?;
    let queues = urls.iter().map(|url| name_in_url(url).to_owned());
    Ok(services.services().keys().cloned().chain(queues).collect())
}

fn replay_ids() -> Result<Vec<String>> {
    let folder = typed("--journal-dir").map_or_else(connection::journals_dir, |typed| Ok(PathBuf::from(typed)))?;
    let journals = read::all(&folder)?;
    Ok(journals.iter().rev().filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect())
}

/// The value of an option in the line that is completed, which the shell passes whole.
fn typed(option: &str) -> Option<String> {
    value_of(option, env::args_os().filter_map(|word| OsString::into_string(word).ok()))
}

fn value_of(option: &str, words: impl Iterator<Item = String>) -> Option<String> {
    let words: Vec<String> = words.collect();
    let next = iter::once(None).chain(words.iter().map(Some));
    let found = words.iter().zip(next).find_map(|(word, before)| {
        let joined = word.strip_prefix(option).and_then(|rest| rest.strip_prefix('='));
        joined.or_else(|| before.filter(|before| *before == option).map(|_| word.as_str()))
    });
    found.filter(|value| !value.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_of_an_option_stands_behind_it_or_in_the_same_word() {
        let value = |line: &str| value_of("--env", line.split(' ').map(str::to_owned));
        assert_eq!(value("ops dlq replay --env prod bus"), Some("prod".to_owned()));
        assert_eq!(value("ops dlq replay --env=prod bus"), Some("prod".to_owned()));
        assert_eq!(
            (value("ops dlq replay bus"), value("ops dlq replay --env"), value("ops --env= x")),
            (None, None, None)
        );
        assert_eq!(value("ops --environment=x"), None);
    }
}
