//! Giving back everything that the allocator in force has free: what a forked child does before it looks at what remains.

use super::arena_tops::ArenaTops;
use super::in_force::{AllocatorName, InForce};
use super::step_pool;
use super::{jemalloc, mimalloc, tcmalloc};

/// What the allocator in force can give back. Found once, so that the child looks nothing up.
#[derive(Clone, Copy)]
pub struct GiveBack {
    means: Means,
}

#[derive(Clone, Copy)]
enum Means {
    Glibc(ArenaTops),
    Jemalloc(jemalloc::Purge),
    Tcmalloc(tcmalloc::Release),
    Mimalloc(mimalloc::Collect),
}

impl GiveBack {
    /// Finds the means of the allocator in force.
    ///
    /// # Errors
    /// Why there are none.
    pub fn find(in_force: &InForce) -> Result<GiveBack, &'static str> {
        let means = match in_force.allocator {
            AllocatorName::Glibc => Some(Means::Glibc(ArenaTops::find())),
            AllocatorName::Jemalloc => jemalloc::Purge::find().map(Means::Jemalloc),
            AllocatorName::Tcmalloc => tcmalloc::Release::find().map(Means::Tcmalloc),
            AllocatorName::Mimalloc => mimalloc::Collect::find().map(Means::Mimalloc),
            AllocatorName::Other => return Err("the allocator is not one that highwater can ask to give memory back"),
        };
        means.map(|means| GiveBack { means }).ok_or("the allocator cannot be asked to give memory back")
    }

    /// Whether nothing free is left behind. tcmalloc keeps what lies in its central lists, mimalloc the pages of other
    /// threads: what remains under them is a level, not a proof.
    pub fn is_complete(&self) -> bool {
        match self.means {
            Means::Glibc(_) | Means::Jemalloc(_) => true,
            Means::Tcmalloc(_) | Means::Mimalloc(_) => false,
        }
    }

    /// Whether glibc is in force, whose arenas are recognised by where they lie.
    pub fn is_glibc(&self) -> bool {
        matches!(self.means, Means::Glibc(_))
    }

    /// Gives back what is free; false if it could not be done to the end. `after_trim` is called where glibc has done what
    /// `malloc_trim` does, and nowhere else.
    ///
    /// To be called in a forked child only: settings of the allocator may be others afterwards.
    #[must_use]
    pub fn run(&self, after_trim: impl FnOnce()) -> bool {
        let is_given = match self.means {
            Means::Glibc(tops) => tops.give_back(after_trim),
            Means::Jemalloc(purge) => purge.run(),
            Means::Tcmalloc(release) => {
                release.run();
                true
            }
            Means::Mimalloc(collect) => {
                collect.run();
                true
            }
        };
        // What a step pool keeps is free as well, and no allocator knows of it.
        step_pool::PROCESS.release_idle() && is_given
    }
}
