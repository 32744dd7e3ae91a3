//! The step pool as an arm: it is in force where it is asked for and nowhere else, and saves the faults that it should.

use crate::desk::Desk;
use crate::ended::Ended;

/// What is common to all: short runs whose live bytes are exact, so that nothing runs beside them.
const SHORT: &str = "iterations = 30\nresident = false\nearly_stop = false\n";

/// Keys of an arm that learns in the first iterations.
const EARLY: &str = "step_pool = true\nstart_statistic_step = 2\nstable_statistic_step = 3\nmax_statistic_step = 9\n";

/// The number before `word` in the note of a step pool.
#[track_caller]
fn told(ended: &Ended, word: &str) -> u64 {
    let note =
        ended.stderr.lines().find(|line| line.contains("step pool:")).unwrap_or_else(|| panic!("{}", ended.all()));
    let before = note.split_once(&format!(" {word}")).unwrap_or_else(|| panic!("no {word} in {note}")).0;
    let number = before.rsplit(' ').next().unwrap_or_default().replace(',', "");
    number.parse().unwrap_or_else(|_| panic!("no number of {word} in {note}"))
}

/// With fixed thresholds glibc takes every large block from the kernel anew: each inference faults thousands of pages in.
#[test]
fn what_it_has_learned_faults_no_more() {
    let desk = Desk::new();
    let fixed = "tunables = { tcache_count = 0, mmap_threshold = 131072, trim_threshold = 131072 }\n";
    let suite = format!(
        "{SHORT}[arms.pool]\n{fixed}{EARLY}[[case]]\nmodel = \"mobilenet_v2\"\nruntime = \"rten\"\nworkload = \"infer\"\narm = \"pool\"\n"
    );
    let ended = desk.suite(&suite, &[]).code(0);
    let (before, after) = (told(&ended, "before"), told(&ended, "after"));
    assert!(before > 1000, "there were no faults to save: {before}");
    assert!(after <= before / 100, "{after} of {before} faults are left");
    assert_eq!(told(&ended, "misses"), 0);
    assert!(told(&ended, "hits") >= 100, "{}", ended.all());
    // The samples know nothing of the pool, and say the same.
    let samples = desk.samples("mobilenet_v2.rten.infer.pool.t1");
    let faults: Vec<_> = samples.iter().rev().take(15).filter_map(|row| row.number("minor_faults")).collect();
    let quiet = faults.iter().filter(|faults| **faults <= before as f64 / 100.0).count();
    assert!(quiet > faults.len() / 2, "{faults:?}");
}

/// A note says so in each run, and live bytes stay exact: blocks of the pool are counted with them.
#[test]
fn it_stands_before_any_allocator_and_takes_its_variables() {
    let desk = Desk::new();
    let suite = format!(
        "{SHORT}[arms.preloaded]\nallocator = \"jemalloc\"\nenvironment = {{ MALLOC_CONF = \"tcache:false\" }}\n{EARLY}\
         [arms.variables]\ntunables = {{ tcache_count = 0 }}\n\
         environment = {{ ENABLE_MEMORY_OPTIMIZATION = 1, START_STATISTIC_STEP = 2, STABLE_STATISTIC_STEP = 3 }}\n\
         [[case]]\nmodel = \"ppocr-cls\"\nruntime = \"rten\"\nworkload = [\"infer\", \"recompile\"]\narm = [\"preloaded\", \"variables\"]\n"
    );
    let ended = desk.suite(&suite, &[]).code(0).says("4 as expected");
    let notes = ended.stderr.lines().filter(|line| line.contains("step pool:") && line.contains(" hits, 0 misses"));
    assert_eq!(notes.count(), 4, "{}", ended.all());
    assert!(desk.verdicts().iter().all(|row| row["live_kind"] == *"exact"));
}

/// Planted: variables that hold no number or no switch.
#[test]
fn a_malformed_variable_is_a_failure_that_names_it() {
    let desk = Desk::new();
    let suite = format!(
        "{SHORT}[arms.start]\nenvironment = {{ ENABLE_MEMORY_OPTIMIZATION = 1, START_STATISTIC_STEP = \"ten\" }}\n\
         [arms.enable]\nenvironment = {{ ENABLE_MEMORY_OPTIMIZATION = \"yes\" }}\n\
         [[case]]\nworkload = \"nothing\"\narm = [\"start\", \"enable\"]\n"
    );
    desk.suite(&suite, &[]).code(1);
    for (arm, problem) in [
        ("start", "`START_STATISTIC_STEP=ten` is not a whole number"),
        ("enable", "`ENABLE_MEMORY_OPTIMIZATION=yes` is not one of 0, 1, true, false"),
    ] {
        let row = desk.verdict(&format!("none.auto.nothing.{arm}.t1"));
        assert_eq!(&row["outcome"], "failed", "{row:#?}");
        assert!(row["outcome_detail"].contains(problem), "{row:#?}");
    }
}

/// What the user's shell asks for must not put a pool before every arm.
#[test]
fn variables_of_the_surroundings_switch_nothing_on() {
    let desk = Desk::new();
    desk.write("suite.toml", format!("{SHORT}[[case]]\nworkload = \"nothing\"\narm = \"exact-live\"\n"));
    let mut command = desk.highwater();
    command.args(["run", "suite.toml", "--out", "out"]).env("ENABLE_MEMORY_OPTIMIZATION", "1");
    let ended = Ended::of(command).code(0);
    assert!(!ended.stderr.contains("step pool"), "{}", ended.all());
}
