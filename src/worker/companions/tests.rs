//! Companions that behave and companions that do not, played by a shell.

use std::path::Path;
use std::time::Duration;

use super::*;
use crate::arm;
use crate::suite::Case;
use crate::worker::protocol::{Hello, VERSION};

fn job(companions: u32, scratch: &Path) -> Job {
    let text = format!(
        "[workloads.it]\nbase = \"nothing\"\ncompanions = {companions}\nfault = {{ kind = \"crash\", at = 1 }}\n\
         [[case]]\nworkload = \"it\"\nplant_bytes = 64\n"
    );
    let case: Case = crate::suite::parse("suite.toml", &text, Path::new("")).unwrap().cases.remove(0);
    let (models, core_every, profile) = (Vec::new(), Some(5), None);
    Job { protocol: VERSION, case, models, scratch: scratch.to_owned(), core_every, profile, companion: false }
}

fn hello() -> String {
    let hello = Hello {
        protocol: VERSION,
        pid: Some(1),
        runtime: "none".into(),
        runtime_version: String::new(),
        runtime_library: None,
        allocator: Some(arm::in_force()),
        live: None,
        live_absence: None,
        peaks: true,
        trims: true,
        core: None,
    };
    serde_json::to_string(&Message::Hello(hello)).unwrap()
}

/// Companions that run `script` after they have read their job.
fn companions(count: u32, scratch: &Path, script: &str) -> Companions {
    let (script, hello) = (format!("read job; {script}"), hello());
    let shell = || {
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).env("HELLO", &hello);
        shell
    };
    Companions::start_with(&job(count, scratch), shell).unwrap()
}

/// What is said of a companion that is found wanting sooner or later.
fn told(companions: &mut Companions) -> String {
    loop {
        if let Err(error) = companions.check() {
            return format!("{error} (incompatible: {})", error.is_incompatible());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Says hello, and waits for the end of the conversation.
const GOOD: &str = "echo \"$HELLO\" >&0; cat 2>/dev/null";

#[test]
fn companions_are_ready_then_silent_and_gone_when_they_are_dropped() {
    let scratch = tempfile::tempdir().unwrap();
    let mut companions = companions(3, scratch.path(), GOOD);
    companions.wait_until_ready().unwrap();
    for _ in 0..20 {
        companions.check().unwrap();
    }
    let pids: Vec<u32> = companions.all.iter().map(|companion| companion.child.id()).collect();
    let is_there = |pid: &u32| Path::new(&format!("/proc/{pid}")).exists();
    assert!(pids.len() == 3 && pids.iter().all(is_there));
    drop(companions);
    assert!(!pids.iter().any(is_there), "killed and reaped");
}

#[test]
fn a_companion_does_the_honest_work_alone_in_a_folder_of_its_own() {
    let scratch = tempfile::tempdir().unwrap();
    let job = job(2, scratch.path());
    let own = job_of(&job, 2);
    assert_eq!(own.scratch, scratch.path().join("companion-2"));
    assert!(own.companion && own.core_every.is_none() && own.profile.is_none());
    let workload = &own.case.workload;
    assert_eq!((workload.companions, &workload.fault, workload.plant), (0, &None, None));
    assert!(job.case.workload.fault.is_some() && job.case.workload.plant.is_some() && !job.companion);
    let mut companions = companions(2, scratch.path(), &format!("echo > $TMPDIR/there; {GOOD}"));
    companions.wait_until_ready().unwrap();
    assert!(own.scratch.join("there").is_file(), "temporary files lie there too");
}

#[test]
fn a_companion_that_cannot_begin_is_the_end() {
    let scratch = tempfile::tempdir().unwrap();
    let failing = |script: &str| companions(1, scratch.path(), script).wait_until_ready().unwrap_err().to_string();
    assert_eq!(failing("exit 7"), "companion 1 ended early: exit status: 7");
    assert_eq!(failing("kill -9 $$"), "companion 1 ended early: signal: 9 (SIGKILL)");
    assert_eq!(failing("echo hello >&0; cat 2>/dev/null"), "companion 1 is not understood: hello");
    assert_eq!(
        failing("echo '{\"type\":\"failed\",\"iteration\":0,\"message\":\"no model\"}' >&0; cat 2>/dev/null"),
        "companion 1 failed in iteration 0: no model"
    );
    let end = failing("echo '{\"type\":\"end\"}' >&0; cat 2>/dev/null");
    assert_eq!(end, "companion 1 is not understood: End");
}

#[test]
fn a_companion_that_gives_up_while_it_works_is_told_of() {
    let scratch = tempfile::tempdir().unwrap();
    let giving_up = |script: &str| {
        let mut companions = companions(2, scratch.path(), &format!("echo \"$HELLO\" >&0; {script}"));
        companions.wait_until_ready().unwrap();
        told(&mut companions)
    };
    let second_only = "case \"$job\" in *companion-1*) cat;; esac;";
    assert_eq!(
        giving_up(&format!("{second_only} kill -11 $$")),
        "companion 2 ended early: signal: 11 (SIGSEGV) (incompatible: false)"
    );
    assert_eq!(
        giving_up(&format!("{second_only} echo '{{\"type\":\"incompatible\",\"message\":\"no such thing\"}}' >&0")),
        "companion 2: no such thing (incompatible: true)"
    );
}

#[test]
fn a_program_that_is_not_there_is_an_error() {
    let scratch = tempfile::tempdir().unwrap();
    let missing = Companions::start_with(&job(1, scratch.path()), || Command::new(scratch.path().join("none")));
    assert!(matches!(missing, Err(CompanionError::Start { number: 1, .. })));
}
