//! Which pages of a mapping are still needed: how many unreleased weights touch each of them.
//!
//! Two tensors may share a page, or bytes (tied weights that were written apart). A page may go when the last weight that
//! touches it has gone, and not before. Pages that no weight touches (structure, gaps) go with the first neighbour that does.

use std::ops::Range;

use bytemuck::allocation::try_zeroed_vec;

/// The pages of one mapping.
#[derive(Debug)]
pub(super) struct Pages {
    page_size: usize,
    /// For each page the number of unreleased weights that touch it.
    weights: Vec<u32>,
    /// For each page whether it was released.
    released: Vec<bool>,
    /// Number of pages that a weight touches.
    needed: usize,
}

impl Pages {
    /// As many pages as `bytes` need, none of them touched. `None` where there is no memory to count them: a sparse file
    /// can have more pages than the machine has bytes.
    pub(super) fn new(bytes: usize, page_size: usize) -> Option<Pages> {
        let count = bytes.div_ceil(page_size);
        let (weights, released) = (try_zeroed_vec(count).ok()?, try_zeroed_vec(count).ok()?);
        Some(Pages { page_size, weights, released, needed: 0 })
    }

    /// A weight lies in these bytes.
    pub(super) fn enter(&mut self, bytes: Range<usize>) {
        let touched = self.touched(bytes);
        for weights in self.weights.get_mut(touched).into_iter().flatten() {
            self.needed += usize::from(*weights == 0);
            *weights = weights.checked_add(1).expect("no file names as many tensors as 32 bits count");
        }
    }

    /// The weight in these bytes is needed no more. Gives the pages that it touches.
    pub(super) fn leave(&mut self, bytes: Range<usize>) -> Range<usize> {
        let touched = self.touched(bytes);
        for weights in self.weights.get_mut(touched.clone()).into_iter().flatten() {
            *weights = weights.checked_sub(1).expect("a weight leaves once, from where it entered");
            self.needed -= usize::from(*weights == 0);
        }
        touched
    }

    /// Runs of pages that nobody needs and that were not released before, in these pages and next to them. They count as
    /// released from now on.
    pub(super) fn release_around(&mut self, pages: Range<usize>) -> Vec<Range<usize>> {
        let can_go = |page: &usize| self.is_unneeded(*page) && !self.is_released(*page);
        let before = (0..pages.start).rev().take_while(can_go).count();
        let after = (pages.end..self.weights.len()).take_while(can_go).count();
        let runs = runs((pages.start - before..pages.end + after).filter(can_go));
        self.mark(&runs);
        runs
    }

    /// All runs of pages that nobody needs. Those that were released before are among them if `again`: the kernel may have
    /// brought them back with a neighbour that was read (fault-around).
    pub(super) fn release_all(&mut self, again: bool) -> Vec<Range<usize>> {
        let can_go = |page: &usize| self.is_unneeded(*page) && (again || !self.is_released(*page));
        let runs = runs((0..self.weights.len()).filter(can_go));
        self.mark(&runs);
        runs
    }

    /// Whether one of the pages of these bytes was released.
    pub(super) fn is_any_released(&self, bytes: Range<usize>) -> bool {
        self.touched(bytes).any(|page| self.is_released(page))
    }

    /// Whether there is no page that a weight touches.
    pub(super) fn are_unneeded(&self) -> bool {
        self.needed == 0
    }

    /// Bytes of the pages that were released.
    pub(super) fn released_bytes(&self) -> usize {
        self.released.iter().filter(|is_released| **is_released).count() * self.page_size
    }

    fn mark(&mut self, runs: &[Range<usize>]) {
        for run in runs {
            self.released.get_mut(run.clone()).unwrap_or_default().fill(true);
        }
    }

    fn is_unneeded(&self, page: usize) -> bool {
        self.weights.get(page) == Some(&0)
    }

    fn is_released(&self, page: usize) -> bool {
        self.released.get(page) == Some(&true)
    }

