//! Switching between models out of a cache: what `cache.csv` and the note of a run say.

use crate::desk::Desk;

const SUITE: &str = r#"
[models.trio]
sequence = ["mlp-small", "ppocr-cls", "silero-vad"]

[workloads.turns]
base = "switch"
budget = "60%"

[workloads.failing]
base = "switch"
fault = { kind = "truncate", at = 5 }

[[case]]
model = "trio"
workload = "turns"
arm = "exact-live"
iterations = 24
resident = false
early_stop = false
"#;

const CASE: &str = "trio.auto.turns.exact-live.t1";

#[test]
fn everything_that_a_cache_loads_and_drops_is_a_row() {
    let desk = Desk::new();
    let ended = desk.suite(SUITE, &[]).code(0);
    let rows = desk.rows("out/cache.csv");
    let of = |event: &str| rows.iter().filter(|row| row["event"] == *event).count();
    // 60 % have room for the large one alone or for both small ones, so that no turn finds its model.
    assert_eq!((of("load"), of("evict") + of("drop")), (24, 24), "{}", ended.all());
    let number = |text: &str| text.parse::<i64>().unwrap();
    let mut cached = 0;
    for row in &rows {
        assert_eq!(row["case"], *CASE);
        let change = number(&row["used_after_bytes"]) - number(&row["used_before_bytes"]);
        let is_load = row["event"] == *"load";
        assert_eq!((change > 0, row["reading"].is_empty()), (is_load, is_load), "{row:?}");
        if is_load {
            assert_eq!(change, number(&row["measured_bytes"]), "{row:?}");
        }
        assert_ne!(row["reading"], *"leak", "{row:?}");
        cached += if is_load { number(&row["declared_bytes"]) } else { -number(&row["declared_bytes"]) };
        assert!((0..=2_399_700 * 6 / 10).contains(&cached), "{row:?}");
    }
    assert_eq!(cached, 0, "everything is dropped at the end");
    let samples = desk.samples(CASE);
    assert!(samples.iter().all(|row| !row["cached_bytes"].is_empty() && !row["load_us"].is_empty()));
    let note = "model cache of trio.auto.turns.exact-live.t1: 24 switches, 0 hits, 24 misses,";
    assert_eq!(ended.stderr.matches(note).count(), 1, "{}", ended.all());
}

#[test]
fn a_run_without_a_cache_has_no_such_file() {
    let desk = Desk::new();
    desk.suite("[[case]]\nworkload = \"nothing\"\narm = \"exact-live\"\nresident = false\n", &[]).code(0);
    assert!(!desk.names("out").contains(&"cache.csv".to_owned()));
}

#[test]
fn a_model_that_breaks_while_it_is_switched_to_is_named() {
    let desk = Desk::new();
    let suite = SUITE
        .replace("workload = \"turns\"", "workload = \"failing\"")
        .replace("arm =", "runtime = \"rten-map\"\narm =");
    let ended = desk.suite(&suite, &[]).code(1);
    // The fifth switch is to the second model, whose file is cut off under its mapping.
    assert_eq!(desk.verdicts()[0]["outcome"], *"crashed", "{}", ended.all());
    assert_eq!(desk.rows("out/cache.csv").iter().filter(|row| row["event"] == *"load").count(), 4);
}

#[test]
fn one_model_is_nothing_to_switch_between() {
    let desk = Desk::new();
    let ended = desk.run(&["run", "--model", "mlp-small", "--workload", "switch"]).code(2);
    assert!(ended.stderr.contains("--workload: the workload `switch` switches between models"), "{}", ended.all());
}
