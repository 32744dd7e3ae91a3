//! What a step pool did, as numbers and as a sentence.

use std::fmt;

use super::pool::PoolSize;
use crate::units::Bytes;

/// What a step pool is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepPoolPhase {
    /// It is off.
    Off,
    /// The first steps go by, in which a program is not yet itself.
    Waiting,
    /// It learns.
    Learning,
    /// It serves.
    Serving,
    /// It serves what it still can, and learns anew.
    LearningAgain,
    /// Memory for its tables or blocks could not be mapped.
    Failed,
}

/// What a step pool did. Blocks of up to 32 KiB are not in any of these numbers: counting them would cost more than
/// serving them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepPoolReport {
    /// What it is at.
    pub phase: StepPoolPhase,
    /// Steps so far.
    pub steps: u64,
    /// What it has, with what waits for its last block; blocks and peak are those of the present plan.
    pub size: PoolSize,
    /// Requests that were served.
    pub hits: u64,
    /// Requests inside steps for which there was no block.
    pub misses: u64,
    /// Requests that are not the pool's while it serves: outside of steps, of a size that outlives its step, of too large an
    /// alignment.
    pub bypassed: u64,
    /// Minor page faults a step while it waited and learned; the median.
    pub faults_before: Option<u64>,
    /// Minor page faults a step while it served; the median.
    pub faults_after: Option<u64>,
    /// How often another plan took the place of one that no longer held.
    pub replans: u64,
}

impl StepPoolReport {
    /// Memory that is reserved for each byte that was in use at the peak; 1 is the least there can be.
    pub fn waste(&self) -> Option<f64> {
        (self.size.peak > 0).then(|| self.size.reserved as f64 / self.size.peak as f64)
    }
}

impl fmt::Display for StepPoolReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unfinished = match self.phase {
            StepPoolPhase::Off => Some("is off"),
            StepPoolPhase::Waiting => Some("still waits"),
            StepPoolPhase::Learning => Some("still learns"),
            StepPoolPhase::Failed => Some("could not map its memory"),
            StepPoolPhase::Serving | StepPoolPhase::LearningAgain => None,
        };
        if let Some(unfinished) = unfinished {
            return write!(formatter, "step pool: {unfinished} after {} steps", grouped(self.steps));
        }
        let PoolSize { blocks, reserved, touched, peak } = self.size;
        write!(
            formatter,
            "step pool: {} blocks, {} reserved, {} touched, live peak {}",
            grouped(blocks),
            Bytes(reserved),
            Bytes(touched),
            Bytes(peak)
        )?;
        if let Some(waste) = self.waste() {
            write!(formatter, " (waste {waste:.2})")?;
        }
        let [hits, misses, bypassed] = [self.hits, self.misses, self.bypassed].map(grouped);
        write!(formatter, "; {hits} hits, {misses} misses, {bypassed} bypassed; minor faults an iteration ")?;
        let faults = |faults: Option<u64>| faults.map_or("unknown".to_owned(), grouped);
        let (before, after) = (faults(self.faults_before), faults(self.faults_after));
        write!(formatter, "{before} before, {after} after; replanned {} times", grouped(self.replans))
    }
}

/// `12,345`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_one_sentence() {
        let report = StepPoolReport {
            phase: StepPoolPhase::Serving,
            steps: 200,
            size: PoolSize { blocks: 49, reserved: 27_200_000, touched: 26_000_000, peak: 25_904_762 },
            hits: 9_180,
            misses: 0,
            bypassed: 1_234_567,
            faults_before: Some(6_469),
            faults_after: Some(0),
            replans: 0,
        };
        let told = "step pool: 49 blocks, 27.2 MB reserved, 26.0 MB touched, live peak 25.9 MB (waste 1.05); \
                    9,180 hits, 0 misses, 1,234,567 bypassed; \
                    minor faults an iteration 6,469 before, 0 after; replanned 0 times";
        assert_eq!(report.to_string(), told);
        let learning = StepPoolReport { phase: StepPoolPhase::Learning, ..report };
        assert_eq!(learning.to_string(), "step pool: still learns after 200 steps");
    }
}
