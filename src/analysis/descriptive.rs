//! Sums, medians and extremes that treat missing and infinite values the same way everywhere.

/// Sum by pairwise halving, eight running sums per block of 128: rounding grows with log n instead of n, and the order
/// of additions is that of numpy, in which the reference procedures were calibrated.
pub fn sum(values: &[f64]) -> f64 {
    const BLOCK: usize = 128;
    let n = values.len();
    if n < 8 {
        return values.iter().fold(0.0, |total, value| total + value);
    }
    if n > BLOCK {
        let middle = n / 2 - n / 2 % 8;
        return sum(&values[..middle]) + sum(&values[middle..]);
    }
    let mut lanes = [0.0; 8];
    lanes.copy_from_slice(&values[..8]);
    let mut blocks = values[8..].chunks_exact(8);
    for block in &mut blocks {
        for (lane, value) in lanes.iter_mut().zip(block) {
            *lane += value;
        }
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    blocks.remainder().iter().fold(((a + b) + (c + d)) + ((e + f) + (g + h)), |total, value| total + value)
}

/// Arithmetic mean; `NaN` of nothing.
pub fn mean(values: &[f64]) -> f64 {
    sum(values) / values.len() as f64
}

/// Median, the mean of the two middle values for an even count; `NaN` of nothing or if any value is `NaN`.
pub fn median(values: &[f64]) -> f64 {
    if values.is_empty() || values.iter().any(|value| value.is_nan()) {
        return f64::NAN;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 }
}

/// Median of what is known of the second half, where warm-up is over; `None` if nothing is.
pub fn later_median(values: &[f64]) -> Option<f64> {
    let known: Vec<f64> = values[values.len() / 2..].iter().copied().filter(|value| !value.is_nan()).collect();
    (!known.is_empty()).then(|| median(&known))
}

/// Smallest value; `NaN` if any value is, `+inf` of nothing.
pub fn lowest(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(f64::INFINITY, |low, value| if low.is_nan() || value >= low { low } else { value })
}

/// Largest value; `NaN` if any value is, `-inf` of nothing.
pub fn highest(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(f64::NEG_INFINITY, |high, value| if high.is_nan() || value <= high { high } else { value })
}

/// Differences of neighbours.
pub fn steps<const N: usize, const M: usize>(values: &[f64; N]) -> [f64; M] {
    const { assert!(N == M + 1) };
    std::array::from_fn(|k| values[k + 1] - values[k])
}

/// Local growth exponent: 1 + log2(late speed / earlier speed). 1 is linear growth, 1/2 a square root, 0 a logarithm,
/// below 0 it saturates. `-inf` if nothing grows now, `+inf` if nothing grew before.
pub fn growth_exponent(late: f64, earlier: f64) -> f64 {
    if late <= 0.0 {
        f64::NEG_INFINITY
    } else if earlier <= 0.0 {
        f64::INFINITY
    } else {
        1.0 + (late / earlier).log2()
    }
}
