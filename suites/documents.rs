//! Documents that tell what the program prints are kept equal to it: `HIGHWATER_BLESS=1 cargo test --test documents` writes
//! them anew.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

use std::collections::HashMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use highwater::report::{CacheRow, ClaimRow, PhaseRow, SettingRow, VerdictRow, WatchRow};
use highwater::sample::Sample;
use highwater::worker::protocol::{Answer, Message, VERSION};

const BLESS_VARIABLE: &str = "HIGHWATER_BLESS";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Compares what stands between `<!-- NAME -->` and `<!-- /NAME -->` in `file` with `generated`, or writes it there.
fn check_block(file: &str, name: &str, generated: &str) {
    let path = root().join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let start = text.find(&open).unwrap_or_else(|| panic!("{file} has no {open}")) + open.len();
    let end = start + text[start..].find(&close).unwrap_or_else(|| panic!("{file} has no {close}"));
    if std::env::var_os(BLESS_VARIABLE).is_some() {
        std::fs::write(&path, format!("{}{generated}{}", &text[..start], &text[end..])).unwrap();
    } else {
        assert!(
            text[start..end] == *generated,
            "{file}: {name} has drifted; {BLESS_VARIABLE}=1 writes it anew:\n{generated}"
        );
    }
}

fn highwater(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_highwater")).args(arguments).env("COLUMNS", "100").output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The tables of the recorded reference run, made again from its CSV files: of all models, and of the one that README.md shows.
#[test]
fn documents_show_the_reference_run() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["samples.csv", "verdicts.csv"] {
        std::fs::copy(root().join("results/reference").join(file), folder.path().join(file)).unwrap();
    }
    let told = highwater(&["report", &folder.path().to_string_lossy()]);
    let table = told.find("───").map(|start| &told[start..]).expect("a table");
    let end = table.rfind("───").expect("its end") + "───".len();
    let table: Vec<_> = table[..end].lines().map(str::trim_end).collect();
    check_block("results/MEASURED.md", "reference run", &format!("```text\n{}\n```\n", table.join("\n")));
    let others = [" ppocr-cls ", " silero-vad "];
    let shown: Vec<_> = table.into_iter().filter(|line| !others.iter().any(|model| line.starts_with(model))).collect();
    assert!(shown.iter().any(|line| line.starts_with(" mobilenet_v2 ")), "{shown:#?}");
    check_block("README.md", "reference run", &format!("```text\n{}\n```\n", shown.join("\n")));
}

/// The tables of the recorded profile, made again from its CSV file.
#[test]
fn a_document_shows_the_recorded_phases() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["phases.csv", "run.json"] {
        std::fs::copy(root().join("results/phases").join(file), folder.path().join(file)).unwrap();
    }
    let told = highwater(&["report", &folder.path().to_string_lossy()]);
    let start = told.find("inception_v3-external, arm").expect("a headline");
    let last = told.find("kB of 1024 bytes").expect("the second table");
    let end = last + told[last..].find('\n').expect("its last line");
    let tables: Vec<_> = told[start..end].lines().map(str::trim_end).collect();
    check_block("results/MEASURED.md", "phases", &format!("```text\n{}\n```\n", tables.join("\n")));
}

/// What recompilation needs under real runtimes: the level of the peak, MB, a row for each runtime; `*` where undecided.
#[test]
fn a_document_shows_what_runtimes_need_under_every_arm() {
    let path = root().join("results/runtimes/recompile.csv");
    let rows: Vec<HashMap<String, String>> =
        csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect();
    let arms = ["glibc", "arena-max-1", "mmap-threshold-1m", "trim", "jemalloc", "mimalloc"];
    let mut tables = String::new();
    for (network, title) in [("mobilenet_v2", "MobileNet v2"), ("inception_v3", "Inception v3")] {
        let _ =
            writeln!(tables, "\n{title}:\n\n| runtime | {} |\n|---|{}", arms.join(" | "), "---|".repeat(arms.len()));
        for runtime in ["embedded", "rten", "openvino", "onnxruntime", "litert", "onert"] {
            let level = |arm: &&str| {
                let meant = |row: &&HashMap<String, String>| {
                    row["model"].starts_with(network) && row["runtime"] == runtime && row["arm"] == *arm
                };
                let row = rows.iter().find(meant).unwrap_or_else(|| panic!("no {network} {runtime} {arm}"));
                let megabytes = row["resident_ceiling_bytes"].parse::<f64>().unwrap() / 1e6;
                let undecided = if row["verdict"] == "inconclusive" { "*" } else { "" };
                if megabytes < 99.95 {
                    format!("{megabytes:.1}{undecided}")
                } else {
                    format!("{megabytes:.0}{undecided}")
                }
            };
            let levels: Vec<_> = arms.iter().map(level).collect();
            let _ = writeln!(tables, "| {runtime} | {} |", levels.join(" | "));
        }
    }
    check_block("results/MEASURED.md", "recompiled", &tables);
}

