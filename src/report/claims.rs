//! What documents claim about the cases of a run, and whether it held here.
//!
//! Claims are written into `claims.csv` when the run begins to tell, so that a recorded run tells them again.

use std::path::Path;

use super::chart::median;
use super::documented::documented_row;
use super::rows_file::read_rows;
use super::verdict_row::{Role, VerdictRow};
use super::words::thousands;
use crate::error::Error;
use crate::suite::{Claim, Metric};
use crate::units::signed_bytes;

documented_row! {
    /// One row of `claims.csv`: one claim about two cases, and what was measured.
    ClaimRow {
        /// The document that makes the claim.
        source: String,
        /// What it claims, in one sentence.
        why: String,
        /// The case that the claim is about.
        case: String,
        /// The case that it is compared with.
        than: String,
        /// What is compared: load HWM, prepare HWM, execute HWM, execute RSS, peak, at rest, retained (bytes), time/iter, load time, prepare time, execute time (ms), faults/iter.
        metric: String,
        /// Median of it over the processes of the first case.
        value: Option<f64>,
        /// The same of the second case.
        than_value: Option<f64>,
        /// The first over the second.
        ratio: Option<f64>,
        /// The ratio that the claim allows at most.
        at_most: Option<f64>,
        /// The ratio that the claim asks for at least.
        at_least: Option<f64>,
        /// Whether it held here: held, did not hold, or not told where one of the cases has no such figure.
        held: String,
    }
}

impl ClaimRow {
    /// Weighs `claim` on the rows of a run.
    fn new(claim: &Claim, rows: &[VerdictRow]) -> ClaimRow {
        let of = |case: &str| {
            let is_meant = |row: &&VerdictRow| row.role == Role::Case && row.case == case && row.is_judged();
            median(rows.iter().filter(is_meant).filter_map(|row| figure(claim.metric, row)))
        };
        let (value, than_value) = (of(&claim.case), of(&claim.than));
        let ratio = value.zip(than_value).filter(|(_, than)| *than > 0.0).map(|(value, than)| value / than);
        let holds = |ratio: f64| {
            claim.at_most.is_none_or(|most| ratio <= most) && claim.at_least.is_none_or(|least| ratio >= least)
        };
        let held = ratio.map_or("not told", |ratio| if holds(ratio) { "held" } else { "did not hold" });
        ClaimRow {
            source: claim.source.clone(),
            why: claim.why.clone(),
            case: claim.case.clone(),
            than: claim.than.clone(),
            metric: claim.metric.to_string(),
            value,
            than_value,
            ratio,
            at_most: claim.at_most,
            at_least: claim.at_least,
            held: held.into(),
        }
    }

    /// The figures with their units: `126 MB, not 207 MB (x0.61, at most x0.80 claimed)`.
    pub(super) fn measured(&self) -> String {
        let told = |value: Option<f64>| value.map_or_else(|| "–".into(), |value| self.with_unit(value));
        let bound = |word: &str, bound: Option<f64>| bound.map(|bound| format!("{word} x{bound}"));
        let bounds: Vec<_> =
            [bound("at least", self.at_least), bound("at most", self.at_most)].into_iter().flatten().collect();
        let ratio = self.ratio.map_or_else(String::new, |ratio| format!("x{ratio:.2}; "));
        format!("{} / {} ({ratio}{} claimed)", told(self.value), told(self.than_value), bounds.join(", "))
    }

    /// What is compared: the metric, and of the identifiers what differs.
    pub(super) fn compared(&self) -> String {
        let (case, than): (Vec<_>, Vec<_>) = (self.case.split('.').collect(), self.than.split('.').collect());
        if case.len() != than.len() {
            return format!("{}: {} / {}", self.metric, self.case, self.than);
        }
        let differing = case.iter().zip(&than).filter(|(one, other)| one != other);
        let (case, than): (Vec<_>, Vec<_>) = differing.map(|(one, other)| (*one, *other)).unzip();
        format!("{}: {} / {}", self.metric, case.join(" "), than.join(" "))
    }

    fn with_unit(&self, value: f64) -> String {
        match self.metric.as_str() {
            "faults/iter" => thousands(value),
            metric if metric.contains("time") => format!("{value:.2} ms"),
            _ => signed_bytes(value),
        }
    }
}

