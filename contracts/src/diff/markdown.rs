//! A diff as Markdown for a pull request.

use super::{Change, Diff, Verdict};

/// The whole text.
pub(super) fn of(diff: &Diff) -> String {
    let mut text = String::from("## Contracts\n\n");
    if diff.changes.is_empty() {
        text.push_str("Nothing that services promise each other has changed.\n");
        return text;
    }
    let hurtful = diff.changes.iter().filter(|change| change.verdict != Verdict::Compatible).count();
    let count = diff.changes.len();
    let changes = if count == 1 { "change" } else { "changes" };
    let summary = match hurtful {
        0 => format!("{count} {changes}, nobody is hurt."),
        _ => format!("{count} {changes}, {hurtful} of them **not compatible**."),
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
    for hurt in &change.hurts {
        push(&mut text, &format!("\nHurts `{}`: {}", hurt.reader, hurt.reason));
        match &hurt.witness {
            Some(witness) => push(&mut text, &format!(", shown by this `detail`:\n\n```json\n{witness:#}\n```\n")),
            None => text.push_str(".\n"),
        }
    }
    if let Some(way_out) = &change.way_out {
        push(&mut text, &format!("\nWay out: {way_out}\n"));
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
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

/// A bar would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
