//! The same work under several allocators: small multiples on one scale.

use super::canvas::{Align, Area, Canvas, Type, compose};
use super::core;
use super::error::ChartError;
use super::font::{Face, ellipsize};
use super::header::{Header, MARGIN};
use super::palette::{BLUE, GREEN, INK, INK_SOFT, PAPER, PLUM, VERMILLION, badge_color, faded};
use super::panel::{Layer, Panel, Stroke, TICK_LABELS_HEIGHT};
use super::resident::iteration_range;
use super::scale::byte_ticks;
use super::series::{extent, last_measured};
use crate::units::signed_bytes;

const WIDTH: f64 = 960.0;
const COLUMN_GAP: f64 = 32.0;
const ROW_GAP: f64 = 16.0;
const LEGEND_HEIGHT: f64 = 26.0;
const HEAD_HEIGHT: f64 = 50.0;
const STACKED_HEAD_HEIGHT: f64 = 64.0;
const AXIS_TITLE_HEIGHT: f64 = 18.0;

const NAME: Face = Face::bold(12.5);
const NUMBERS: Face = Face::regular(11.5);
const WORD: Face = Face::bold(10.5);

/// Time of one iteration over a run, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Milliseconds {
    /// The median.
    pub median: f64,
    /// The 5th percentile.
    pub low: f64,
    /// The 95th percentile.
    pub high: f64,
}

/// What one of an arm's processes needed, as far as it was measured.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ArmProcess {
    /// Resident bytes at rest in the settled part of the run.
    pub steady_rss_bytes: Option<f64>,
    /// Highest resident bytes.
    pub peak_bytes: Option<f64>,
    /// Median time of an iteration, in milliseconds.
    pub milliseconds: Option<f64>,
}

/// What one arm did. Numbers that were not measured are NaN, series that were not measured are empty.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ArmPanel<'a> {
    /// The arm's name.
    pub arm: &'a str,
    /// A word or two; its colour follows the words.
    pub verdict: &'a str,
    /// Iterations, counted from 1.
    pub iterations: &'a [f64],
    /// Anonymous resident bytes at rest after each iteration.
    pub anon: &'a [f64],
    /// Peak inside each iteration.
    pub peak: &'a [f64],
    /// Live bytes after each iteration.
    pub live: &'a [f64],
    /// Iterations of the arm's fork probe run, counted from 1.
    pub core_iterations: &'a [f64],
    /// What a fork of it kept after giving everything back; NaN where there was none.
    pub core: &'a [f64],
    /// Resident bytes at rest in the settled part of the run.
    pub steady_rss_bytes: f64,
    /// Highest resident bytes of the settled part of the run.
    pub peak_bytes: f64,
    /// Time of an iteration.
    pub time: Option<Milliseconds>,
    /// Minor page faults of an iteration.
    pub minor_faults: Option<f64>,
    /// What each process of the arm needed, where it ran in several; the numbers above stand for all of them.
    pub processes: &'a [ArmProcess],
    /// Why there is nothing to show, such as `skipped: tcmalloc is not installed`.
    pub note: Option<&'a str>,
}

/// One model and workload under several arms; the first arm is what the others are compared with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ArmsChart<'a> {
    /// Usually runtime, model and workload.
    pub title: &'a str,
    /// What the comparison shows, in a sentence; may be empty.
    pub sentence: &'a str,
    /// The arms, in the order in which they are shown.
    pub panels: Vec<ArmPanel<'a>>,
}

/// Where the small multiples stand.
struct Grid {
    columns: usize,
    rows: usize,
    left: f64,
    plot_width: f64,
    plot_height: f64,
    /// Whether an arm's numbers stand under its badge, because they do not fit beside every badge.
    is_stacked: bool,
}

