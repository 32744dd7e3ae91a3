//! One phase of one process as a row of `phases.csv`.

use crate::analysis::Latency;
use crate::report::documented::documented_row;
use crate::sample::{PhaseFigures, ProfiledPhase};
use crate::suite::Case;
use crate::worker::protocol::Hello;

documented_row! {
    /// One row of `phases.csv`. An empty cell is a value that does not exist.
    PhaseRow {
        /// Name of the model.
        model: String,
        /// Name of the runtime, which says how weights come into memory and leave it.
        runtime: String,
        /// Name and version of its engine.
        runtime_version: String,
        /// The shared library that the engine was loaded from; empty for one inside highwater.
        runtime_library: String,
        /// Name of the arm.
        arm: String,
        /// The allocator in force.
        allocator: String,
        /// Threads of the runtime.
        threads: u32,
        /// Number of the process, from 1.
        process: u32,
        /// The phase: `start` (the process before its model's turn), `load`, `prepare`, `first` (the first execution), `warm-up`, `steady`.
        phase: ProfiledPhase,
        /// What became of the process in this phase: `finished`, or how it ended.
        outcome: String,
        /// Why, where it did not finish.
        outcome_detail: String,
        /// Executions in the phase.
        runs: u64,
        /// Time of the work alone: of all executions together where there are several, without what lies between them, ns.
        time_ns: Option<u64>,
        /// Resident memory at the end (VmRSS), bytes.
        rss_bytes: Option<u64>,
        /// Its anonymous part (RssAnon), bytes.
        rss_anon_bytes: Option<u64>,
        /// Its pages of mapped files (RssFile), bytes.
        rss_file_bytes: Option<u64>,
        /// Its shared memory (RssShmem), bytes.
        rss_shmem_bytes: Option<u64>,
        /// High-water mark of resident memory in the phase (VmHWM, reset when it began; empty where it cannot be reset), bytes.
        hwm_bytes: Option<u64>,
        /// Proportional set size at the end (`Pss` of smaps_rollup, not its parts), bytes.
        pss_bytes: Option<u64>,
        /// Its anonymous part (`Pss_Anon`), bytes.
        pss_anon_bytes: Option<u64>,
        /// Its pages of mapped files (`Pss_File`), bytes.
        pss_file_bytes: Option<u64>,
        /// Anonymous memory that was swapped out (VmSwap), bytes.
        swap_bytes: Option<u64>,
        /// Address space (VmSize), bytes.
        vm_size_bytes: Option<u64>,
        /// Threads of the process.
        process_threads: Option<u64>,
        /// Memory mappings.
        mappings: Option<u64>,
        /// Minor page faults in the phase.
        minor_faults: Option<u64>,
        /// Major page faults in the phase.
        major_faults: Option<u64>,
        /// Processor time in user mode, all threads, µs.
        user_us: Option<u64>,
        /// Processor time in the kernel, all threads, µs.
        system_us: Option<u64>,
        /// Bytes that `read` and its kin brought in (rchar), less those of the sampling itself; pages of mappings are not among them, bytes.
        read_calls_bytes: Option<u64>,
        /// Bytes that storage delivered (read_bytes); 0 where the page cache had them, bytes.
        storage_bytes: Option<u64>,
        /// Shortest execution (`steady` only, as all latencies), ns.
        latency_min_ns: Option<u64>,
        /// Mean, ns.
        latency_mean_ns: Option<u64>,
        /// 5th percentile by nearest rank, ns.
        latency_p5_ns: Option<u64>,
        /// Median by nearest rank, ns.
        latency_p50_ns: Option<u64>,
        /// 90th percentile, ns.
        latency_p90_ns: Option<u64>,
        /// 95th percentile, ns.
        latency_p95_ns: Option<u64>,
        /// 99th percentile; of fewer than 100 executions the longest, ns.
        latency_p99_ns: Option<u64>,
        /// Longest execution, ns.
        latency_max_ns: Option<u64>,
        /// Period of the polling thread; empty where there was none, µs.
        poll_period_us: Option<u64>,
        /// Highest resident memory that it saw; empty if it never looked in this phase, bytes.
        polled_rss_bytes: Option<u64>,
        /// How often it looked.
        poll_ticks: Option<u64>,
        /// Processor time that it took, ns.
        poll_cpu_ns: Option<u64>,
        /// What sampling around the phase took, outside of its time, µs.
        sampling_us: Option<u64>,
    }
}

impl PhaseRow {
    /// The row of a process of `case` before anything is known of it.
    pub fn of_case(case: &Case, process: u32) -> PhaseRow {
        PhaseRow {
            model: case.model.name.clone(),
            runtime: case.runtime.name.clone(),
            arm: case.arm.name.clone(),
            threads: case.threads,
            process,
            outcome: "finished".into(),
            ..PhaseRow::default()
        }
    }

    /// Who the process was.
    pub fn greet(&mut self, hello: &Hello) {
        self.runtime_version = format!("{} {}", hello.runtime, hello.runtime_version).trim_end().to_owned();
        let library = hello.runtime_library.as_deref();
        self.runtime_library = library.map(|path| path.display().to_string()).unwrap_or_default();
        self.allocator = hello.allocator.as_ref().map(ToString::to_string).unwrap_or_default();
    }

    /// The row with the figures of a phase, and the times of its executions where there are any.
    pub fn with(&self, figures: &PhaseFigures, latencies: &[u64]) -> PhaseRow {
        let latency = Latency::of(latencies);
        let time = |value: fn(&Latency) -> u64| latency.as_ref().map(value);
        PhaseRow {
            phase: figures.phase,
            runs: figures.runs,
            time_ns: figures.time_ns,
            rss_bytes: figures.rss_bytes,
            rss_anon_bytes: figures.rss_anon_bytes,
            rss_file_bytes: figures.rss_file_bytes,
            rss_shmem_bytes: figures.rss_shmem_bytes,
            hwm_bytes: figures.hwm_bytes,
            pss_bytes: figures.pss_bytes,
            pss_anon_bytes: figures.pss_anon_bytes,
            pss_file_bytes: figures.pss_file_bytes,
            swap_bytes: figures.swap_bytes,
            vm_size_bytes: figures.vm_size_bytes,
            process_threads: figures.threads,
            mappings: figures.mappings,
            minor_faults: figures.minor_faults,
            major_faults: figures.major_faults,
            user_us: figures.user_us,
            system_us: figures.system_us,
            read_calls_bytes: figures.read_calls_bytes,
            storage_bytes: figures.storage_bytes,
            latency_min_ns: time(|latency| latency.min),
            latency_mean_ns: time(|latency| latency.mean),
            latency_p5_ns: time(|latency| latency.p5),
            latency_p50_ns: time(|latency| latency.p50),
            latency_p90_ns: time(|latency| latency.p90),
            latency_p95_ns: time(|latency| latency.p95),
            latency_p99_ns: time(|latency| latency.p99),
            latency_max_ns: time(|latency| latency.max),
            polled_rss_bytes: figures.polled_rss_bytes,
            poll_ticks: figures.poll_ticks,
            poll_cpu_ns: figures.poll_cpu_ns,
            sampling_us: figures.sampling_us,
            ..self.clone()
        }
    }

    /// The row of the phase in which the process ended.
    pub fn ended(&self, phase: ProfiledPhase, outcome: &str, detail: &str) -> PhaseRow {
        PhaseRow { phase, outcome: outcome.into(), outcome_detail: detail.into(), ..self.clone() }
    }

    /// Whether the process came to the end of this phase.
    pub fn is_finished(&self) -> bool {
        self.outcome == "finished"
    }
}
