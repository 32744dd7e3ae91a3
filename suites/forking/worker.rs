//! The worker that probes: whole runs of small cases.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use highwater::arm;
use highwater::error::Error;
use highwater::runner::{self, CaseRun, Observer, Request};
use highwater::sample::{Sample, Series};
use highwater::suite;
use highwater::worker::protocol::{CoreAbility, Hello};

use crate::alone;

struct Watching;

impl Observer for Watching {
    fn sampled(&mut self, _: &Sample, _: &Series) -> Result<(), Error> {
        Ok(())
    }

    fn is_final(&mut self, _: &Series, _: &Hello) -> bool {
        false
    }
}

/// Runs the one case of `suite`, which needs no model.
fn run(suite: &str, core_every: Option<u64>) -> CaseRun {
    let case = suite::parse("forking", suite, Path::new(".")).unwrap().cases.remove(0);
    let cache = tempfile::tempdir().unwrap();
    let request = Request {
        case: &case,
        models: Vec::new(),
        environment: &arm::prepare(&case.arm, cache.path()).unwrap(),
        core_every,
        profile: None,
        program: Path::new(env!("CARGO_BIN_EXE_highwater")),
        interrupted: &AtomicBool::new(false),
    };
    let run = runner::run(&request, &mut Watching).unwrap();
    assert!(run.outcome.is_finished(), "{:?} {:?}", run.outcome, run.evidence);
    assert_eq!(run.series.len() as u64, case.limits.iterations);
    run
}

fn ability(run: &CaseRun) -> Option<CoreAbility> {
    run.hello.as_ref().unwrap().core.clone()
}

/// The probed iterations, and the last value of a column in them.
fn probed(run: &CaseRun, column: &str) -> (Vec<usize>, f64) {
    let values = run.series.column(column).unwrap_or_else(|| panic!("no {column}: {:?}", run.notes));
    let (iterations, values): (Vec<_>, Vec<_>) = values
        .iter()
        .enumerate()
        .filter(|(_, value)| value.is_finite())
        .map(|(index, value)| (index + 1, *value))
        .unzip();
    (iterations, *values.last().unwrap())
}

#[test]
fn probes_come_in_their_turn_and_add_up() {
    let _alone = alone();
    let run = run(
        "iterations = 12\n[workloads.grows]\nbase = \"nothing\"\nfault = { kind = \"peak\", bytes = \"256 KiB\" }\n\
         [[case]]\nworkload = \"grows\"\n",
        Some(4),
    );
    assert_eq!(ability(&run), Some(CoreAbility::Complete));
    let (iterations, core) = probed(&run, "core_bytes");
    assert_eq!(iterations, [4, 8, 12]);
    let parts = ["heap", "arenas", "stacks", "file", "other"].map(|part| probed(&run, &format!("core_{part}_bytes")).1);
    assert!((parts.iter().sum::<f64>() - core).abs() < 1e6, "{parts:?} of {core}");
    assert!(core <= probed(&run, "core_trimmed_bytes").1);
    assert!(probed(&run, "core_fork_us").1 <= probed(&run, "core_us").1);
    assert!(run.notes.is_empty(), "{:?}", run.notes);
}

#[test]
fn without_being_asked_there_are_no_probes() {
    let _alone = alone();
    let run = run("iterations = 4\n[[case]]\nworkload = \"nothing\"\n", None);
    assert_eq!(ability(&run), None);
    assert!(run.series.column("core_bytes").is_none());
}

/// Planted: 30 MiB that were in use a moment ago, which jemalloc keeps for some seconds.
#[test]
fn each_allocator_gives_back_what_it_can() {
    let _alone = alone();
    let suite = |arm: &str| {
        format!(
            "iterations = 30\n[workloads.kept]\nbase = \"nothing\"\nfault = {{ kind = \"peak\", bytes = \"1 MiB\" }}\n\
             [[case]]\nworkload = \"kept\"\narm = \"{arm}\"\n"
        )
    };
    for arm in ["jemalloc", "jemalloc-exact"] {
        let run = run(&suite(arm), Some(30));
        assert_eq!(ability(&run), Some(CoreAbility::Complete), "{arm}");
        let (core, resident) = (probed(&run, "core_bytes").1, probed(&run, "rss_anon_bytes").1);
        assert!(resident - core > 20e6, "{arm}: {core} of {resident}");
    }
    let run = run(&suite("mimalloc"), Some(30));
    assert_eq!(ability(&run), Some(CoreAbility::Partial));
    assert!(probed(&run, "core_bytes").1 > 0.0);
}

/// Planted: a handler for forks that never comes back. Two probes are given up, and the run goes on.
#[test]
fn a_run_whose_children_hang_ends_as_it_would_without_probes() {
    let _alone = alone();
    let run = run("iterations = 5\niteration_time = \"2s\"\n[[case]]\nworkload = \"hang-in-fork\"\n", Some(1));
    assert_eq!(ability(&run), Some(CoreAbility::Complete));
    assert!(run.series.column("core_bytes").is_none());
    let [first, second] = run.notes.as_slice() else { panic!("{:?}", run.notes) };
    assert!(first.contains("iteration 1") && first.contains("did not answer within 1s"), "{first}");
    assert!(second.contains("ended in iteration 2"), "{second}");
}
