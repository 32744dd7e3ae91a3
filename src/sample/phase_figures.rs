//! What one phase of a profile needed: plain figures, taken when the phase was over.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The phases of a profile, in the order in which they come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProfiledPhase {
    /// From the start of the process until the model's turn comes: what all else is built on.
    #[default]
    Start,
    /// The model's files are opened, mapped or read.
    Load,
    /// The model is made executable.
    Prepare,
    /// It runs for the first time.
    First,
    /// It runs until caches and thresholds have settled.
    WarmUp,
    /// It runs as it will ever after.
    Steady,
}

impl ProfiledPhase {
    /// All phases, in order.
    pub const ALL: [ProfiledPhase; 6] = [
        ProfiledPhase::Start,
        ProfiledPhase::Load,
        ProfiledPhase::Prepare,
        ProfiledPhase::First,
        ProfiledPhase::WarmUp,
        ProfiledPhase::Steady,
    ];

    /// The phase that follows; `None` after the last.
    pub fn next(self) -> Option<ProfiledPhase> {
        Self::ALL.into_iter().find(|phase| *phase > self)
    }
}

impl fmt::Display for ProfiledPhase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            ProfiledPhase::Start => "start",
            ProfiledPhase::Load => "load",
            ProfiledPhase::Prepare => "prepare",
            ProfiledPhase::First => "first",
            ProfiledPhase::WarmUp => "warm-up",
            ProfiledPhase::Steady => "steady",
        })
    }
}

macro_rules! figures {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// What one phase needed. A field that this kernel does not have is absent, never zero.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct PhaseFigures {
            /// The phase.
            pub phase: ProfiledPhase,
            /// Executions in it.
            pub runs: u64,
            $($(#[doc = $doc])+ #[serde(default, skip_serializing_if = "Option::is_none")] pub $name: Option<u64>,)+
        }
    };
}

figures! {
    /// Time of the work alone, without what lies between two executions, ns.
    time_ns,
    /// Resident memory at the end (VmRSS), bytes.
    rss_bytes,
    /// Its anonymous part (RssAnon), bytes.
    rss_anon_bytes,
    /// Its pages of mapped files (RssFile), bytes.
    rss_file_bytes,
    /// Its shared memory (RssShmem), bytes.
    rss_shmem_bytes,
    /// High-water mark of resident memory (VmHWM, reset when the phase began), bytes.
    hwm_bytes,
    /// Proportional set size (the key `Pss` alone), bytes.
    pss_bytes,
    /// Its anonymous part (`Pss_Anon`), bytes.
    pss_anon_bytes,
    /// Its pages of mapped files (`Pss_File`), bytes.
    pss_file_bytes,
    /// Anonymous memory that was swapped out (VmSwap), bytes.
    swap_bytes,
    /// Address space (VmSize), bytes.
    vm_size_bytes,
    /// Threads of the process.
    threads,
    /// Memory mappings.
    mappings,
    /// Minor page faults.
    minor_faults,
    /// Major page faults.
    major_faults,
    /// Processor time in user mode, all threads, µs.
    user_us,
    /// Processor time in the kernel, all threads, µs.
    system_us,
    /// Bytes that `read` and its kin brought in, less those that sampling reads, bytes.
    read_calls_bytes,
    /// Bytes that storage delivered, bytes.
    storage_bytes,
    /// What sampling around the phase took, µs.
    sampling_us,
    /// Highest resident memory that the polling thread saw; absent if it never looked, bytes.
    polled_rss_bytes,
    /// How often it looked.
    poll_ticks,
    /// Processor time that it took, ns.
    poll_cpu_ns,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_follow_one_another() {
        let mut phase = Some(ProfiledPhase::Start);
        let chain = std::iter::from_fn(|| {
            let present = phase?;
            phase = present.next();
            Some(present)
        });
        assert!(chain.eq(ProfiledPhase::ALL));
    }

    #[test]
    fn absent_figures_stay_absent_on_the_wire() {
        let figures = PhaseFigures { phase: ProfiledPhase::WarmUp, hwm_bytes: Some(0), ..PhaseFigures::default() };
        let line = serde_json::to_string(&figures).unwrap();
        assert_eq!(line, r#"{"phase":"warm-up","runs":0,"hwm_bytes":0}"#);
        assert_eq!(serde_json::from_str::<PhaseFigures>(&line).unwrap(), figures);
    }
}
