//! What a fork keeps after giving everything back, and the two bands that it cuts memory at rest into.

use plotters::style::RGBAColor;

use super::case::CoreProbe;
use super::palette::{KEPT, PINNED, PLUM, faded};
use super::panel::{EndLabel, Layer, Panel, Stroke};
use super::series::{is_measured, last_measured, median};
use crate::units::signed_bytes;

/// The line of the core: thicker than the others, because it is told by a few dots only.
const CORE: Stroke = Stroke { width: 1.6, color: PLUM };

/// An iteration, and the lower and upper edge of a band there.
pub(super) type Edge = (f64, f64, f64);

/// Memory between two levels of the probe run.
#[derive(Debug, Clone, PartialEq)]
struct Band {
    /// The edges from the first probe to the last.
    edges: Vec<Edge>,
    /// Median of the lower edge over the probes of the second half.
    floor: f64,
    /// Median height there: what the allocator keeps is judged by the same median.
    height: f64,
}

/// Adds the bands, to lie below every line; the core's own line comes from [`line()`].
pub(super) fn add_bands(panel: &mut Panel<'_>, probe: &CoreProbe<'_>) {
    let kept = band(probe.iterations, probe.core, probe.anon);
    let pinned = band(probe.iterations, probe.live, probe.core);
    // What an incomplete fork has given back could be given back for certain, and some of the rest perhaps too.
    let (least, most) = if probe.is_complete { ("median", "median") } else { ("at least", "at most") };
    let bands = [("kept, can be given back", least, kept, KEPT), ("pinned or outside", most, pinned, PINNED)];
    for (name, limit, band, color) in bands {
        if let Some(band) = band {
            panel.labels.push(label(name, limit, &band, (color, probe.is_own)));
            panel.layers.push(Layer::Band { edges: band.edges, color });
        }
    }
}

/// The line of the core and its label.
pub(super) fn line<'a>(probe: &CoreProbe<'a>) -> Option<(Layer<'a>, EndLabel)> {
    let last = last_measured(probe.core)?;
    let whose = if probe.is_own { "fork probe" } else { "fork probe run" };
    let limit = if probe.is_complete { "" } else { ", level only" };
    let lines = vec![format!("left after giving back {}", signed_bytes(last)), format!("{whose}{limit}")];
    Some((series(probe.iterations, probe.core, CORE), EndLabel { value: last, span: None, stroke: CORE, lines }))
}

/// The core as a sparse series.
pub(super) fn series<'a>(iterations: &'a [f64], core: &'a [f64], stroke: Stroke) -> Layer<'a> {
    Layer::Series { iterations, values: core, stroke, fill: None, is_sparse: true }
}

fn label(name: &str, limit: &str, band: &Band, (color, is_own): (RGBAColor, bool)) -> EndLabel {
    let whose = if is_own { "" } else { ", fork probe run" };
    EndLabel {
        value: band.floor + band.height / 2.0,
        span: Some((band.floor, band.floor + band.height)),
        // A bar beside the plot has to be seen on paper, where the band itself must not drown the lines on it.
        stroke: Stroke { width: 6.0, color: faded(color, (2.2 * color.3).min(1.0)) },
        lines: vec![name.to_owned(), format!("{limit} {}{whose}", signed_bytes(band.height))],
    }
}

/// The band between `lower` and `upper`, nowhere of less than no height; nothing without a probe in the second half.
fn band(iterations: &[f64], lower: &[f64], upper: &[f64]) -> Option<Band> {
    let probes = lower.iter().zip(upper).skip(iterations.len() / 2);
    let probes: Vec<(f64, f64)> = probes
        .filter(|(low, high)| is_measured(**low) && is_measured(**high))
        .map(|(low, high)| (*low, high.max(*low)))
        .collect();
    let floor = median(probes.iter().map(|(low, _)| *low))?;
    let height = median(probes.iter().map(|(low, high)| high - low))?;
    let (lower, upper) = (bridged(iterations, lower), bridged(iterations, upper));
    let edges = iterations.iter().zip(lower).zip(upper).map(|((at, low), high)| (*at, low, high));
    let edges = edges.filter(|(at, low, high)| [at, low, high].into_iter().all(|value| is_measured(*value)));
    Some(Band { edges: edges.map(|(at, low, high)| (at, low, high.max(low))).collect(), floor, height })
}

/// The series with straight lines across its gaps; nothing before the first sample and behind the last.
fn bridged(iterations: &[f64], values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    let samples = iterations.iter().zip(&values).enumerate();
    let measured = samples.filter(|(_, (at, value))| is_measured(**at) && is_measured(**value));
    let measured: Vec<usize> = measured.map(|(index, _)| index).collect();
    for pair in measured.windows(2) {
        let [from, to] = [pair[0], pair[1]];
        let slope = (values[to] - values[from]) / (iterations[to] - iterations[from]);
        for between in from + 1..to {
            values[between] = values[from] + slope * (iterations[between] - iterations[from]);
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    const MISSING: f64 = f64::NAN;

    #[test]
    fn the_core_is_bridged_between_probes_and_only_there() {
        let iterations = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let core = [MISSING, 10.0, MISSING, 11.0, 12.0, MISSING];
        let anon = [50.0, 51.0, 52.0, 53.0, 54.0, 60.0];
        let kept = band(&iterations, &core, &anon).unwrap();
        assert_eq!(kept.edges, [(2.0, 10.0, 51.0), (3.0, 10.5, 52.0), (4.0, 11.0, 53.0), (5.0, 12.0, 54.0)]);
        assert_eq!((kept.floor, kept.height), (11.5, 42.0), "medians of the probes, not of what was bridged");
        let pinned = band(&iterations, &[5.0; 6], &core).unwrap();
        assert_eq!(pinned.edges, [(2.0, 5.0, 10.0), (3.0, 5.0, 10.5), (4.0, 5.0, 11.0), (5.0, 5.0, 12.0)]);
        assert_eq!((pinned.floor, pinned.height), (5.0, 6.5));
    }

    #[test]
    fn a_core_above_the_level_at_rest_makes_no_negative_band() {
        let band = band(&[1.0, 2.0, 3.0], &[10.0, 12.0, 10.0], &[11.0, 11.0, 11.0]).unwrap();
        assert_eq!(band.edges, [(1.0, 10.0, 11.0), (2.0, 12.0, 12.0), (3.0, 10.0, 11.0)]);
        assert_eq!(band.height, 0.5);
    }

    #[test]
    fn there_is_no_band_without_both_levels() {
        assert_eq!(band(&[1.0, 2.0], &[1.0, 1.0], &[]), None);
        assert_eq!(band(&[1.0, 2.0], &[MISSING; 2], &[2.0, 2.0]), None);
        assert_eq!(band(&[1.0, 2.0], &[1.0, MISSING], &[2.0, 2.0]), None, "the second half was not probed");
        assert_eq!(band(&[], &[], &[]), None);
    }
}
