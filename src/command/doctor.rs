//! `highwater doctor`: what this machine offers, and the remedy for what is missing.

use crate::arm::{self, Offer};
use crate::error::{AS_EXPECTED, Error};
use crate::model;
use crate::report::{Machine, console};
use crate::runtime;
use crate::sample::Probe;
use crate::units::Bytes;

pub(super) fn doctor() -> Result<u8, Error> {
    let lines = [machine(), runtimes(), allocators(), tunables(), kernel()].concat();
    console::print(&lines.join("\n"));
    Ok(AS_EXPECTED)
}

fn machine() -> Vec<String> {
    let machine = Machine::look();
    let memory = machine.memory_bytes.map_or_else(|| "unknown memory".into(), |bytes| Bytes(bytes).to_string());
    vec![
        "machine".into(),
        format!("  {} on {}, {} processors, {memory}", machine.kernel, machine.architecture, machine.cpus),
        format!("  {}, pages of {} bytes", machine.cpu, machine.page_bytes),
        format!("  embedded runtime: {}", crate::runtime::embedded_versions()),
        format!("  cache: {}", model::cache_dir().display()),
    ]
}

fn runtimes() -> Vec<String> {
    let mut lines = vec!["runtimes that are loaded at run time".to_owned()];
    for (engine, package) in runtime::loaded_engines() {
        let told = match runtime::locate(engine, None) {
            Some(Ok(located)) => {
                let version = located.version.map_or_else(String::new, |version| format!(" {version}"));
                format!("{version}: ok: {}", located.path.display())
            }
            Some(Err(absence)) => format!(": missing: {}; {}", absence.reason, absence.remedy),
            None => continue,
        };
        lines.push(format!("  {package}{told}"));
    }
    lines
}

fn allocators() -> Vec<String> {
    let survey = arm::survey();
    let mut lines = vec!["allocators".to_owned()];
    for allocator in survey.allocators {
        let version = allocator.version.map_or_else(String::new, |version| format!(" {version}"));
        let where_it_is = match allocator.offer {
            Offer::CLibrary => "ok: the C library".into(),
            Offer::Embedded => "ok: inside this binary".into(),
            Offer::Installed(path) => format!("ok: {}", path.display()),
            Offer::Missing { remedy } => format!("missing: {remedy}"),
        };
        lines.push(format!("  {}{version}: {where_it_is}", allocator.name));
    }
    lines
}

fn tunables() -> Vec<String> {
    let survey = arm::survey();
    if let Some(reason) = survey.tunables_absent {
        return vec!["tunables".into(), format!("  not known: {reason} (arms with tunables run unverified)")];
    }
    let mut lines =
        vec!["tunables of this glibc (use them in an arm, or as --arm glibc.malloc.arena_max=2)".to_owned()];
    for tunable in survey.tunables.iter().filter(|tunable| tunable.name.starts_with("glibc.malloc.")) {
        lines.push(format!("  {tunable}"));
    }
    lines
}

fn kernel() -> Vec<String> {
    let mut lines = vec!["kernel".to_owned()];
    let mut tell = |what: &str, is_there: bool, without: &str| {
        let told = if is_there { "ok".to_owned() } else { format!("missing: {without}") };
        lines.push(format!("  {what}: {told}"));
    };
    let probe = Probe::open();
    let peaks = probe.as_ref().is_ok_and(Probe::sees_peaks);
    tell(
        "high-water mark can be reset (/proc/self/clear_refs)",
        peaks,
        "resident memory is judged at rest, which decides less; needs CONFIG_PROC_PAGE_MONITOR and a writable /proc",
    );
    let rollup = std::fs::read("/proc/self/smaps_rollup").is_ok();
    tell("smaps_rollup", rollup, "no proportional set size, lazily freed and huge pages; needs Linux 4.14");
    let split = std::fs::read_to_string("/proc/self/status").is_ok_and(|text| text.contains("RssAnon:"));
    tell("RssAnon in /proc/self/status", split, "resident memory cannot be judged; needs Linux 4.5");
    match crate::report::transparent_huge_pages() {
        Some(mode) if mode == "always" => lines.push(
            "  transparent huge pages: always (memory moves in steps of 2 MiB; `echo madvise > \
             /sys/kernel/mm/transparent_hugepage/enabled` as root for finer numbers)"
                .into(),
        ),
        Some(mode) => lines.push(format!("  transparent huge pages: {mode}")),
        None => lines.push("  transparent huge pages: not in this kernel".into()),
    }
    lines
}
