//! `judge` on traces recorded elsewhere: the numbers of the reference procedures, and what is refused.

use std::fs;

use serde_json::Value;

use crate::desk::Desk;
use crate::ended::Ended;

const TRACES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/suites/fixtures/traces");

/// Keys that every series of the JSON answer has.
const KEYS: [&str; 8] = ["state", "n", "rate", "low", "high", "beta", "p", "minimum_detectable"];

fn reference() -> Vec<Value> {
    let text =
        fs::read_to_string(format!("{TRACES}/reference.json")).unwrap_or_else(|error| panic!("{TRACES}: {error}"));
    let value: Value = serde_json::from_str(&text).expect("the reference is JSON");
    value["traces"].as_array().expect("the reference lists traces").clone()
}

fn judge(file: &str, options: &[&str]) -> Ended {
    let path = format!("{TRACES}/{file}");
    Desk::new().run(&[&["judge", &path], options].concat())
}

/// The exit code that a verdict stands for.
fn code_of(verdict: &Value) -> i32 {
    match verdict.as_str() {
        Some("stable" | "plateau") => 0,
        Some("inconclusive") => 4,
        _ => 1,
    }
}

/// Checks a number of the answer against one of the reference, where infinities are words; JSON has none.
#[track_caller]
fn is_equal(at: &str, ours: &Value, reference: &Value) {
    match (ours.as_f64(), reference.as_f64()) {
        (Some(ours), Some(theirs)) => {
            let close = (ours - theirs).abs() <= 1e-9 * ours.abs().max(theirs.abs());
            assert!(close, "{at}: {ours} is not {theirs}");
        }
        (None, None) => assert!(ours.is_null(), "{at}: {ours} is not {reference}"),
        _ => panic!("{at}: {ours} is not {reference}"),
    }
}

/// How many iterations a trace has, as the keys of its reference tell: `leak-early@300`, `200/0.0/1/pa`.
fn length(keys: &Value, split: char, part: usize) -> usize {
    let keys = keys.as_object().expect("the reference has keys").keys();
    let numbers = keys.filter_map(|key| key.split(split).nth(part)?.parse().ok());
    numbers.max().expect("a length in a key")
}

#[test]
fn live_bytes_are_judged_as_the_reference_does() {
    let mut judged = 0;
    for trace in reference().iter().filter(|trace| trace["set"] == "traces" && trace["kind"] != "none") {
        let file = trace["file"].as_str().unwrap();
        let counted = file.contains("jemalloc") || file.contains("tcmalloc");
        let columns = if counted { "al_allocated" } else { "uordblks,hblkhd" };
        let kind = trace["kind"].as_str().unwrap();
        let n = length(&trace["cases"], '@', 1);
        for (early, question) in [(true, "leak-early"), (false, "leak-whole")] {
            let mut options = vec!["--live", columns, "--live-kind", kind, "--threads-column", "threads"];
            options.extend(["--skip", "1", "--format", "json"]);
            options.extend((!early).then_some("--no-early-stop"));
            let ended = judge(file, &options);
            let answer = ended.json();
            let (live, expected) = (&answer["live"], &trace["cases"][format!("{question}@{n}")]);
            let at = format!("{file} {question}");
            assert!(KEYS.iter().all(|key| live.get(key).is_some()), "{at}: {live:#}");
            assert_eq!(live["state"].as_str().unwrap().to_uppercase(), expected["lv"].as_str().unwrap(), "{at}");
            let names = [("n", "n"), ("rate", "late"), ("low", "lo"), ("high", "up"), ("beta", "beta"), ("p", "p")];
            for (ours, theirs) in names {
                is_equal(&format!("{at} {ours}"), &live[ours], &expected["live"][theirs]);
            }
            if !early {
                let detectable = &live["finding"]["minimum_detectable_raw"];
                is_equal(&format!("{at} detectable"), detectable, &trace["mdl"]["50/1"]);
            }
            assert_eq!(answer["verdict"], live["state"], "{at}: nothing else was asked");
            ended.code(code_of(&answer["verdict"]));
            judged += 1;
        }
    }
    assert_eq!(judged, 14);
}