fn figure(metric: Metric, row: &VerdictRow) -> Option<f64> {
    match metric {
        Metric::LoadHwm => row.hwm_load_bytes,
        Metric::PrepareHwm => row.hwm_prepare_bytes,
        Metric::ExecuteHwm => row.hwm_execute_bytes,
        Metric::ExecuteRss => row.rss_execute_bytes,
        Metric::Peak => row.peak_rss_bytes,
        Metric::AtRest => row.steady_anon_bytes,
        Metric::Retained => row.retained_bytes,
        Metric::Time => row.iteration_ms,
        Metric::LoadTime => row.load_ms,
        Metric::PrepareTime => row.prepare_ms,
        Metric::ExecuteTime => row.execute_ms,
        Metric::Faults => row.minor_faults,
    }
}

/// Weighs all claims whose cases ran.
pub fn weigh_claims(claims: &[Claim], rows: &[VerdictRow]) -> Vec<ClaimRow> {
    let ran = |case: &str| rows.iter().any(|row| row.role == Role::Case && row.case == case);
    claims.iter().filter(|claim| ran(&claim.case) && ran(&claim.than)).map(|claim| ClaimRow::new(claim, rows)).collect()
}

/// Reads `claims.csv`; none where the run had no claims.
///
/// # Errors
/// If the file is there and cannot be read.
pub fn read_claims(path: &Path) -> Result<Vec<ClaimRow>, Error> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    read_rows(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(case: &str, prepare: f64) -> VerdictRow {
        VerdictRow {
            case: case.into(),
            verdict: "stable".into(),
            outcome: "finished".into(),
            hwm_prepare_bytes: Some(prepare),
            ..VerdictRow::default()
        }
    }

    fn claim(at_most: Option<f64>, at_least: Option<f64>) -> Claim {
        let (case, than, metric) = ("mapped".into(), "copied".into(), Metric::PrepareHwm);
        Claim { source: "a document".into(), why: "Mapping helps.".into(), case, than, metric, at_most, at_least }
    }

    #[test]
    fn a_claim_holds_within_its_bounds_and_only_there() {
        let rows = [row("mapped", 60e6), row("mapped", 80e6), row("mapped", 70e6), row("copied", 100e6)];
        let held = |claim: Claim| weigh_claims(&[claim], &rows)[0].held.clone();
        assert_eq!(held(claim(Some(0.8), None)), "held");
        assert_eq!(held(claim(Some(0.6), None)), "did not hold");
        assert_eq!(held(claim(None, Some(0.9))), "did not hold");
        assert_eq!(held(claim(Some(0.8), Some(0.5))), "held");
        let told = weigh_claims(&[claim(Some(0.8), None)], &rows)[0].measured();
        assert_eq!(told, "70.0 MB / 100 MB (x0.70; at most x0.8 claimed)");
        let row = ClaimRow {
            case: "net.map.recompile.glibc.t1".into(),
            than: "net.copy.recompile.trim.t1".into(),
            metric: "peak".into(),
            ..ClaimRow::default()
        };
        assert_eq!(row.compared(), "peak: map glibc / copy trim");
    }

    #[test]
    fn what_was_not_measured_is_not_told() {
        let claims = [claim(Some(0.8), None)];
        assert!(weigh_claims(&claims, &[row("mapped", 1.0)]).is_empty(), "a filter left the other case out");
        let failed = VerdictRow { verdict: String::new(), ..row("copied", 1.0) };
        let rows = [row("mapped", 70e6), failed];
        assert_eq!(weigh_claims(&claims, &rows)[0].held, "not told");
        let rows = [row("mapped", 70e6), row("copied", 0.0)];
        assert_eq!(weigh_claims(&claims, &rows)[0].held, "not told", "no ratio to nothing");
    }

    #[test]
    fn a_recorded_run_tells_its_claims_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("claims.csv");
        assert!(read_claims(&path).unwrap().is_empty());
        let rows = weigh_claims(&[claim(Some(0.8), None)], &[row("mapped", 70e6), row("copied", 100e6)]);
        super::super::rows_file::write_rows(&path, &rows).unwrap();
        assert_eq!(read_claims(&path).unwrap(), rows);
        std::fs::write(&path, "source,value\nx,not a number\n").unwrap();
        assert!(read_claims(&path).unwrap_err().to_string().contains("claims.csv"));
    }
}
