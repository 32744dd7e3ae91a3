//! The fork probes of one run: when they are taken, what is remarked about them, and when to stop trying.

use std::io;
use std::time::Duration;

use super::protocol::{CoreAbility, Message};
use super::session::Wire;
use crate::arm::{GiveBack, InForce};
use crate::sample::{CoreError, CoreProbe, Sample};

/// So many probes in a row that fail end the probing: what failed twice is likely to fail again, and each failure may cost
/// its whole time limit.
const FAILURES_IN_A_ROW: u32 = 2;

/// The fork probes of one run.
pub(super) struct CoreProbes {
    probe: Option<CoreProbe>,
    every: u64,
    failures: u32,
    warned: Option<&'static str>,
}

impl CoreProbes {
    /// Prepares a probe after every `every`-th iteration, and says what it will be able to tell.
    ///
    /// `iteration_time` is the time after which highwater takes the run for hung. It sees nothing of a probe, so that one
    /// may take half of it.
    pub(super) fn open(every: u64, in_force: &InForce, iteration_time: Duration) -> (CoreProbes, CoreAbility) {
        let opened = GiveBack::find(in_force).map_err(str::to_owned).and_then(|give_back| {
            let probe = CoreProbe::open(give_back, iteration_time / 2).map_err(|error| error.to_string())?;
            Ok((probe, give_back.is_complete()))
        });
        let (probe, ability) = match opened {
            Ok((probe, true)) => (Some(probe), CoreAbility::Complete),
            Ok((probe, false)) => (Some(probe), CoreAbility::Partial),
            Err(reason) => (None, CoreAbility::Absent { reason }),
        };
        (CoreProbes { probe, every, failures: 0, warned: None }, ability)
    }

    /// Probes if it is the sample's turn. A probe that fails leaves its columns absent.
    pub(super) fn take(&mut self, sample: &mut Sample, wire: &mut Wire) -> io::Result<()> {
        let Some(probe) = self.probe.as_mut().filter(|_| sample.iteration.is_multiple_of(self.every)) else {
            return Ok(());
        };
        let taken = probe.take(sample);
        if let Some(library) = probe.disturbed().filter(|library| self.warned != Some(*library)) {
            self.warned = Some(library);
            note(
                wire,
                format!("{library} is loaded, which does something of its own at a fork: the probed run may differ"),
            )?;
        }
        match taken {
            Ok(()) => self.failures = 0,
            Err(error) => {
                self.failures += 1;
                let is_last = matches!(error, CoreError::Forbidden(_)) || self.failures == FAILURES_IN_A_ROW;
                let iteration = sample.iteration;
                if is_last {
                    self.probe = None;
                    note(wire, format!("fork probes ended in iteration {iteration}: {error}"))?;
                } else {
                    note(wire, format!("no fork probe in iteration {iteration}: {error}"))?;
                }
            }
        }
        Ok(())
    }
}

fn note(wire: &mut Wire, text: String) -> io::Result<()> {
    wire.send(&Message::Note { text })
}
