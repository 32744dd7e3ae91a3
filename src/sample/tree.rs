//! A process with all that descend from it, as one sum.
//!
//! Pages that processes share after a fork are counted in parts (Pss_Anon, SwapPss): the sum then is the memory of all of them,
//! and does not rise by a worker that has only been forked. Where the kernel tells no parts, each counts them whole. Each
//! process has a high-water mark of its own, and the sum of the marks is no mark of the sum, so that a tree has no peaks between
//! samples.

use std::collections::BTreeMap;
use std::io;

use super::columns::Sample;
use super::outside::{Outside, OutsideError};
use super::processes::Processes;
use super::status::Rollup;

/// A process and its descendants. Who has once been among them stays, even if its parent ends first.
#[derive(Debug)]
pub struct Tree {
    root: Outside,
    members: BTreeMap<i32, Outside>,
}

impl Tree {
    /// The tree of process `root`.
    pub fn new(mut root: Outside) -> Tree {
        let parts = root.rollup();
        Tree::counting(root, &parts)
    }

    /// The tree of process `root`, of which `parts` could be read.
    fn counting(mut root: Outside, parts: &io::Result<Rollup>) -> Tree {
        if let Some(reason) = no_parts(parts) {
            root.miss("shared memory in parts", reason);
        }
        Tree { root, members: BTreeMap::new() }
    }

    /// The process at its root.
    pub fn root(&self) -> &Outside {
        &self.root
    }

    /// Fills the sums of all its processes into `sample`. A descendant that ends meanwhile is left out.
    ///
    /// # Errors
    /// If the process at the root has ended.
    pub fn fill(&mut self, sample: &mut Sample) -> Result<(), OutsideError> {
        self.find_members();
        fill_one(&mut self.root, sample)?;
        let mut processes = 1;
        self.members.retain(|_, member| {
            let mut its = Sample::default();
            let is_there = fill_one(member, &mut its).is_ok();
            if is_there {
                processes += 1;
                add(sample, &its);
            }
            is_there
        });
        sample.processes = Some(processes);
        Ok(())
    }

    /// Takes in descendants that are new.
    fn find_members(&mut self) {
        let Ok(processes) = Processes::look() else { return };
        let known = self.members.keys().copied().chain([self.root.identity().pid]).collect();
        for found in processes.descendants(known) {
            if let Ok(member) = Outside::open_identity(found, false) {
                self.members.insert(found.pid, member);
            }
        }
    }
}

fn fill_one(process: &mut Outside, sample: &mut Sample) -> Result<(), OutsideError> {
    process.fill(sample)?;
    sample.peak_anon_bytes = None;
    count_in_parts(sample, &process.rollup().unwrap_or_default());
    Ok(())
}

/// Counts what is shared in parts, as far as the kernel tells them.
fn count_in_parts(sample: &mut Sample, parts: &Rollup) {
    sample.pss_anon_bytes = parts.pss_anon.or(sample.rss_anon_bytes);
    sample.swap_bytes = parts.swap_pss.or(sample.swap_bytes);
}

/// Why what is shared cannot be counted in parts; `None` where it can.
fn no_parts(rollup: &io::Result<Rollup>) -> Option<String> {
    match rollup {
        Ok(rollup) if rollup.pss_anon.is_some() => None,
        Ok(_) => Some("this kernel tells no Pss_Anon, as those before Linux 5.10".into()),
        Err(error) => Some(error.to_string()),
    }
}

/// Adds what another process tells; what one of the two does not tell counts as nothing.
fn add(sum: &mut Sample, other: &Sample) {
    let both: Vec<_> = Sample::COLUMNS.iter().zip(sum.values().zip(other.values())).collect();
    for (name, (one, other)) in both {
        let value = match (one, other) {
            (Some(one), Some(other)) => Some(one.saturating_add(other)),
            (one, other) => one.or(other),
        };
        sum.set(name, value);
    }
}

#[cfg(test)]
#[path = "tests/tree.rs"]
mod tests;
