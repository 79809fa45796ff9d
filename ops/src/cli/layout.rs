//! Tables for people: in columns where there is room, otherwise one record below the other, so that no id is broken.

use anyhow::{Result, ensure};
use clap::Args;
use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, Table};
use ops::error::UsageError;
use ops::names;

use crate::cli::output::{Format, escape_controls, has_colors, is_terminal};
use crate::cli::wrapping::{cells, width, wrap};

/// Which columns a table has.
#[derive(Clone, Debug, Args)]
pub(crate) struct ColumnsArgs {
    /// The columns of the table and their order, such as `error,message`; `function-or-rule` is `function or rule`
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    columns: Vec<String>,
}

impl ColumnsArgs {
    /// The indices of the columns among these headings.
    ///
    /// # Errors
    /// [`UsageError`] when there is no such column, or the output is no table.
    pub(crate) fn choose(&self, headings: &[&str], format: Format) -> Result<Vec<usize>> {
        if self.columns.is_empty() {
            return Ok((0..headings.len()).collect());
        }
        ensure!(
            format == Format::Table,
            UsageError("--columns is for the table: json and ndjson have every field".to_owned())
        );
        let names: Vec<String> = headings.iter().map(|heading| heading.replace(' ', "-")).collect();
        let index = |column: &String| {
            names.iter().position(|name| name == column).ok_or_else(|| {
                let known: Vec<&str> = names.iter().map(String::as_str).collect();
                let hint = names::suggestion(column, &known);
                UsageError(format!("there is no column `{column}`.{hint} Columns: {}", known.join(",")))
            })
        };
        Ok(self.columns.iter().map(index).collect::<Result<Vec<usize>, UsageError>>()?)
    }
}

/// Rows with a text in each column.
pub(crate) struct Rows<const N: usize> {
    headings: [&'static str; N],
    rows: Vec<[String; N]>,
}

impl<const N: usize> Rows<N> {
    pub(crate) fn new(headings: [&'static str; N]) -> Self {
        Self { headings, rows: Vec::new() }
    }

    /// Adds texts of any origin.
    pub(crate) fn add_row(&mut self, row: [String; N]) {
        self.rows.push(row.map(|text| escape_controls(&text)));
    }

    /// The rows with all columns.
    pub(crate) fn render(&self) -> String {
        self.render_columns(&(0..N).collect::<Vec<_>>())
    }

    /// The rows with these columns, as the terminal has room.
    pub(crate) fn render_columns(&self, columns: &[usize]) -> String {
        let table = self.table(columns, false);
        match width(is_terminal()) {
            Some(width) if table.lines().any(|line| cells(line) > width) => self.records(columns, width),
            _ if has_colors() => self.table(columns, true),
            _ => table,
        }
    }

    fn table(&self, columns: &[usize], is_bold: bool) -> String {
        let mut table = Table::new();
        table.load_style(NOTHING);
        // Not the padding, which is removed below.
        table.style_text_only();
        let heading = |index: &usize| {
            let cell = Cell::new(self.headings[*index]);
            if is_bold { cell.add_attribute(Attribute::Bold) } else { cell }
        };
        table.set_header(columns.iter().map(heading));
        for row in &self.rows {
            table.add_row(columns.iter().map(|index| row[*index].as_str()));
        }
        // Every cell is padded; the first one needs no padding before it.
        table.lines().map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned() + "\n").collect()
    }

    /// One field a line, without the empty ones, and an empty line between two records.
    fn records(&self, columns: &[usize], width: usize) -> String {
        let label = columns.iter().map(|index| self.headings[*index].chars().count()).max().unwrap_or(0) + 2;
        let record = |row: &[String; N]| {
            let filled = columns.iter().filter(|index| !matches!(row[**index].trim(), "" | "-"));
            filled.map(|index| field(self.headings[*index], &row[*index], label, width)).collect::<String>()
        };
        self.rows.iter().map(record).collect::<Vec<_>>().join("\n")
    }
}

fn field(heading: &str, value: &str, label: usize, width: usize) -> String {
    let lines = value.lines().flat_map(|line| wrap(line, width.saturating_sub(label)));
    let headings = std::iter::once(heading).chain(std::iter::repeat(""));
    lines.zip(headings).map(|(line, heading)| format!("{heading:<label$}{line}") + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_fit_into_80_characters_and_ids_stay_whole() {
        let mut rows = Rows::new(["message", "error", "event", "sources"]);
        let (id, error) = ("34271e74-ebe4-4f5d-a1c2-0123456789ab", "TableFailed: the table failed ".repeat(6));
        rows.add_row([id, &error, "-", "queue one\nqueue two"].map(str::to_owned));
        rows.add_row([id, "E", "-", ""].map(str::to_owned));
        let shown = rows.records(&[0, 1, 2, 3], 80);
        assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
        assert_eq!(shown.matches(id).count(), 2, "{shown}");
        let last = format!("sources  queue one\n         queue two\n\nmessage  {id}\nerror    E\n");
        assert!(shown.ends_with(&last) && !shown.contains("event"), "{shown}");
    }
}
