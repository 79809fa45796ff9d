//! The tables of `explain` and `verify`.

use std::collections::BTreeMap;

use ops::dlq::cluster;
use ops::explain::timeline::Step;
use ops::verify::verdict::Verified;

use crate::cli::layout::Rows;
use crate::cli::output::one_line;

/// The characters of a text in a row; the machine formats contain all of it.
const MAX_TEXT: usize = 160;

/// The steps of a timeline, in order.
pub(crate) fn steps(steps: &[Step]) -> String {
    let mut table = Rows::new(["time", "what", "where", ""]);
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
    table.render()
}

/// The columns of `verify`.
pub(crate) const VERDICT: [&str; 6] = ["count", "verdict", "function", "failed with", "because", "example"];

/// Messages by verdict and cause, the largest group first.
pub(crate) fn verdicts(messages: &[Verified], columns: &[usize]) -> String {
    let mut groups: BTreeMap<_, Vec<&Verified>> = BTreeMap::new();
    for message in messages {
        let reason = cluster::normalised(&message.reason);
        let cause = (message.verdict, &message.function, &message.error_type, &message.event_type, reason);
        groups.entry(cause).or_default().push(message);
    }
    let mut groups: Vec<Vec<&Verified>> = groups.into_values().collect();
    groups.sort_by_key(|group| (group[0].verdict, std::cmp::Reverse(group.len())));
    let mut table = Rows::new(VERDICT);
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
    table.render_columns(columns)
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
