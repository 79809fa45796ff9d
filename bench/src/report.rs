//! The figures as tables in Markdown, which read well on a terminal too.

use std::collections::BTreeSet;

use crate::figures::{Beside, Figures, FunctionFigures, GrowthFigures, LoadFigures, RoadFigures, Spread, ZipFigures};
use crate::growth;

/// The most that a function's init may take, in times of the bare one's.
pub(crate) const MOST_INIT: f64 = 3.0;
/// What it should take.
pub(crate) const AIM_INIT: f64 = 2.0;

const MOST_RESIDENT_MIB: f64 = 16.0;
const MOST_ZIP_MB: f64 = 4.0;
/// Memory may settle by so much between the first tenth of many invocations and the last.
const MOST_GROWTH_MIB: f64 = 0.5;

/// All tables.
pub(crate) fn tables(figures: &Figures) -> String {
    let machine = &figures.machine;
    let load = machine.load_before.map(|load| format!(", load average {load:.1} before the run")).unwrap_or_default();
    let first = format!(
        "Measured on {:.10} with {} cores ({}){load}; the {} build.",
        figures.at.to_string(),
        machine.cores,
        machine.architecture,
        figures.profile
    );
    let sections = [
        ("Bounds", bounds(figures)),
        ("Functions", functions(&figures.functions)),
        ("Zips", zips(&figures.zips)),
        ("From `POST /todos` to the inbox entry", figures.road.as_ref().map(road).unwrap_or_default()),
        ("As users grow", load_table(&figures.load)),
        ("As tables grow", growth_table(&figures.growth)),
    ];
    let measured = sections.into_iter().filter(|(_, table)| !table.is_empty());
    measured.fold(first, |text, (title, table)| format!("{text}\n\n### {title}\n\n{table}"))
}

fn bounds(figures: &Figures) -> String {
    let functions = &figures.functions;
    let worst = |of: fn(&FunctionFigures) -> f64| {
        let worst = functions.iter().max_by(|a, b| of(a).total_cmp(&of(b)));
        worst.map(|function| (of(function), function.job.clone()))
    };
    let largest = figures.zips.iter().max_by(|a, b| a.mb.total_cmp(&b.mb)).map(|zip| (zip.mb, zip.name.clone()));
    let growing: Vec<&str> = routes(&figures.growth).into_iter().filter(|route| !is_flat(figures, route)).collect();
    let mut rows: Vec<[String; 4]> = [
        ("init, times bare", MOST_INIT, worst(|function| function.init_ms.ratio())),
        ("resident memory, MiB", MOST_RESIDENT_MIB, worst(|function| function.resident_mib.ours)),
        ("memory's growth over many invocations, MiB", MOST_GROWTH_MIB, worst(memory_growth)),
        ("zip, MB", MOST_ZIP_MB, largest),
    ]
    .into_iter()
    .filter_map(|(what, most, worst)| {
        let (value, who) = worst?;
        Some([what.to_owned(), format!("{most}"), format!("{value:.2} ({who})"), verdict(value <= most)])
    })
    .collect();
    if !figures.growth.is_empty() {
        let shown = if growing.is_empty() { "none".to_owned() } else { growing.join(", ") };
        rows.push(["work that grows with a table".into(), "none".into(), shown, verdict(growing.is_empty())]);
    }
    table(["bound", "at most", "worst", ""], &rows)
}

fn functions(functions: &[FunctionFigures]) -> String {
    let pair = |beside: Beside| format!("{:.1} / {:.1} ({:.1}×)", beside.ours, beside.bare, beside.ratio());
    let fine = |beside: Beside| format!("{:.2} / {:.2}", beside.ours, beside.bare);
    let rows: Vec<[String; 7]> = functions
        .iter()
        .map(|function| {
            let memory = function.memory;
            [
                function.service.clone(),
                function.job.clone(),
                pair(function.init_ms),
                fine(function.first_ms),
                fine(function.warm_ms),
                format!("{:.1} / {:.1}", function.resident_mib.ours, function.resident_mib.bare),
                format!("{:.1} → {:.1} ({})", memory.early_mib, memory.late_mib, memory.invocations),
            ]
        })
        .collect();
    let headings = [
        "service",
        "function",
        "init / bare, ms",
        "first / bare, ms",
        "warm / bare, ms",
        "resident / bare, MiB",
        "memory over invocations, MiB",
    ];
    table(headings, &rows)
}

