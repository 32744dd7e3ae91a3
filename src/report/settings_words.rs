//! What a setting does about creep or retention, in words.

use super::settings::SettingRow;
use super::words::{bytes_in, thousands};
use crate::analysis::ArmEffect;

/// Processes of each arm from which a difference is said to be the setting's.
const ENOUGH: u32 = 3;

/// One row in one sentence; `unfinished` says what happened to a process of either arm that did not finish.
pub(super) fn judgement(row: &SettingRow, unfinished: Option<&str>) -> String {
    let Some(levels) = levels(row) else {
        let why = unfinished.unwrap_or("fewer than 20 iterations, or levels that could not be read");
        return format!("{} cannot be compared: {why}", row.arm);
    };
    let verdicts = format!("{} {}, {} {}", row.base_arm, row.base_verdict, row.arm, row.verdict);
    format!("{} {levels}{}; {verdicts}; {}", row.arm, cost(row), claim(row))
}

/// What is best proven of the rows of one work: first an arm under which creep ends, then the most memory at rest.
pub(super) fn best(rows: &[SettingRow]) -> String {
    let proven = rows.iter().filter(|row| matches!(row.at_rest(), Some((ArmEffect::Removes, _))));
    let rank = |row: &&SettingRow| (!creeps(&row.verdict), row.removes_at_rest_bytes.unwrap_or(0.0));
    let best = proven.max_by(|one, other| {
        let (one, other) = (rank(one), rank(other));
        one.0.cmp(&other.0).then(one.1.total_cmp(&other.1))
    });
    best.map_or_else(
        || "not proven: no setting is shown to remove memory at rest".to_owned(),
        |row| row.judgement.clone(),
    )
}

/// Whether one of these verdicts is a creep.
fn creeps(verdicts: &str) -> bool {
    verdicts.contains("creep-")
}

/// What happens to the level at rest and to the peak; the verb once where it is the same.
fn levels(row: &SettingRow) -> Option<String> {
    let at_rest = row.at_rest().map(|(effect, limits)| (effect, amount(effect, limits, "at rest")));
    let of_peak = |effect| if effect == ArmEffect::Adds { "to the peak" } else { "of the peak" };
    let peak = row.peak().map(|(effect, limits)| (effect, amount(effect, limits, of_peak(effect))));
    let told = match (at_rest, peak) {
        (Some((one, at_rest)), Some((other, peak))) if one == other => {
            let join = if one == ArmEffect::NotProven { "or" } else { "and" };
            format!("{} {at_rest} {join} {peak}", verb(one))
        }
        (Some((one, at_rest)), Some((other, peak))) => format!("{} {at_rest} and {} {peak}", verb(one), verb(other)),
        (Some((effect, level)), None) | (None, Some((effect, level))) => format!("{} {level}", verb(effect)),
        (None, None) => return None,
    };
    // While an arm creeps the difference grows with every iteration.
    let depends = creeps(&row.base_verdict) || creeps(&row.verdict);
    let after = if depends { format!(" after {} iterations", row.iterations) } else { String::new() };
    Some(format!("{told}{after}"))
}

fn verb(effect: ArmEffect) -> &'static str {
    match effect {
        ArmEffect::Removes => "removes",
        ArmEffect::Adds => "adds",
        ArmEffect::NotProven => "is not proven to remove anything",
    }
}

fn amount(effect: ArmEffect, [removes, low, high]: [f64; 3], of_what: &str) -> String {
    match effect {
        ArmEffect::Removes => format!("{} {of_what}", bytes_in(removes, low, high)),
        ArmEffect::Adds => format!("{} {of_what}", bytes_in(-removes, -high, -low)),
        ArmEffect::NotProven => format!("{of_what} ({})", bytes_in(removes, low, high)),
    }
}

/// What it costs in time and page faults.
fn cost(row: &SettingRow) -> String {
    let time = row.time_ratio.map(|ratio| format!("at {ratio:.2} times the time"));
    let faults = row.minor_faults.zip(row.base_minor_faults).map(|(after, before)| {
        let word = if after < before { "fewer" } else { "more" };
        format!("{} {word} page faults an iteration", thousands((after - before).abs()))
    });
    let told: Vec<String> = time.into_iter().chain(faults).collect();
    if told.is_empty() { String::new() } else { format!(", {}", told.join(" and ")) }
}

/// Whether the numbers are those of the setting or of the processes that happened to run.
fn claim(row: &SettingRow) -> String {
    match (row.base_processes, row.processes) {
        (base, arm) if base >= ENOUGH && arm >= ENOUGH && base == arm => format!("{base} processes of each"),
        (base, arm) if base >= ENOUGH && arm >= ENOUGH => format!("{base} and {arm} processes"),
        (1, 1) => "one process of each: these processes, not the setting (--replicates 3)".into(),
        (base, arm) => format!("{base} and {arm} processes: too few for a claim about the setting (--replicates 3)"),
    }
}
