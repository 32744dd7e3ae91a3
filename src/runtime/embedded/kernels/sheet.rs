//! One channel of a picture, laid out so that windows slide over it by whole vectors.
//!
//! A window at the border reaches into padding, and windows that step by more than one element read elements that are not
//! neighbours: both are in the way of vector instructions. A *sheet* is a copy of some rows of the channel without either:
//! padding is written out, and each row is split into *combs*, which hold every n-th element, n being the horizontal stride.
//! The elements that neighbouring windows read with the same element of the window (the *tap*) then are neighbours, at a
//! distance from the window's position that is the same for every window.
//!
//! A sheet holds as many rows as stay in the first-level cache, and is filled again for the next band of windows.

use super::geometry::Geometry;

/// Values of a sheet unless one row of windows needs more: 32 KiB, which leaves a third of the first-level cache to weights
/// and results.
const COMFORTABLE: usize = 8 * 1024;

/// Most values of a sheet: 64 MiB. Only windows with dilations or paddings of hundreds of thousands would need more.
const LARGEST: usize = 16 * 1024 * 1024;

/// Most elements of a window.
const MOST_TAPS: usize = 4 * 1024 * 1024;

/// Most values that a vector holds, a power of two; combs are rounded up to it, so that vectors that begin in a comb end in
/// it.
pub(super) const WIDEST: usize = 16;

/// Where the elements of a channel lie on a sheet.
#[derive(Debug)]
pub(super) struct Sheet {
    geometry: Geometry,
    /// The combs of a row that are needed.
    combs: Vec<Comb>,
    /// Distance from comb to comb.
    comb_pitch: usize,
    /// Distance from row to row.
    row_pitch: usize,
    /// Rows of windows that are computed with one filling.
    band: usize,
    /// Distance of each element of the window from the window's position, row by row.
    taps: Vec<usize>,
    /// What padding is.
    padding: f32,
}

/// Every n-th element of a row. What is not copied stays padding, in every row and band.
#[derive(Debug, Clone, Copy)]
struct Comb {
    /// The first element that is copied, from the left end of the picture.
    source: usize,
    /// Where it goes on the comb.
    target: usize,
    /// Elements that are copied.
    count: usize,
}

impl Sheet {
    /// A layout for windows on a picture.
    pub(super) fn new(geometry: &Geometry, padding: f32) -> Result<Sheet, String> {
        let too_large = || format!("windows of {:?} elements are too large", geometry.extent());
        if geometry.kernel[0] * geometry.kernel[1] > MOST_TAPS {
            return Err(too_large());
        }
        let [_, stride] = geometry.strides;
        let columns = || (0..geometry.kernel[1]).map(|column| column * geometry.dilations[1]);
        let mut firsts: Vec<usize> = columns().map(|column| column % stride).collect();
        firsts.sort_unstable();
        firsts.dedup();
        let reach = (geometry.extent()[1] - 1) / stride;
        let comb_pitch = (geometry.windows[1].next_multiple_of(WIDEST) + reach).next_multiple_of(WIDEST);
        let row_pitch = comb_pitch.saturating_mul(firsts.len());
        if row_pitch.saturating_mul(geometry.extent()[0]) > LARGEST {
            return Err(too_large());
        }
        let column_taps: Vec<usize> = columns()
            .map(|column| {
                let comb = firsts.partition_point(|first| *first < column % stride);
                comb * comb_pitch + column / stride
            })
            .collect();
        let taps = (0..geometry.kernel[0])
            .flat_map(|row| column_taps.iter().map(move |tap| row * geometry.dilations[0] * row_pitch + tap))
            .collect();
        let spare_rows = (COMFORTABLE / row_pitch).saturating_sub(geometry.extent()[0]);
        let band = (spare_rows / geometry.strides[0] + 1).min(geometry.windows[0]);
        let combs = firsts.iter().map(|first| Comb::new(geometry, *first, geometry.windows[1] + reach)).collect();
        Ok(Sheet { geometry: *geometry, combs, comb_pitch, row_pitch, band, taps, padding })
    }

    /// The windows that the sheet is laid out for.
    pub(super) fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// Rows of windows that one filling serves; not 0.
    pub(super) fn band(&self) -> usize {
        self.band
    }

    /// Distance of each element of the window from the window's position, row by row.
    pub(super) fn taps(&self) -> &[usize] {
        &self.taps
    }

    /// Distance between the positions of windows of one row and those of the next.
    pub(super) fn step(&self) -> usize {
        self.geometry.strides[0] * self.row_pitch
    }

    /// Values of a sheet.
    pub(super) fn length(&self) -> usize {
        self.rows(self.band) * self.row_pitch
    }

    /// A sheet full of padding, to be filled any number of times.
    pub(super) fn blank(&self) -> Vec<f32> {
        vec![self.padding; self.length()]
    }

    /// Rows that so many rows of windows read.
    fn rows(&self, windows: usize) -> usize {
        (windows - 1) * self.geometry.strides[0] + self.geometry.extent()[0]
    }

    /// Copies what the rows of windows from `first` on read. `sheet` comes from `blank`, `channel` is the picture, row
    /// by row.
    #[inline(always)]
    pub(super) fn fill(&self, sheet: &mut [f32], channel: &[f32], first: usize, windows: usize) {
        let top = first * self.geometry.strides[0];
        let width = self.geometry.picture[1];
        for (row, target) in sheet.chunks_exact_mut(self.row_pitch).take(self.rows(windows)).enumerate() {
            let source = (top + row).checked_sub(self.geometry.before[0]);
            let source = source.and_then(|row| channel.get(row * width..(row + 1) * width));
            for (comb, target) in self.combs.iter().zip(target.chunks_exact_mut(self.comb_pitch)) {
                let target = &mut target[comb.target..comb.target + comb.count];
                match (source, self.geometry.strides[1]) {
                    (None, _) => target.fill(self.padding),
                    (Some(source), 1) => target.copy_from_slice(&source[comb.source..comb.source + comb.count]),
                    (Some(source), 2) => copy_every::<2>(target, &source[comb.source..]),
                    (Some(source), stride) => copy_strided(target, &source[comb.source..], stride),
                }
            }
        }
    }
}

impl Comb {
    /// The comb that begins with an element of the padded row and has room for `length`.
    fn new(geometry: &Geometry, first: usize, length: usize) -> Comb {
        let [[_, stride], [_, before], [_, width]] = [geometry.strides, geometry.before, geometry.picture];
        let target = before.saturating_sub(first).div_ceil(stride).min(length);
        let source = (first + target * stride).saturating_sub(before).min(width);
        let count = (width - source).div_ceil(stride).min(length - target);
        Comb { source, target, count }
    }
}

/// Copies every `STRIDE`-th element, by a loop that the compiler turns into vector instructions.
#[inline(always)]
fn copy_every<const STRIDE: usize>(target: &mut [f32], source: &[f32]) {
    let (groups, rest) = source.as_chunks::<STRIDE>();
    let (whole, last) = target.split_at_mut(groups.len().min(target.len()));
    for (target, group) in whole.iter_mut().zip(groups) {
        *target = group[0];
    }
    if let (Some(target), Some(source)) = (last.first_mut(), rest.first()) {
        *target = *source;
    }
}

/// Copies every `stride`-th element.
#[inline(always)]
fn copy_strided(target: &mut [f32], source: &[f32], stride: usize) {
    for (target, source) in target.iter_mut().zip(source.iter().step_by(stride)) {
        *target = *source;
    }
}
