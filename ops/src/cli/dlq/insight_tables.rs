//! The tables of `explain` and `verify`.

use std::collections::BTreeMap;

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use ops::dlq::cluster;
use ops::explain::timeline::Step;
use ops::verify::verdict::Verified;

use crate::cli::output::{is_terminal, one_line};

/// The characters of a text in a row; the machine formats contain all of it.
const MAX_TEXT: usize = 160;

/// The steps of a timeline, in order.
pub(crate) fn steps(steps: &[Step]) -> String {
    let mut table = table(["time", "what", "where", ""]);
    for step in steps {
        let time = step.at.map(|at| at.strftime("%m-%d %H:%M:%S%.3f").to_string());
        let message = step.message_id.as_ref().map(|id| format!(" (message {id})")).unwrap_or_default();
        table.add_row([
            time.unwrap_or_default(),
            step.kind.name().to_owned(),
            step.place.clone().unwrap_or_else(|| "-".to_owned()),
            cut(&step.text) + &message,
        ]);
    }
    lines(&table)
}

/// Messages by verdict and cause, the largest group first.
pub(crate) fn verdicts(messages: &[Verified]) -> String {
    let mut groups: BTreeMap<_, Vec<&Verified>> = BTreeMap::new();
    for message in messages {
        let reason = cluster::normalised(&message.reason);
        let cause = (message.verdict, &message.function, &message.error_type, &message.event_type, reason);
        groups.entry(cause).or_default().push(message);
    }
    let mut groups: Vec<Vec<&Verified>> = groups.into_values().collect();
    groups.sort_by_key(|group| (group[0].verdict, std::cmp::Reverse(group.len())));
    let mut table = table(["count", "verdict", "function", "failed with", "because", "example"]);
    for group in groups {
        let first = group[0];
        table.add_row([
            group.len().to_string(),
            first.verdict.name().to_owned(),
            or_dash(first.function.as_ref()),
            or_dash(first.error_type.as_ref()),
            cut(&first.reason),
            first.message_id.clone(),
        ]);
    }
    lines(&table)
}

fn cut(text: &str) -> String {
    let text = one_line(text);
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn or_dash(text: Option<&String>) -> String {
    text.map_or_else(|| "-".to_owned(), |text| one_line(text))
}

pub(crate) fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(header);
    if is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table
}

pub(crate) fn lines(table: &Table) -> String {
    // A table without borders keeps the padding of its first column.
    table.lines().map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned() + "\n").collect()
}
