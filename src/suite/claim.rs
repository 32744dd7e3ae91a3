//! What a document claims about two cases, so that a run can say whether it held here.

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::case::Case;
use super::error::hint;
use super::file::ClaimFile;
use super::source::Flaw;

/// A claim: one case needs so many times as much of something as another. It has no part in the exit code, since what others
/// have measured on other machines is no requirement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// The document.
    pub source: String,
    /// What it claims, in one sentence of our own.
    pub why: String,
    /// The case that the claim is about.
    pub case: String,
    /// The case that it is compared with.
    pub than: String,
    /// What is compared.
    pub metric: Metric,
    /// How much of it the case may have at most, as a ratio to the other.
    pub at_most: Option<f64>,
    /// How much of it the case has at least, as a ratio to the other.
    pub at_least: Option<f64>,
}

/// What two cases are compared in; each is a column of `verdicts.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// High-water mark of `load`.
    LoadHwm,
    /// High-water mark of `prepare`.
    PrepareHwm,
    /// High-water mark of `execute`.
    ExecuteHwm,
    /// Resident memory at the end of `execute`.
    ExecuteRss,
    /// Highest resident memory of the whole run.
    Peak,
    /// Anonymous resident memory at rest.
    AtRest,
    /// What the allocator keeps at rest.
    Retained,
    /// Time of an iteration.
    Time,
    /// Time of `load`.
    LoadTime,
    /// Time of `prepare`.
    PrepareTime,
    /// Time of `execute`.
    ExecuteTime,
    /// Minor page faults of an iteration.
    Faults,
}

impl std::fmt::Display for Metric {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Metric::LoadHwm => "load HWM",
            Metric::PrepareHwm => "prepare HWM",
            Metric::ExecuteHwm => "execute HWM",
            Metric::ExecuteRss => "execute RSS",
            Metric::Peak => "peak",
            Metric::AtRest => "at rest",
            Metric::Retained => "retained",
            Metric::Time => "time/iter",
            Metric::LoadTime => "load time",
            Metric::PrepareTime => "prepare time",
            Metric::ExecuteTime => "execute time",
            Metric::Faults => "faults/iter",
        })
    }
}

/// The claims of a file, each about cases that the file makes.
pub(super) fn claims(tables: Vec<Spanned<ClaimFile>>, cases: &[Case]) -> Result<Vec<Claim>, Flaw> {
    let read = |(index, table): (usize, Spanned<ClaimFile>)| {
        let start = table.span().start;
        claim(start, table.into_inner(), cases).map_err(|flaw| flaw.inside(&format!("claim[{index}]")))
    };
    tables.into_iter().enumerate().map(read).collect()
}

fn claim(start: usize, table: ClaimFile, cases: &[Case]) -> Result<Claim, Flaw> {
    let missing = |key: &str| Flaw::new(start, key, "missing");
    let at_most = table.at_most.map(|ratio| ratio.0);
    let at_least = table.at_least.map(|ratio| ratio.0);
    if at_most.is_none() && at_least.is_none() {
        return Err(Flaw::new(
            start,
            "at_most",
            "missing: a claim needs `at_most` or `at_least`, a ratio of the two cases",
        ));
    }
    if let (Some(most), Some(least)) = (at_most, at_least)
        && least > most
    {
        return Err(Flaw::new(start, "at_least", format!("{least} is more than `at_most` = {most}")));
    }
    let named = |key: &str, name: Option<Spanned<super::value::Text>>| {
        let name = name.ok_or_else(|| missing(key))?;
        let (offset, name) = (name.span().start, name.into_inner().0);
        if cases.iter().any(|case| case.id == name) {
            return Ok(name);
        }
        let hint = hint(&name, cases.iter().map(|case| case.id.as_str()));
        Err(Flaw::new(offset, key, format!("the suite makes no case `{name}`{hint}")))
    };
    Ok(Claim {
        source: table.source.ok_or_else(|| missing("source"))?.0,
        why: table.why.ok_or_else(|| missing("why"))?.0,
        case: named("case", table.case)?,
        than: named("than", table.than)?,
        metric: table.metric.ok_or_else(|| missing("metric"))?,
        at_most,
        at_least,
    })
}
