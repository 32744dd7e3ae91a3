//! The lower panel of a case: live bytes on a scale of their own.

use super::case::{CaseChart, Floor, LineRole};
use super::palette::{GREEN, INK};
use super::panel::{EndLabel, Layer, Note, Panel, Stroke};
use super::resident::{add_judged, iteration_range, slope_label, wedge, wedge_end};
use super::scale::{byte_ticks, grouped};
use super::series::{extent, is_measured, last_measured};

/// The scale never spans less than this many bytes, so that a series which is flat to the byte is a line and not an axis of fractions.
const SMALLEST_SPAN: f64 = 1024.0;

/// Nor less than this share of the level: below it no reader could tell two marks apart.
const SMALLEST_SHARE: f64 = 2e-5;

/// Warm-up is left off the scale if showing it would make the scale this many times as long.
const WARM_UP_FACTOR: f64 = 4.0;

/// The live bytes of the probe run or, without one, of the run itself; nothing where neither has any.
pub(super) fn panel<'a>(chart: &'a CaseChart<'_>) -> Option<Panel<'a>> {
    let own = chart.lines.iter().find(|line| line.role == LineRole::Live);
    let probe = chart.live_probe.as_ref().map(|probe| (probe.label, probe.iterations, probe.values));
    let (label, iterations, values) = probe.or(own.map(|line| (line.label, chart.iterations, line.values)))?;
    let last = last_measured(values)?;
    let (low, high) = value_range(values, &chart.floors);
    let mut panel = Panel {
        heading: chart.live_probe.map_or("Live bytes", |probe| probe.heading),
        empty_text: "no samples",
        x: iteration_range(iterations.iter().copied()),
        y: (low, high),
        marks: byte_ticks(low, high, 4.0),
        layers: Vec::new(),
        labels: Vec::new(),
        notes: hidden_part(values, low, high).into_iter().map(|text| off_scale_note(iterations, text)).collect(),
    };
    if let Some(from) =
        chart.floors.iter().find(|floor| floor.is_judged && floor.from.is_finite()).map(|floor| floor.from)
    {
        let to = panel.x.1;
        add_judged(&mut panel, (from, to), format!("judged from iteration {}", grouped(from, 0)));
    }
    let stroke = Stroke { width: 1.8, color: GREEN };
    panel.layers.push(Layer::Series { iterations, values, stroke, fill: None, is_sparse: false });
    let lines = vec![label.to_owned(), format!("{} B", grouped(last, 0))];
    panel.labels.push(EndLabel { value: last, span: None, stroke, lines });
    add_evidence(&mut panel, chart);
    Some(panel)
}

fn add_evidence<'a>(panel: &mut Panel<'a>, chart: &'a CaseChart<'_>) {
    if let Some(band) = chart.live_slope
        && let Some(layer) = wedge(&chart.floors, band)
    {
        panel.labels.push(slope_label(band, "iteration", wedge_end(&layer)));
        panel.layers.push(layer);
    }
    if let Some(floor) = chart.floors.iter().rev().find(|floor| is_measured(floor.level)) {
        panel.layers.push(Layer::Levels(&chart.floors));
        let stroke = Stroke { width: 3.0, color: INK };
        panel.labels.push(EndLabel { value: floor.level, span: None, stroke, lines: vec!["floors of windows".into()] });
    }
}

/// The scale: everything if that leaves the settled part visible, otherwise the part after the first quarter.
///
/// A leak of 64 bytes an iteration adds up to 20 kB in 300 iterations; a warm-up of megabytes on the same scale would hide it.
fn value_range(values: &[f64], floors: &[Floor]) -> (f64, f64) {
    let levels = || floors.iter().filter(|floor| floor.is_judged).map(|floor| floor.level);
    let settled = values.iter().copied().skip(values.len() / 4);
    let (mut low, mut high) = extent(settled.chain(levels())).unwrap_or((0.0, 0.0));
    let (all_low, all_high) = extent(values.iter().copied().chain(levels())).unwrap_or((0.0, 0.0));
    let smallest = SMALLEST_SPAN.max(high.abs() * SMALLEST_SHARE);
    if all_high - all_low <= WARM_UP_FACTOR * (high - low).max(smallest) {
        (low, high) = (all_low, all_high);
    }
    let margin = (0.12 * (high - low)).max((smallest - (high - low)) / 2.0);
    let bottom = if low >= 0.0 { (low - margin).max(0.0) } else { low - margin };
    (bottom, high + margin)
}

/// What lies off the scale, in words.
fn hidden_part(values: &[f64], low: f64, high: f64) -> Option<String> {
    let (lowest, highest) = extent(values.iter().copied())?;
    let below = (lowest < low).then(|| format!("down to {} B", grouped(lowest, 0)));
    let above = (highest > high).then(|| format!("up to {} B", grouped(highest, 0)));
    let parts: Vec<String> = [below, above].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("warm-up off this scale: {}", parts.join(" and ")))
}

fn off_scale_note(iterations: &[f64], text: String) -> Note {
    Note { at: iteration_range(iterations.iter().copied()).0, text, is_bold: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_series_has_a_sensible_scale() {
        let (low, high) = value_range(&[931_824.0; 50], &[]);
        assert_eq!((low, high), (931_312.0, 932_336.0));
        assert!(hidden_part(&[931_824.0; 50], low, high).is_none());
        assert_eq!(value_range(&[0.0; 5], &[]), (0.0, 512.0));
    }

    #[test]
    fn warm_up_does_not_hide_a_small_leak() {
        let mut values: Vec<f64> = (0..300).map(|i| 8_334_320.0 + 64.0 * f64::from(i)).collect();
        values[0] = 2e6;
        let (low, high) = value_range(&values, &[]);
        assert!(high - low < 20_000.0, "{low} {high}");
        assert_eq!(hidden_part(&values, low, high).as_deref(), Some("warm-up off this scale: down to 2,000,000 B"));
    }
}
