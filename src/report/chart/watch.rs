//! The chart of a watch: memory over time, one process after another, with what each verdict rests on.

use super::canvas::{Area, compose};
use super::case::{ChartLine, Floor, LineRole, SlopeBand, axis_title, sides};
use super::error::ChartError;
use super::header::Header;
use super::palette::{INK, INK_SOFT, faded, line_color};
use super::panel::{EndLabel, Layer, Note, Panel, Stroke, TICK_LABELS_HEIGHT};
use super::resident::{iteration_range, wedge, wedge_end};
use super::scale::byte_ticks;
use super::series::{extent, is_measured, last_measured};
use crate::units::signed_bytes;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 460.0;
const BOTTOM: f64 = 32.0;

/// One process that was watched. Times are in the unit of the chart.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WatchedPart<'a> {
    /// Times, since the watch began.
    pub times: &'a [f64],
    /// Lowest level at each time, and highest peak where peaks were seen.
    pub lines: Vec<ChartLine<'a>>,
    /// Windows that the verdict rests on.
    pub means: Vec<Floor>,
    /// Growth per unit of time.
    pub slope: Option<SlopeBand>,
    /// How the slope is told: its rate and its limits.
    pub slope_text: [String; 2],
    /// Where the judged part begins.
    pub judged_from: Option<f64>,
    /// Highest level of that part, in bytes.
    pub ceiling: Option<f64>,
    /// What stands above its beginning; empty for the first.
    pub note: String,
}

/// Everything the chart of a watch shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WatchChart<'a> {
    /// Usually the program.
    pub title: &'a str,
    /// A word or two for the badge.
    pub verdict: &'a str,
    /// The verdict in full; parts that end in `; ` get lines of their own.
    pub sentence: &'a str,
    /// What stands under the axis of time, with its unit.
    pub axis: &'a str,
    /// The processes, oldest first.
    pub parts: Vec<WatchedPart<'a>>,
}

/// Draws a watch as an SVG document 960 pixels wide.
///
/// # Errors
/// If the embedded font is refused or the SVG writer fails; no sample is no error.
pub fn watch_chart(chart: &WatchChart<'_>) -> Result<String, ChartError> {
    let description = format!("{}: {}. {}", chart.title, chart.verdict, chart.sentence);
    compose((WIDTH as u32, HEIGHT as u32), &description, |canvas| {
        let header = Header { title: chart.title, verdict: chart.verdict, sentence: chart.sentence };
        let top = header.draw(canvas, WIDTH)? + 6.0;
        let panel = panel(chart);
        let (left, right) = sides(&[&panel]);
        let bottom = HEIGHT - BOTTOM - TICK_LABELS_HEIGHT;
        let area = Area { left, top: top + panel.head_height((left, right)), right, bottom };
        panel.draw(canvas, area)?;
        panel.iteration_labels(canvas, area)?;
        axis_title(canvas, chart.axis, area)
    })
}

fn panel<'a>(chart: &'a WatchChart<'_>) -> Panel<'a> {
    let lines = || chart.parts.iter().flat_map(|part| &part.lines);
    let ceilings = chart.parts.iter().filter_map(|part| part.ceiling);
    let highest = extent(lines().flat_map(|line| line.values).copied().chain(ceilings)).map_or(0.0, |(_, high)| high);
    let high = if highest > 0.0 { highest * 1.06 } else { 1e6 };
    let has_lines = lines().any(|line| last_measured(line.values).is_some());
    let mut panel = Panel {
        heading: "Anonymous memory",
        empty_text: "no samples",
        x: iteration_range(chart.parts.iter().flat_map(|part| part.times).copied().chain([0.0])),
        y: (0.0, high),
        marks: if has_lines { byte_ticks(0.0, high, 5.0) } else { Vec::new() },
        layers: Vec::new(),
        labels: Vec::new(),
        notes: Vec::new(),
    };
    if has_lines {
        add_last(&mut panel, chart);
        chart.parts.iter().for_each(|part| add_part(&mut panel, part));
    }
    panel
}

/// What only the last process has room for: where its judged part begins, its ceiling, the names of its lines.
fn add_last(panel: &mut Panel<'_>, chart: &WatchChart<'_>) {
    let Some(last) = chart.parts.last() else { return };
    if let Some(from) = last.judged_from.filter(|from| from.is_finite()) {
        panel.layers.push(Layer::Judged { from });
        panel.notes.push(Note { at: from, text: "judged from here".into(), is_bold: false });
    }
    if let Some(level) = last.ceiling.filter(|level| is_measured(*level)) {
        panel.layers.push(Layer::Reference { level, is_dashed: false });
        let lines = vec![format!("ceiling {}", signed_bytes(level))];
        panel.labels.push(EndLabel { value: level, span: None, stroke: Stroke { width: 0.8, color: INK_SOFT }, lines });
    }
    for line in &last.lines {
        let Some(value) = last_measured(line.values) else { continue };
        let lines = vec![format!("{} {}", line.label, signed_bytes(value))];
        panel.labels.push(EndLabel { value, span: None, stroke: stroke(line.role), lines });
    }
    if let Some(band) = last.slope
        && let Some(layer) = wedge(&last.means, band)
    {
        let stroke = Stroke { width: 1.4, color: faded(INK, 0.55) };
        let value = wedge_end(&layer);
        panel.labels.push(EndLabel { value, span: None, stroke, lines: last.slope_text.to_vec() });
    }
}

fn add_part<'a>(panel: &mut Panel<'a>, part: &'a WatchedPart<'_>) {
    if let Some(at) = part.times.first().filter(|_| !part.note.is_empty()) {
        panel.layers.push(Layer::Rule { at: *at });
        panel.notes.push(Note { at: *at, text: part.note.clone(), is_bold: false });
    }
    for line in &part.lines {
        let stroke = stroke(line.role);
        let fill = (line.role == LineRole::Anon).then_some(faded(stroke.color, 0.13));
        panel.layers.push(Layer::Series {
            iterations: part.times,
            values: line.values,
            stroke,
            fill,
            is_sparse: false,
        });
    }
    panel.layers.extend(part.slope.and_then(|band| wedge(&part.means, band)));
    panel.layers.push(Layer::Levels(&part.means));
}

fn stroke(role: LineRole) -> Stroke {
    Stroke { width: 1.4, color: line_color(role) }
}
