//! Processes that start others, and end before them.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::*;

/// A shell with a child that sleeps, in a group of their own; all killed when dropped.
struct Family {
    shell: Child,
    sleeper: i32,
}

impl Family {
    fn start(script: &str) -> Family {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let mut shell = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(shell.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        Family { sleeper: line.trim().parse().unwrap(), shell }
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        let _ = nix::sys::signal::killpg(
            nix::unistd::Pid::from_raw(self.shell.id() as i32),
            nix::sys::signal::Signal::SIGKILL,
        );
        let _ = self.shell.wait();
    }
}

/// What the tree holds once its processes have begun: a sample takes a while, and what grows meanwhile is in some of it.
fn settled(tree: &mut Tree) -> Sample {
    let mut look = || {
        let mut sample = Sample::default();
        tree.fill(&mut sample).unwrap();
        sample
    };
    let mut before = look();
    loop {
        std::thread::sleep(std::time::Duration::from_millis(20));
        let after = look();
        let levels = |sample: &Sample| (sample.processes, sample.rss_anon_bytes, sample.pss_anon_bytes);
        if levels(&before) == levels(&after) {
            return after;
        }
        before = after;
    }
}

#[test]
fn descendants_are_summed_up_and_stay_when_their_parent_ends() {
    // The middle shell tells the sleeper's number and ends when it reads a line.
    let family = Family::start("sh -c 'sleep 86400 >/dev/null & echo $!; read line'; read line");
    let root = Outside::open(family.shell.id() as i32, true).unwrap();
    let mut tree = Tree::new(root);
    let sample = settled(&mut tree);
    assert_eq!((sample.processes, sample.threads), (Some(3), Some(3)), "{sample:?}");
    assert_eq!(sample.peak_anon_bytes, None, "marks of processes do not add up");
    let alone: u64 = {
        let mut own = Sample::default();
        Outside::open(family.sleeper, false).unwrap().fill(&mut own).unwrap();
        own.vm_size_bytes.unwrap()
    };
    assert!(sample.vm_size_bytes.unwrap() > alone);
    assert!(sample.pss_anon_bytes.is_some_and(|bytes| bytes <= sample.rss_anon_bytes.unwrap()), "{sample:?}");
    let middle = tree.members.keys().copied().find(|pid| *pid != family.sleeper).unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(middle), nix::sys::signal::Signal::SIGKILL).unwrap();
    while Outside::open(middle, false).is_ok() {
        std::thread::yield_now();
    }
    let mut sample = Sample::default();
    tree.fill(&mut sample).unwrap();
    assert_eq!(sample.processes, Some(2), "the sleeper has another parent now");
    assert!(tree.members.contains_key(&family.sleeper));
}

/// Planted: a kernel that does not know the field, and a process whose file may not be read.
#[test]
fn what_cannot_be_counted_in_parts_is_told() {
    let old = Rollup::parse(b"Rss: 8 kB\nPss: 8 kB\nLazyFree: 0 kB\n");
    assert!(no_parts(&Ok(old)).is_some_and(|reason| reason.contains("Pss_Anon")));
    let refused = io::Error::from(io::ErrorKind::PermissionDenied);
    assert_eq!(no_parts(&Err(refused)), Some("permission denied".into()));
    let told = Rollup { pss_anon: Some(0), ..Rollup::default() };
    assert_eq!(no_parts(&Ok(told)), None);
    let is_missing = |parts| {
        let root = Outside::open(std::process::id() as i32, false).unwrap();
        let tree = Tree::counting(root, &parts);
        tree.root().missing().iter().any(|missing| missing.what == "shared memory in parts")
    };
    assert!(is_missing(Err(io::Error::from(io::ErrorKind::PermissionDenied))));
    assert!(is_missing(Ok(Rollup::default())) && !is_missing(Ok(told)));
}

#[test]
fn what_is_shared_is_counted_in_parts_where_they_are_told() {
    let whole = Sample { rss_anon_bytes: Some(100), swap_bytes: Some(50), ..Sample::default() };
    let counted = |parts: Rollup| {
        let mut sample = whole;
        count_in_parts(&mut sample, &parts);
        (sample.pss_anon_bytes, sample.swap_bytes)
    };
    let told = Rollup { pss_anon: Some(40), swap_pss: Some(20), ..Rollup::default() };
    assert_eq!(counted(told), (Some(40), Some(20)));
    assert_eq!(counted(Rollup::default()), (Some(100), Some(50)));
}

#[test]
fn a_watcher_inside_the_tree_is_none_of_it() {
    let root = Outside::open(nix::unistd::getppid().as_raw(), false).unwrap();
    let mut tree = Tree::new(root);
    tree.find_members();
    assert!(!tree.members.contains_key(&(std::process::id() as i32)));
}
