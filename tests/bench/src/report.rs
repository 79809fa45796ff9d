//! The figures as Markdown tables, which are readable on a terminal too.

use std::collections::BTreeSet;

use crate::growth;
use crate::results::{
    Comparison, Figures, FunctionFigures, GrowthFigures, LatencyFigures, LoadFigures, Spread, UploadFigures,
    ZipFigures, exact,
};

/// The maximum of a function's init, as a multiple of the bare function's.
pub(crate) const MAX_INIT: f64 = 3.0;
/// What most functions should not exceed.
pub(crate) const INIT_AIM: f64 = 2.0;

const MAX_RESIDENT_MIB: f64 = 16.0;
/// The limit is explained in docs/adr/0015-limit-a-zip-to-six-megabytes.md.
const MAX_ZIP_MB: f64 = 6.0;
/// The maximum difference of memory between a tenth of many invocations and all of them.
const MAX_GROWTH_MIB: f64 = 0.5;

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
        ("End-to-end latency", figures.latency.as_ref().map(latency).unwrap_or_default()),
        ("Throughput by concurrent clients", load_table(&figures.load)),
        ("Growing tables", growth_table(&figures.growth)),
        ("Uploads at once", uploads(&figures.uploads)),
    ];
    let measured = sections.into_iter().filter(|(_, table)| !table.is_empty());
    measured.fold(first, |text, (title, table)| format!("{text}\n\n### {title}\n\n{table}"))
}

/// A bound with the worst figure.
struct Bound {
    what: &'static str,
    maximum: String,
    worst: String,
    holds: bool,
}

/// Describes the bounds that do not hold.
pub(crate) fn missed(figures: &Figures) -> Vec<String> {
    let missed = bounds(figures).into_iter().filter(|bound| !bound.holds);
    missed.map(|bound| format!("{}: {} instead of at most {}", bound.what, bound.worst, bound.maximum)).collect()
}

fn bounds(figures: &Figures) -> Vec<Bound> {
    let functions = &figures.functions;
    let worst = |value: fn(&FunctionFigures) -> f64| {
        let worst = functions.iter().max_by(|a, b| value(a).total_cmp(&value(b)));
        worst.map(|function| (value(function), function.job.as_str()))
    };
    let largest = figures.zips.iter().max_by(|a, b| a.mb.total_cmp(&b.mb)).map(|zip| (zip.mb, zip.name.as_str()));
    let mut bounds: Vec<Bound> = [
        ("init, as a multiple of the bare function's", MAX_INIT, worst(|function| function.init_ms.ratio())),
        ("resident memory, MiB", MAX_RESIDENT_MIB, worst(|function| function.resident_mib.function)),
        ("growth of memory over many invocations, MiB", MAX_GROWTH_MIB, worst(memory_growth)),
        ("zip, MB", MAX_ZIP_MB, largest),
    ]
    .into_iter()
    .filter_map(|(what, maximum, worst)| {
        let (value, name) = worst?;
        let (worst, holds) = (format!("{value:.2} ({name})"), value <= maximum);
        Some(Bound { what, maximum: maximum.to_string(), worst, holds })
    })
    .collect();
    if let Some(largest) = figures.uploads.iter().max_by(|a, b| a.peak_mib.total_cmp(&b.peak_mib)) {
        bounds.push(Bound {
            what: "peak memory of the check of an upload, MiB",
            maximum: largest.limit_mib.to_string(),
            worst: format!("{:.0} ({})", largest.peak_mib, largest.what),
            holds: largest.peak_mib <= f64::from(largest.limit_mib),
        });
    }
    if !figures.growth.is_empty() {
        let growing: Vec<&str> =
            routes(&figures.growth).into_iter().filter(|route| !growth::is_flat(&figures.growth, route)).collect();
        bounds.push(Bound {
            what: "routes with work that grows with a table",
            maximum: "none".to_owned(),
            worst: if growing.is_empty() { "none".to_owned() } else { growing.join(", ") },
            holds: growing.is_empty(),
        });
    }
    bounds
}

fn bounds_table(bounds: &[Bound]) -> String {
    let verdict = |bound: &Bound| if bound.holds { "holds" } else { "MISSED" }.to_owned();
    let row = |bound: &Bound| [bound.what.to_owned(), bound.maximum.clone(), bound.worst.clone(), verdict(bound)];
    table(["bound", "at most", "worst", ""], &bounds.iter().map(row).collect::<Vec<_>>())
}