#[test]
fn resident_memory_is_judged_as_the_reference_does() {
    let mut judged = 0;
    for trace in &reference() {
        let file = trace["file"].as_str().unwrap();
        let with_peaks = trace["set"] == "traces-resident";
        let n = if with_peaks { length(&trace["resident"], '/', 0) } else { 0 };
        let at_rest = if with_peaks { format!("{n}/0.0/1/a") } else { "1/0.0".into() };
        let column: &[&str] = match with_peaks {
            true => &["--resident", "rss_anon_bytes"],
            false => &["--resident", "rssanon_kb", "--resident-unit", "kB", "--skip", "1"],
        };
        let mut questions = vec![(column.to_vec(), at_rest)];
        if with_peaks {
            let peak = [column, &["--peak", "peak_anon_bytes"]].concat();
            let mut core = [&peak[..], &["--core", "core_bytes"]].concat();
            core.extend((trace["complete"] == false).then_some("--core-incomplete"));
            questions.push((peak, format!("{n}/0.0/1/pa")));
            questions.push((core, format!("{n}/0.0/1/paf")));
        }
        for (options, key) in questions {
            let ended = judge(file, &[&options[..], &["--format", "json"]].concat());
            let answer = ended.json();
            let (resident, expected) = (&answer["resident"], &trace["resident"][&key]);
            let at = format!("{file} {key}");
            assert!(KEYS.iter().all(|key| resident.get(key).is_some()), "{at}: {resident:#}");
            assert_eq!(
                resident["state"].as_str().unwrap().to_uppercase(),
                expected["verdict"].as_str().unwrap(),
                "{at}"
            );
            let names = [("n", "n"), ("rate", "slope"), ("low", "lo"), ("high", "up"), ("beta", "beta")];
            for (ours, theirs) in names.into_iter().filter(|_| expected.get("peak").is_some()) {
                is_equal(&format!("{at} {ours}"), &resident[ours], &expected["peak"][theirs]);
            }
            if key.ends_with("paf") {
                core_is_equal(&at, &resident["finding"]["core"], expected);
            }
            assert!(answer["live"].is_null(), "{at}: live bytes were not asked for");
            ended.code(code_of(&answer["verdict"]));
            judged += 1;
        }
    }
    assert_eq!(judged, 23);
}

/// What a fork keeps: its limits where the allocator gives everything back, and the level anyway.
#[track_caller]
fn core_is_equal(at: &str, core: &Value, expected: &Value) {
    assert!(core["level"].as_f64().is_some_and(|level| level > 1e6), "{at}: {core:#}");
    if expected["core"]["state"] == "NONE" {
        assert_eq!((&core["state"], core["rate"].is_null()), (&Value::from("level-only"), true), "{at}");
    } else {
        for (ours, theirs) in [("rate", "late"), ("low", "lo"), ("high", "up")] {
            is_equal(&format!("{at} core {ours}"), &core[ours], &expected["core"][theirs]);
        }
    }
    for (number, ours) in ["median", "low", "high", "most"].iter().enumerate() {
        is_equal(&format!("{at} kept {ours}"), &core["reclaimable"][ours], &expected["ret"][number]);
    }
}

/// With live bytes beside it, growth is creep, and each sentence says what decided.
#[test]
fn a_core_tells_creep_from_retention() {
    let columns = ["--live", "live_bytes", "--threads-column", "threads", "--resident", "rss_anon_bytes"];
    let columns = [&columns[..], &["--peak", "peak_anon_bytes", "--core", "core_bytes"]].concat();
    let expected: [(&str, &str, &str, i32); 5] = [
        ("ort_m_default.csv", "stable+retention", "are kept by the allocator and can be given back", 0),
        ("ort_m_default_pinpool3000.csv", "plateau+retention", "95 % of it by iteration", 0),
        ("ort_m_default_pin20.csv", "creep-core", "what is left after everything is given back grows by", 1),
        ("tract_m_default_pin100.csv", "creep-linear", "10,000 more iterations would add", 1),
        ("ort_m_mimalloc.csv", "inconclusive", "iterations would decide", 4),
    ];
    for (file, verdict, words, code) in expected {
        let incomplete: &[&str] = if file.contains("mimalloc") { &["--core-incomplete"] } else { &[] };
        let told = judge(file, &[&columns[..], incomplete].concat()).code(code).says(words);
        assert!(told.stdout.starts_with(&format!("{verdict}\n    live: ")), "{}", told.all());
    }
    let alone = ["--core-incomplete", "--resident", "rss_anon_bytes"];
    judge("ort_m_mimalloc.csv", &alone).code(2).complains("--core <COL>");
}

#[test]
fn a_verdict_is_told_in_words() {
    let leak = ["--live", "uordblks,hblkhd", "--live-kind", "exact", "--skip", "1"];
    let told = judge("ort_mobilenet_v2_notcache_leak64_n300.csv", &leak).code(1);
    assert!(told.stdout.starts_with("leak\n    live: leak of 80 B/iteration"), "{}", told.all());
    let grown = judge("rten_mobilenet_v2_notcache_plateau64k50_n300.csv", &[&leak[..], &["--no-early-stop"]].concat());
    assert!(grown.code(0).stdout.starts_with("plateau\n    live: plateau after "));
    // Without a counter of live bytes growth is not called creep.
    let blind = judge("tract_m_default_pin100.csv", &["--peak", "peak_anon_bytes"]).code(1);
    assert!(blind.stdout.starts_with("growth-unattributed\n"), "{}", blind.all());
}