impl Grid {
    fn new(panels: &[ArmPanel<'_>], marks_width: f64) -> Self {
        let count = panels.len();
        let columns = match count {
            0 | 1 => 1,
            2 | 4 => 2,
            3 | 5 | 6 | 9 => 3,
            _ => 4,
        };
        let left = MARGIN + marks_width;
        let plot_width = (WIDTH - MARGIN - left - COLUMN_GAP * (columns - 1) as f64) / columns as f64;
        let plot_height = [0.0, 260.0, 200.0, 150.0, 120.0][columns];
        let is_wide = |arm: &ArmPanel<'_>| WORD.width(arm.verdict) + 20.0 + NUMBERS.width(&numbers(arm)) > plot_width;
        let is_stacked = panels.iter().any(is_wide);
        Grid { columns, rows: count.div_ceil(columns).max(1), left, plot_width, plot_height, is_stacked }
    }

    fn head_height(&self) -> f64 {
        if self.is_stacked { STACKED_HEAD_HEIGHT } else { HEAD_HEIGHT }
    }

    fn height(&self) -> f64 {
        let gaps = (self.rows - 1) as f64 * (ROW_GAP + TICK_LABELS_HEIGHT);
        self.rows as f64 * (self.head_height() + self.plot_height) + gaps + TICK_LABELS_HEIGHT + AXIS_TITLE_HEIGHT
    }

    fn plot(&self, index: usize, top: f64) -> Area {
        let (row, column) = ((index / self.columns) as f64, (index % self.columns) as f64);
        let left = self.left + column * (self.plot_width + COLUMN_GAP);
        let top =
            top + row * (self.head_height() + self.plot_height + ROW_GAP + TICK_LABELS_HEIGHT) + self.head_height();
        Area { left, top, right: left + self.plot_width, bottom: top + self.plot_height }
    }
}

/// Draws memory over iterations for each arm, all on one scale, as an SVG document 960 pixels wide.
///
/// # Errors
/// If the embedded font is refused or the SVG writer fails; no series is an error.
pub fn arms_chart(chart: &ArmsChart<'_>) -> Result<String, ChartError> {
    super::font::register()?;
    let everything = chart.panels.iter().flat_map(|arm| [arm.anon, arm.peak, arm.live, arm.core]).flatten().copied();
    let highest = extent(everything).map_or(0.0, |(_, high)| high);
    let high = if highest > 0.0 { highest * 1.06 } else { 1e6 };
    let x = iteration_range_of_all(chart);
    let panels: Vec<Panel<'_>> = chart.panels.iter().map(|arm| arm_panel(arm, (x, high), &references(chart))).collect();
    let marks_width = panels.first().map_or(40.0, Panel::marks_width);
    let grid = Grid::new(&chart.panels, marks_width);
    let header = Header { title: chart.title, verdict: "", sentence: chart.sentence };
    let top = header.height(WIDTH) + LEGEND_HEIGHT;
    let height = (top + grid.height() + 14.0).ceil() as u32;
    let description = format!("{}: memory under {} arms", chart.title, chart.panels.len());
    compose((WIDTH as u32, height), &description, |canvas| {
        header.draw(canvas, WIDTH)?;
        draw_legend(canvas, chart, top - 8.0)?;
        for (index, (panel, arm)) in panels.iter().zip(&chart.panels).enumerate() {
            let area = grid.plot(index, top);
            draw_head(canvas, arm, area, &grid)?;
            panel.draw_plot(canvas, area)?;
            if index % grid.columns == 0 && !panel.layers.is_empty() {
                panel.draw_marks(canvas, area)?;
            }
            if index + grid.columns >= panels.len() {
                panel.iteration_labels(canvas, area)?;
            }
        }
        let middle = (grid.left + WIDTH - MARGIN) / 2.0;
        let look = Type { face: NUMBERS, color: INK_SOFT };
        canvas.text("iteration", (middle, f64::from(height) - 14.0), Align::Middle, look)
    })
}

fn iteration_range_of_all(chart: &ArmsChart<'_>) -> (f64, f64) {
    let all = chart.panels.iter().flat_map(|arm| [arm.iterations, arm.core_iterations]);
    let ends = all.filter_map(|iterations| extent(iterations.iter().copied()));
    let ends: Vec<f64> = ends.flat_map(|(low, high)| [low, high]).collect();
    iteration_range(ends)
}

/// A level of the first arm that is drawn across all of them, so that what another one takes away can be seen.
#[derive(Debug, Clone, Copy)]
struct Reference {
    name: &'static str,
    level: f64,
    is_dashed: bool,
}

fn references(chart: &ArmsChart<'_>) -> Vec<Reference> {
    let Some(first) = chart.panels.first().filter(|_| chart.panels.len() > 1) else { return Vec::new() };
    let ceiling = Reference { name: "ceiling", level: first.peak_bytes, is_dashed: false };
    let rest = Reference { name: "at rest", level: first.steady_rss_bytes, is_dashed: true };
    [ceiling, rest].into_iter().filter(|line| line.level.is_finite() && line.level > 0.0).collect()
}

fn arm_panel<'a>(arm: &'a ArmPanel<'_>, (x, high): ((f64, f64), f64), references: &[Reference]) -> Panel<'a> {
    let series = |values: &'a [f64], color, fill| Layer::Series {
        iterations: arm.iterations,
        values,
        stroke: Stroke { width: 1.3, color },
        fill,
        is_sparse: false,
    };
    let lines: [Layer<'a>; 4] = [
        series(arm.anon, BLUE, Some(faded(BLUE, 0.13))),
        series(arm.live, GREEN, None),
        core::series(arm.core_iterations, arm.core, Stroke { width: 0.8, color: PLUM }),
        series(arm.peak, VERMILLION, None),
    ];
    let references = references.iter().filter(|line| line.level <= high);
    let references = references.map(|line| Layer::Reference { level: line.level, is_dashed: line.is_dashed });
    let is_empty = [arm.anon, arm.peak, arm.live].iter().all(|values| last_measured(values).is_none());
    Panel {
        heading: arm.arm,
        empty_text: arm.note.unwrap_or("no samples"),
        x,
        y: (0.0, high),
        marks: byte_ticks(0.0, high, 4.0),
        layers: if is_empty { Vec::new() } else { references.chain(lines).collect() },
        labels: Vec::new(),
        notes: Vec::new(),
    }
}

