//! Every ending with the outcome that it is.

use super::*;

/// The outcome of a conversation that ended like `ending`, and a process with the raw status `raw`, after these lines.
fn outcome(ending: Ending, raw: Option<i32>, output: &[&str], oom_kills: u64) -> Outcome {
    let output = output.iter().map(|line| (*line).to_owned()).collect();
    let evidence = Evidence { output, ..Evidence::default() };
    let known = Known { evidence: &evidence, stop: None, oom_kills, is_program: false, has_said_hello: true };
    ending.outcome(raw.map(ExitStatus::from_raw), &known)
}

fn exit(raw: i32, output: &[&str], oom_kills: u64) -> Outcome {
    outcome(Ending::Closed, Some(raw), output, oom_kills)
}

#[test]
fn an_exit_is_read_with_its_evidence() {
    assert_eq!(exit(11, &[], 0), Outcome::Crashed { signal: "SIGSEGV".into() });
    assert_eq!(exit(40, &[], 0), Outcome::Crashed { signal: "signal 40".into() });
    assert_eq!(exit(6, &["free(): invalid pointer"], 0), Outcome::Crashed { signal: "SIGABRT".into() });
    assert!(matches!(exit(6, &["memory allocation of 8388608 bytes failed"], 0), Outcome::OutOfMemory { .. }));
    let thrown = ["terminate called after throwing 'std::bad_alloc'", "aborted"];
    assert_eq!(exit(6, &thrown, 0), Outcome::OutOfMemory { why: thrown[0].into() });
    assert!(matches!(exit(9, &[], 1), Outcome::OutOfMemory { .. }));
    assert_eq!(exit(9, &[], 0), Outcome::Crashed { signal: "SIGKILL".into() });
    assert_eq!(exit(17 << 8, &[], 0), Outcome::Exited { code: 17, said: Said::Hello });
    assert_eq!(exit(0, &["memory allocation of doom"], 0), Outcome::Exited { code: 0, said: Said::Hello });
}

/// Planted: a warning that was overcome, and another reason after it.
#[test]
fn the_last_words_of_a_program_that_exits_are_its_reason() {
    let warning = "warning: mlock: Cannot allocate memory; going on without it";
    assert_eq!(exit(3 << 8, &[warning, "licence expired"], 0), Outcome::Exited { code: 3, said: Said::Hello });
    let python = ["Traceback (most recent call last):", "MemoryError"];
    assert_eq!(exit(1 << 8, &python, 0), Outcome::OutOfMemory { why: "MemoryError".into() });
    let panic = ["called `Result::unwrap()`: Cannot allocate memory", "note: run with `RUST_BACKTRACE=1`"];
    assert_eq!(exit(101 << 8, &panic, 0), Outcome::OutOfMemory { why: panic[0].into() });
}

#[test]
fn an_end_is_only_an_end_with_an_orderly_exit() {
    assert_eq!(outcome(Ending::Done, Some(0), &[], 0), Outcome::Finished(FinishReason::AllIterations));
    assert_eq!(
        outcome(Ending::Done, Some(3 << 8), &["Cannot allocate memory"], 0).to_string(),
        "exited with code 3 after its end"
    );
    assert_eq!(outcome(Ending::Done, Some(11), &[], 0), Outcome::Crashed { signal: "SIGSEGV".into() });
    assert_eq!(outcome(Ending::Done, None, &[], 0).to_string(), "did not exit within 10s of its end");
    assert_eq!(outcome(Ending::Closed, None, &[], 0).to_string(), "did not exit within 10s of closing its socket");
}

#[test]
fn what_a_runtime_says_without_memory_is_no_fault_of_the_model() {
    let failed = |text: &str| outcome(Ending::Failed(text.into()), Some(1 << 8), &[], 0);
    assert_eq!(failed("embedded: 8 bytes of memory cannot be had").word(), "out-of-memory");
    assert_eq!(failed("no such operator").word(), "failed");
    let refused = |text: &str, is_program: bool| {
        let evidence = Evidence::default();
        let known = Known { evidence: &evidence, stop: None, oom_kills: 0, is_program, has_said_hello: true };
        Ending::Refused(text.into()).outcome(None, &known)
    };
    let library = "libopenvino.so: failed to map segment from shared object";
    assert_eq!(refused(library, false).word(), "out-of-memory");
    assert_eq!(refused(library, true).word(), "incompatible");
    assert_eq!(refused("built without hooks", false).word(), "incompatible");
    assert_eq!(outcome(Ending::Alien(library.into()), None, &[], 0).word(), "incompatible");
}

/// Planted: a message that would colour a terminal, and fill it.
#[test]
fn messages_are_cut_and_cleaned() {
    let message = || "z".repeat(200_000) + "\n";
    for ending in [Ending::Failed(message()), Ending::Refused(message()), Ending::Alien(message())] {
        assert_eq!(outcome(ending, None, &[], 0).to_string().len(), 4000);
    }
    let told = outcome(Ending::Failed("\u{1b}[31mstd::bad_alloc\n".into()), None, &[], 0);
    assert_eq!(told, Outcome::OutOfMemory { why: " [31mstd::bad_alloc ".into() });
}

/// Planted: children that end before they have said a word, and one that ends its work early and fails.
#[test]
fn how_far_the_conversation_had_come_is_told() {
    let evidence = Evidence { output: vec!["MemoryError".into()], ..Evidence::default() };
    let ended = |ending: Ending, raw: i32, is_program: bool, stop: Option<FinishReason>| {
        let has_said_hello = stop.is_some();
        let known = Known { evidence: &evidence, stop, oom_kills: 0, is_program, has_said_hello };
        ending.outcome(Some(ExitStatus::from_raw(raw)), &known)
    };
    let mute = ended(Ending::Closed, 0, true, None).to_string();
    assert!(
        mute.starts_with("exited with code 0, and it never spoke") && mute.contains("highwater watch --"),
        "{mute}"
    );
    assert_eq!(ended(Ending::Closed, 0, false, None).to_string(), "exited with code 0");
    let limit = || Ending::TimedOut(Duration::from_secs(2));
    let late = ended(limit(), 0, true, None).to_string();
    assert!(late.starts_with("the start took longer than 2s (--iteration-time), and it never spoke"), "{late}");
    assert_eq!(ended(limit(), 0, false, None).to_string(), "the start took longer than 2s (--iteration-time)");
    let by_itself = Some(FinishReason::ByItself);
    assert!(ended(limit(), 0, true, by_itself).to_string().starts_with("an iteration took"));
    assert_eq!(ended(Ending::Done, 1 << 8, true, by_itself).word(), "out-of-memory");
    let stopped = Some(FinishReason::AllIterations);
    assert_eq!(ended(Ending::Done, 1 << 8, true, stopped).to_string(), "exited with code 1 after its end");
}
