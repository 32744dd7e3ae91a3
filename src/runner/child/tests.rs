//! A worker finds what it needs in its environment, and nothing of a child is left behind, however it ends.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::super::sleepers::wait_for_sleepers;
use super::*;
use crate::arm::ExpectedOwner;

/// A shell, one that knows descriptors of two digits, with this script as a program. Its background processes are called `sleep SECONDS`.
fn start(script: &str) -> Running {
    start_with(script, &[], &[])
}

/// The same with variables of the program's own, and of its arm.
fn start_with(script: &str, own: &[(&str, &str)], arm: &[(&str, &str)]) -> Running {
    let environment = ChildEnvironment {
        variables: arm.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value))).collect(),
        removed: Vec::new(),
        expected: ExpectedOwner::CLibrary,
        unverified: None,
    };
    let limits = Limits {
        iterations: 1,
        until_decided: false,
        time: None,
        iteration_time: Duration::from_secs(60),
        memory_bytes: None,
    };
    let program = ProgramSpec {
        command: vec!["bash".into(), "-c".into(), script.into()],
        environment: own.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        ..ProgramSpec::default()
    };
    Running::start_program(&ProgramStart {
        program: &program,
        file: Path::new("bash"),
        environment: &environment,
        model: None,
        threads: 1,
        limits: &limits,
    })
    .unwrap()
}

fn wait_until(condition: impl Fn() -> bool) {
    while !condition() {
        thread::sleep(Duration::from_millis(5));
    }
}

/// Planted: a leader that ends by itself while what it has started goes on.
#[test]
fn what_a_child_leaves_behind_is_ended() {
    let child = start("sleep 86387.5 & exit 3");
    wait_until(|| child.has_ended().unwrap());
    wait_for_sleepers("86387.5", 1);
    let (status, _) = child.reap().unwrap();
    assert_eq!(status.and_then(|status| status.code()), Some(3));
    wait_for_sleepers("86387.5", 0);

    let child = start("sleep 86386.5 & exit 3");
    wait_until(|| child.has_ended().unwrap());
    wait_for_sleepers("86386.5", 1);
    drop(child);
    wait_for_sleepers("86386.5", 0);
}

#[test]
fn an_end_is_seen_and_does_not_reap() {
    for script in ["exit 0", "kill -SEGV $$", "kill -40 $$"] {
        let child = start(script);
        wait_until(|| child.has_ended().unwrap());
        assert!(child.has_ended().unwrap(), "{script}");
        assert!(child.reap().unwrap().0.is_some(), "{script}");
    }
    let child = start("read line <&\"$HIGHWATER_FD\"");
    assert!(!child.has_ended().unwrap());
    assert_eq!(child.reap().unwrap().0.and_then(|status| status.code()), Some(1), "its socket was closed for it");
}

/// A program's own variables hold, an arm may say otherwise, and the protocol has the last word.
#[test]
fn a_program_finds_its_own_variables_below_those_of_its_arm() {
    let script = "exit $((OWN + BOTH + HIGHWATER_THREADS))";
    let own = [("OWN", "1"), ("BOTH", "10"), ("HIGHWATER_THREADS", "100")];
    for (arm, code) in [(&[][..], 12), (&[("BOTH", "20")][..], 22)] {
        let child = start_with(script, &own, arm);
        wait_until(|| child.has_ended().unwrap());
        assert_eq!(child.reap().unwrap().0.and_then(|status| status.code()), Some(code));
    }
}

/// What a worker finds in its environment beside what it inherits, under an arm with these variables.
fn surroundings(runtime: &str, arm: &[(&str, &str)]) -> BTreeMap<String, OsString> {
    let text = format!("[[case]]\nmodel = \"mlp-small\"\nruntime = \"{runtime}\"\nworkload = \"infer\"\nthreads = 3\n");
    let case = crate::suite::parse("suite.toml", &text, Path::new("")).unwrap().cases.remove(0);
    let variables = arm.iter().map(|(name, value)| (String::from(*name), value.into())).collect();
    let expected = ExpectedOwner::CLibrary;
    let environment = ChildEnvironment { variables, removed: Vec::new(), expected, unverified: None };
    let mut command = Command::new("worker");
    surround(&mut command, &environment, &case, Path::new("/scratch"));
    let name = |name: &OsStr| name.to_str().unwrap().to_owned();
    command.get_envs().map(|(known, value)| (name(known), value.unwrap().to_owned())).collect()
}

#[test]
fn temporary_files_of_a_worker_lie_in_the_folder_of_its_run() {
    for runtime in ["rten", "litert"] {
        assert_eq!(surroundings(runtime, &[])["TMPDIR"], "/scratch", "{runtime}");
    }
    assert_eq!(surroundings("rten", &[("TMPDIR", "/elsewhere")])["TMPDIR"], "/elsewhere", "an arm says otherwise");
}

#[test]
fn runtimes_lie_for_a_worker_where_they_lie_for_its_parent() {
    assert_eq!(surroundings("onert", &[])["HIGHWATER_RUNTIMES"], crate::runtime::runtimes_folder());
    assert!(!surroundings("rten", &[]).contains_key("HIGHWATER_RUNTIMES"));
}

#[test]
fn each_runtime_has_the_variables_that_it_reads() {
    let quiet = ["ORT_DISABLE_TELEMETRY", "ORT_TELEMETRY_DISABLED"];
    for name in quiet {
        assert_eq!(surroundings("onnxruntime", &[])[name], "1");
        assert_eq!(surroundings("onnxruntime", &[(name, "0")])[name], "0", "an arm says otherwise");
        assert!(!surroundings("openvino", &[]).contains_key(name));
    }
    assert_eq!(surroundings("onert", &[])["NUM_THREADS"], "3");
    assert!(!surroundings("litert", &[]).contains_key("NUM_THREADS"));
    assert_eq!(surroundings("rten", &[])["RTEN_NUM_THREADS"], "3");
}
