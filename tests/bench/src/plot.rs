//! The figures as one picture: the init of each function, throughput by clients, and times by the size of a table.

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::coord::types::{RangedCoordf64, RangedCoordusize};
use plotters::prelude::*;

use crate::report::{INIT_AIM, MAX_INIT};
use crate::results::{Figures, GrowthFigures};

const SIZE: (u32, u32) = (1200, 760);
const FONT: &str = "sans-serif";
const TEXT: RGBColor = RGBColor(0x24, 0x29, 0x2f);
const BLUE: RGBColor = RGBColor(0x1f, 0x6f, 0xb2);
const ORANGE: RGBColor = RGBColor(0xd9, 0x6c, 0x06);
const GRID: RGBColor = RGBColor(0xe3, 0xe6, 0xea);
const RED: RGBColor = RGBColor(0xb4, 0x23, 0x18);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws the figures.
///
/// # Errors
/// When the picture cannot be drawn.
pub(crate) fn svg(figures: &Figures) -> Result<String> {
    let mut text = String::new();
    draw(figures, &mut text).map_err(|error| anyhow!("cannot draw the figures: {error}"))?;
    Ok(text)
}

fn draw(figures: &Figures, text: &mut String) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::with_string(text, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let (left, right) = root.split_horizontally(SIZE.0 / 2);
    let (upper, lower) = right.split_vertically(SIZE.1 / 2);
    inits(&left, figures)?;
    throughput(&upper, figures)?;
    growth(&lower, &figures.growth)?;
    root.present()?;
    Ok(())
}

fn inits(area: &Area<'_>, figures: &Figures) -> Result<(), Box<dyn std::error::Error>> {
    let functions = &figures.functions;
    if functions.is_empty() {
        return Ok(());
    }
    let count = i32::try_from(functions.len())?;
    let mut chart = ChartBuilder::on(area)
        .caption("Init, as a multiple of the bare function's", (FONT, 18).into_font().color(&TEXT))
        .margin(14)
        .x_label_area_size(30)
        .y_label_area_size(215)
        .build_cartesian_2d(0.0..MAX_INIT + 0.2, (0..count - 1).into_segmented())?;
    let name = |place: &SegmentValue<i32>| match place {
        SegmentValue::CenterOf(row) => usize::try_from(count - 1 - *row)
            .ok()
            .and_then(|row| functions.get(row))
            .map(|function| format!("{} {}", function.service, function.job))
            .unwrap_or_default(),
        _ => String::new(),
    };
    chart
        .configure_mesh()
        .disable_y_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .y_labels(functions.len())
        .y_label_formatter(&name)
        .x_label_formatter(&|times| format!("{times:.1}×"))
        .label_style((FONT, 13).into_font().color(&TEXT))
        .draw()?;
    for (row, function) in (0..count).rev().zip(functions) {
        let (from, to) = ((0.0, SegmentValue::Exact(row)), (function.init_ms.ratio(), SegmentValue::Exact(row + 1)));
        let mut bar = Rectangle::new([from, to], BLUE.filled());
        bar.set_margin(3, 3, 0, 0);
        chart.draw_series([bar])?;
    }
    for (times, colour) in [(1.0, TEXT), (INIT_AIM, ORANGE), (MAX_INIT, RED)] {
        let ends = [(times, SegmentValue::Exact(0)), (times, SegmentValue::Exact(count))];
        chart.draw_series([PathElement::new(ends, colour.stroke_width(2))])?;
    }
    Ok(())
}

fn throughput(area: &Area<'_>, figures: &Figures) -> Result<(), Box<dyn std::error::Error>> {
    let load = &figures.load;
    if load.len() < 2 {
        return Ok(());
    }
    let most = load.iter().map(|load| load.answered_per_s).fold(0.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption("Changes per second by concurrent clients", (FONT, 18).into_font().color(&TEXT))
        .margin(14)
        .margin_right(30)
        .x_label_area_size(34)
        .y_label_area_size(46)
        .build_cartesian_2d(0..load.len() - 1, 0.0..most * 1.3)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .x_labels(load.len())
        .x_label_formatter(&|place| load.get(*place).map(|load| load.clients.to_string()).unwrap_or_default())
        .x_desc("concurrent clients")
        .y_label_formatter(&|rate| format!("{rate:.0}"))
        .label_style((FONT, 13).into_font().color(&TEXT))
        .draw()?;
    let answered: Vec<f64> = load.iter().map(|load| load.answered_per_s).collect();
    let effects: Vec<f64> = load.iter().map(|load| load.effects_per_s).collect();
    line(&mut chart, Some("answered"), &answered, BLUE)?;
    line(&mut chart, Some("with their effect"), &effects, ORANGE)?;
    legend(&mut chart)
}

/// The times of each route and of the bare read, as multiples of those with the smallest table.
fn growth(area: &Area<'_>, growth: &[GrowthFigures]) -> Result<(), Box<dyn std::error::Error>> {
    let Some(first) = growth.first() else {
        return Ok(());
    };
    let sizes: Vec<u64> =
        growth.iter().filter(|figures| figures.is_same_series(first)).map(|figures| figures.items).collect();
    if sizes.len() < 2 {
        return Ok(());
    }
    let mut chart = ChartBuilder::on(area)
        .caption("Time of a call, as a multiple of that with the smallest table", (FONT, 18).into_font().color(&TEXT))
        .margin(14)
        .margin_right(30)
        .x_label_area_size(34)
        .y_label_area_size(46)
        .build_cartesian_2d(0..sizes.len() - 1, 0.0..2.5)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .x_labels(sizes.len())
        .x_label_formatter(&|place| sizes.get(*place).map(u64::to_string).unwrap_or_default())
        .x_desc("items in the table")
        .y_label_formatter(&|times| format!("{times:.1}×"))
        .label_style((FONT, 13).into_font().color(&TEXT))
        .draw()?;
    let of_smallest: Vec<&GrowthFigures> = growth.iter().filter(|figures| figures.items == first.items).collect();
    for (number, smallest) in of_smallest.into_iter().enumerate() {
        let series = || growth.iter().filter(|figures| figures.is_same_series(smallest));
        let reads: Vec<f64> = series().map(|at| at.bare_read.p50_ms / smallest.bare_read.p50_ms).collect();
        let calls: Vec<f64> = series().map(|at| at.call.p50_ms / smallest.call.p50_ms).collect();
        // The legend has one entry for all lines of a colour.
        let named = |name: &'static str| (number == 0).then_some(name);
        line(&mut chart, named("a bare GetItem"), &reads, ORANGE)?;
        line(&mut chart, named("each route"), &calls, BLUE)?;
    }
    legend(&mut chart)
}

/// Draws a line with a point for each value.
fn line<'a>(
    chart: &mut ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedCoordusize, RangedCoordf64>>,
    name: Option<&str>,
    values: &[f64],
    colour: RGBColor,
) -> Result<(), Box<dyn std::error::Error>> {
    let points: Vec<(usize, f64)> = values.iter().copied().enumerate().collect();
    let series = chart.draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?;
    if let Some(name) = name {
        series.label(name).legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart.draw_series(points.into_iter().map(|point| Circle::new(point, 3, colour.filled())))?;
    Ok(())
}

fn legend<'a, X, Y>(
    chart: &mut ChartContext<'a, SVGBackend<'a>, Cartesian2d<X, Y>>,
) -> Result<(), Box<dyn std::error::Error>>
where
    X: plotters::coord::ranged1d::Ranged,
    Y: plotters::coord::ranged1d::Ranged,
{
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .label_font((FONT, 12).into_font().color(&TEXT))
        .draw()?;
    Ok(())
}
