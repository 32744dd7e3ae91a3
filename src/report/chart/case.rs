//! The chart of one case: what memory did, and what its verdict rests on.

use super::canvas::{Align, Area, Canvas, Type, compose};
use super::error::ChartError;
use super::font::Face;
use super::header::{Header, MARGIN};
use super::palette::INK_SOFT;
use super::panel::{Panel, TICK_LABELS_HEIGHT};
use super::{live, resident};
use crate::workload::Phase;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 600.0;
/// What the labels of a core and its bands need more.
const CORE_HEIGHT: f64 = 64.0;
const BOTTOM_MARGIN: f64 = 14.0;
const LIVE_PLOT_HEIGHT: f64 = 116.0;
const AXIS_TITLE_HEIGHT: f64 = 18.0;
const PANEL_GAP: f64 = 12.0;

/// What a line shows; decides its colour and its panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineRole {
    /// Anonymous resident memory at rest, drawn as an area.
    Anon,
    /// Resident pages of mapped files.
    File,
    /// Live bytes as the allocator counts them.
    Live,
    /// Peak inside one phase.
    Peak(Phase),
    /// Peak inside the whole iteration.
    IterationPeak,
}

/// A series of bytes, one value an iteration; NaN where nothing was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChartLine<'a> {
    /// The name beside the line's end.
    pub label: &'a str,
    /// What it shows.
    pub role: LineRole,
    /// Bytes.
    pub values: &'a [f64],
}

/// A window of iterations and the level in bytes that stands for it: its minimum for live bytes, its mean for resident memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Floor {
    /// First iteration of the window.
    pub from: f64,
    /// Last iteration of the window.
    pub to: f64,
    /// Bytes.
    pub level: f64,
    /// Whether the verdict rests on it; the others only tell what came before.
    pub is_judged: bool,
}

/// Growth over the judged part, in bytes per iteration or per unit of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SlopeBand {
    /// The estimate.
    pub rate: f64,
    /// Lower limit.
    pub low: f64,
    /// Upper limit.
    pub high: f64,
}

impl SlopeBand {
    /// The same growth over `length` of what it is told by.
    pub(super) fn over(self, length: f64) -> SlopeBand {
        SlopeBand { rate: self.rate * length, low: self.low * length, high: self.high * length }
    }
}

/// The live bytes that were judged, where they are not those of the run itself: the exact ones of the probe run, which is
/// another process with iterations of its own, or the run's own without the models in its cache.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LiveProbe<'a> {
    /// What stands over the panel.
    pub heading: &'static str,
    /// The name beside the line's end.
    pub label: &'a str,
    /// Iterations, counted from 1.
    pub iterations: &'a [f64],
    /// Bytes; NaN where nothing was measured.
    pub values: &'a [f64],
}

/// What forks kept after giving everything back. They belong to a process of their own that did the same work, so that the
/// measured one stays undisturbed; its other levels are here too, because only levels of one process may be subtracted.
///
/// All series have one value an iteration; those that were not measured are empty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CoreProbe<'a> {
    /// Iterations, counted from 1.
    pub iterations: &'a [f64],
    /// Bytes that the fork kept; NaN where there was none.
    pub core: &'a [f64],
    /// Anonymous resident bytes at rest.
    pub anon: &'a [f64],
    /// Live bytes.
    pub live: &'a [f64],
    /// Whether the allocator can give everything back; if not, the core is a level that the truth does not exceed.
    pub is_complete: bool,
    /// Whether the chart is that of the probed process itself.
    pub is_own: bool,
}

/// Everything the chart of one case shows.
///
/// The upper panel holds the resident lines on a scale from zero, the lower one live bytes on a scale of their own, because they may
/// be a thousand times smaller.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CaseChart<'a> {
    /// Usually the case's id.
    pub title: &'a str,
    /// A word or two for the badge; its colour follows the words.
    pub verdict: &'a str,
    /// The verdict in full; parts that end in `; ` get lines of their own.
    pub sentence: &'a str,
    /// Iterations, counted from 1.
    pub iterations: &'a [f64],
    /// The series over [`iterations`](Self::iterations).
    pub lines: Vec<ChartLine<'a>>,
    /// Exact live bytes; without it the lower panel shows the [`LineRole::Live`] line.
    pub live_probe: Option<LiveProbe<'a>>,
    /// What forks kept; it splits memory at rest into what can be given back and what cannot.
    pub core: Option<CoreProbe<'a>>,
    /// Windows that the live verdict rests on, in iterations of the lower panel.
    pub floors: Vec<Floor>,
    /// Growth of live bytes over the judged floors.
    pub live_slope: Option<SlopeBand>,
    /// Windows that the resident verdict rests on.
    pub means: Vec<Floor>,
    /// Growth of resident memory over the judged part.
    pub slope: Option<SlopeBand>,
    /// First iteration of the part that the resident verdict rests on.
    pub judged_from: Option<f64>,
    /// Highest level of that part, in bytes.
    pub ceiling: Option<f64>,
    /// Iteration by which 95 % of the ceiling was reached.
    pub reached_at: Option<f64>,
    /// How the run ended, if it did not end well; marked at its last iteration.
    pub outcome_note: Option<&'a str>,
}