#[test]
fn columns_that_cannot_be_judged_are_refused() {
    let file = "ort_m_default.csv";
    let refused = |options: &[&str]| judge(file, options).code(2).quietly();
    refused(&["--live", "live_byts"]).complains(
        "ort_m_default.csv: no column `live_byts`: it has iteration, live_bytes, rss_anon_bytes, peak_anon_bytes",
    );
    refused(&[]).complains("nothing to judge: name columns with --live, --resident or --peak");
    refused(&["--live", "live_bytes", "--skip", "100000"]).complains("no rows to judge");
    refused(&["--live", "live_bytes", "--cycle", "0"]).complains("--cycle");
    refused(&["--live", "live_bytes", "--live-kind", "exactly"]).complains("exact");
}

#[test]
fn files_that_cannot_be_judged_are_refused() {
    let desk = Desk::new();
    let refused = |name: &str| desk.run(&["judge", name, "--live", "b"]).code(2).quietly();
    desk.write("words.csv", "a,b\n1,2\n3,x\n");
    refused("words.csv").complains("words.csv: line 3: `x` in column `b` is not a number");
    desk.write("header.csv", "a,b\n");
    refused("header.csv").complains("header.csv: no rows to judge");
    desk.write("ragged.csv", "a,b\n1,2\n3\n");
    refused("ragged.csv").complains("ragged.csv: ").complains("line: 3");
}

#[test]
fn an_empty_file_is_called_empty() {
    let desk = Desk::new();
    desk.write("hollow.csv", "");
    desk.run(&["judge", "hollow.csv", "--live", "b"]).code(2).quietly().complains("hollow.csv").complains("empty");
}

/// A mistyped path is bad usage here as it is for `--model` and for `report`.
#[test]
fn a_file_that_does_not_exist_is_bad_usage() {
    let desk = Desk::new();
    desk.run(&["judge", "absent.csv", "--live", "b"]).quietly().complains("absent.csv: No such file").code(2);
}

#[test]
fn a_chart_is_drawn_in_both_formats() {
    let desk = Desk::new();
    let file = format!("{TRACES}/ort_m_default.csv");
    let columns = ["--live", "live_bytes", "--resident", "rss_anon_bytes", "--peak", "peak_anon_bytes"];
    desk.run(&[&["judge", &file, "--chart", "drawn"], &columns[..]].concat());
    let svg = desk.read("drawn.svg");
    assert!(svg.contains("<svg") && svg.contains("</svg>"), "{svg:.200}");
    assert!(fs::read(desk.path("drawn.png")).unwrap().starts_with(b"\x89PNG\r\n"));
}

/// Planted: growth that some more iterations, or another word on the counter, would decide.
#[test]
fn what_would_decide_is_told() {
    let desk = Desk::new();
    let trace = |n: u64| {
        let rows: String = (1..=n).map(|i| format!("{}\n", 5000 + i * 100)).collect();
        desk.write("trace.csv", "b\n".to_owned() + &rows);
    };
    let judged = |more: &[&str]| desk.run(&[&["judge", "trace.csv", "--live", "b"], more].concat());
    trace(40);
    let exact = ["--live-kind", "exact"];
    judged(&exact).code(4).says("settling time: 100 iterations decide, twice --settle");
    judged(&["--live-kind", "exact", "--settle", "20"]).code(1).says("leak of 100 B");
    judged(&["--tolerance", "10"]).code(4).says("caches can hold: --live-kind exact");
    trace(13);
    judged(&exact).code(4).says("too few samples: at least 14 are needed");
    desk.write("trace.csv", "b,c\n".to_owned() + &"1,1\n,1\n,1\n".repeat(28));
    judged(&exact).code(4).says("too many samples are missing: more than half of one");
}

/// A rise that is proven is a leak, whatever the tolerance; one that is not is held to it.
#[test]
fn no_tolerance_excuses_a_proven_rise() {
    let desk = Desk::new();
    let judged = |step: fn(u64) -> u64, tolerance: &str| {
        let rows: String = (1..=200).map(|i| format!("{}\n", 50_000 + step(i))).collect();
        desk.write("trace.csv", "b\n".to_owned() + &rows);
        desk.run(&["judge", "trace.csv", "--live", "b", "--live-kind", "noisy", "--tolerance", tolerance])
    };
    judged(|i| i * 100, "100000").code(1).says("leak of 100 B");
    let noise: fn(u64) -> u64 = |i| (i * i * 7919) % 5000;
    judged(noise, "1024").code(0).says("stable");
    judged(noise, "0.01").code(4).says("noise larger than tolerance");
}
