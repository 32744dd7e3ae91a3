//! What each arm costs: memory beside time, arm by arm.

use super::arms::{ArmPanel, ArmProcess, ArmsChart, draw_word};
use super::canvas::{Align, Area, Canvas, Point, Type, compose};
use super::error::ChartError;
use super::font::{Face, ellipsize, register, wrap};
use super::header::{Header, MARGIN};
use super::palette::{AXIS, BLUE, GRID, INK, INK_SOFT, PAPER, VERMILLION, faded};
use super::scale::grouped;
use crate::units::signed_bytes;

const WIDTH: f64 = 960.0;
const ROW: f64 = 46.0;
const HEADS: f64 = 40.0;
const BAR: f64 = 13.0;
const GAP: f64 = 28.0;
const DOT: f64 = 3.4;
const FAULTS_WIDTH: f64 = 92.0;
const SLATE: plotters::style::RGBAColor = faded(INK, 0.62);

const NAME: Face = Face::bold(12.5);
const HEAD: Face = Face::bold(12.5);
const VALUE: Face = Face::regular(11.5);

/// Left edge, room for bars and the largest value of a column of bars.
#[derive(Debug, Clone, Copy)]
struct Column {
    left: f64,
    right: f64,
    bars: f64,
    largest: f64,
}

impl Column {
    /// A column whose longest bar leaves room for the widest value behind it.
    fn new((left, right): (f64, f64), values: &[f64], texts: &[String]) -> Self {
        let widest = texts.iter().map(|text| VALUE.width(text)).fold(0.0, f64::max);
        let largest = values.iter().copied().filter(|value| value.is_finite()).fold(0.0, f64::max);
        Column { left, right, bars: (right - left - widest - 8.0).max(10.0), largest }
    }

    fn at(&self, value: f64) -> f64 {
        if self.largest > 0.0 { self.left + self.bars * (value / self.largest).clamp(0.0, 1.0) } else { self.left }
    }
}

/// What each of an arm's processes came to; nothing for a single one, which its bar shows already.
fn spread(arm: &ArmPanel<'_>, value: fn(&ArmProcess) -> Option<f64>) -> Vec<f64> {
    let processes = if arm.processes.len() > 1 { arm.processes } else { &[] };
    processes.iter().filter_map(value).filter(|value| value.is_finite()).collect()
}

const AT_REST: fn(&ArmProcess) -> Option<f64> = |process| process.steady_rss_bytes;
const PEAK: fn(&ArmProcess) -> Option<f64> = |process| process.peak_bytes;
const MILLISECONDS: fn(&ArmProcess) -> Option<f64> = |process| process.milliseconds;

/// Draws what each arm keeps, needs and takes, as an SVG document 960 pixels wide.
///
/// # Errors
/// If the embedded font is refused or the SVG writer fails.
pub fn cost_chart(chart: &ArmsChart<'_>) -> Result<String, ChartError> {
    register()?;
    let header = Header { title: chart.title, verdict: "", sentence: chart.sentence };
    let top = header.height(WIDTH) + 10.0;
    let first_row = top + HEADS;
    let height = (first_row + ROW * chart.panels.len().max(1) as f64 + 12.0).ceil() as u32;
    let description = format!("{}: memory and time of {} arms", chart.title, chart.panels.len());
    compose((WIDTH as u32, height), &description, |canvas| {
        header.draw(canvas, WIDTH)?;
        let names_width = names_width(&chart.panels);
        let (memory, time, faults_right) = columns(chart, MARGIN + names_width + GAP);
        let has_processes = chart.panels.iter().any(|arm| arm.processes.len() > 1);
        draw_heads(canvas, (&memory, &time), (faults_right, has_processes), top)?;
        for (index, arm) in chart.panels.iter().enumerate() {
            let top = first_row + ROW * index as f64;
            canvas.line(&[(MARGIN, top), (WIDTH - MARGIN, top)], 1.0, GRID)?;
            draw_name(canvas, arm, top, names_width)?;
            draw_memory(canvas, chart, arm, (&memory, top))?;
            draw_time(canvas, chart, arm, (&time, top))?;
            if let (Some(right), Some(faults)) = (faults_right, arm.minor_faults.filter(|faults| faults.is_finite())) {
                let look = Type { face: VALUE, color: INK };
                canvas.text(&grouped(faults, 0), (right, top + ROW / 2.0 + 4.0), Align::End, look)?;
            }
        }
        let bottom = first_row + ROW * chart.panels.len() as f64;
        for left in [memory.left, time.left] {
            canvas.line(&[(left, first_row), (left, bottom)], 1.0, AXIS)?;
        }
        Ok(())
    })
}

