//! The state of a series at one look, before any question of when to stop.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::look::Look;

/// What the judged floors do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// They rise, and no slower than before.
    Linear,
    /// The upper limit of their slope is within the tolerance.
    Flat,
    /// They rise, slower and slower.
    Decelerating,
    /// They rise by less than what allocator caches can hold.
    Slack,
    /// They neither rise nor are they flat enough: noise.
    Unclear,
    /// Fewer than 14 samples, or too many of them missing.
    Missing,
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            State::Linear => "linear",
            State::Flat => "flat",
            State::Decelerating => "decelerating",
            State::Slack => "slack",
            State::Unclear => "unclear",
            State::Missing => "missing",
        })
    }
}

/// State at a look; the first that matches.
///
/// `tolerance` in bytes per iteration. `tolerant` (resident memory): growth within the tolerance is flat even if it is
/// proven; otherwise proof of growth wins. `exact` (a counter without noise of its own): a proven rise is never excused
/// by the tolerance, even if it slows down.
pub fn state(look: &Look, tolerance: f64, tolerant: bool, exact: bool) -> State {
    let Some(shape) = &look.shape else { return State::Missing };
    let linear = shape.rising && !shape.decelerating && shape.grown > look.slack;
    if linear && !tolerant {
        State::Linear
    } else if shape.high <= tolerance && !(exact && shape.rising) {
        State::Flat
    } else if linear {
        State::Linear
    } else if shape.rising {
        if shape.decelerating { State::Decelerating } else { State::Slack }
    } else {
        State::Unclear
    }
}
