//! Processes that end, that are none, that belong to others: each planted.

use std::process::{Child, Command, Stdio};

use super::*;

/// A process that sleeps; killed when dropped.
struct Sleeper(Child);

impl Sleeper {
    fn start() -> Sleeper {
        Sleeper(Command::new("sleep").arg("86400").stdin(Stdio::null()).spawn().unwrap())
    }

    fn pid(&self) -> i32 {
        self.0.id() as i32
    }

    /// Ends it; with `reap` it is gone, without it is a zombie.
    fn end(&mut self, reap: bool) {
        self.0.kill().unwrap();
        if reap {
            self.0.wait().unwrap();
        } else {
            let stat = || std::fs::read(format!("/proc/{}/stat", self.0.id())).unwrap();
            while !Stat::parse(&stat()).unwrap().has_ended() {
                std::thread::yield_now();
            }
        }
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn another_process_is_seen_as_it_sees_itself() {
    let sleeper = Sleeper::start();
    let mut outside = Outside::open(sleeper.pid(), true).unwrap();
    let mut sample = Sample::default();
    outside.fill(&mut sample).unwrap();
    assert!(sample.rss_anon_bytes.is_some_and(|bytes| bytes > 0), "{sample:?}");
    let listed = std::fs::read_dir(format!("/proc/{}/fd", sleeper.pid())).unwrap().count() as u64;
    assert_eq!((sample.threads, sample.descriptors), (Some(1), Some(listed)));
    assert!(listed >= 3, "standard input, output and error");
    assert!(sample.mappings.is_some_and(|count| count > 3) && sample.minor_faults.is_some());
    if outside.missing().is_empty() {
        assert!(sample.peak_anon_bytes >= sample.rss_anon_bytes);
    }
    let undisturbed = Outside::open(sleeper.pid(), false).unwrap().fill(&mut sample).map(|()| sample.peak_anon_bytes);
    assert_eq!(undisturbed.unwrap(), None, "a mark that is not reset says nothing of the time between two samples");
}

#[test]
fn an_end_is_told_at_the_next_sample_whether_or_not_it_was_reaped() {
    for reap in [true, false] {
        let mut sleeper = Sleeper::start();
        let mut outside = Outside::open(sleeper.pid(), true).unwrap();
        outside.fill(&mut Sample::default()).unwrap();
        sleeper.end(reap);
        let error = outside.fill(&mut Sample::default()).unwrap_err();
        assert!(matches!(error, OutsideError::Gone { pid } if pid == sleeper.pid()), "{error}");
    }
}

/// Planted: it ends after its memory was read and before the last look at whether it is still there.
#[test]
fn a_process_that_vanishes_between_two_reads_gives_no_sample() {
    let mut sleeper = Sleeper::start();
    let mut outside = Outside::open(sleeper.pid(), true).unwrap();
    assert!(outside.status().is_ok());
    sleeper.end(false);
    assert!(outside.stat().unwrap().has_ended(), "the last look sees it");
    assert!(matches!(outside.status(), Err(OutsideError::Gone { .. })), "a zombie has no memory");
    sleeper.end(true);
    assert!(matches!(outside.stat(), Err(OutsideError::Gone { .. })));
    assert_eq!(outside.mappings(), None);
}

/// Planted: the same number with another start, as after the number was given out again.
#[test]
fn a_stranger_with_the_same_number_is_not_taken_for_the_process() {
    let sleeper = Sleeper::start();
    let identity = Outside::open(sleeper.pid(), false).unwrap().identity();
    assert!(Outside::open_identity(identity, false).is_ok());
    let before = Identity { start: identity.start - 1, ..identity };
    assert!(matches!(Outside::open_identity(before, false), Err(OutsideError::Gone { .. })));
    let mut outside = Outside::open(sleeper.pid(), false).unwrap();
    outside.identity = before;
    assert!(matches!(outside.fill(&mut Sample::default()), Err(OutsideError::Gone { .. })));
}

#[test]
fn what_cannot_be_watched_is_told() {
    let told = |pid: i32| Outside::open(pid, true).unwrap_err().to_string();
    assert_eq!(told(i32::MAX), format!("no process {}", i32::MAX));
    let mut sleeper = Sleeper::start();
    sleeper.end(false);
    assert!(told(sleeper.pid()).contains("zombie"), "{}", told(sleeper.pid()));
    let (sender, receiver) = std::sync::mpsc::channel();
    let (done, is_done) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || {
        sender.send(nix::unistd::gettid().as_raw()).unwrap();
        let _ = is_done.recv();
    });
    let number = receiver.recv().unwrap();
    assert!(told(number).contains(&format!("is a thread of process {}", std::process::id())), "{}", told(number));
    drop(done);
    thread.join().unwrap();
}

/// Where the machine shows its kernel threads: a container has none of its own.
#[test]
fn kernel_threads_have_no_memory() {
    if std::fs::read_to_string("/proc/2/comm").is_ok_and(|name| name.trim() == "kthreadd") {
        let error = Outside::open(2, true).unwrap_err();
        assert!(matches!(error, OutsideError::KernelThread { pid: 2 }), "{error}");
    } else {
        println!("skipped: no kernel thread can be seen from here");
    }
    // The same by its own words: a stat that says so.
    let mut outside = Outside::open(std::process::id() as i32, false).unwrap();
    let stat = Stat { is_kernel_thread: true, ..outside.stat().unwrap() };
    assert!(matches!(outside.check(&stat), Err(OutsideError::KernelThread { .. })));
}
