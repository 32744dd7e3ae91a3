//! From what a run recorded to the verdict columns of its row.

use super::levels::quantile;
use super::verdict_row::{CoreSource, LiveSource, SecondCount, VerdictRow};
use crate::analysis::{
    Assessment, CoreFinding, CoreState, CrossCheck, LiveFinding, LiveVerdict, Recorded, RecordedCore, ResidentFinding,
    ResidentSource, assess_recorded,
};
use crate::sample::Series;
use crate::suite::Judging;

impl VerdictRow {
    /// Fills in what `own`, the live bytes of `live` and the forks of `core` say. A run that did not finish has levels but
    /// no verdict.
    pub fn judge(
        &mut self,
        own: &Series,
        live: Option<LiveSource<'_>>,
        core: Option<CoreSource<'_>>,
        finished: bool,
    ) -> Option<Assessment> {
        self.measure(own);
        if own.is_empty() || !finished {
            return None;
        }
        let recorded = Recorded {
            own,
            live: live.map(|live| (live.series, live.kind)),
            second: live.and_then(|live| live.second?.counted.ok()),
            core: core.map(|core| RecordedCore { series: core.series, complete: core.complete }),
            judges_mappings: self.judges_mappings,
        };
        let judging = Judging {
            settle: self.settle_iterations,
            tolerance: self.tolerance_bytes_per_iteration,
            cycle: self.cycle,
            resident: self.judges_resident,
            early_stop: self.early_stop,
        };
        let assessment = assess_recorded(&recorded, &judging);
        self.tell(&assessment, live);
        if let (Some(source), Some(found)) = (core, assessment.resident.as_ref().and_then(|found| found.core.as_ref()))
        {
            self.tell_core(found, source);
        }
        Some(assessment)
    }

    fn tell(&mut self, assessment: &Assessment, live: Option<LiveSource<'_>>) {
        self.verdict = assessment.verdict.to_string();
        self.reason.clone_from(&assessment.reason);
        if let (Some(found), Some(source)) = (&assessment.live, live) {
            self.tell_live(found, source);
            let is_asked = assessment.cross_check.is_some() || found.verdict == LiveVerdict::Leak;
            if let Some(second) = source.second.filter(|_| is_asked) {
                self.tell_cross_check(assessment.cross_check.as_ref(), second);
            }
        }
        if let Some(found) = &assessment.resident {
            self.tell_resident(found);
        }
        let growing = assessment.resources.iter().filter(|(_, found)| found.verdict == LiveVerdict::Leak);
        self.resource_leaks = growing.map(|(resource, _)| resource.to_string()).collect::<Vec<_>>().join(" ");
    }

    fn tell_live(&mut self, found: &LiveFinding, source: LiveSource<'_>) {
        self.live_verdict = found.verdict.to_string();
        self.live_case = source.case.to_owned();
        self.live_kind = source.kind.to_string();
        self.live_n = Some(found.n as u64);
        self.live_rate_bytes_per_iteration = number(found.rate);
        self.live_low_bytes_per_iteration = number(found.low);
        self.live_high_bytes_per_iteration = number(found.high);
        self.live_beta = number(found.beta);
        self.live_p = number(found.p);
        self.live_minimum_detectable_bytes_per_iteration = number(found.minimum_detectable);
        self.live_error_rate = number(found.error_rate);
        self.live_warm_up_end_iteration = Some(found.judged_from.saturating_sub(1) as u64);
        self.live_reason.clone_from(&found.reason);
    }

    fn tell_cross_check(&mut self, found: Option<&CrossCheck>, second: SecondCount<'_>) {
        self.cross_check_case = second.case.to_owned();
        self.cross_check = found.map_or_else(|| "absent".to_owned(), |found| found.agreement.to_string());
        self.cross_check_rate_bytes_per_iteration = found.and_then(|found| number(found.rate));
        self.cross_check_reason = second.counted.err().unwrap_or_default().to_owned();
    }

    fn tell_resident(&mut self, found: &ResidentFinding) {
        self.resident_verdict = found.word();
        self.resident_retention = found.asked_retention();
        self.resident_source = match found.source {
            ResidentSource::Peak => "peak".into(),
            ResidentSource::AtRest => "at-rest".into(),
        };
        self.resident_n = Some(found.n as u64);
        self.resident_rate_bytes_per_iteration = number(found.rate);
        self.resident_low_bytes_per_iteration = number(found.low);
        self.resident_high_bytes_per_iteration = number(found.high);
        self.resident_beta = number(found.beta);
        self.resident_p = number(found.p);
        self.resident_minimum_detectable_bytes_per_iteration = number(found.minimum_detectable);
        self.resident_ceiling_bytes = number(found.ceiling);
        self.resident_judged_from_iteration = Some(found.judged_from as u64);
        self.resident_error_rate = Some(f64::from(self.resident_looks.max(1)) * found.error_rate);
        self.resident_reached_iteration = Some(found.reached_at as u64).filter(|iteration| *iteration > 0);
        self.resident_growth_limit_bytes = number(found.growth_limit);
        self.resident_needed_iterations = Some(found.needed);
        self.resident_projection_low_bytes = found.projection.and_then(|growth| number(growth.low));
        self.resident_projection_high_bytes = found.projection.and_then(|growth| number(growth.high));
        self.resident_reason.clone_from(&found.reason);
    }

    fn tell_core(&mut self, found: &CoreFinding, source: CoreSource<'_>) {
        self.core_case = source.case.to_owned();
        self.core_complete = Some(source.complete);
        self.core_state = match found.state {
            CoreState::Growth => "growth",
            CoreState::Flat => "flat",
            CoreState::Decelerating => "decelerating",
            CoreState::Unclear => "unclear",
            CoreState::Short => "short",
            CoreState::LevelOnly => "level-only",
        }
        .into();
        self.core_probes = Some(found.probes as u64);
        self.core_bytes = number(found.level);
        self.core_rate_bytes_per_iteration = number(found.rate);
        self.core_low_bytes_per_iteration = number(found.low);
        self.core_high_bytes_per_iteration = number(found.high);
        self.core_share = found.share;
        self.reclaimable_bytes = found.reclaimable.map(|kept| kept.median);
        self.reclaimable_low_bytes = found.reclaimable.map(|kept| kept.low);
        self.reclaimable_high_bytes = found.reclaimable.map(|kept| kept.high);
        self.pinned_bytes = found.pinned;
        self.core_trimmed_bytes = found.trimmed;
        let milliseconds = |name: &str| quantile(source.series.column(name)?.iter().copied(), 0.5).map(|us| us / 1e3);
        self.core_fork_ms = milliseconds("core_fork_us");
        self.core_probe_ms = milliseconds("core_us");
    }
}

fn number(value: f64) -> Option<f64> {
    Some(value).filter(|value| !value.is_nan())
}