fn zips(zips: &[ZipFigures]) -> String {
    let row = |zip: &ZipFigures| [zip.name.clone(), format!("{:.2}", zip.mb), format!("{:.2}", zip.binary_mb)];
    table(["zip", "MB", "binary, MB"], &zips.iter().map(row).collect::<Vec<_>>())
}

fn road(road: &RoadFigures) -> String {
    let row = |what: &str, spread: Spread| {
        let times = |value: f64, bare: f64| format!("{:.1}", value / bare);
        [
            what.to_owned(),
            spread.count.to_string(),
            format!("{:.1}", spread.p50_ms),
            format!("{:.1}", spread.p99_ms),
            times(spread.p50_ms, road.bare_hop.p50_ms),
        ]
    };
    let rows = [
        row("from the bus to the bare function", road.bare_hop),
        row("from `POST /todos` to its answer", road.answered),
        row("from `POST /todos` to the inbox entry", road.effect),
    ];
    table(["", "trips", "p50, ms", "p99, ms", "p50, times the bare hop"], &rows)
}

fn load_table(load: &[LoadFigures]) -> String {
    let Some(first) = load.first() else {
        return String::new();
    };
    let against = |value: f64, first: f64| format!("{value:.0} ({:.1}×)", value / first);
    let row = |figures: &LoadFigures| {
        [
            figures.users.to_string(),
            against(figures.answered_per_s, first.answered_per_s),
            against(figures.effects_per_s, first.effects_per_s),
            format!("{:.1}", figures.answer.p50_ms),
            format!("{:.1}", figures.answer.p99_ms),
        ]
    };
    let headings = ["users at once", "answered a second", "effects a second", "answer p50, ms", "answer p99, ms"];
    table(headings, &load.iter().map(row).collect::<Vec<_>>())
}

fn growth_table(growth: &[GrowthFigures]) -> String {
    let row = |figures: &GrowthFigures| {
        let same = |other: &&GrowthFigures| other.route == figures.route && other.owner == figures.owner;
        let first = growth.iter().find(same).unwrap_or(figures);
        let against = |now: Spread, first: Spread| format!("{:.2} ({:.1}×)", now.p50_ms, now.p50_ms / first.p50_ms);
        [
            figures.route.clone(),
            figures.owner.to_owned(),
            figures.items.to_string(),
            against(figures.call, first.call),
            against(figures.bare_read, first.bare_read),
            figures.aws_calls.to_string(),
            figures.items_touched.to_string(),
        ]
    };
    let headings =
        ["function", "items of", "items", "p50, ms", "bare GetItem p50, ms", "calls of AWS", "items touched"];
    table(headings, &growth.iter().map(row).collect::<Vec<_>>())
}

/// The routes of some figures, each once.
pub(crate) fn routes(growth: &[GrowthFigures]) -> BTreeSet<&str> {
    growth.iter().map(|figures| figures.route.as_str()).collect()
}

fn is_flat(figures: &Figures, route: &str) -> bool {
    growth::is_flat(&figures.growth, route)
}

fn memory_growth(function: &FunctionFigures) -> f64 {
    function.memory.late_mib - function.memory.early_mib
}

fn verdict(holds: bool) -> String {
    if holds { "holds" } else { "MISSED" }.to_owned()
}

/// A table whose columns line up; nothing without rows.
fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let headings = headings.map(str::to_owned);
    let widths: [usize; N] = std::array::from_fn(|column| {
        let cells = rows.iter().chain([&headings]);
        cells.map(|row| row[column].chars().count()).max().unwrap_or(0)
    });
    let line = |cells: &[String; N]| {
        let padded: Vec<String> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("| {} |", padded.join(" | "))
    };
    let rule = format!("|{}|", widths.map(|width| "-".repeat(width + 2)).join("|"));
    let lines: Vec<String> = [line(&headings), rule].into_iter().chain(rows.iter().map(line)).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let shown = table(["a", "bb"], &[["×".into(), "long".into()]]);
        assert_eq!(shown, "| a | bb   |\n|---|------|\n| × | long |");
        assert_eq!(table(["a"], &[]), "");
    }
}
