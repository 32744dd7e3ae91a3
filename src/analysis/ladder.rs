//! When to look: a ladder on which the number of looks grows with the logarithm of the run.

use super::floors::WINDOWS;

/// The looks of a run of `budget` iterations: n = 14 w for w = 2, 3, 4, 6, 8, 12, … (28, 42, 56, 84, 112, 168, …) below
/// the budget, then the budget itself. Twelve looks reach 1344 iterations.
pub fn ladder(budget: usize) -> Vec<usize> {
    let mut looks = Vec::new();
    let mut width: usize = 2;
    while WINDOWS * width < budget {
        looks.push(WINDOWS * width);
        width = if width.is_power_of_two() { width * 3 / 2 } else { width * 4 / 3 };
    }
    looks.push(budget);
    looks
}

/// Whether `n` is on the ladder of every longer run.
pub fn is_look(n: usize) -> bool {
    let width = n / WINDOWS;
    n.is_multiple_of(WINDOWS)
        && width >= 2
        && (width.is_power_of_two() || (width.is_multiple_of(3) && (width / 3).is_power_of_two()))
}