fn names_width(panels: &[ArmPanel<'_>]) -> f64 {
    panels.iter().map(|arm| NAME.width(arm.arm)).fold(90.0, f64::max).min(230.0)
}

/// The columns of memory and time, and the right edge of the column of faults if any arm has them.
fn columns(chart: &ArmsChart<'_>, left: f64) -> (Column, Column, Option<f64>) {
    let panels = &chart.panels;
    let right = WIDTH - MARGIN;
    let faults = panels.iter().any(|arm| arm.minor_faults.is_some()).then_some(right);
    let room = right - left - GAP - faults.map_or(0.0, |_| FAULTS_WIDTH + GAP);
    let split = left + room * 0.56;
    let levels = |arm: &ArmPanel<'_>| [arm.steady_rss_bytes, arm.peak_bytes];
    let all = |values: [fn(&ArmProcess) -> Option<f64>; 2]| {
        panels.iter().flat_map(move |arm| values.into_iter().flat_map(|value| spread(arm, value)))
    };
    let bytes: Vec<f64> = panels.iter().flat_map(levels).chain(all([AT_REST, PEAK])).collect();
    let byte_texts: Vec<String> = panels.iter().flat_map(|arm| memory_texts(chart, arm)).collect();
    let times = panels.iter().filter_map(|arm| arm.time).flat_map(|time| [time.median, time.high]);
    let times: Vec<f64> = times.chain(panels.iter().flat_map(|arm| spread(arm, MILLISECONDS))).collect();
    let time_texts: Vec<String> = panels.iter().filter_map(|arm| time_text(chart, arm)).collect();
    let memory = Column::new((left, split), &bytes, &byte_texts);
    let time = Column::new((split + GAP, left + room + GAP), &times, &time_texts);
    (memory, time, faults)
}

fn draw_heads(
    canvas: &mut Canvas<'_>,
    (memory, time): (&Column, &Column),
    (faults_right, has_processes): (Option<f64>, bool),
    top: f64,
) -> Result<(), ChartError> {
    let head = Type { face: HEAD, color: INK };
    let small = Type { face: VALUE, color: INK_SOFT };
    canvas.text("Memory", (memory.left, top + 13.0), Align::Start, head)?;
    let mut x = memory.left;
    for (name, color) in [("at rest", BLUE), ("peak", faded(VERMILLION, 0.75))] {
        canvas.rectangle(Area { left: x, top: top + 20.0, right: x + 10.0, bottom: top + 30.0 }, color)?;
        canvas.text(name, (x + 16.0, top + 29.0), Align::Start, small)?;
        x += 16.0 + VALUE.width(name) + 18.0;
    }
    if has_processes {
        draw_process(canvas, (x + 5.0, top + 25.0))?;
        let long = "each process; bars are their median";
        let text = if x + 16.0 + VALUE.width(long) <= memory.right { long } else { "each process" };
        canvas.text(text, (x + 16.0, top + 29.0), Align::Start, small)?;
    }
    canvas.text("Time per iteration", (time.left, top + 13.0), Align::Start, head)?;
    let explanation = ellipsize("median; whisker 5 % to 95 %", VALUE, time.right - time.left);
    canvas.text(&explanation, (time.left, top + 29.0), Align::Start, small)?;
    if let Some(right) = faults_right {
        canvas.text("Minor faults", (right, top + 13.0), Align::End, head)?;
        canvas.text("per iteration", (right, top + 29.0), Align::End, small)?;
    }
    Ok(())
}

fn draw_name(canvas: &mut Canvas<'_>, arm: &ArmPanel<'_>, top: f64, width: f64) -> Result<(), ChartError> {
    let name = ellipsize(arm.arm, NAME, width);
    canvas.text(&name, (MARGIN, top + 18.0), Align::Start, Type { face: NAME, color: INK })?;
    draw_word(canvas, arm.verdict, (MARGIN, top + 24.0), width)?;
    Ok(())
}

fn draw_memory(
    canvas: &mut Canvas<'_>,
    chart: &ArmsChart<'_>,
    arm: &ArmPanel<'_>,
    (column, top): (&Column, f64),
) -> Result<(), ChartError> {
    let values = [arm.steady_rss_bytes, arm.peak_bytes];
    if values.iter().all(|value| !value.is_finite()) {
        return draw_note(canvas, arm.note.unwrap_or("not measured"), (column, top));
    }
    let texts = memory_texts(chart, arm);
    let looks = [(BLUE, AT_REST), (faded(VERMILLION, 0.75), PEAK)];
    for (index, ((value, text), (color, each))) in values.into_iter().zip(texts).zip(looks).enumerate() {
        let bar_top = top + 8.0 + (BAR + 3.0) * index as f64;
        draw_bar(canvas, (column, bar_top), (value, color), (&text, &spread(arm, each)))?;
    }
    Ok(())
}

fn draw_note(canvas: &mut Canvas<'_>, note: &str, (column, top): (&Column, f64)) -> Result<(), ChartError> {
    let lines = wrap(note, VALUE, column.right - column.left - 10.0, 2);
    let first = top + ROW / 2.0 + 4.0 - 8.0 * (lines.len() as f64 - 1.0);
    for (index, line) in lines.iter().enumerate() {
        let at = (column.left + 10.0, first + 16.0 * index as f64);
        canvas.text(line, at, Align::Start, Type { face: VALUE, color: INK_SOFT })?;
    }
    Ok(())
}

fn draw_time(
    canvas: &mut Canvas<'_>,
    chart: &ArmsChart<'_>,
    arm: &ArmPanel<'_>,
    (column, top): (&Column, f64),
) -> Result<(), ChartError> {
    let (Some(time), Some(text)) = (arm.time, time_text(chart, arm)) else { return Ok(()) };
    let bar_top = top + (ROW - BAR) / 2.0;
    let right = column.at(time.median);
    canvas.rectangle(Area { left: column.left, top: bar_top, right, bottom: bar_top + BAR }, SLATE)?;
    let middle = bar_top + BAR / 2.0;
    let mut end = right;
    if time.low.is_finite() && time.high.is_finite() {
        let (low, high) = (column.at(time.low), column.at(time.high));
        canvas.line(&[(low, middle), (high, middle)], 1.4, INK)?;
        for x in [low, high] {
            canvas.line(&[(x, middle - 3.5), (x, middle + 3.5)], 1.4, INK)?;
        }
        end = end.max(high);
    }
    end = end.max(draw_processes(canvas, (column, middle), &spread(arm, MILLISECONDS))?);
    canvas.text(&text, (end + 7.0, middle + 4.0), Align::Start, Type { face: VALUE, color: INK })
}

fn draw_bar(
    canvas: &mut Canvas<'_>,
    (column, top): (&Column, f64),
    (value, color): (f64, plotters::style::RGBAColor),
    (text, processes): (&str, &[f64]),
) -> Result<(), ChartError> {
    if !value.is_finite() {
        return Ok(());
    }
    let right = column.at(value);
    canvas.rectangle(Area { left: column.left, top, right, bottom: top + BAR }, color)?;
    let end = right.max(draw_processes(canvas, (column, top + BAR / 2.0), processes)?);
    canvas.text(text, (end + 7.0, top + BAR - 2.6), Align::Start, Type { face: VALUE, color: INK })
}

/// A dot for each process; gives the right edge of the last.
fn draw_processes(
    canvas: &mut Canvas<'_>,
    (column, middle): (&Column, f64),
    values: &[f64],
) -> Result<f64, ChartError> {
    let mut end = column.left;
    for value in values {
        let x = column.at(*value);
        draw_process(canvas, (x, middle))?;
        end = end.max(x + DOT);
    }
    Ok(end)
}

/// A dot with a rim of paper, so that it is seen on a bar, beside it and across a whisker.
fn draw_process(canvas: &mut Canvas<'_>, center: Point) -> Result<(), ChartError> {
    canvas.dot(center, DOT, PAPER)?;
    canvas.dot(center, DOT - 1.0, INK)
}

fn memory_texts(chart: &ArmsChart<'_>, arm: &ArmPanel<'_>) -> [String; 2] {
    let first = chart.panels.first();
    let told = |value: f64, base: Option<f64>| format!("{}{}", signed_bytes(value), change(value, base));
    [
        told(arm.steady_rss_bytes, first.map(|first| first.steady_rss_bytes)),
        told(arm.peak_bytes, first.map(|first| first.peak_bytes)),
    ]
}

fn time_text(chart: &ArmsChart<'_>, arm: &ArmPanel<'_>) -> Option<String> {
    let median = arm.time.map(|time| time.median).filter(|median| median.is_finite())?;
    let told = match median {
        m if m >= 10_000.0 => format!("{} s", grouped(m / 1000.0, 1)),
        m if m >= 100.0 => format!("{} ms", grouped(m, 0)),
        m if m >= 1.0 => format!("{m:.1} ms"),
        m => format!("{} µs", grouped(m * 1000.0, 0)),
    };
    let base = chart.panels.first().and_then(|first| first.time).map(|time| time.median);
    Some(told + &change(median, base))
}

/// ` (−12 %)`: how far `value` is from the first arm's, empty for the first arm itself and where there is nothing to compare.
fn change(value: f64, base: Option<f64>) -> String {
    match base.map(|base| 100.0 * (value / base - 1.0)).filter(|percent| percent.is_finite()) {
        Some(percent) if percent.abs() >= 0.5 => {
            let sign = if percent > 0.0 { "+" } else { "" };
            format!(" ({sign}{} %)", grouped(percent, 0))
        }
        _ => String::new(),
    }
}
