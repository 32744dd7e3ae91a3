//! From values to pixels, and where an axis is marked.

/// A linear scale from an interval of values to an interval of pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    pub low: f64,
    pub high: f64,
    pub low_pixel: f64,
    pub high_pixel: f64,
}

impl Scale {
    /// The pixel of `value`.
    pub fn at(&self, value: f64) -> f64 {
        let span = self.high - self.low;
        let share = if span > 0.0 { (value - self.low) / span } else { 0.5 };
        self.low_pixel + share * (self.high_pixel - self.low_pixel)
    }

    /// Whether `value` lies on the scale.
    pub fn holds(&self, value: f64) -> bool {
        value >= self.low && value <= self.high
    }
}

/// A marked value of an axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub value: f64,
    pub text: String,
}

/// Marks of a byte axis: about `target` multiples of 1, 2 or 5 times a power of ten between `low` and `high`, all in one unit.
///
/// The unit is the largest in which the marks need at most two decimals, so a flat series of 931,824 bytes is marked at 931.5 and
/// 932.0 kB, or in whole bytes with separators, and not in equal-looking fractions of a megabyte.
pub(super) fn byte_ticks(low: f64, high: f64, target: f64) -> Vec<Tick> {
    let step = nice_step((high - low) / target.max(1.0)).max(1.0);
    let largest = low.abs().max(high.abs());
    let (unit, name) = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")]
        .into_iter()
        .find(|(unit, _)| largest >= *unit && step / unit >= 0.0099)
        .unwrap_or((1.0, "B"));
    let decimals = decimals_of(step / unit);
    multiples(low, high, step)
        .into_iter()
        .map(|value| {
            let text = if value == 0.0 { "0".into() } else { format!("{} {name}", grouped(value / unit, decimals)) };
            Tick { value, text }
        })
        .collect()
}

/// Marks of an axis of iterations: the first one, then about `target` round numbers.
pub(super) fn iteration_ticks(low: f64, high: f64, target: f64) -> Vec<Tick> {
    let step = nice_step((high - low) / target.max(1.0)).max(1.0);
    let first = low.ceil();
    let mut values = multiples(low, high, step);
    if first <= high && values.first().is_none_or(|value| *value - first >= 0.6 * step) {
        values.insert(0, first);
    }
    values.into_iter().map(|value| Tick { value, text: grouped(value, 0) }).collect()
}

/// `value` with thousands separated by commas.
pub(super) fn grouped(value: f64, decimals: usize) -> String {
    let plain = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = plain.split_once('.').map_or((plain.as_str(), None), |(w, f)| (w, Some(f)));
    let mut text = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        text = format!("{text}.{fraction}");
    }
    let is_zero = plain.chars().all(|c| matches!(c, '0' | '.'));
    if value < 0.0 && !is_zero { format!("−{text}") } else { text }
}

/// The smallest of 1, 2 and 5 times a power of ten that is not below `raw`.
fn nice_step(raw: f64) -> f64 {
    if !raw.is_finite() || raw <= 0.0 {
        return 1.0;
    }
    let power = 10f64.powf(raw.log10().floor());
    [1.0, 2.0, 5.0].into_iter().map(|factor| factor * power).find(|step| *step >= raw * 0.999).unwrap_or(10.0 * power)
}

fn decimals_of(step: f64) -> usize {
    if step <= 0.0 || !step.is_finite() { 0 } else { (-(step * 1.0001).log10().floor()).clamp(0.0, 6.0) as usize }
}

fn multiples(low: f64, high: f64, step: f64) -> Vec<f64> {
    if !(low.is_finite() && high.is_finite() && high >= low) {
        return Vec::new();
    }
    let first = (low / step - 1e-9).ceil();
    // An axis never has more than a few dozen marks; the limit only guards against absurd scales.
    (0..64).map(|index| (first + f64::from(index)) * step).take_while(|value| *value <= high + step * 1e-9).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.text.as_str()).collect()
    }

    #[test]
    fn units_follow_the_range() {
        assert_eq!(texts(&byte_ticks(0.0, 66e6, 4.0)), ["0", "20 MB", "40 MB", "60 MB"]);
        assert_eq!(texts(&byte_ticks(0.0, 1.1e9, 3.0)), ["0", "0.5 GB", "1.0 GB"]);
        assert_eq!(texts(&byte_ticks(931_312.0, 932_336.0, 3.0)), ["931.5 kB", "932.0 kB"]);
        assert_eq!(texts(&byte_ticks(8_330_000.0, 8_356_000.0, 3.0)), ["8.33 MB", "8.34 MB", "8.35 MB"]);
        assert_eq!(texts(&byte_ticks(8_330_000.0, 8_339_000.0, 2.0)), ["8,330 kB", "8,335 kB"]);
    }

    #[test]
    fn marks_of_a_narrow_range_differ() {
        assert_eq!(texts(&byte_ticks(8_330_000.0, 8_330_010.0, 2.0)), ["8,330,000 B", "8,330,005 B", "8,330,010 B"]);
    }

    #[test]
    fn iterations_begin_with_the_first() {
        assert_eq!(texts(&iteration_ticks(1.0, 200.0, 5.0)), ["1", "50", "100", "150", "200"]);
        assert_eq!(texts(&iteration_ticks(0.5, 1.5, 8.0)), ["1"]);
        assert_eq!(texts(&iteration_ticks(1.0, 1e6, 2.0)), ["1", "500,000", "1,000,000"]);
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(1_234_567.0, 0), "1,234,567");
        assert_eq!(grouped(-1234.5, 1), "−1,234.5");
        assert_eq!(grouped(-0.01, 1), "0.0");
        assert_eq!(grouped(f64::NAN, 0), "NaN");
    }
}
