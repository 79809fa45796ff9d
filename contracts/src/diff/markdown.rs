//! A difference as Markdown for a pull request.

use super::{Change, Diff, Verdict};
use crate::check;

/// Writes the whole text.
pub(super) fn write(diff: &Diff) -> String {
    let text = changes(diff);
    match check::describe_skipped(&diff.skipped) {
        Some(skipped) => format!("{text}\n{skipped}\n"),
        None => text,
    }
}

fn changes(diff: &Diff) -> String {
    let mut text = String::from("## Contracts\n\n");
    if diff.changes.is_empty() {
        text.push_str("No contract between services has changed.\n");
        return text;
    }
    let incompatible = diff.changes.iter().filter(|change| change.verdict != Verdict::Compatible).count();
    let count = diff.changes.len();
    let changes = if count == 1 { "change" } else { "changes" };
    let summary = match incompatible {
        0 => format!("{count} {changes}, no reader breaks."),
        _ => format!("{count} {changes}, {incompatible} of them **not compatible**."),
    };
    push(&mut text, &format!("{summary}\n\n| | what | change |\n|---|---|---|\n"));
    for change in &diff.changes {
        push(&mut text, &format!("| {} | `{}` | {} |\n", word(change.verdict), change.subject, cell(&change.what)));
    }
    for change in &diff.changes {
        text.push_str(&section(change));
    }
    text
}

fn section(change: &Change) -> String {
    let mut text = format!("\n### `{}`: {}\n\n**{}**.", change.subject, change.what, capital(word(change.verdict)));
    if let Some(publisher) = &change.publisher {
        push(&mut text, &format!(" Published by {publisher}."));
    }
    if !change.readers.is_empty() {
        push(&mut text, &format!(" Read by {}.", crate::words::list(&change.readers)));
    }
    text.push('\n');
    if !change.details.is_empty() {
        text.push('\n');
        change.details.iter().for_each(|detail| push(&mut text, &format!("- {detail}\n")));
    }
    for broken in &change.broken_readers {
        push(&mut text, &format!("\nBreaks `{}`: {}", broken.reader, broken.reason));
        match &broken.witness {
            Some(witness) => push(&mut text, &format!(", shown by this `detail`:\n\n```json\n{witness:#}\n```\n")),
            None => text.push_str(".\n"),
        }
    }
    if let Some(solution) = &change.solution {
        push(&mut text, &format!("\nSolution: {solution}\n"));
    }
    text
}

fn push(text: &mut String, more: &str) {
    text.push_str(more);
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Compatible => "compatible",
        Verdict::Unknown => "unknown",
        Verdict::Incompatible => "incompatible",
    }
}

fn capital(word: &str) -> String {
    let mut characters = word.chars();
    let first = characters.next().into_iter().flat_map(char::to_uppercase);
    first.collect::<String>() + characters.as_str()
}

/// The text of a table's cell, which a bar would end.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
