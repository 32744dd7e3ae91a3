//! The columns of a sample, once: the struct, its CSV header, its protocol line and the columnar series are the same list.

use serde::{Deserialize, Serialize};

macro_rules! columns {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// What memory looked like at the quiescent point after one iteration. A field that this kernel, allocator or
        /// workload does not have is absent, never zero.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Sample {
            /// Number of the iteration, from 1.
            pub iteration: u64,
            $($(#[doc = $doc])+ #[serde(default, skip_serializing_if = "Option::is_none")] pub $name: Option<u64>,)+
        }

        impl Sample {
            /// Names of the columns after `iteration`, in the order of [`Sample::values`].
            pub const COLUMNS: &'static [&'static str] = &[$(stringify!($name)),+];

            /// The meaning of every column after `iteration`, for `results/README.md`.
            pub const MEANINGS: &'static [&'static str] = &[$(concat!($($doc),+)),+];

            /// The values after `iteration`, in the order of [`Sample::COLUMNS`].
            pub fn values(&self) -> impl Iterator<Item = Option<u64>> {
                [$(self.$name),+].into_iter()
            }

            /// Sets the column called `name`; false if there is none.
            pub fn set(&mut self, name: &str, value: Option<u64>) -> bool {
                match name {
                    $(stringify!($name) => self.$name = value,)+
                    _ => return false,
                }
                true
            }
        }
    };
}

columns! {
    /// Time since the first iteration, or the watch, began, µs.
    elapsed_us,
    /// Time of the phase `load`, µs.
    load_us,
    /// Time of the phase `prepare`, µs.
    prepare_us,
    /// Time of the phase `execute`, µs.
    execute_us,
    /// Time of the phase `drop`, µs.
    drop_us,
    /// Anonymous resident memory at rest (RssAnon), bytes.
    rss_anon_bytes,
    /// Resident pages of mapped files at rest (RssFile), bytes.
    rss_file_bytes,
    /// Resident shared memory at rest (RssShmem), bytes.
    rss_shmem_bytes,
    /// Anonymous memory that was swapped out (VmSwap; with `watch --tree` SwapPss, which counts what processes share in parts), bytes.
    swap_bytes,
    /// hugetlb pages, which are outside of RSS (HugetlbPages), bytes.
    hugetlb_bytes,
    /// Address space (VmSize), bytes.
    vm_size_bytes,
    /// High-water mark of resident memory in `load` (VmHWM, reset before the phase), bytes.
    hwm_load_bytes,
    /// High-water mark of resident memory in `prepare`, bytes.
    hwm_prepare_bytes,
    /// High-water mark of resident memory in `execute`, bytes.
    hwm_execute_bytes,
    /// High-water mark of resident memory in `drop` and up to the sample, bytes.
    hwm_drop_bytes,
    /// Resident memory at the end of `execute`, before anything is dropped, bytes.
    rss_execute_bytes,
    /// Highest anonymous resident memory inside the iteration: the highest mark less the file pages at rest, so that a file mapped only inside the iteration counts, bytes.
    peak_anon_bytes,
    /// Bytes in use by the program according to the allocator, bytes.
    live_bytes,
    /// Part of `live_bytes` that the models in the cache took when they were loaded and first used (base `switch` only), bytes.
    cached_bytes,
    /// Memory that the allocator believes resident, bytes.
    allocator_resident_bytes,
    /// Memory that the allocator keeps for later, bytes.
    allocator_retained_bytes,
    /// Bytes that the runtime's own allocator has given out, at the end of `execute` (runtimes that tell), bytes.
    runtime_used_bytes,
    /// Bytes that the runtime's own allocator has taken from the system, at the end of `execute` (runtimes that tell), bytes.
    runtime_reserved_bytes,
    /// What is left of anonymous memory, swapped or not, after a forked child gave everything back (fork probe only), bytes.
    core_bytes,
    /// Anonymous memory in that child after `malloc_trim` alone (glibc only), bytes.
    core_trimmed_bytes,
    /// Part of `core_bytes` on the heap that grows by `brk`, bytes.
    core_heap_bytes,
    /// Part of `core_bytes` in glibc's thread arenas, bytes.
    core_arenas_bytes,
    /// Part of `core_bytes` on stacks that can be recognised, bytes.
    core_stacks_bytes,
    /// Part of `core_bytes` in private mappings of files, bytes.
    core_file_bytes,
    /// Part of `core_bytes` in other mappings, bytes.
    core_other_bytes,
    /// Time until `fork` had returned in the parent; copying on write then costs page faults in the next iteration, µs.
    core_fork_us,
    /// Time of the whole fork probe, which `sampling_us` does not hold, µs.
    core_us,
    /// Threads of the process.
    threads,
    /// Open descriptors.
    descriptors,
    /// Memory mappings.
    mappings,
    /// Minor page faults in this iteration.
    minor_faults,
    /// Major page faults in this iteration.
    major_faults,
    /// Proportional set size (smaps_rollup, only now and then), bytes.
    pss_bytes,
    /// Anonymous memory with what processes share counted in parts (Pss_Anon; `watch --tree` only), bytes.
    pss_anon_bytes,
    /// Pages marked free that still count as resident (LazyFree, only now and then), bytes.
    lazy_free_bytes,
    /// Anonymous memory in huge pages (AnonHugePages, only now and then), bytes.
    anon_huge_bytes,
    /// Processes summed up (`watch --tree` only).
    processes,
    /// Requests served, as the counter command told since the last sample (`watch --counter` only).
    requests,
    /// What the sampling itself took, µs.
    sampling_us,
}

