//! The processes of this machine: who descends from whom, and whose command line matches.

use std::collections::BTreeMap;
use std::fs;
use std::io;

use regex::Regex;

use super::outside::Identity;
use super::stat::Stat;

/// All processes by number: when each started, and its parent.
#[derive(Debug, Default)]
pub(super) struct Processes(BTreeMap<i32, (u64, i32)>);

impl Processes {
    /// Looks through `/proc`. What ends meanwhile is left out, and so are zombies and threads of the kernel.
    pub(super) fn look() -> io::Result<Processes> {
        let numbers = fs::read_dir("/proc")?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let described = numbers.filter_map(|pid: i32| {
            let stat = Stat::parse(&fs::read(format!("/proc/{pid}/stat")).ok()?)?;
            (!stat.has_ended() && !stat.is_kernel_thread).then_some((pid, (stat.start, stat.parent)))
        });
        Ok(Processes(described.collect()))
    }

    /// Children of `parent`.
    pub(super) fn children(&self, parent: i32) -> impl Iterator<Item = Identity> {
        self.0
            .iter()
            .filter(move |(_, (_, its))| *its == parent)
            .map(|(pid, (start, _))| Identity { pid: *pid, start: *start })
    }

    /// Those that descend from one of `roots`, which are not among them. This process and what it has started are left out, where it
    /// is in the tree of a shell that it watches.
    pub(super) fn descendants(&self, roots: Vec<i32>) -> Vec<Identity> {
        let own = std::process::id() as i32;
        let (mut seen, mut open, mut found) = (roots.clone(), roots, Vec::new());
        while let Some(parent) = open.pop() {
            for child in self.children(parent).filter(|child| child.pid != own) {
                if !seen.contains(&child.pid) {
                    seen.push(child.pid);
                    open.push(child.pid);
                    found.push(child);
                }
            }
        }
        found
    }

    /// Whether `pid` is `of` or one of its forebears.
    fn is_ancestor(&self, pid: i32, of: i32) -> bool {
        let mut next = of;
        // The chain ends at the first process; it is no longer than there are processes, whatever changed meanwhile.
        for _ in 0..=self.0.len() {
            if next == pid {
                return true;
            }
            match self.0.get(&next) {
                Some((_, parent)) => next = *parent,
                None => return false,
            }
        }
        false
    }
}

/// The processes that descend from `pid`, without this one and what it has started.
///
/// # Errors
/// If `/proc` cannot be read.
pub fn descendants(pid: i32) -> io::Result<Vec<Identity>> {
    Ok(Processes::look()?.descendants(vec![pid]))
}

/// The process whose command line matches `pattern`, and how many others do: the oldest of them, which in a server that forks
/// its workers is the master. This process and its forebears (a shell that was given the pattern) are left out.
///
/// # Errors
/// If `/proc` cannot be read.
pub fn oldest_named(pattern: &Regex) -> io::Result<Option<(Identity, usize)>> {
    let processes = Processes::look()?;
    let own = std::process::id() as i32;
    let is_meant =
        |pid: i32| !processes.is_ancestor(pid, own) && command_line(pid).is_some_and(|line| pattern.is_match(&line));
    let mut found: Vec<Identity> = processes
        .0
        .iter()
        .filter(|(pid, _)| is_meant(**pid))
        .map(|(pid, (start, _))| Identity { pid: *pid, start: *start })
        .collect();
    found.sort_by_key(|identity| (identity.start, identity.pid));
    Ok(found.first().map(|first| (*first, found.len() - 1)))
}

/// Program and arguments of a process, with spaces between them; `None` where it has none or they cannot be read.
pub fn command_line(pid: i32) -> Option<String> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let words: Vec<_> =
        bytes.split(|byte| *byte == 0).filter(|word| !word.is_empty()).map(String::from_utf8_lossy).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    /// Planted: a program that sleeps for a number of seconds that nobody else sleeps for.
    #[test]
    fn a_program_is_found_by_its_command_line_and_its_watcher_is_not() {
        let mut sleeper = Command::new("sleep").arg("86397.25").stdin(Stdio::null()).spawn().unwrap();
        let pattern = Regex::new(r"^sleep 86397\.25$").unwrap();
        let (found, others) = loop {
            // Until it has become `sleep`, it is a copy of this process.
            if let Some(found) = oldest_named(&pattern).unwrap() {
                break found;
            }
        };
        assert_eq!((found.pid, others), (sleeper.id() as i32, 0));
        let children: Vec<_> = Processes::look().unwrap().children(std::process::id() as i32).collect();
        assert!(children.contains(&found));
        sleeper.kill().unwrap();
        sleeper.wait().unwrap();
        assert_eq!(oldest_named(&pattern).unwrap(), None);
        let own = command_line(std::process::id() as i32).unwrap();
        let itself = Regex::new(&regex::escape(&own)).unwrap();
        let found = oldest_named(&itself).unwrap();
        assert!(found.is_none_or(|(found, _)| found.pid != std::process::id() as i32), "{found:?}");
    }

    #[test]
    fn descendants_are_all_below_but_this_process_and_what_it_started() {
        let own = std::process::id() as i32;
        let parents = [(1, 1), (5, 1), (7, 5), (9, 7), (own, 5), (own + 1, own), (own + 2, 1)];
        let processes = Processes(parents.into_iter().map(|(pid, parent)| (pid, (0, parent))).collect());
        let of = |roots: &[i32]| {
            let mut found: Vec<_> = processes.descendants(roots.to_vec()).iter().map(|found| found.pid).collect();
            found.sort_unstable();
            found
        };
        assert_eq!((of(&[5]), of(&[9]), of(&[5, 7])), (vec![7, 9], vec![], vec![9]));
        assert_eq!(of(&[1]), [5, 7, 9, own + 2], "one that is its own parent is no descendant");
    }

    #[test]
    fn every_process_descends_from_itself_and_its_forebears_alone() {
        let processes = Processes([(1, (0, 0)), (5, (1, 1)), (7, (2, 5)), (8, (2, 8))].into_iter().collect());
        assert!(processes.is_ancestor(7, 7) && processes.is_ancestor(1, 7) && processes.is_ancestor(5, 7));
        assert!(!processes.is_ancestor(7, 5) && !processes.is_ancestor(3, 7));
        assert!(!processes.is_ancestor(1, 8), "a chain that does not end is given up");
    }
}
