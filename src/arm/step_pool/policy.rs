//! One way to cut sizes into bins, and the blocks that it needs for the steps it has seen.
//!
//! DeepRec's plan, mended: lifetimes are placed largest bin first into the first block that is free for all of their time,
//! of their own bin or else of a larger one, which is then said to be lent; where there is none, a block is added, and the
//! step was not stable. Lifetimes of different steps never conflict, so a block is as good as new for each step, and the
//! plan holds the most that any step needed. What is lent is counted once for each pair of bins, as the most at a time,
//! instead of once more in every step.
//!
//! Placing knows the future and serving does not. So each step is also served by the plan event by event, and a request
//! that finds nothing adds a block: a step that comes again as it was then finds all it needs.

use std::cmp::Reverse;
use std::io;

use super::record::Lifetime;
use super::shelves::{Shelves, Taken};
use super::table::{Full, Table};

/// Lifetimes of one step that can be placed.
const PLACED: usize = 8192;

/// Blocks that serving a step again may add: beyond that, the next step goes on.
const TRIALS: u32 = 64;

/// The end of a list.
const NONE: u32 = u32::MAX;

/// A lifetime in a block.
#[derive(Clone, Copy)]
struct Placed {
    lifetime: Lifetime,
    bin: u64,
    next: u32,
}

/// What a step was to a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// Nothing new: all of it had its place.
    Stable,
    /// It needed more.
    Unstable,
}

/// The blocks that sizes in multiples of one interval need.
pub(super) struct Policy {
    shelves: Shelves,
    placed: Table<Placed>,
    /// For each block the first of its lifetimes in this step.
    first: Table<u32>,
    /// For each event of a step, the lifetime that begins or ends then.
    events: Table<u32>,
    /// For each lifetime of a step, the block that serves it in a trial.
    serving: Table<u32>,
}

impl Policy {
    /// A plan without blocks.
    pub(super) fn new(interval: u64) -> io::Result<Policy> {
        Ok(Policy {
            shelves: Shelves::new(interval)?,
            placed: Table::with_capacity(PLACED)?,
            first: Table::with_capacity(PLACED)?,
            events: Table::with_capacity(2 * PLACED)?,
            serving: Table::with_capacity(PLACED)?,
        })
    }

    /// Bytes of all blocks.
    pub(super) fn total(&self) -> u64 {
        self.shelves.total()
    }

    /// The blocks, all of them free.
    pub(super) fn into_shelves(mut self) -> Shelves {
        self.shelves.put_all();
        self.shelves
    }

    /// Makes room for the lifetimes of one step, all of which are over. Changes their order.
    pub(super) fn fit(&mut self, lifetimes: &mut [Lifetime]) -> Result<Fit, Full> {
        self.placed.clear();
        self.first.fill(NONE);
        let shelves = &self.shelves;
        lifetimes.sort_unstable_by_key(|lifetime| (Reverse(shelves.bin_of(lifetime.size)), lifetime.begin));
        let before = self.shelves.blocks().len();
        for lifetime in lifetimes.iter() {
            self.place(lifetime)?;
        }
        self.order_events(lifetimes)?;
        for _ in 0..TRIALS {
            let Some(missed) = self.first_miss(lifetimes) else { break };
            let bin = self.shelves.bin_of(missed.size);
            self.add(bin)?;
            self.shelves.align(bin, missed.alignment);
        }
        Ok(if self.shelves.blocks().len() == before { Fit::Stable } else { Fit::Unstable })
    }

    fn place(&mut self, lifetime: &Lifetime) -> Result<(), Full> {
        let bin = self.shelves.bin_of(lifetime.size);
        let candidates = self.shelves.bin(bin).start..self.shelves.blocks().len();
        let number = match candidates.into_iter().find(|number| self.is_free_for(*number, lifetime)) {
            Some(number) => number,
            None => self.add(bin)?,
        };
        let place = self.placed.len() as u32;
        let first = self.first.get_mut(number).ok_or(Full)?;
        self.placed.push(Placed { lifetime: *lifetime, bin, next: *first })?;
        *first = place;
        let lender = self.shelves.blocks().get(number).map_or(bin, |block| block.size);
        self.shelves.align(lender, lifetime.alignment);
        if lender != bin {
            let lent = self.lent_at(bin, lender, lifetime.begin);
            self.shelves.allow(bin, lender, lent)?;
        }
        Ok(())
    }

    /// Adds a block and gives its number.
    fn add(&mut self, bin: u64) -> Result<usize, Full> {
        let number = self.shelves.add(bin)?;
        self.first.insert(number, NONE)?;
        Ok(number)
    }

    /// The lifetimes that were placed into a block.
    fn lifetimes_of(&self, number: usize) -> impl Iterator<Item = &Placed> {
        let mut next = self.first.get(number).copied().unwrap_or(NONE);
        std::iter::from_fn(move || {
            let placed = self.placed.get(next as usize)?;
            next = placed.next;
            Some(placed)
        })
    }

    fn is_free_for(&self, number: usize, lifetime: &Lifetime) -> bool {
        !self.lifetimes_of(number).any(|placed| placed.lifetime.overlaps(lifetime))
    }

    /// How many blocks of `lender` `borrower` has at the time `now`. Since the lifetimes of a bin are placed in the order in
    /// which they begin, the most at a time is the most that this ever was.
    fn lent_at(&self, borrower: u64, lender: u64, now: u64) -> u32 {
        let lifetimes = self.shelves.bin(lender).flat_map(|number| self.lifetimes_of(number));
        let is_lent =
            |placed: &&Placed| placed.bin == borrower && placed.lifetime.begin <= now && now < placed.lifetime.end;
        lifetimes.filter(is_lent).count() as u32
    }

    /// Every lifetime begins and ends at a time of its own, so that a place for each time is an order.
    fn order_events(&mut self, lifetimes: &[Lifetime]) -> Result<(), Full> {
        self.events.clear();
        self.serving.clear();
        let last = lifetimes.iter().map(|lifetime| lifetime.end).max();
        for _ in 0..last.map_or(0, |last| last.saturating_add(1)) {
            self.events.push(NONE)?;
        }
        for (number, lifetime) in lifetimes.iter().enumerate() {
            self.serving.push(NONE)?;
            for time in [lifetime.begin, lifetime.end] {
                *self.events.get_mut(time as usize).ok_or(Full)? = number as u32;
            }
        }
        Ok(())
    }

    /// Serves the step as it was; gives the first request that finds nothing.
    fn first_miss(&mut self, lifetimes: &[Lifetime]) -> Option<Lifetime> {
        self.shelves.put_all();
        for number in self.events.iter() {
            let Some((lifetime, serving)) = lifetimes.get(*number as usize).zip(self.serving.get_mut(*number as usize))
            else {
                continue;
            };
            if *serving != NONE {
                self.shelves.put(*serving as usize);
                *serving = NONE;
                continue;
            }
            match self.shelves.take(lifetime.size, lifetime.alignment) {
                Taken::Block(block) => *serving = block as u32,
                Taken::Misaligned | Taken::Nothing => {
                    self.serving.fill(NONE);
                    return Some(*lifetime);
                }
            }
        }
        None
    }
}
