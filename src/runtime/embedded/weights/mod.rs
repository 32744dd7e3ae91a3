//! WEIGHTS: how they come into memory, who still needs them, and how they leave it.
//!
//! [`load()`] reads a model's structure and finds where each weight lies; a [`WeightStore`] holds the weights by one of four
//! strategies. Those who need a weight are announced before the first takes it. Each takes it once, through a guard
//! ([`Taken`]) whose end is the acknowledgement "I have my own copy now"; when the last one has acknowledged, the original
//! is released. Weights that are also read while the model runs are announced as kept, and stay.
//!
//! This is the release chain of onert without the use-after-free errors that it had: the count is for each weight and consumer, a weight is known by its place and not by an address, pages go when the last weight that touches
//! them has gone, and in `strict` mode a read that comes too late ends the process instead of finding something.
//!
//! From file to memory: `message` (is it safe to parse?), `structure` (where do weights
//! lie?), `source` (is the file still the same?), `places` (which weights are one?), `hold` (the strategies), `mapping` and
//! `pages` (what is mapped, what may go), `heap` (copies), `store` and `guard` (who has what).

mod guard;
mod heap;
mod hold;
mod load;
mod mapping;
mod message;
mod pages;
mod places;
mod source;
mod store;
mod structure;
#[cfg(test)]
mod tests;

#[cfg(not(target_endian = "little"))]
compile_error!("weights are used as they lie in the file, which is little-endian");

pub(super) use guard::Taken;
pub(super) use load::load;
pub(super) use store::{WeightId, WeightStore};