/// Draws a case as an SVG document 960 pixels wide.
///
/// # Errors
/// If the embedded font is refused or the SVG writer fails; no series is an error.
pub fn case_chart(chart: &CaseChart<'_>) -> Result<String, ChartError> {
    let description = format!("{}: {}. {}", chart.title, chart.verdict, chart.sentence);
    let height = HEIGHT + if chart.core.is_some() { CORE_HEIGHT } else { 0.0 };
    compose((WIDTH as u32, height as u32), &description, |canvas| {
        let header = Header { title: chart.title, verdict: chart.verdict, sentence: chart.sentence };
        let top = header.draw(canvas, WIDTH)? + 6.0;
        match (resident::panel(chart), live::panel(chart)) {
            (upper, Some(lower)) => draw_both(canvas, (top, height), (&upper, &lower), chart.live_probe.is_some()),
            (upper, None) => draw_one(canvas, (top, height), &upper, "iteration"),
        }
    })
}

/// Draws `panel` over all the height that is left, and under it what its horizontal axis is.
pub(super) fn draw_one(
    canvas: &mut Canvas<'_>,
    (top, height): (f64, f64),
    panel: &Panel<'_>,
    axis: &str,
) -> Result<(), ChartError> {
    let (left, right) = sides(&[panel]);
    let bottom = height - BOTTOM_MARGIN - AXIS_TITLE_HEIGHT - TICK_LABELS_HEIGHT;
    let area = Area { left, top: top + panel.head_height((left, right)), right, bottom };
    panel.draw(canvas, area)?;
    panel.iteration_labels(canvas, area)?;
    axis_title(canvas, axis, area)
}

fn draw_both(
    canvas: &mut Canvas<'_>,
    (top, height): (f64, f64),
    (upper, lower): (&Panel<'_>, &Panel<'_>),
    is_probe: bool,
) -> Result<(), ChartError> {
    let (left, right) = sides(&[upper, lower]);
    let shares_axis = upper.x == lower.x;
    let axis = TICK_LABELS_HEIGHT + AXIS_TITLE_HEIGHT;
    let lower_bottom = height - BOTTOM_MARGIN - axis;
    let lower_area = Area { left, top: lower_bottom - LIVE_PLOT_HEIGHT, right, bottom: lower_bottom };
    let below = PANEL_GAP + if shares_axis { 0.0 } else { axis };
    let upper_area = Area {
        left,
        top: top + upper.head_height((left, right)),
        right,
        bottom: lower_area.top - lower.head_height((left, right)) - below,
    };
    upper.draw(canvas, upper_area)?;
    lower.draw(canvas, lower_area)?;
    lower.iteration_labels(canvas, lower_area)?;
    if !shares_axis {
        upper.iteration_labels(canvas, upper_area)?;
        axis_title(canvas, "iteration", upper_area)?;
    }
    let title = if is_probe && !shares_axis { "iteration of the probe run" } else { "iteration" };
    axis_title(canvas, title, lower_area)
}

/// Left and right edge of the plots: room for the widest mark before them and the widest label behind them.
fn sides(panels: &[&Panel<'_>]) -> (f64, f64) {
    let marks = panels.iter().map(|panel| panel.marks_width()).fold(0.0, f64::max);
    let labels = panels.iter().map(|panel| panel.labels_width()).fold(0.0, f64::max);
    (MARGIN + marks, WIDTH - MARGIN + 8.0 - labels)
}

fn axis_title(canvas: &mut Canvas<'_>, title: &str, area: Area) -> Result<(), ChartError> {
    let baseline = area.bottom + TICK_LABELS_HEIGHT + 11.0;
    let look = Type { face: Face::regular(11.5), color: INK_SOFT };
    canvas.text(title, ((area.left + area.right) / 2.0, baseline), Align::Middle, look)
}
