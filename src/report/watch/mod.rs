//! What was only watched: a row for each process, its sentence, the chart of them all.

mod chart;
mod row;
mod sentence;

#[cfg(test)]
mod tests;

pub use chart::{MOST_DRAWN, draw_watch};
pub use row::WatchRow;
pub use sentence::{duration, not_counted, progress};
