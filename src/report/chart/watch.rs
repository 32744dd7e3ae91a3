//! The chart of a watch: memory over time, one process after another, with what each verdict rests on.

use super::canvas::compose;
use super::case::{ChartLine, Floor, SlopeBand, draw_one};
use super::error::ChartError;
use super::header::Header;
use super::panel::{Layer, Note, Panel};
use super::resident::{
    add_ceiling, add_judged, bare, end_label, iteration_range, series, slope_label, wedge, wedge_end,
};
use super::series::{extent, last_measured};

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 460.0;

/// One process that was watched. Times are in the unit of the chart.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WatchedPart<'a> {
    /// Times, since the watch began.
    pub times: &'a [f64],
    /// Lowest level at each time, and highest peak where peaks were seen.
    pub lines: Vec<ChartLine<'a>>,
    /// Windows that the verdict rests on.
    pub means: Vec<Floor>,
    /// Growth per hour.
    pub slope: Option<SlopeBand>,
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
    /// An hour in the unit of that axis.
    pub hour: f64,
    /// The processes, oldest first.
    pub parts: Vec<WatchedPart<'a>>,
    /// Which of them verdict and sentence are about.
    pub told: usize,
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
        draw_one(canvas, (top, HEIGHT), &panel(chart), chart.axis)
    })
}

fn panel<'a>(chart: &'a WatchChart<'_>) -> Panel<'a> {
    let lines = || chart.parts.iter().flat_map(|part| &part.lines);
    let ceilings = chart.parts.iter().filter_map(|part| part.ceiling);
    let highest = extent(lines().flat_map(|line| line.values).copied().chain(ceilings)).map_or(0.0, |(_, high)| high);
    let has_lines = lines().any(|line| last_measured(line.values).is_some());
    let x = iteration_range(chart.parts.iter().flat_map(|part| part.times).copied());
    let mut panel = bare("Anonymous memory", x, has_lines.then_some(highest));
    if has_lines {
        add_told(&mut panel, chart);
        chart.parts.iter().for_each(|part| add_part(&mut panel, part, chart.hour));
    }
    panel
}

/// What only one process has room for: where the judged part of the one that is told begins, its ceiling and its growth; and the
/// names of the lines, beside the end of the last ones.
fn add_told(panel: &mut Panel<'_>, chart: &WatchChart<'_>) {
    if let Some(told) = chart.parts.get(chart.told) {
        if let (Some(from), Some(to)) = (told.judged_from, told.times.last()) {
            add_judged(panel, (from, *to), "judged from here".into());
        }
        add_ceiling(panel, told.ceiling);
    }
    for line in chart.parts.last().into_iter().flat_map(|part| &part.lines) {
        panel.labels.extend(last_measured(line.values).map(|last| end_label(line, last)));
    }
    if let Some((told, band)) = chart.parts.get(chart.told).and_then(|told| Some((told, told.slope?)))
        && let Some(layer) = wedge(&told.means, band.over(1.0 / chart.hour))
    {
        panel.labels.push(slope_label(band, "hour", wedge_end(&layer)));
    }
}

fn add_part<'a>(panel: &mut Panel<'a>, part: &'a WatchedPart<'_>, hour: f64) {
    if let Some(at) = part.times.first().filter(|_| !part.note.is_empty()) {
        panel.layers.push(Layer::Rule { at: *at });
        panel.notes.push(Note { at: *at, text: part.note.clone(), is_bold: false });
    }
    panel.layers.extend(part.lines.iter().map(|line| series(line, part.times, true)));
    panel.layers.extend(part.slope.and_then(|band| wedge(&part.means, band.over(1.0 / hour))));
    panel.layers.push(Layer::Levels(&part.means));
}
