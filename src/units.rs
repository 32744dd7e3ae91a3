//! Units as types: a number of bytes cannot be mistaken for anything else, and is always told the same way.
//!
//! Sizes are decimal (1 MB = 1,000,000 bytes); files carry plain bytes with the unit in the column's name.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A number of bytes.
///
/// ```
/// use highwater::units::Bytes;
///
/// assert_eq!(Bytes(12_345_678).to_string(), "12.3 MB");
/// assert_eq!("64 KiB".parse(), Ok(Bytes(65_536)));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&signed_bytes(self.0 as f64))
    }
}

/// `value` bytes (possibly negative or fractional, as slopes are) with three significant digits: `-1.25 MB`, `64 B`.
pub fn signed_bytes(value: f64) -> String {
    let magnitude = value.abs();
    let (scaled, unit) = if magnitude >= 1e9 {
        (value / 1e9, "GB")
    } else if magnitude >= 1e6 {
        (value / 1e6, "MB")
    } else if magnitude >= 1e3 {
        (value / 1e3, "kB")
    } else {
        (value, "B")
    };
    if !value.is_finite() {
        return if value > 0.0 { "unbounded".into() } else { "unknown".into() };
    }
    let decimals = match scaled.abs() {
        _ if unit == "B" && scaled.fract() == 0.0 => 0,
        s if s >= 100.0 => 0,
        s if s >= 10.0 => 1,
        _ => 2,
    };
    format!("{scaled:.decimals$} {unit}")
}

impl std::str::FromStr for Bytes {
    type Err = String;

    /// Reads `512`, `64 kB`, `1.5 MB`, `2GiB`; a bare number is bytes.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let factor: f64 = match unit.trim() {
            "" | "B" => 1.0,
            "kB" | "KB" => 1e3,
            "MB" => 1e6,
            "GB" => 1e9,
            "KiB" => 1024.0,
            "MiB" => 1024.0 * 1024.0,
            "GiB" => 1024.0 * 1024.0 * 1024.0,
            other => return Err(format!("unknown unit `{other}` in `{text}`: use B, kB, MB, GB, KiB, MiB or GiB")),
        };
        let value: f64 = number
            .replace('_', "")
            .parse()
            .map_err(|_| format!("`{text}` is not a size such as `64 kB` or `2 GiB`"))?;
        Ok(Bytes((value * factor).round() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_with_three_significant_digits() {
        let told: Vec<_> =
            [0.0, 64.0, 999.0, 1040.0, 65_552.0, 12_345_678.0, -1.25e9, 0.5].iter().map(|v| signed_bytes(*v)).collect();
        assert_eq!(told, ["0 B", "64 B", "999 B", "1.04 kB", "65.6 kB", "12.3 MB", "-1.25 GB", "0.50 B"]);
    }

    #[test]
    fn sizes_are_read_with_units() {
        assert_eq!("2GiB".parse(), Ok(Bytes(2 << 30)));
        assert_eq!("1.5 MB".parse(), Ok(Bytes(1_500_000)));
        assert_eq!("131072".parse(), Ok(Bytes(131_072)));
        assert!("12 parsecs".parse::<Bytes>().unwrap_err().contains("parsecs"));
    }
}
