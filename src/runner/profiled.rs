//! What a child has told of its profile so far, and whether it told it in order.

use crate::sample::{PhaseFigures, ProfiledPhase};
use crate::worker::protocol::Profile;

/// The profile of a child, as it arrives.
#[derive(Debug, Clone, Default)]
pub(super) struct Profiled {
    /// What was asked for; absent where iterations were.
    asked: Option<Profile>,
    last: Option<ProfiledPhase>,
    latencies: Vec<u64>,
}

impl Profiled {
    /// Nothing has arrived yet of what was asked for.
    pub(super) fn new(asked: Option<Profile>) -> Self {
        Profiled { asked, ..Profiled::default() }
    }

    /// Whether a profile was asked for.
    pub(super) fn is_asked_for(&self) -> bool {
        self.asked.is_some()
    }

    /// Whether a profile was asked for and is not complete.
    pub(super) fn is_short(&self) -> bool {
        self.asked.is_some() && self.last != Some(ProfiledPhase::Steady)
    }

    /// Takes the figures of a phase; gives the times of its executions one by one, where they were told.
    ///
    /// # Errors
    /// What is wrong with it: not asked for, or out of order.
    pub(super) fn take(&mut self, figures: &PhaseFigures) -> Result<&[u64], String> {
        if self.asked.is_none() {
            return Err(format!("it told the phase `{}` of a profile that was not asked for", figures.phase));
        }
        let due = self.last.map_or(Some(ProfiledPhase::Start), ProfiledPhase::next);
        if due != Some(figures.phase) {
            let due = due.map_or("nothing".to_owned(), |due| format!("`{due}`"));
            return Err(format!("it told the phase `{}` where {due} was due", figures.phase));
        }
        self.last = Some(figures.phase);
        Ok(&self.latencies)
    }

    /// Takes times of executions.
    ///
    /// # Errors
    /// If there are more than were asked for.
    pub(super) fn take_latencies(&mut self, nanoseconds: &[u64]) -> Result<(), String> {
        let asked = self.asked.map_or(0, |profile| profile.runs);
        self.latencies.extend_from_slice(nanoseconds);
        if self.latencies.len() as u64 > asked {
            return Err(format!("it told the times of more than {asked} executions"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(phase: ProfiledPhase) -> PhaseFigures {
        PhaseFigures { phase, ..PhaseFigures::default() }
    }

    #[test]
    fn phases_must_come_in_order_and_as_asked_for() {
        let mut none = Profiled::new(None);
        assert!(none.take(&figures(ProfiledPhase::Start)).unwrap_err().contains("not asked for"));
        assert!(none.take_latencies(&[1]).is_err());
        let mut profiled = Profiled::new(Some(Profile { warmup: 0, runs: 2, poll: None }));
        assert!(profiled.take(&figures(ProfiledPhase::Load)).unwrap_err().contains("`start` was due"));
        for phase in ProfiledPhase::ALL {
            assert!(profiled.is_short());
            if phase == ProfiledPhase::Steady {
                profiled.take_latencies(&[5, 6]).unwrap();
            }
            assert_eq!(
                profiled.take(&figures(phase)).unwrap().len(),
                if phase == ProfiledPhase::Steady { 2 } else { 0 }
            );
        }
        assert!(!profiled.is_short() && !none.is_short());
        assert!(profiled.take(&figures(ProfiledPhase::Steady)).unwrap_err().contains("nothing was due"));
        assert!(profiled.take_latencies(&[7]).unwrap_err().contains("more than 2"));
    }
}