/// The samples of one run, column by column, as numbers that the analysis takes as they are: NaN where absent.
///
/// A column takes memory only from its first value on. [`Series::with_capacity`] reserves and touches all of it at once, so
/// that a harness that watches for growth does not grow itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    length: usize,
    capacity: usize,
    columns: Vec<(&'static str, Vec<f64>)>,
}

impl Series {
    /// A series whose columns take `capacity` samples before they have to grow.
    pub fn with_capacity(capacity: usize) -> Self {
        Series { length: 0, capacity, columns: Vec::new() }
    }

    /// A series of columns of equal length that were recorded elsewhere.
    pub fn from_columns(columns: Vec<(&'static str, Vec<f64>)>) -> Self {
        let length = columns.first().map_or(0, |(_, values)| values.len());
        debug_assert!(columns.iter().all(|(_, values)| values.len() == length));
        Series { length, capacity: length, columns }
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Appends one sample.
    pub fn push(&mut self, sample: &Sample) {
        for (name, value) in Sample::COLUMNS.iter().zip(sample.values()) {
            let known = self.columns.iter().position(|(column, _)| column == name);
            let index = match (known, value) {
                (Some(index), _) => index,
                (None, None) => continue,
                (None, Some(_)) => {
                    let mut column = vec![f64::NAN; self.capacity.max(self.length)];
                    column.truncate(self.length);
                    self.columns.push((name, column));
                    self.columns.len() - 1
                }
            };
            self.columns[index].1.push(value.map_or(f64::NAN, |value| value as f64));
        }
        self.length += 1;
    }

    /// The values of a column, one per sample; `None` if no sample has it.
    pub fn column(&self, name: &str) -> Option<&[f64]> {
        self.columns.iter().find(|(column, _)| *column == name).map(|(_, values)| values.as_slice())
    }

    /// Sums several columns of times into one per sample, in milliseconds; absent ones count as nothing.
    pub fn iteration_milliseconds(&self) -> Vec<f64> {
        let phases: Vec<_> =
            ["load_us", "prepare_us", "execute_us", "drop_us"].iter().filter_map(|name| self.column(name)).collect();
        (0..self.length)
            .map(|index| phases.iter().map(|phase| phase[index]).filter(|us| us.is_finite()).sum::<f64>() / 1e3)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_values_stay_absent_on_the_wire() {
        let sample = Sample { iteration: 3, live_bytes: Some(0), ..Sample::default() };
        let line = serde_json::to_string(&sample).unwrap();
        assert_eq!(line, r#"{"iteration":3,"live_bytes":0}"#);
        assert_eq!(serde_json::from_str::<Sample>(&line).unwrap(), sample);
    }

    #[test]
    fn a_series_keeps_gaps_as_not_a_number() {
        let mut series = Series::with_capacity(4);
        series.push(&Sample { iteration: 1, ..Sample::default() });
        series.push(&Sample { iteration: 2, live_bytes: Some(7), ..Sample::default() });
        series.push(&Sample { iteration: 3, ..Sample::default() });
        let live = series.column("live_bytes").unwrap();
        assert!(live[0].is_nan() && live[1] == 7.0 && live[2].is_nan());
        assert!(series.column("threads").is_none());
        assert_eq!(series.len(), 3);
    }

    #[test]
    fn every_column_can_be_set_by_its_name() {
        let mut sample = Sample::default();
        for (index, name) in Sample::COLUMNS.iter().enumerate() {
            assert!(sample.set(name, Some(index as u64)));
        }
        assert!(sample.values().eq((0..Sample::COLUMNS.len()).map(|index| Some(index as u64))));
        assert!(!sample.set("rss", Some(1)));
    }
}
