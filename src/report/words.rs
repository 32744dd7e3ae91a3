//! Numbers as a person reads them.

/// `24.6 MB [24.5, 24.7]`: a value with its limits, all three in the unit that suits the largest of them.
pub(in crate::report) fn bytes_in(value: f64, low: f64, high: f64) -> String {
    let largest = value.abs().max(low.abs()).max(high.abs());
    let (scale, unit) = match largest {
        bytes if bytes >= 1e9 => (1e9, "GB"),
        bytes if bytes >= 1e6 => (1e6, "MB"),
        bytes if bytes >= 1e3 => (1e3, "kB"),
        _ => (1.0, "B"),
    };
    let decimals = match largest / scale {
        _ if scale == 1.0 => 0,
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    let number = |bytes: f64| format!("{:.decimals$}", bytes / scale + 0.0);
    format!("{} {unit} [{}, {}]", number(value), number(low), number(high))
}

/// `0.4 %` below ten, `23 %` above.
pub(crate) fn percent(value: f64) -> String {
    if value == 0.0 {
        "0 %".into()
    } else if value < 0.1 {
        "less than 0.1 %".into()
    } else if value < 10.0 {
        format!("{value:.1} %")
    } else {
        format!("{value:.0} %")
    }
}

/// A count with its thousands apart: `5,867`.
pub(in crate::report) fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 && digits != "0" { format!("-{text}") } else { text }
}

/// So many iterations, in words.
pub(in crate::report) fn iterations(number: usize) -> String {
    format!("{number} {}", if number == 1 { "iteration" } else { "iterations" })
}

/// So many of what has a regular plural: `1 sample`, `5,867 samples`.
pub(crate) fn counted(number: f64, one: &str) -> String {
    format!("{} {one}{}", thousands(number), if number == 1.0 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_has_one_unit() {
        assert_eq!(bytes_in(24_600_000.0, 24_500_000.0, 24_700_000.0), "24.6 MB [24.5, 24.7]");
        assert_eq!(bytes_in(-400_000.0, -2_000_000.0, 1_200_000.0), "-0.40 MB [-2.00, 1.20]");
        assert_eq!(bytes_in(691e6, 545e6, 836e6), "691 MB [545, 836]");
        assert_eq!(bytes_in(0.0, 0.0, 0.0), "0 B [0, 0]");
    }

    #[test]
    fn counts_and_shares_are_readable() {
        assert_eq!([0.0, 999.0, 5867.0, -1_234_567.0].map(thousands), ["0", "999", "5,867", "-1,234,567"]);
        assert_eq!([0.0, 0.04, 0.42, 9.96, 12.3].map(percent), ["0 %", "less than 0.1 %", "0.4 %", "10.0 %", "12 %"]);
        assert_eq!([0, 1, 2].map(iterations), ["0 iterations", "1 iteration", "2 iterations"]);
        let samples = [0.0, 1.0, 5867.0].map(|number| counted(number, "sample"));
        assert_eq!(samples, ["0 samples", "1 sample", "5,867 samples"]);
    }
}