#[test]
fn every_column_is_documented() {
    let row = |text: &mut String, name: &str, meaning: &str| {
        let _ = writeln!(text, "| `{name}` | {} |", meaning.trim().replace('|', "\\|"));
    };
    let header = "| column | meaning |\n|---|---|\n".to_owned();
    let mut samples = header.clone();
    row(&mut samples, "case", "Identifier of the case.");
    row(&mut samples, "replicate", "Number of the replicate, from 1.");
    row(&mut samples, "iteration", "Number of the iteration, from 1.");
    for (name, meaning) in Sample::COLUMNS.iter().zip(Sample::MEANINGS) {
        row(&mut samples, name, meaning);
    }
    check_block("results/README.md", "samples.csv", &samples);
    let others = [
        ("cache.csv", CacheRow::MEANINGS),
        ("verdicts.csv", VerdictRow::MEANINGS),
        ("settings.csv", SettingRow::MEANINGS),
        ("claims.csv", ClaimRow::MEANINGS),
        ("phases.csv", PhaseRow::MEANINGS),
        ("watch.csv", WatchRow::MEANINGS),
    ];
    for (file, columns) in others {
        let mut table = header.clone();
        for (name, meaning) in columns {
            row(&mut table, name, meaning);
        }
        check_block("results/README.md", file, &table);
    }
}

/// The lines of every block of JSON in the description of the protocol are what the program reads and writes.
#[test]
fn the_examples_of_the_protocol_are_the_protocol() {
    let text = std::fs::read_to_string(root().join("scripts/PROTOCOL.md")).unwrap();
    let blocks: Vec<&str> = text.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let [said, answered] = blocks.as_slice() else { panic!("{} blocks of JSON", blocks.len()) };
    for line in said.lines() {
        serde_json::from_str::<Message>(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
    for line in answered.lines() {
        let answer: Answer = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(serde_json::to_string(&answer).unwrap(), line);
    }
    let conversation = text.split("(`>` is highwater):").nth(1).and_then(|rest| rest.split("```").nth(1)).unwrap();
    for line in conversation.lines().filter(|line| line.contains('{')) {
        let is_read = match line.strip_prefix("> ") {
            Some(answer) => serde_json::from_str::<Answer>(answer).is_ok(),
            None => serde_json::from_str::<Message>(line).is_ok(),
        };
        assert!(is_read, "{line}");
    }
    assert!(said.lines().count() >= 7 && answered.lines().count() == 3 && conversation.lines().count() >= 9);
    assert!(said.contains(&format!("\"protocol\":{VERSION},")));
}

/// The suite in it is one.
#[test]
fn the_suite_in_the_description_of_the_protocol_is_read() {
    let text = std::fs::read_to_string(root().join("scripts/PROTOCOL.md")).unwrap();
    let suite = text.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let suite = highwater::suite::parse("PROTOCOL.md", suite, Path::new("")).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(suite.cases.len(), 3);
}

#[test]
fn files_that_documents_name_exist() {
    for file in [
        "README.md",
        "CONTRIBUTING.md",
        "results/README.md",
        "results/MEASURED.md",
        "scripts/PROTOCOL.md",
        "suites/README.md",
        "suites/models/README.md",
    ] {
        let text = std::fs::read_to_string(root().join(file)).unwrap();
        let folder = root().join(file).parent().map(Path::to_path_buf).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target) {
            let target = target.split('#').next().unwrap_or_default();
            if target.is_empty() || target.starts_with("http") {
                continue;
            }
            assert!(folder.join(target).exists(), "{file} names {target}, which is not there");
        }
    }
}
