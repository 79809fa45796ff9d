//! A bar on the terminal: how many are done, how many a second, and how long the rest takes.

use std::fmt::Write;
use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar, ProgressState, ProgressStyle};

/// A bar of work that began before it is shown. It draws only on a terminal.
///
/// `template` is one of `indicatif`, in which `rate` and `left` stand for the text that this module makes of them.
pub(crate) fn progress_bar(template: &str, began_before: Duration) -> ProgressBar {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let style = style
        .with_key("rate", |state: &ProgressState, text: &mut dyn Write| {
            text.write_str(&rate(state.pos(), state.elapsed())).unwrap_or_default();
        })
        .with_key("left", |state: &ProgressState, text: &mut dyn Write| {
            text.write_str(&left(state.pos(), state.len().unwrap_or_default(), state.elapsed())).unwrap_or_default();
        });
    ProgressBar::new(0).with_style(style).with_elapsed(began_before)
}

fn rate(done: u64, elapsed: Duration) -> String {
    let hundredths = u128::from(done) * 100_000 / elapsed.as_millis().max(1);
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    match (done, hundredths) {
        (0, _) => String::new(),
        (_, ..100) => format!("0.{rest:02}/s"),
        (_, ..1_000) => format!("{whole}.{}/s", rest / 10),
        _ => format!("{whole}/s"),
    }
}

/// Empty as long as nothing is done: no rate is known then.
fn left(done: u64, all: u64, elapsed: Duration) -> String {
    let remaining = all.saturating_sub(done);
    if done == 0 || remaining == 0 {
        return String::new();
    }
    let milliseconds = elapsed.as_millis() * u128::from(remaining) / u128::from(done);
    let left = Duration::from_millis(u64::try_from(milliseconds).unwrap_or(u64::MAX));
    format!("{} left", HumanDuration(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_the_mean_since_the_beginning() {
        let texts =
            [(0, 3), (1, 20), (90, 10), (3_000, 2)].map(|(done, seconds)| rate(done, Duration::from_secs(seconds)));
        assert_eq!(texts, ["", "0.05/s", "9.0/s", "1500/s"]);
    }

    #[test]
    fn what_is_left_is_not_told_before_something_is_done() {
        let ten = Duration::from_secs(10);
        assert_eq!([left(0, 300, ten), left(10, 10, ten), left(10, 300, ten)], ["", "", "5 minutes left"]);
        assert_eq!(left(1, 2, Duration::ZERO), "0 seconds left");
    }
}
