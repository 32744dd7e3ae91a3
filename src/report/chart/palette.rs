//! Colours: Okabe and Ito's palette, which people with any colour vision can tell apart, darkened where white text stands on it.
//!
//! M. Okabe, K. Ito: *Color Universal Design* (2008). Colour never carries a meaning alone: a verdict is always spelled out, and a
//! line is always named where it ends.

use plotters::style::RGBAColor;

use super::case::LineRole;
use crate::workload::Phase;

/// A colour without transparency.
pub(super) const fn solid(red: u8, green: u8, blue: u8) -> RGBAColor {
    RGBAColor(red, green, blue, 1.0)
}

/// `color` with another opacity.
pub(super) const fn faded(color: RGBAColor, opacity: f64) -> RGBAColor {
    RGBAColor(color.0, color.1, color.2, opacity)
}

pub(super) const PAPER: RGBAColor = solid(255, 255, 255);
pub(super) const INK: RGBAColor = solid(28, 30, 33);
/// Text of less weight; 7:1 on white.
pub(super) const INK_SOFT: RGBAColor = solid(87, 92, 99);
pub(super) const GRID: RGBAColor = solid(230, 232, 235);
pub(super) const AXIS: RGBAColor = solid(150, 155, 162);
/// Ground of the part of a run that a verdict rests on.
pub(super) const JUDGED: RGBAColor = solid(244, 245, 247);

pub(super) const BLUE: RGBAColor = solid(0, 114, 178);
pub(super) const VERMILLION: RGBAColor = solid(213, 94, 0);
pub(super) const GREEN: RGBAColor = solid(0, 158, 115);
const ORANGE: RGBAColor = solid(230, 159, 0);
const SKY: RGBAColor = solid(86, 180, 233);
const PURPLE: RGBAColor = solid(204, 121, 167);
const OLIVE: RGBAColor = solid(145, 130, 20);
const GREY: RGBAColor = solid(140, 145, 152);
pub(super) const PLUM: RGBAColor = solid(105, 60, 140);

/// Ground of what the allocator keeps and of what stays when everything is given back; the second is darker in grey too.
pub(super) const KEPT: RGBAColor = faded(BLUE, 0.15);
pub(super) const PINNED: RGBAColor = faded(PLUM, 0.32);

/// The colour of a line by what it shows.
pub(super) fn line_color(role: LineRole) -> RGBAColor {
    match role {
        LineRole::Anon => BLUE,
        LineRole::IterationPeak => VERMILLION,
        LineRole::Live => GREEN,
        LineRole::File => GREY,
        LineRole::Peak(Phase::Load) => ORANGE,
        LineRole::Peak(Phase::Prepare) => SKY,
        LineRole::Peak(Phase::Execute) => PURPLE,
        LineRole::Peak(Phase::Drop) => OLIVE,
    }
}

/// The ground of a verdict's badge; white text on each has a contrast of at least 4.5:1.
///
/// A verdict is told apart by its words, so that a new wording is shown in grey and never refused.
pub(super) fn badge_color(verdict: &str) -> RGBAColor {
    let words = verdict.to_lowercase();
    let has = |stems: &[&str]| stems.iter().any(|stem| words.contains(stem));
    if has(&["crash", "exited", "timed", "killed", "signal", "memory", "interrupt", "fail"]) {
        solid(52, 54, 60)
    } else if has(&["inconclusive", "missing", "skip", "incompatible", "unknown", "short"]) {
        solid(96, 101, 108)
    } else if has(&["leak"]) {
        solid(178, 48, 20)
    } else if has(&["creep", "growth", "peak"]) {
        solid(166, 84, 0)
    } else if has(&["plateau", "retention"]) {
        solid(0, 98, 158)
    } else if has(&["stable", "flat", "bounded"]) {
        solid(0, 114, 82)
    } else {
        solid(96, 101, 108)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn badges_carry_white_text() {
        for verdict in ["stable", "plateau", "creep", "leak", "inconclusive", "crashed", "something new"] {
            let RGBAColor(red, green, blue, _) = badge_color(verdict);
            let linear = |channel: u8| {
                let share = f64::from(channel) / 255.0;
                if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
            };
            let luminance = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
            assert!(1.05 / (luminance + 0.05) >= 4.5, "{verdict}");
        }
    }
}
