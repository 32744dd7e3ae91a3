//! Floors: what never comes back.
//!
//! A leak must raise the minimum of memory. The minimum of a window ignores every transient that is upward (buffers in
//! flight, an oscillating arena), whatever its size. It is destroyed by downward outliers: swapping or reclaim make a
//! resident series useless here, which shows as noise, never as a leak.

use super::record::Record;

/// Windows in the judged second half. Five or six let one-off steps pass as leaks (10 to 16 % of synthetic runs), eight
/// only decide later.
pub const JUDGED: usize = 7;
/// Windows in all.
pub const WINDOWS: usize = 2 * JUDGED;

/// The minimum of each of 14 equal windows that end at sample `n`, and the width of a window.
///
/// `w = ⌊n / 14⌋`; the first `n - 14 w` samples are dropped. `None` if there are fewer than 14 samples or more than
/// half of a window is missing.
pub fn floors(record: &Record, n: usize) -> (Option<[f64; WINDOWS]>, usize) {
    let width = n / WINDOWS;
    if width == 0 {
        return (None, 0);
    }
    let first = n - WINDOWS * width;
    let mut floors = [f64::INFINITY; WINDOWS];
    for (window, floor) in floors.iter_mut().enumerate() {
        let start = first + window * width;
        let mut missing = 0;
        for index in start..start + width {
            let value = record.value(index);
            missing += usize::from(value.is_nan());
            *floor = floor.min(value);
        }
        if missing * 2 > width {
            return (None, width);
        }
    }
    (Some(floors), width)
}