fn draw_legend(canvas: &mut Canvas<'_>, chart: &ArmsChart<'_>, baseline: f64) -> Result<(), ChartError> {
    let has = |series: fn(&ArmPanel<'_>) -> bool| chart.panels.iter().any(series);
    let mut x = MARGIN;
    let look = Type { face: NUMBERS, color: INK };
    let entries = [
        ("at rest", BLUE, has(|arm| !arm.anon.is_empty())),
        ("peak inside the iteration", VERMILLION, has(|arm| !arm.peak.is_empty())),
        ("live", GREEN, has(|arm| !arm.live.is_empty())),
        ("left after giving back", PLUM, has(|arm| !arm.core.is_empty())),
    ];
    for (name, color, _) in entries.iter().filter(|(_, _, is_shown)| *is_shown) {
        canvas.line(&[(x, baseline - 4.0), (x + 16.0, baseline - 4.0)], 2.4, *color)?;
        canvas.text(name, (x + 23.0, baseline), Align::Start, look)?;
        x += 23.0 + look.face.width(name) + 24.0;
    }
    let soft = Type { face: NUMBERS, color: INK_SOFT };
    for line in references(chart) {
        let (from, to) = ((x, baseline - 4.0), (x + 22.0, baseline - 4.0));
        if line.is_dashed {
            canvas.dashes((from, to), 1.2, INK_SOFT)?;
        } else {
            canvas.line(&[from, to], 1.0, INK_SOFT)?;
        }
        let name = format!("{} {}", chart.panels[0].arm, line.name);
        let name = ellipsize(&name, soft.face, (WIDTH - MARGIN - x - 30.0).max(0.0));
        canvas.text(&name, (x + 29.0, baseline), Align::Start, soft)?;
        x += 29.0 + soft.face.width(&name) + 24.0;
    }
    Ok(())
}

fn draw_head(canvas: &mut Canvas<'_>, arm: &ArmPanel<'_>, area: Area, grid: &Grid) -> Result<(), ChartError> {
    let name = ellipsize(arm.arm, NAME, area.width());
    let top = area.top - grid.head_height();
    canvas.text(&name, (area.left, top + 14.0), Align::Start, Type { face: NAME, color: INK })?;
    let width = draw_word(canvas, arm.verdict, (area.left, top + 21.0), area.width())?;
    let look = Type { face: NUMBERS, color: INK_SOFT };
    let at = if grid.is_stacked { (area.left, top + 53.0) } else { (area.left + width, top + 33.0) };
    canvas.text(&ellipsize(&numbers(arm), NUMBERS, area.width()), at, Align::Start, look)
}

/// A small badge; returns the room it took, with its gap.
pub(super) fn draw_word(
    canvas: &mut Canvas<'_>,
    verdict: &str,
    (left, top): (f64, f64),
    room: f64,
) -> Result<f64, ChartError> {
    if verdict.is_empty() {
        return Ok(0.0);
    }
    let word = ellipsize(verdict, WORD, room - 12.0);
    let width = WORD.width(&word) + 12.0;
    canvas.badge(Area { left, top, right: left + width, bottom: top + 17.0 }, 3.0, badge_color(verdict))?;
    canvas.text(&word, (left + width / 2.0, top + 12.2), Align::Middle, Type { face: WORD, color: PAPER })?;
    Ok(width + 8.0)
}

/// What is said of an arm beside its badge.
fn numbers(arm: &ArmPanel<'_>) -> String {
    let (rest, peak) = (arm.steady_rss_bytes, arm.peak_bytes);
    if !(rest.is_finite() && peak.is_finite()) || arm.note.is_some() {
        return String::new();
    }
    format!("{} at rest, peak {}", signed_bytes(rest), signed_bytes(peak))
}
