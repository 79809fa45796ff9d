//! Lines that fit into a terminal.
#![allow(clippy::disallowed_methods, reason = "COLUMNS is read here")]

use std::env;

use ratatui::crossterm::terminal;
use ratatui::text::Span;

/// The width on a terminal: characters of East Asian scripts take two cells.
pub(crate) fn cells(text: &str) -> usize {
    Span::raw(text).width()
}

/// Lines of at most `room` cells. A longer word, such as an id, stays whole.
pub(crate) fn wrap(text: &str, room: usize) -> Vec<String> {
    if cells(text) <= room {
        return vec![text.to_owned()];
    }
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let current = lines.len() - 1;
        let length = cells(&lines[current]);
        if length == 0 {
            lines[current].push_str(word);
        } else if length + 1 + cells(word) <= room {
            lines[current].push(' ');
            lines[current].push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// As [`wrap`] for several lines, each with its own indentation.
pub(crate) fn wrap_lines(text: &str, width: usize) -> String {
    let lines = text.lines().flat_map(|line| {
        let indentation = &line[..line.len() - line.trim_start().len()];
        let room = width.saturating_sub(indentation.len());
        wrap(line.trim_start(), room).into_iter().map(move |part| format!("{indentation}{part}"))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The width of the terminal, or the one that `COLUMNS` demands; `None` for a pipe or a file, which get whole lines also
/// where a shell exports `COLUMNS`.
pub(crate) fn width(is_terminal: bool) -> Option<usize> {
    if !is_terminal {
        return None;
    }
    let demanded = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let of_terminal = || terminal::size().ok().map(|(width, _)| usize::from(width));
    demanded.or_else(of_terminal).filter(|width| *width > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_broken_between_words_and_an_id_is_not() {
        let id = "019a20778-d400-708a-a6bc-54ed46517d78-with-a-long-name";
        let text = format!("  replay {id} is not complete\nnext");
        assert_eq!(wrap_lines(&text, 30), format!("  replay\n  {id}\n  is not complete\nnext"));
        assert_eq!(wrap_lines("short", 30), "short");
    }
}
