//! Charts: what memory did, as pictures that need no fonts, no network and no explanation.
//!
//! Each chart is made once as SVG and converted to PNG with the same embedded font, so a README, a report and a nightly mail show the
//! same picture. The functions take plain values and give text or bytes; only [`write()`] touches the disk. The same input always gives
//! the same bytes.
//!
//! * [`case_chart`]: one case; resident memory above, live bytes below on a scale of their own, with the windows and slopes the
//!   verdict rests on; where forks gave everything back, in bands of what can be given back and what cannot.
//! * [`arms_chart`]: the same work under several allocators, memory over iterations on one scale.
//! * [`cost_chart`]: what each of them costs, memory beside time.
//! * [`bars_chart`]: what several strategies need, phase by phase, on one scale.
//! * [`watch_chart`]: processes that were only watched, memory over time.
//!
//! Drawing goes through plotters' SVG backend in tenths of a pixel; layout is our own, because a legend must never lie on data and no
//! text may touch another: every text is measured with the embedded font before it gets its place.

mod arms;
mod bars;
mod canvas;
mod case;
mod core;
mod cost;
mod error;
mod font;
mod header;
mod image;
mod labels;
mod layer;
mod live;
mod palette;
mod panel;
mod resident;
mod scale;
mod series;
mod watch;

#[cfg(test)]
mod tests;

pub use arms::{ArmPanel, ArmProcess, ArmsChart, Milliseconds, arms_chart};
pub use bars::{Bar, BarsChart, BarsRow, Tone, bars_chart};
pub use case::{CaseChart, ChartLine, CoreProbe, Floor, LineRole, LiveProbe, SlopeBand, case_chart};
pub use cost::cost_chart;
pub use error::ChartError;
pub use image::write;
pub(super) use series::median;
pub use watch::{WatchChart, WatchedPart, watch_chart};