fn functions(functions: &[FunctionFigures]) -> String {
    let with_ratio = |times: Comparison| format!("{:.1} / {:.1} ({:.1}×)", times.function, times.bare, times.ratio());
    let pair = |times: Comparison| format!("{:.2} / {:.2}", times.function, times.bare);
    let rows: Vec<[String; 7]> = functions
        .iter()
        .map(|function| {
            let memory = function.memory;
            [
                function.service.clone(),
                function.job.clone(),
                with_ratio(function.init_ms),
                pair(function.first_ms),
                pair(function.warm_ms),
                format!("{:.1} / {:.1}", function.resident_mib.function, function.resident_mib.bare),
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

fn latency(latency: &LatencyFigures) -> String {
    let row = |what: &str, spread: Spread| {
        [
            what.to_owned(),
            spread.count.to_string(),
            format!("{:.1}", spread.p50_ms),
            format!("{:.1}", spread.p99_ms),
            format!("{:.1}", spread.p50_ms / latency.bare_hop.p50_ms),
        ]
    };
    let bare_hop = row("from the bus to the bare function", latency.bare_hop);
    let steps = latency.steps.iter().map(|step| row(&step.what, step.time));
    let rows: Vec<_> = std::iter::once(bare_hop).chain(steps).collect();
    table(["", "count", "p50, ms", "p99, ms", "p50, as a multiple of the bare hop"], &rows)
}

fn uploads(uploads: &[UploadFigures]) -> String {
    let row = |figures: &UploadFigures| {
        [
            format!("{} {}", figures.uploads, figures.what),
            format!("{:.1}", exact(figures.bytes) / 1e6),
            format!("{:.1}", figures.uploaded_s),
            format!("{:.1}", figures.ready_s),
            figures.processes.to_string(),
            format!("{:.0} of {}", figures.peak_mib, figures.limit_mib),
        ]
    };
    let headings = ["uploads", "MB each", "uploaded, s", "ready, s", "processes", "peak of one, MiB"];
    table(headings, &uploads.iter().map(row).collect::<Vec<_>>())
}

fn load_table(load: &[LoadFigures]) -> String {
    let Some(first) = load.first() else {
        return String::new();
    };
    let with_ratio = |value: f64, first: f64| format!("{value:.0} ({:.1}×)", value / first);
    let row = |figures: &LoadFigures| {
        [
            figures.clients.to_string(),
            with_ratio(figures.answered_per_s, first.answered_per_s),
            with_ratio(figures.effects_per_s, first.effects_per_s),
            format!("{:.1}", figures.answer.p50_ms),
            format!("{:.1}", figures.answer.p99_ms),
        ]
    };
    let headings = ["clients", "answered per second", "effects per second", "answer p50, ms", "answer p99, ms"];
    table(headings, &load.iter().map(row).collect::<Vec<_>>())
}

/// One row for each route and owner, with the sizes side by side.
fn growth_table(growth: &[GrowthFigures]) -> String {
    let firsts = growth.iter().filter(|figures| {
        growth.iter().find(|other| other.is_same_series(figures)).is_some_and(|first| std::ptr::eq(first, *figures))
    });
    let row = |first: &GrowthFigures| {
        let sizes: Vec<&GrowthFigures> = growth.iter().filter(|other| other.is_same_series(first)).collect();
        let series = |value: &dyn Fn(&GrowthFigures) -> String| {
            sizes.iter().map(|figures| value(figures)).collect::<Vec<_>>().join(" → ")
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
    let sizes: Vec<String> = growth
        .iter()
        .filter(|figures| growth[0].is_same_series(figures))
        .map(|figures| figures.items.to_string())
        .collect();
    let headings = [
        "function",
        "items of",
        "AWS calls",
        "items touched",
        "p50, ms",
        "largest / smallest",
        "bare GetItem, largest / smallest",
    ];
    let table = table(headings, &firsts.map(row).collect::<Vec<_>>());
    if table.is_empty() { table } else { format!("Items in the table: {}.\n\n{table}", sizes.join(" → ")) }
}

fn routes(growth: &[GrowthFigures]) -> BTreeSet<&str> {
    growth.iter().map(|figures| figures.route.as_str()).collect()
}

fn memory_growth(function: &FunctionFigures) -> f64 {
    function.memory.late_mib - function.memory.early_mib
}

/// A table with aligned columns; empty without rows.
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
    fn columns_are_aligned() {
        let shown = table(["a", "bb"], &[["×".into(), "long".into()]]);
        assert_eq!(shown, "| a | bb   |\n|---|------|\n| × | long |");
        assert_eq!(table(["a"], &[]), "");
    }
}
