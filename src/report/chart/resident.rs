//! The upper panel of a case: resident memory, from zero.

use super::case::{CaseChart, ChartLine, Floor, LineRole, SlopeBand};
use super::core;
use super::palette::{INK, INK_SOFT, faded, line_color};
use super::panel::{EndLabel, Layer, Note, Panel, Stroke};
use super::scale::{byte_ticks, grouped};
use super::series::{extent, is_measured, last_measured};
use crate::units::signed_bytes;

/// The panel of everything resident, with live bytes as a thin line for comparison.
pub(super) fn panel<'a>(chart: &'a CaseChart<'_>) -> Panel<'a> {
    let probe = chart.core.as_ref();
    let probe_iterations = probe.map_or(&[][..], |probe| probe.iterations);
    let x = iteration_range(chart.iterations.iter().chain(probe_iterations).copied());
    let lines =
        chart.lines.iter().map(|line| line.values).chain(probe.into_iter().flat_map(|probe| [probe.core, probe.anon]));
    let everything = lines.flatten().copied().chain(chart.means.iter().map(|mean| mean.level)).chain(chart.ceiling);
    let highest = extent(everything).map_or(0.0, |(_, high)| high);
    let has_lines = chart.lines.iter().any(|line| last_measured(line.values).is_some());
    let mut panel = bare("Resident memory", x, if has_lines { Some(highest) } else { None });
    if !has_lines {
        panel.notes.extend(outcome(&panel, chart));
        return panel;
    }
    if let Some(probe) = probe {
        core::add_bands(&mut panel, probe);
    }
    add_ground(&mut panel, chart);
    for line in drawn_lines(chart) {
        panel.layers.push(series(line, chart.iterations, probe.is_none()));
        let label = last_measured(line.values).map(|last| end_label(line, last));
        panel.labels.extend(label);
    }
    if let Some((layer, label)) = probe.and_then(core::line) {
        panel.layers.push(layer);
        panel.labels.push(label);
    }
    add_evidence(&mut panel, chart);
    if let Some(note) = outcome(&panel, chart) {
        panel.layers.push(Layer::End { at: note.at });
        panel.notes.push(note);
    }
    panel
}

/// A panel from zero to the highest level; `None` where there are no samples.
pub(super) fn bare<'a>(heading: &'a str, x: (f64, f64), highest: Option<f64>) -> Panel<'a> {
    let high = highest.filter(|highest| *highest > 0.0).map_or(1e6, |highest| highest * 1.06);
    Panel {
        heading,
        empty_text: "no samples",
        x,
        y: (0.0, high),
        marks: highest.map_or_else(Vec::new, |_| byte_ticks(0.0, high, 5.0)),
        layers: Vec::new(),
        labels: Vec::new(),
        notes: Vec::new(),
    }
}

/// First and last iteration, never an empty interval.
pub(super) fn iteration_range(iterations: impl IntoIterator<Item = f64>) -> (f64, f64) {
    match extent(iterations) {
        Some((low, high)) if high > low => (low, high),
        Some((only, _)) => (only - 0.5, only + 0.5),
        None => (0.5, 1.5),
    }
}

/// The line of slope `band.rate` through the middle of the judged windows, with its limits opening from where they begin.
pub(super) fn wedge<'a>(judged: &[Floor], band: SlopeBand) -> Option<Layer<'a>> {
    if !band.rate.is_finite() {
        return None;
    }
    let judged: Vec<&Floor> = judged.iter().filter(|floor| floor.is_judged && is_measured(floor.level)).collect();
    let (first, last) = (judged.first()?, judged.last()?);
    let count = judged.len() as f64;
    let middle = judged.iter().map(|floor| (floor.from + floor.to) / 2.0).sum::<f64>() / count;
    let level = judged.iter().map(|floor| floor.level).sum::<f64>() / count;
    let origin = (first.from, level - band.rate * (middle - first.from));
    Some(Layer::Wedge { origin, to: last.to, rates: [band.low, band.rate, band.high] })
}

/// How a slope is told beside its wedge: so many bytes by each `unit`, such as `iteration`.
pub(super) fn slope_label(band: SlopeBand, unit: &str, value: f64) -> EndLabel {
    let told = |rate: f64| signed_bytes(rate).replace('-', "−");
    let sign = if band.rate > 0.0 { "+" } else { "" };
    let lines = vec![format!("{sign}{}/{unit}", told(band.rate)), format!("{} to {}", told(band.low), told(band.high))];
    EndLabel { value, span: None, stroke: Stroke { width: 1.4, color: faded(INK, 0.55) }, lines }
}

