//! How profiles are told: `phases.csv`, the table of strategies and phases, the figures of the seed beside ours, two charts.
//!
//! Everything is made from the rows of `phases.csv`: [`PhaseRow`] is one phase of one process, [`PhaseCell`] what all
//! processes of one runtime and thread count came to.

mod cell;
mod charts;
mod reference;
mod remarks;
mod row;
mod table;
#[cfg(test)]
mod tests;

pub use cell::{CellFailure, PhaseCell, cells};
pub use charts::draw_phases;
pub use remarks::{line, polling_line, remarks};
pub use row::PhaseRow;
pub use table::{phases_table, reference_table};
