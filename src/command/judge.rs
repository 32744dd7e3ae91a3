//! `highwater judge FILE.csv`: the verdict procedure on series recorded elsewhere, or again on those of a run.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::report::{core_of, live_of};
use crate::analysis::{Assessment, CoreSeries, Evidence, LiveSeries, ResidentFinding, Settings, Verdict, assess};
use crate::arm::LiveKind;
use crate::cli::{Format, JudgeArguments, Kind};
use crate::error::{AS_EXPECTED, Error, INCONCLUSIVE, UNEXPECTED};
use crate::report::{CoreSource, VerdictRow, console, draw_judged, read_rows, read_samples, sentence};

pub(super) fn judge(arguments: &JudgeArguments) -> Result<u8, Error> {
    check_is_file(&arguments.file)?;
    let (assessment, row) = match &arguments.case {
        Some(case) => judge_case(arguments, case)?,
        None => judge_columns(arguments)?,
    };
    match arguments.format {
        Format::Text => console::print(&text(&assessment, &row)),
        Format::Json => console::print(
            &json(&assessment)
                .map_err(|error| Error::Recorded { path: "the answer".into(), message: error.to_string() })?,
        ),
    }
    Ok(match assessment.verdict {
        Verdict::Stable | Verdict::Plateau => AS_EXPECTED,
        Verdict::Inconclusive => INCONCLUSIVE,
        _ => UNEXPECTED,
    })
}

/// Judges one case of a run again, with the settings that `verdicts.csv` beside it records.
fn judge_case(arguments: &JudgeArguments, case: &str) -> Result<(Assessment, VerdictRow), Error> {
    let path = &arguments.file;
    let wrong = |message: String| Error::Recorded { path: path.display().to_string(), message };
    let runs = read_samples(path)?;
    let run = runs.get(&(case.to_owned(), arguments.replicate)).ok_or_else(|| {
        let known: Vec<_> = runs.keys().map(|(case, replicate)| format!("{case} ({replicate})")).collect();
        wrong(format!("no case `{case}` with replicate {}: it holds {}", arguments.replicate, known.join(", ")))
    })?;
    let verdicts = path.with_file_name("verdicts.csv");
    if !verdicts.exists() {
        let whose = if path.with_file_name("watch.csv").exists() { "a watch has none" } else { "a run writes it" };
        let remedy = "without --case, name columns (--resident rss_anon_bytes --peak peak_anon_bytes)";
        return Err(wrong(format!("no verdicts.csv beside it, which says how the case was judged: {whose}; {remedy}")));
    }
    let rows = read_rows::<VerdictRow>(&verdicts)?;
    let row = rows.into_iter().find(|row| row.case == case && row.replicate == arguments.replicate);
    let mut row = row.ok_or_else(|| wrong(format!("verdicts.csv beside it has no row for `{case}`")))?;
    if row.outcome != "finished" {
        return Err(wrong(format!("`{case}` has no verdict to repeat: {}", row.sentence)));
    }
    let recorded = row.clone();
    let assessment = row
        .judge(&run.series, live_of(&recorded, &runs), core_of(&recorded, &runs), true)
        .ok_or_else(|| wrong(format!("no samples of `{case}`")))?;
    if let Some(chart) = &arguments.chart {
        draw_judged(&row, &run.series, live_of(&recorded, &runs), core_of(&recorded, &runs), &assessment, chart)?;
    }
    Ok((assessment, row))
}

