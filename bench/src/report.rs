//! The figures as tables in Markdown, which read well on a terminal too.

use std::collections::BTreeSet;

use crate::figures::{
    Beside, Figures, FunctionFigures, GrowthFigures, LoadFigures, RoadFigures, Spread, UploadFigures, ZipFigures, exact,
};
use crate::growth;

/// The most that a function's init may take, in times of the bare one's.
pub(crate) const MOST_INIT: f64 = 3.0;
/// What it should take.
pub(crate) const AIM_INIT: f64 = 2.0;

/// What the function has that looks at uploads: its `MemorySize`.
const CHECK_MEMORY_MIB: f64 = 1024.0;
const MOST_RESIDENT_MIB: f64 = 16.0;
/// docs/adr/0015-a-zip-of-six-megabytes.md
const MOST_ZIP_MB: f64 = 6.0;
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
        ("Bounds", bounds_table(&bounds(figures))),
        ("Functions", functions(&figures.functions)),
        ("Zips", zips(&figures.zips)),
        ("From `POST /todos` to the inbox entry", figures.road.as_ref().map(road).unwrap_or_default()),
        ("As users grow", load_table(&figures.load)),
        ("As tables grow", growth_table(&figures.growth)),
        ("Uploads at once", uploads(&figures.uploads)),
    ];
    let measured = sections.into_iter().filter(|(_, table)| !table.is_empty());
    measured.fold(first, |text, (title, table)| format!("{text}\n\n### {title}\n\n{table}"))
}

/// Each bound, what was worst, and whether it holds.
struct Bound {
    what: &'static str,
    at_most: String,
    worst: String,
    holds: bool,
}

/// The bounds that do not hold.
pub(crate) fn missed(figures: &Figures) -> Vec<String> {
    let missed = bounds(figures).into_iter().filter(|bound| !bound.holds);
    missed.map(|bound| format!("{}: {} instead of at most {}", bound.what, bound.worst, bound.at_most)).collect()
}

fn bounds(figures: &Figures) -> Vec<Bound> {
    let functions = &figures.functions;
    let worst = |of: fn(&FunctionFigures) -> f64| {
        let worst = functions.iter().max_by(|a, b| of(a).total_cmp(&of(b)));
        worst.map(|function| (of(function), function.job.as_str()))
    };
    let largest = figures.zips.iter().max_by(|a, b| a.mb.total_cmp(&b.mb)).map(|zip| (zip.mb, zip.name.as_str()));
    let mut bounds: Vec<Bound> = [
        ("init, times bare", MOST_INIT, worst(|function| function.init_ms.ratio())),
        ("resident memory, MiB", MOST_RESIDENT_MIB, worst(|function| function.resident_mib.ours)),
        ("growth of memory over many invocations, MiB", MOST_GROWTH_MIB, worst(memory_growth)),
        ("zip, MB", MOST_ZIP_MB, largest),
    ]
    .into_iter()
    .filter_map(|(what, most, worst)| {
        let (value, who) = worst?;
        Some(Bound { what, at_most: most.to_string(), worst: format!("{value:.2} ({who})"), holds: value <= most })
    })
    .collect();
    if let Some(largest) = figures.uploads.iter().max_by(|a, b| a.peak_mib.total_cmp(&b.peak_mib)) {
        bounds.push(Bound {
            what: "peak memory of a look at an upload, MiB",
            at_most: CHECK_MEMORY_MIB.to_string(),
            worst: format!("{:.0} ({})", largest.peak_mib, largest.what),
            holds: largest.peak_mib <= CHECK_MEMORY_MIB,
        });
    }
    if !figures.growth.is_empty() {
        let growing: Vec<&str> =
            routes(&figures.growth).into_iter().filter(|route| !growth::is_flat(&figures.growth, route)).collect();
        bounds.push(Bound {
            what: "routes whose work grows with a table",
            at_most: "none".to_owned(),
            worst: if growing.is_empty() { "none".to_owned() } else { growing.join(", ") },
            holds: growing.is_empty(),
        });
    }
    bounds
}

fn bounds_table(bounds: &[Bound]) -> String {
    let verdict = |bound: &Bound| if bound.holds { "holds" } else { "MISSED" }.to_owned();
    let row = |bound: &Bound| [bound.what.to_owned(), bound.at_most.clone(), bound.worst.clone(), verdict(bound)];
    table(["bound", "at most", "worst", ""], &bounds.iter().map(row).collect::<Vec<_>>())
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
    let mut rows = vec![
        row("from the bus to the bare function", road.bare_hop),
        row("from `POST /todos` to its answer", road.answered),
        row("from `POST /todos` to the inbox entry", road.effect),
    ];
    rows.extend(road.socket.map(|socket| row("from `POST /todos` to another session's WebSocket", socket)));
    rows.extend(road.screen.map(|screen| row("from `POST /todos` to another session's screen", screen)));
    table(["", "trips", "p50, ms", "p99, ms", "p50, times the bare hop"], &rows)
}

fn uploads(uploads: &[UploadFigures]) -> String {
    let row = |figures: &UploadFigures| {
        [
            format!("{} {}", figures.uploads, figures.what),
            format!("{:.1}", exact(figures.bytes) / 1e6),
            format!("{:.1}", figures.uploaded_s),
            format!("{:.1}", figures.ready_s),
            figures.processes.to_string(),
            format!("{:.0} of {CHECK_MEMORY_MIB}", figures.peak_mib),
        ]
    };
    let headings = ["uploads", "MB each", "uploaded, s", "ready, s", "processes", "peak of one, MiB"];
    table(headings, &uploads.iter().map(row).collect::<Vec<_>>())
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

/// One row a route and owner, the sizes side by side.
fn growth_table(growth: &[GrowthFigures]) -> String {
    let firsts = growth.iter().filter(|figures| {
        growth.iter().find(|other| other.is_like(figures)).is_some_and(|first| std::ptr::eq(first, *figures))
    });
    let row = |first: &GrowthFigures| {
        let sizes: Vec<&GrowthFigures> = growth.iter().filter(|other| other.is_like(first)).collect();
        let series = |of: &dyn Fn(&GrowthFigures) -> String| {
            sizes.iter().map(|figures| of(figures)).collect::<Vec<_>>().join(" → ")
        };
        let last = sizes.last().copied().unwrap_or(first);
        [
            first.route.clone(),
            first.owner.clone(),
            series(&|figures| figures.aws_calls.to_string()),
            series(&|figures| figures.items_touched.to_string()),
            series(&|figures| format!("{:.1}", figures.call.p50_ms)),
            format!("{:.2}×", last.call.p50_ms / first.call.p50_ms),
            format!("{:.2}×", last.bare_read.p50_ms / first.bare_read.p50_ms),
        ]
    };
    let sizes: Vec<String> =
        growth.iter().filter(|figures| growth[0].is_like(figures)).map(|figures| figures.items.to_string()).collect();
    let headings = [
        "function",
        "items of",
        "calls of AWS",
        "items touched",
        "p50, ms",
        "largest / smallest",
        "bare GetItem, largest / smallest",
    ];
    let table = table(headings, &firsts.map(row).collect::<Vec<_>>());
    if table.is_empty() { table } else { format!("Items in the table: {}.\n\n{table}", sizes.join(" → ")) }
}

/// The routes of some figures, each once.
fn routes(growth: &[GrowthFigures]) -> BTreeSet<&str> {
    growth.iter().map(|figures| figures.route.as_str()).collect()
}

fn memory_growth(function: &FunctionFigures) -> f64 {
    function.memory.late_mib - function.memory.early_mib
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