    /// Pages that these bytes touch; none where there are no bytes.
    fn touched(&self, bytes: Range<usize>) -> Range<usize> {
        let first = (bytes.start / self.page_size).min(self.weights.len());
        match bytes.is_empty() {
            true => first..first,
            false => first..bytes.end.div_ceil(self.page_size).min(self.weights.len()),
        }
    }
}

/// Runs of consecutive numbers.
fn runs(numbers: impl Iterator<Item = usize>) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some(run) if run.end == number => run.end += 1,
            _ => runs.push(number..number + 1),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[expect(clippy::single_range_in_vec_init, reason = "one run of pages is what is expected")]
    #[test]
    fn a_shared_page_goes_with_the_last_that_touches_it() {
        let mut pages = Pages::new(100, 10).unwrap();
        pages.enter(5..25);
        pages.enter(25..40);
        let left = pages.leave(5..25);
        assert_eq!(left, 0..3);
        assert_eq!(pages.release_around(left), [0..2]);
        let left = pages.leave(25..40);
        assert_eq!(pages.release_around(left), [2..10]);
        assert!(pages.are_unneeded());
        assert_eq!(pages.released_bytes(), 100);
        assert!(pages.release_all(false).is_empty());
        assert_eq!(pages.release_all(true), [0..10]);
    }

    #[expect(clippy::single_range_in_vec_init, reason = "one run of pages is what is expected")]
    #[test]
    fn weights_within_each_other_keep_each_other() {
        let mut pages = Pages::new(100, 10).unwrap();
        pages.enter(0..100);
        pages.enter(40..60);
        let left = pages.leave(0..100);
        assert_eq!(pages.release_around(left), [0..4, 6..10]);
        let left = pages.leave(40..60);
        assert_eq!(pages.release_around(left), [4..6]);
    }

    #[expect(clippy::single_range_in_vec_init, reason = "one run of pages is what is expected")]
    #[test]
    fn gaps_go_with_the_first_neighbour() {
        let mut pages = Pages::new(100, 10).unwrap();
        pages.enter(20..30);
        pages.enter(70..80);
        let left = pages.leave(70..80);
        assert_eq!(pages.release_around(left), [3..10]);
        let left = pages.leave(20..30);
        assert_eq!(pages.release_around(left), [0..3]);
    }

    #[test]
    fn a_weight_of_no_bytes_touches_nothing() {
        let mut pages = Pages::new(10, 10).unwrap();
        pages.enter(10..10);
        pages.enter(5..5);
        assert!(pages.are_unneeded());
        assert_eq!(pages.leave(5..5), 0..0);
    }

    #[test]
    fn more_pages_than_memory_are_refused() {
        assert!(Pages::new(usize::MAX, 1).is_none());
    }

    proptest! {
        /// Whatever the order: a page goes once, never while a weight touches it, and in the end all have gone.
        #[test]
        fn pages_go_once_and_never_early(weights in prop::collection::vec((0_usize..300, 0_usize..80), 1..20)) {
            let mut pages = Pages::new(400, 7).unwrap();
            let ranges: Vec<Range<usize>> = weights.iter().map(|(start, length)| *start..start + length).collect();
            ranges.iter().for_each(|range| pages.enter(range.clone()));
            let mut gone = [false; 58];
            for (index, range) in ranges.iter().enumerate() {
                let left = pages.leave(range.clone());
                for page in pages.release_around(left).into_iter().flatten() {
                    prop_assert!(!gone[page]);
                    gone[page] = true;
                    let is_touched = |other: &Range<usize>| other.clone().any(|byte| byte / 7 == page);
                    prop_assert!(!ranges[index + 1..].iter().any(is_touched));
                }
            }
            pages.release_all(false).into_iter().flatten().for_each(|page| gone[page] = true);
            prop_assert!(gone.iter().all(|gone| *gone));
        }
    }
}
