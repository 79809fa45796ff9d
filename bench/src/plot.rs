//! The figures as one picture: what a function's init costs, how throughput grows, and that work does not.

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::figures::{Figures, GrowthFigures};
use crate::report::{AIM_INIT, MOST_INIT, routes};

const SIZE: (u32, u32) = (1200, 760);
const FONT: &str = "sans-serif";
const INK: RGBColor = RGBColor(0x24, 0x29, 0x2f);
const OURS: RGBColor = RGBColor(0x1f, 0x6f, 0xb2);
const OTHER: RGBColor = RGBColor(0xd9, 0x6c, 0x06);
const LIMIT: RGBColor = RGBColor(0xb4, 0x23, 0x18);

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
        .caption("Init, in times of a bare function's", (FONT, 18).into_font().color(&INK))
        .margin(14)
        .x_label_area_size(30)
        .y_label_area_size(170)
        .build_cartesian_2d(0.0..MOST_INIT + 0.2, (0..count - 1).into_segmented())?;
    let name = |place: &SegmentValue<i32>| match place {
        SegmentValue::CenterOf(row) => usize::try_from(count - 1 - *row)
            .ok()
            .and_then(|row| functions.get(row))
            .map(|function| function.job.clone())
            .unwrap_or_default(),
        _ => String::new(),
    };
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(functions.len())
        .y_label_formatter(&name)
        .x_label_formatter(&|times| format!("{times:.1}×"))
        .label_style((FONT, 13).into_font().color(&INK))
        .draw()?;
    for (row, function) in (0..count).rev().zip(functions) {
        let (from, to) = ((0.0, SegmentValue::Exact(row)), (function.init_ms.ratio(), SegmentValue::Exact(row + 1)));
        let mut bar = Rectangle::new([from, to], OURS.filled());
        bar.set_margin(3, 3, 0, 0);
        chart.draw_series([bar])?;
    }
    for (times, colour) in [(1.0, INK), (AIM_INIT, OTHER), (MOST_INIT, LIMIT)] {
        let ends = [(times, SegmentValue::Exact(0)), (times, SegmentValue::Exact(count))];
        chart.draw_series([PathElement::new(ends, colour.stroke_width(2))])?;
    }
    Ok(())
}

fn throughput(area: &Area<'_>, figures: &Figures) -> Result<(), Box<dyn std::error::Error>> {
    let (Some(first), Some(last)) = (figures.load.first(), figures.load.last()) else {
        return Ok(());
    };
    let most = figures.load.iter().map(|load| load.answered_per_s).fold(0.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption("Changes a second, as users grow", (FONT, 18).into_font().color(&INK))
        .margin(14)
        .x_label_area_size(34)
        .y_label_area_size(46)
        .build_cartesian_2d((first.users as u64..last.users as u64).log_scale(), 0.0..most * 1.2)?;
    chart
        .configure_mesh()
        .x_desc("users at once")
        .y_label_formatter(&|rate| format!("{rate:.0}"))
        .label_style((FONT, 13).into_font().color(&INK))
        .draw()?;
    let answered: Vec<_> = figures.load.iter().map(|load| (load.users as u64, load.answered_per_s)).collect();
    let effects: Vec<_> = figures.load.iter().map(|load| (load.users as u64, load.effects_per_s)).collect();
    for (name, points, colour) in [("answered", answered, OURS), ("with their effect", effects, OTHER)] {
        chart
            .draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        chart.draw_series(points.into_iter().map(|point| Circle::new(point, 4, colour.filled())))?;
    }
    legend(&mut chart)
}

fn growth(area: &Area<'_>, growth: &[GrowthFigures]) -> Result<(), Box<dyn std::error::Error>> {
    let sizes = growth.iter().map(|figures| figures.items);
    let (Some(least), Some(most)) = (sizes.clone().min(), sizes.max()) else {
        return Ok(());
    };
    let mut chart = ChartBuilder::on(area)
        .caption("Items touched by one call, as the caller's items grow", (FONT, 18).into_font().color(&INK))
        .margin(14)
        .x_label_area_size(34)
        .y_label_area_size(46)
        .build_cartesian_2d((least..most + 1).log_scale(), 0..highest(growth) + 4)?;
    chart.configure_mesh().x_desc("items in the table").label_style((FONT, 13).into_font().color(&INK)).draw()?;
    for (number, route) in routes(growth).into_iter().enumerate() {
        let colour = Palette99::pick(number).to_rgba();
        let owner = growth.iter().find(|figures| figures.route == route).map(|figures| figures.owner);
        let of_route = growth.iter().filter(|figures| figures.route == route && Some(figures.owner) == owner);
        let points: Vec<_> = of_route.map(|figures| (figures.items, figures.items_touched)).collect();
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
            .label(route)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    legend(&mut chart)
}

fn highest(growth: &[GrowthFigures]) -> u64 {
    growth.iter().map(|figures| figures.items_touched).max().unwrap_or(0)
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
        .label_font((FONT, 12).into_font().color(&INK))
        .draw()?;
    Ok(())
}
