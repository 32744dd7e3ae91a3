//! The chart of one case: what its row and its samples say, as plain values for the chart.

use std::path::Path;

use super::chart::{self, CaseChart, ChartError, ChartLine, Floor, LineRole, LiveProbe, SlopeBand};
use super::console::word;
use super::verdict_row::{CoreSource, LiveSource, VerdictRow};
use crate::analysis::{Assessment, LiveFinding, ResidentFinding};
use crate::sample::Series;
use crate::workload::Phase;

/// The lines of recorded columns: column, name, role.
const LINES: [(&str, &str, LineRole); 4] = [
    ("peak_anon_bytes", "peak of the iteration", LineRole::IterationPeak),
    ("rss_anon_bytes", "anonymous at rest", LineRole::Anon),
    ("rss_file_bytes", "files at rest", LineRole::File),
    ("live_bytes", "live", LineRole::Live),
];

/// High-water marks of phases. They are drawn less the file pages at rest, as the peak of the iteration is, so that all
/// lines of the panel mean anonymous memory.
const MARKS: [(&str, &str, Phase); 3] = [
    ("hwm_load_bytes", "peak in load", Phase::Load),
    ("hwm_prepare_bytes", "peak in prepare", Phase::Prepare),
    ("hwm_execute_bytes", "peak in execute", Phase::Execute),
];

/// Draws a recorded case to `<folder>/<case>.svg` and `.png`; a replicate beyond the first has its number in the name.
///
/// # Errors
/// If the chart cannot be drawn or written.
pub fn draw_case(
    row: &VerdictRow,
    series: &Series,
    live: Option<LiveSource<'_>>,
    core: Option<CoreSource<'_>>,
    folder: &Path,
) -> Result<(), ChartError> {
    let mut judged = row.clone();
    let assessment = judged.judge(series, live, core, row.outcome == "finished");
    let replicate = if row.replicate > 1 { format!(".r{}", row.replicate) } else { String::new() };
    draw(row, series, live, assessment.as_ref(), &folder.join(format!("{}{replicate}", row.case)))
}

/// Draws a series that was judged to `<stem>.svg` and `<stem>.png`.
///
/// # Errors
/// If the chart cannot be drawn or written.
pub fn draw_judged(
    row: &VerdictRow,
    series: &Series,
    live: Option<LiveSource<'_>>,
    _core: Option<CoreSource<'_>>,
    assessment: &Assessment,
    stem: &Path,
) -> Result<(), ChartError> {
    let mut row = row.clone();
    row.verdict = assessment.verdict.to_string();
    row.sentence = super::sentence(Some(assessment), &row, None);
    draw(&row, series, live, Some(assessment), stem)
}

fn draw(
    row: &VerdictRow,
    series: &Series,
    live: Option<LiveSource<'_>>,
    assessment: Option<&Assessment>,
    stem: &Path,
) -> Result<(), ChartError> {
    let iterations = numbers(series.len());
    let lines = LINES
        .iter()
        .filter_map(|(column, label, role)| Some(ChartLine { label, role: *role, values: series.column(column)? }));
    let marks = marks(series);
    let marks = marks.iter().map(|(label, phase, values)| ChartLine { label, role: LineRole::Peak(*phase), values });
    let probe = live.filter(|live| live.case != row.case);
    let probe_iterations = numbers(probe.map_or(0, |probe| probe.series.len()));
    let live_probe = probe.and_then(|probe| {
        let values = probe.series.column("live_bytes")?;
        Some(LiveProbe { label: "live, exact-live probe", iterations: &probe_iterations, values })
    });
    let live_found = assessment.and_then(|found| found.live.as_ref());
    let resident = assessment.and_then(|found| found.resident.as_ref()).filter(|found| !found.windows.is_empty());
    let chart = CaseChart {
        title: &row.case,
        verdict: word(row),
        sentence: &row.sentence,
        iterations: &iterations,
        lines: lines.chain(marks).collect(),
        live_probe,
        floors: live_found.map_or(Vec::new(), floors),
        live_slope: live_found.and_then(|found| band(found.rate, found.low, found.high)),
        means: resident.map_or(Vec::new(), means),
        slope: resident.and_then(|found| band(found.rate, found.low, found.high)),
        judged_from: resident.map(|found| found.judged_from as f64),
        reached_at: resident.map(|found| found.reached_at as f64),
        outcome_note: (row.outcome != "finished" && !row.outcome.is_empty()).then_some(row.outcome.as_str()),
    };
    chart::write(&chart::case_chart(&chart)?, stem).map(drop)
}

fn marks(series: &Series) -> Vec<(&'static str, Phase, Vec<f64>)> {
    let files = series.column("rss_file_bytes");
    let anonymous = |marks: &[f64]| match files {
        Some(files) => marks.iter().zip(files).map(|(mark, file)| (mark - file).max(0.0)).collect(),
        None => marks.to_vec(),
    };
    MARKS
        .iter()
        .filter_map(|(column, label, phase)| Some((*label, *phase, anonymous(series.column(column)?))))
        .collect()
}

fn numbers(length: usize) -> Vec<f64> {
    (1..=length).map(|iteration| iteration as f64).collect()
}

fn floors(found: &LiveFinding) -> Vec<Floor> {
    let judged = found.windows.len() / 2;
    let floor = |(index, window): (usize, &crate::analysis::FloorWindow)| Floor {
        from: window.start as f64,
        to: window.end as f64,
        level: window.floor,
        is_judged: index >= judged,
    };
    found.windows.iter().enumerate().map(floor).collect()
}

fn means(found: &ResidentFinding) -> Vec<Floor> {
    let mean = |window: &crate::analysis::MeanWindow| Floor {
        from: window.start as f64,
        to: window.end as f64,
        level: window.mean,
        is_judged: true,
    };
    found.windows.iter().map(mean).collect()
}

fn band(rate: f64, low: f64, high: f64) -> Option<SlopeBand> {
    [rate, low, high].iter().all(|value| value.is_finite()).then_some(SlopeBand { rate, low, high })
}
