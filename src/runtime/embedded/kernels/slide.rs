//! Slides windows over a sheet, a vector of them at a time.

use rten_simd::ops::BitOps;
use rten_simd::{Isa, SimdOp};

use super::sheet::{Sheet, WIDEST};

/// Vectors of windows that are computed together: each weight is fetched once for all, and their sums do not wait for each
/// other.
const TILE: usize = 4;

/// What becomes of the elements of a window. Everything is inlined into [`Slide`], which is compiled once for each
/// instruction set.
pub(super) trait Fold: Copy {
    /// What padding counts as.
    const PADDING: f32;
    /// What is known of a window before its first element.
    fn start<I: Isa>(self, isa: I) -> I::F32;
    /// What goes with an element of the window.
    fn weight(self, tap: usize) -> f32;
    /// What is known after one more element.
    fn step<I: Isa>(self, isa: I, so_far: I::F32, values: I::F32, weight: f32) -> I::F32;
    /// The result.
    fn finish<I: Isa>(self, isa: I, so_far: I::F32) -> I::F32;
}

/// Folds every window of one channel.
pub(super) struct Slide<'a, F> {
    /// How the channel is laid out.
    pub(super) sheet: &'a Sheet,
    /// Memory of the sheet; what it holds is overwritten.
    pub(super) scratch: &'a mut [f32],
    /// The picture, row by row.
    pub(super) channel: &'a [f32],
    /// The results, row by row.
    pub(super) output: &'a mut [f32],
    /// What becomes of a window.
    pub(super) fold: F,
}

/// A band of windows and the sheet that holds what they read.
struct Band<'a> {
    sheet: &'a Sheet,
    scratch: &'a [f32],
    results: &'a mut [f32],
}

/// Where a vector of windows reads and writes.
#[derive(Clone, Copy, Default)]
struct Place {
    /// Position on the sheet.
    read: usize,
    /// Position in the band's results.
    write: usize,
    /// Whether the vector is the last of its row and not all of it is windows.
    is_partial: bool,
}

/// The part of a row's last vector that is windows. Making a mask takes as long as folding a small window, so it is made
/// once.
#[derive(Clone, Copy)]
struct Partial<M> {
    count: usize,
    mask: M,
}

impl<F: Fold> SimdOp for Slide<'_, F> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let Slide { sheet, scratch, channel, output, fold } = self;
        let columns = sheet.geometry().windows[1];
        for (index, results) in output.chunks_mut(sheet.band() * columns).enumerate() {
            sheet.fill(scratch, channel, index * sheet.band(), results.len() / columns);
            Band { sheet, scratch, results }.fold(isa, fold);
        }
    }
}

impl Band<'_> {
    /// Folds all windows.
    #[inline(always)]
    fn fold<I: Isa, F: Fold>(mut self, isa: I, fold: F) {
        let lanes = isa.f32().len();
        let columns = self.sheet.geometry().windows[1];
        let fits = self.scratch.len() >= self.sheet.length() && self.results.len() <= self.sheet.band() * columns;
        assert!(fits && WIDEST.is_multiple_of(lanes), "a sheet is laid out for its bands and for every vector");
        let count = columns % lanes;
        let partial = Partial { count, mask: isa.f32().first_n_mask(count) };
        let mut places = [Place::default(); TILE];
        let mut filled = 0;
        for row in 0..self.results.len() / columns {
            for column in (0..columns).step_by(lanes) {
                let (read, write) = (row * self.sheet.step() + column, row * columns + column);
                places[filled] = Place { read, write, is_partial: column + lanes > columns };
                filled += 1;
                if filled == TILE {
                    self.fold_tile(isa, fold, partial, &places);
                    filled = 0;
                }
            }
        }
        if let Some(last) = filled.checked_sub(1) {
            // The places that are left over compute the last one again.
            let last = places[last];
            places[filled..].fill(last);
            self.fold_tile(isa, fold, partial, &places);
        }
    }

    /// Folds the windows of [`TILE`] vectors.
    #[expect(unsafe_code, reason = "a bounds check for each vector would take as long as the arithmetic")]
    #[inline(always)]
    fn fold_tile<I: Isa, F: Fold>(&mut self, isa: I, fold: F, partial: Partial<I::M32>, places: &[Place; TILE]) {
        let ops = isa.f32();
        let mut so_far = [fold.start(isa); TILE];
        for (tap, offset) in self.sheet.taps().iter().enumerate() {
            let weight = fold.weight(tap);
            for (so_far, place) in so_far.iter_mut().zip(places) {
                let position = place.read + offset;
                debug_assert!(position + ops.len() <= self.scratch.len());
                // SAFETY: a place is at most `windows` columns, rounded up to whole vectors, to the right and `band - 1`
                // steps down; a tap is at most the window's extent further. `Sheet` pads combs by just that, and `fold` has
                // checked that the scratch is as long as a sheet and that combs are rounded up to whole vectors.
                let values = unsafe { ops.load_ptr(self.scratch.as_ptr().add(position)) };
                *so_far = fold.step(isa, *so_far, values, weight);
            }
        }
        for (so_far, place) in so_far.iter().zip(places) {
            let values = fold.finish(isa, *so_far);
            if !place.is_partial {
                ops.store(values, &mut self.results[place.write..]);
                continue;
            }
            let target = &mut self.results[place.write..place.write + partial.count];
            // SAFETY: the mask selects as many values as the target holds.
            unsafe { ops.store_ptr_mask(values, target.as_mut_ptr(), partial.mask) };
        }
    }
}
