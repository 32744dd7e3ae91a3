//! HOW IT IS TOLD: the run directory's files, charts, and what a person reads on the console.
//!
//! Everything here can be made again from the CSV files alone.

mod cache_file;
mod case_chart;
mod case_report;
mod chart;
mod claims;
pub mod console;
mod documented;
mod judged;
mod levels;
mod phases;
mod resident_sentence;
mod rows_file;
mod run_directory;
mod samples_file;
mod sentence;
mod settings;
mod settings_words;
mod tables;
mod verdict_row;
mod watch;
mod words;
mod work_charts;

pub use cache_file::{CacheFile, CacheRow};
pub use case_chart::{draw_case, draw_judged};
pub use case_report::{CaseReport, CoreRun};
pub use chart::ChartError;
pub use claims::{ClaimRow, read_claims, weigh_claims};
pub use phases::{
    CellFailure, PhaseCell, PhaseRow, cells, draw_phases, line, phases_table, polling_line, reference_table, remarks,
};
pub use rows_file::{RowsFile, read_rows, write_rows};
pub use run_directory::{Machine, RunDirectory, RunRecord, transparent_huge_pages};
pub use samples_file::{RecordedRun, Runs, SamplesFile, read_samples};
pub use sentence::sentence;
pub use settings::{SettingRow, compare_settings, comparison_base};
pub use verdict_row::{CoreSource, LiveSource, Role, SecondCount, VerdictRow};
pub use watch::{MOST_DRAWN, WatchRow, draw_watch, duration, not_counted, progress};
pub(crate) use words::{counted, percent};
pub use work_charts::draw_works;
