//! Files that are damaged anew in every iteration, the same ones for the same seed.
//!
//! A model file comes from anywhere. Whatever is wrong with it, a runtime must say so, return, and keep nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// Longest piece that is inserted, deleted, overwritten or moved, in bytes.
const LONGEST_PIECE: u64 = 64;

/// Bits at most that are flipped at once.
const MOST_FLIPS: u64 = 32;

/// A file that is written anew, damaged, for every iteration.
pub(super) struct Mutant {
    path: PathBuf,
    original: Vec<u8>,
    damaged: Vec<u8>,
    seed: u64,
    written: u64,
    loaded: u64,
    prepared: u64,
}

impl Mutant {
    /// Takes the file at `path`, a copy that may be damaged.
    pub(super) fn of(path: &Path, seed: u64) -> io::Result<Mutant> {
        let original = fs::read(path)?;
        // Room for all that can be inserted, so that it never grows while memory is watched.
        let damaged = Vec::with_capacity(original.len() + LONGEST_PIECE as usize);
        let (written, loaded, prepared) = (0, 0, 0);
        Ok(Mutant { path: path.to_owned(), original, damaged, seed, written, loaded, prepared })
    }

    /// Writes the file of iteration number `iteration`.
    pub(super) fn write(&mut self, iteration: u64) -> io::Result<()> {
        self.damaged.clear();
        self.damaged.extend_from_slice(&self.original);
        let mut random = Xoshiro256PlusPlus::seed_from_u64(self.seed.wrapping_add(iteration.rotate_left(32)));
        damage(&mut self.damaged, &mut random);
        self.written += 1;
        fs::write(&self.path, &self.damaged)
    }

    /// Counts a damaged file that was loaded, and perhaps prepared too.
    pub(super) fn count(&mut self, is_prepared: bool) {
        self.loaded += 1;
        self.prepared += u64::from(is_prepared);
    }

    /// What became of the damaged files, in words.
    pub(super) fn told(&self) -> String {
        let Mutant { written, loaded, prepared, .. } = self;
        format!("of {written} damaged files {loaded} were loaded, and {prepared} of those prepared")
    }
}

/// Damages `bytes` in one of the ways in which files are damaged: flipped bits, a lost end, lost, repeated, overwritten or
/// misplaced pieces, and numbers blown up, which in a protobuf are lengths and sizes.
fn damage(bytes: &mut Vec<u8>, random: &mut Xoshiro256PlusPlus) {
    if bytes.is_empty() {
        return;
    }
    let length = bytes.len() as u64;
    let kind = random.next_u64() % 7;
    let place = (random.next_u64() % length) as usize;
    let piece = (1 + random.next_u64() % LONGEST_PIECE).min(length - place as u64) as usize;
    match kind {
        0 => {
            for _ in 0..1 + random.next_u64() % MOST_FLIPS {
                let bit = random.next_u64() % (8 * length);
                bytes[(bit / 8) as usize] ^= 1 << (bit % 8);
            }
        }
        1 => bytes.truncate(place),
        2 => drop(bytes.drain(place..place + piece)),
        3 => {
            let (mut repeated, count) = ([0; LONGEST_PIECE as usize], piece);
            repeated[..count].copy_from_slice(&bytes[place..place + count]);
            drop(bytes.splice(place..place, repeated[..count].iter().copied()));
        }
        4 => {
            let filler = [0x00, 0x7f, 0x80, 0xff][(random.next_u64() % 4) as usize];
            bytes[place..place + piece].fill(filler);
        }
        5 => {
            let other = (random.next_u64() % (length - piece as u64 + 1)) as usize;
            bytes.copy_within(other..other + piece, place);
        }
        // A byte below 0x80 ends a number; with the bit set the number goes on into what follows.
        _ => bytes[place..place + piece.min(4)].iter_mut().for_each(|byte| *byte |= 0x80),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_iteration_has_a_damage_of_its_own_and_a_seed_repeats_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("net.onnx");
        let original: Vec<u8> = (0..=255).cycle().take(2000).collect();
        fs::write(&path, &original).unwrap();
        let mut mutant = Mutant::of(&path, 7).unwrap();
        let mut file = |iteration| {
            mutant.write(iteration).unwrap();
            fs::read(&path).unwrap()
        };
        let files: Vec<_> = (1..=200).map(&mut file).collect();
        assert_eq!(file(3), files[2]);
        let changed = files.iter().filter(|file| **file != original).count();
        // A piece may be overwritten with what it was.
        assert!(changed > 180, "{changed} of 200 differ from the original");
        let different: std::collections::BTreeSet<_> = files.iter().collect();
        assert!(different.len() > 180, "{} of 200 are different", different.len());
        assert!(files.iter().any(|file| file.len() < original.len()));
        assert!(files.iter().any(|file| file.len() > original.len()));
    }

    #[test]
    fn the_smallest_files_can_be_damaged_too() {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
        for length in 0..4 {
            for _ in 0..200 {
                damage(&mut vec![0x41; length], &mut random);
            }
        }
    }
}