/// Judges the columns that the arguments name.
fn judge_columns(arguments: &JudgeArguments) -> Result<(Assessment, VerdictRow), Error> {
    if arguments.live.is_empty() && arguments.resident.is_none() && arguments.peak.is_none() {
        let message = "nothing to judge: name columns with --live, --resident or --peak, or a --case of a run";
        return Err(Error::Usage(message.into()));
    }
    let names = arguments
        .live
        .iter()
        .chain(&arguments.resident)
        .chain(&arguments.peak)
        .chain(&arguments.core)
        .chain(&arguments.threads_column)
        .map(String::as_str)
        .collect::<Vec<_>>();
    let columns = read_columns(&arguments.file, &names, arguments.skip)?;
    let column = |name: &String, factor: f64| -> Vec<f64> {
        let index = names.iter().position(|known| known == name).unwrap_or_default();
        columns[index].iter().map(|value| value * factor).collect()
    };
    let resident = arguments.resident_unit.bytes();
    let live = arguments
        .live
        .iter()
        .map(|name| column(name, arguments.live_unit.bytes()))
        .reduce(|sum, next| sum.iter().zip(&next).map(|(a, b)| a + b).collect());
    let threads = arguments.threads_column.as_ref().map(|name| column(name, 1.0));
    let anon = arguments.resident.as_ref().map(|name| column(name, resident));
    let peak = arguments.peak.as_ref().map(|name| column(name, resident));
    let core = arguments.core.as_ref().map(|name| column(name, resident));
    let kind = match arguments.live_kind {
        Some(Kind::Exact) => LiveKind::Exact,
        Some(Kind::Noisy) => LiveKind::Noisy,
        Some(Kind::Tcache) | None => LiveKind::Tcache,
    };
    let evidence = Evidence {
        live: live.as_ref().map(|bytes| LiveSeries { bytes, kind, threads: threads.as_deref() }),
        anon: anon.as_deref(),
        peak: peak.as_deref(),
        core: core.as_ref().map(|bytes| CoreSeries::new(bytes, !arguments.core_incomplete)),
        ..Evidence::default()
    };
    let settings = Settings {
        settle: arguments.settle as usize,
        tolerance: arguments.tolerance,
        early_stop: !arguments.no_early_stop,
        cycle: arguments.cycle as usize,
        resident: anon.is_some() || peak.is_some(),
        ..Settings::default()
    };
    let assessment = assess(&evidence, &settings);
    let row = VerdictRow {
        case: arguments.file.display().to_string(),
        arm: "this counter".into(),
        settle_iterations: arguments.settle,
        verdict: assessment.verdict.to_string(),
        resident_retention: assessment.resident.as_ref().and_then(ResidentFinding::asked_retention),
        ..VerdictRow::default()
    };
    if let Some(chart) = &arguments.chart {
        let series = crate::sample::Series::from_columns(
            [("rss_anon_bytes", anon), ("peak_anon_bytes", peak), ("live_bytes", live), ("core_bytes", core)]
                .into_iter()
                .filter_map(|(name, column)| Some((name, column?)))
                .collect(),
        );
        let case = row.case.clone();
        let live = crate::report::LiveSource { case: &case, series: &series, kind: LiveKind::Exact, second: None };
        let core = arguments.core.is_some().then_some(CoreSource {
            case: &case,
            series: &series,
            complete: !arguments.core_incomplete,
        });
        draw_judged(&row, &series, Some(live), core, &assessment, chart)?;
    }
    Ok((assessment, row))
}

/// # Errors
/// If `path` is a folder; of a run, with the file that is meant.
fn check_is_file(path: &Path) -> Result<(), Error> {
    let samples = path.join("samples.csv");
    match (path.is_dir(), samples.is_file()) {
        (false, _) => Ok(()),
        (true, true) => Err(Error::Usage(format!("{} is a folder: judge {}", path.display(), samples.display()))),
        (true, false) => Err(Error::Usage(format!("{} is a folder without a samples.csv", path.display()))),
    }
}

/// Runs that a message names.
const NAMED_RUNS: usize = 6;

/// The runs that a file of samples holds, each of which is a series of its own, as they came.
struct RunsSeen {
    places: Option<[usize; 2]>,
    seen: Vec<[String; 2]>,
}

impl RunsSeen {
    fn new(header: &csv::StringRecord) -> Self {
        let place = |name: &str| header.iter().position(|column| column == name);
        RunsSeen { places: place("case").zip(place("replicate")).map(Into::into), seen: Vec::new() }
    }

    fn see(&mut self, row: &csv::StringRecord) {
        let Some(places) = self.places else { return };
        let run = places.map(|place| &row[place]);
        if self.seen.last().is_none_or(|last| *last != run) && !self.seen.iter().any(|seen| *seen == run) {
            self.seen.push(run.map(str::to_owned));
        }
    }

