//! The chart of one case: what its row and its samples say, as plain values for the chart.

use std::path::Path;

use super::chart::{self, CaseChart, ChartError, ChartLine, CoreProbe, Floor, LineRole, LiveProbe, SlopeBand};
use super::console::word;
use super::verdict_row::{CoreSource, LiveSource, VerdictRow};
use crate::analysis::{Agreement, Assessment, LiveFinding, ResidentFinding, live_bytes};
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

/// What a chart is drawn from.
struct Shown<'a> {
    row: &'a VerdictRow,
    series: &'a Series,
    live: Option<LiveSource<'a>>,
    core: Option<CoreSource<'a>>,
    assessment: Option<&'a Assessment>,
}

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
    let shown = Shown { row, series, live, core, assessment: assessment.as_ref() };
    let replicate = if row.replicate > 1 { format!(".r{}", row.replicate) } else { String::new() };
    shown.draw(&folder.join(format!("{}{replicate}", row.case)))
}

/// Draws a series that was judged to `<stem>.svg` and `<stem>.png`.
///
/// # Errors
/// If the chart cannot be drawn or written.
pub fn draw_judged(
    row: &VerdictRow,
    series: &Series,
    live: Option<LiveSource<'_>>,
    core: Option<CoreSource<'_>>,
    assessment: &Assessment,
    stem: &Path,
) -> Result<(), ChartError> {
    let mut row = row.clone();
    row.verdict = assessment.verdict.to_string();
    row.sentence = super::sentence(Some(assessment), &row, None);
    Shown { row: &row, series, live, core, assessment: Some(assessment) }.draw(stem)
}

impl Shown<'_> {
    fn draw(&self, stem: &Path) -> Result<(), ChartError> {
        let Shown { row, series, .. } = *self;
        let iterations = numbers(series.len());
        let lines = LINES
            .iter()
            .filter_map(|(column, label, role)| Some(ChartLine { label, role: *role, values: series.column(column)? }));
        let marks = marks(series);
        let marks =
            marks.iter().map(|(label, phase, values)| ChartLine { label, role: LineRole::Peak(*phase), values });
        let probe = self.live.filter(|live| live.case != row.case).map(|live| live.series);
        // Where a second count refuted a leak, the floors are its own.
        let checked = self.assessment.and_then(|found| found.cross_check);
        let refuted = checked.filter(|checked| checked.agreement == Agreement::Refuted);
        let second = refuted.and(self.live).and_then(|live| live.second?.counted.ok());
        let probe = second.or(probe);
        let probe_iterations = numbers(probe.map_or(0, Series::len));
        let probed = probe.and_then(live_bytes);
        let judged = live_bytes(series).filter(|_| probe.is_none() && series.column("cached_bytes").is_some());
        let (heading, label) = match second {
            Some(_) => ("Live bytes, exact, by jemalloc's count", "live, cross-check"),
            None => ("Live bytes, exact, in a probe run", "live, exact-live probe"),
        };
        let live_probe = match (&probed, &judged) {
            (Some(values), _) => Some(LiveProbe { heading, label, iterations: &probe_iterations, values }),
            (None, Some(values)) => Some(LiveProbe {
                heading: "Live bytes without the cached models",
                label: "live, without the cache",
                iterations: &iterations,
                values,
            }),
            (None, None) => None,
        };
        let core_iterations = numbers(self.core.map_or(0, |core| core.series.len()));
        let live_found = self.assessment.and_then(|found| found.live.as_ref());
        let resident = self.assessment.and_then(|found| found.resident.as_ref());
        let resident = resident.filter(|found| !found.windows.is_empty());
        let chart = CaseChart {
            title: &row.case,
            verdict: word(row),
            sentence: &row.sentence,
            iterations: &iterations,
            lines: lines.chain(marks).collect(),
            live_probe,
            core: self.core.and_then(|core| core_probe(core, row, &core_iterations)),
            floors: live_found.map_or(Vec::new(), floors),
            live_slope: live_found.and_then(|found| band(found.rate, found.low, found.high)),
            means: resident.map_or(Vec::new(), means),
            slope: resident.and_then(|found| band(found.rate, found.low, found.high)),
            judged_from: resident.map(|found| found.judged_from as f64),
            ceiling: resident.map(|found| found.ceiling),
            reached_at: resident.map(|found| found.reached_at as f64),
            outcome_note: (row.outcome != "finished" && !row.outcome.is_empty()).then_some(row.outcome.as_str()),
        };
        chart::write(&chart::case_chart(&chart)?, stem).map(drop)
    }
}

/// The forks of `core`, if there were any.
fn core_probe<'a>(core: CoreSource<'a>, row: &VerdictRow, iterations: &'a [f64]) -> Option<CoreProbe<'a>> {
    let column = |name: &str| core.series.column(name);
    Some(CoreProbe {
        iterations,
        core: column("core_bytes")?,
        anon: column("rss_anon_bytes").unwrap_or(&[]),
        live: column("live_bytes").unwrap_or(&[]),
        is_complete: core.complete,
        is_own: core.case == row.case,
    })
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
