//! Documents that tell what the program prints are kept equal to it: `HIGHWATER_BLESS=1 cargo test --test documents` writes
//! them anew.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

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

/// The table of the recorded reference run, made again from its CSV files.
#[test]
fn the_readme_shows_the_reference_run() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["samples.csv", "verdicts.csv"] {
        std::fs::copy(root().join("results/reference").join(file), folder.path().join(file)).unwrap();
    }
    let told = highwater(&["report", &folder.path().to_string_lossy()]);
    let table = told.find("───").map(|start| &told[start..]).expect("a table");
    let end = table.rfind("───").expect("its end") + "───".len();
    let table: Vec<_> = table[..end].lines().map(str::trim_end).collect();
    check_block("README.md", "reference run", &format!("```text\n{}\n```\n", table.join("\n")));
}

/// The tables of the recorded profile, made again from its CSV file.
#[test]
fn the_readme_shows_the_recorded_phases() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["phases.csv", "run.json"] {
        std::fs::copy(root().join("results/phases").join(file), folder.path().join(file)).unwrap();
    }
    let told = highwater(&["report", &folder.path().to_string_lossy()]);
    let start = told.find("inception_v3-external, arm").expect("a headline");
    let last = told.find("kB of 1024 bytes").expect("the second table");
    let end = last + told[last..].find('\n').expect("its last line");
    let tables: Vec<_> = told[start..end].lines().map(str::trim_end).collect();
    check_block("README.md", "phases", &format!("```text\n{}\n```\n", tables.join("\n")));
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
    for file in ["scripts/PROTOCOL.md", "README.md", "results/README.md", "suites/README.md", "suites/models/README.md"]
    {
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