    /// What is wrong with taking all rows for one series.
    fn problem(&self) -> Option<String> {
        let named = self.seen.iter().take(NAMED_RUNS).map(|[case, replicate]| format!("{case} ({replicate})"));
        let more = self.seen.len().saturating_sub(NAMED_RUNS);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let named = named.collect::<Vec<_>>().join(", ");
        let count = self.seen.len();
        (count > 1)
            .then(|| format!("it holds {count} runs, which are no one series: choose with --case: {named}{more}"))
    }
}

/// The columns called `names`, in their order; empty cells are missing values.
fn read_columns(path: &Path, names: &[&str], skip: usize) -> Result<Vec<Vec<f64>>, Error> {
    let wrong = |message: String| Error::Recorded { path: path.display().to_string(), message };
    let file = std::fs::File::open(path).map_err(Error::file("cannot read", path))?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
    let header = reader.headers().map_err(|error| wrong(error.to_string()))?.clone();
    if header.is_empty() {
        return Err(wrong("it is empty".into()));
    }
    let places = names
        .iter()
        .map(|name| {
            header.iter().position(|column| column == *name).ok_or_else(|| {
                let known: Vec<_> = header.iter().collect();
                wrong(format!("no column `{name}`: it has {}", known.join(", ")))
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let mut columns = vec![Vec::new(); names.len()];
    let mut runs = RunsSeen::new(&header);
    let mut row = csv::StringRecord::new();
    let mut number = 0;
    while reader.read_record(&mut row).map_err(|error| wrong(error.to_string()))? {
        number += 1;
        runs.see(&row);
        if number <= skip {
            continue;
        }
        for (column, place) in columns.iter_mut().zip(&places) {
            let text = &row[*place];
            let value = if text.is_empty() {
                Some(f64::NAN)
            } else {
                text.parse().ok().filter(|value: &f64| value.is_finite())
            };
            column.push(value.ok_or_else(|| {
                let line = row.position().map_or(0, csv::Position::line);
                wrong(format!("line {line}: `{text}` in column `{}` is not a number", &header[*place]))
            })?);
        }
    }
    if let Some(problem) = runs.problem() {
        return Err(wrong(problem));
    }
    if columns.iter().all(Vec::is_empty) {
        return Err(wrong("no rows to judge".into()));
    }
    Ok(columns)
}

fn text(assessment: &Assessment, row: &VerdictRow) -> String {
    format!("{}\n    {}", console::word(row), sentence(Some(assessment), row, None))
}

/// The JSON answer; numbers that do not exist, or are infinite, are null.
#[derive(Serialize)]
struct Answer<'a> {
    verdict: Verdict,
    reason: &'a str,
    live: Option<Series>,
    resident: Option<Series>,
    resources: Vec<(String, Series)>,
}

/// The keys that every series has, and all else that was found.
#[derive(Serialize)]
struct Series {
    state: String,
    n: Value,
    rate: Value,
    low: Value,
    high: Value,
    beta: Value,
    p: Value,
    minimum_detectable: Value,
    finding: Value,
}

impl Series {
    fn of(state: String, found: &impl Serialize) -> serde_json::Result<Self> {
        let finding = serde_json::to_value(found)?;
        let key = |name: &str| finding[name].clone();
        Ok(Series {
            state,
            n: key("n"),
            rate: key("rate"),
            low: key("low"),
            high: key("high"),
            beta: key("beta"),
            p: key("p"),
            minimum_detectable: key("minimum_detectable"),
            finding,
        })
    }
}

fn json(assessment: &Assessment) -> serde_json::Result<String> {
    let live = assessment.live.as_ref().map(|found| Series::of(found.verdict.to_string(), found));
    let resident = assessment.resident.as_ref().map(|found| Series::of(found.word(), found));
    let resources = assessment
        .resources
        .iter()
        .map(|(what, found)| Ok((what.to_string(), Series::of(found.verdict.to_string(), found)?)));
    serde_json::to_string_pretty(&Answer {
        verdict: assessment.verdict,
        reason: &assessment.reason,
        live: live.transpose()?,
        resident: resident.transpose()?,
        resources: resources.collect::<serde_json::Result<_>>()?,
    })
}