/// The value at which a wedge's middle ends.
pub(super) fn wedge_end(layer: &Layer<'_>) -> f64 {
    match layer {
        Layer::Wedge { origin, to, rates } => origin.1 + rates[1] * (to - origin.0),
        _ => f64::NAN,
    }
}

fn add_ground(panel: &mut Panel<'_>, chart: &CaseChart<'_>) {
    if let Some(at) = chart.reached_at.filter(|at| at.is_finite()) {
        panel.layers.push(Layer::Rule { at });
        let text = format!("95 % of the ceiling by iteration {}", grouped(at, 0));
        panel.notes.push(Note { at, text, is_bold: false });
    }
    add_ceiling(panel, chart.ceiling);
    if let Some(from) = chart.judged_from {
        add_judged(panel, (from, panel.x.1), format!("judged from iteration {}", grouped(from, 0)));
    }
}

/// Draws the highest level of the judged part across the plot and names it.
pub(super) fn add_ceiling(panel: &mut Panel<'_>, ceiling: Option<f64>) {
    let Some(level) = ceiling.filter(|level| is_measured(*level)) else { return };
    panel.layers.push(Layer::Reference { level, is_dashed: false });
    let stroke = Stroke { width: 0.8, color: INK_SOFT };
    let lines = vec![format!("ceiling {}", signed_bytes(level))];
    panel.labels.push(EndLabel { value: level, span: None, stroke, lines });
}

/// Marks the part that a verdict rests on, with `text` over its beginning.
pub(super) fn add_judged(panel: &mut Panel<'_>, (from, to): (f64, f64), text: String) {
    if from.is_finite() {
        panel.layers.push(Layer::Judged { from, to });
        panel.notes.push(Note { at: from, text, is_bold: false });
    }
}

fn add_evidence<'a>(panel: &mut Panel<'a>, chart: &'a CaseChart<'_>) {
    if let Some(band) = chart.slope
        && let Some(layer) = wedge(&chart.means, band)
    {
        let label = slope_label(band, "iteration", wedge_end(&layer));
        panel.layers.push(layer);
        panel.labels.push(label);
    }
    if let Some(mean) = chart.means.iter().rev().find(|mean| is_measured(mean.level)) {
        panel.layers.push(Layer::Levels(&chart.means));
        let stroke = Stroke { width: 3.0, color: INK };
        panel.labels.push(EndLabel { value: mean.level, span: None, stroke, lines: vec!["means of windows".into()] });
    }
}

fn outcome(panel: &Panel<'_>, chart: &CaseChart<'_>) -> Option<Note> {
    let at = extent(chart.iterations.iter().copied()).map_or(panel.x.1, |(_, last)| last);
    chart.outcome_note.map(|note| Note { at, text: note.to_owned(), is_bold: true })
}

/// Lines that have data, areas and quiet lines first so that peaks lie on top. Beside a core the peaks of the phases are left
/// out: the highest of them is the peak of the iteration, and the levels below it are what is told.
fn drawn_lines<'a>(chart: &'a CaseChart<'_>) -> Vec<&'a ChartLine<'a>> {
    let rank = |role: LineRole| match role {
        LineRole::Anon => 0,
        LineRole::File => 1,
        LineRole::Live => 2,
        LineRole::IterationPeak => 3,
        LineRole::Peak(_) => 4,
    };
    let is_shown = |line: &&ChartLine<'_>| chart.core.is_none() || !matches!(line.role, LineRole::Peak(_));
    let mut lines: Vec<&ChartLine<'_>> =
        chart.lines.iter().filter(is_shown).filter(|line| last_measured(line.values).is_some()).collect();
    lines.sort_by_key(|line| rank(line.role));
    lines
}

/// The layer of a line; memory at rest with the area under it where `fills`.
pub(super) fn series<'a>(line: &'a ChartLine<'_>, iterations: &'a [f64], fills: bool) -> Layer<'a> {
    let stroke = stroke(line.role);
    let fill = (fills && line.role == LineRole::Anon).then_some(faded(stroke.color, 0.13));
    Layer::Series { iterations, values: line.values, stroke, fill, is_sparse: false }
}

fn stroke(role: LineRole) -> Stroke {
    let width = match role {
        LineRole::Anon | LineRole::IterationPeak => 1.4,
        LineRole::File | LineRole::Live | LineRole::Peak(_) => 1.2,
    };
    Stroke { width, color: line_color(role) }
}

/// A line's name beside its `last` value.
pub(super) fn end_label(line: &ChartLine<'_>, last: f64) -> EndLabel {
    let lines = vec![format!("{} {}", line.label, signed_bytes(last))];
    EndLabel { value: last, span: None, stroke: stroke(line.role), lines }
}
