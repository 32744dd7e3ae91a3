//! glibc tunables: the list that `ld.so --list-tunables` prints, and whether a setting says what it means.
//!
//! glibc ignores unknown names and values out of range without a word, and `malloc` has limits of its own that the list
//! does not show.

use serde::{Deserialize, Serialize};

/// One line of `ld.so --list-tunables`. Numbers are kept as glibc prints them, since that tells addresses from counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tunable {
    /// Full name, `glibc.malloc.arena_max`.
    pub name: String,
    /// Value in force; `0x0` also stands for "not set".
    pub value: String,
    /// Smallest and largest value that glibc takes; absent for text.
    pub range: Option<(String, String)>,
}

impl std::fmt::Display for Tunable {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} = {}", self.name, self.value)?;
        match &self.range {
            Some((min, max)) => write!(formatter, " (from {min} to {max})"),
            None => Ok(()),
        }
    }
}

/// Values above these are listed as in force but dropped by `malloc` (glibc 2.26 to 2.41, `malloc/malloc.c`:
/// `MAX_TCACHE_COUNT`, `MAX_FAST_SIZE`). `tcache_max` is not here: its limit rose from 1032 bytes to 4 MiB in 2.42.
const SILENT_LIMITS: [(&str, i128); 2] = [("glibc.malloc.tcache_count", 65_535), ("glibc.malloc.mxfast", 160)];

/// Reads the output of `ld.so --list-tunables`; lines of another form are passed over.
pub(super) fn parse_list(text: &str) -> Vec<Tunable> {
    text.lines().filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<Tunable> {
    let (name, rest) = line.split_once(':')?;
    if name.split('.').count() != 3 || name.contains(char::is_whitespace) {
        return None;
    }
    let rest = rest.trim();
    let Some((value, range)) = rest.split_once(" (min: ") else {
        return Some(Tunable { name: name.into(), value: rest.into(), range: None });
    };
    let (min, max) = range.strip_suffix(')')?.split_once(", max: ")?;
    Some(Tunable { name: name.into(), value: value.into(), range: Some((min.into(), max.into())) })
}

/// A number as glibc reads it: decimal, `0x…` or octal with a leading zero. glibc drops what follows the digits (`64k`
/// is 64); here that is no number.
pub(super) fn number(text: &str) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, radix) = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hexadecimal) => (hexadecimal, 16),
        None if digits.len() > 1 && digits.starts_with('0') => (digits, 8),
        None => (digits, 10),
    };
    let plain = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    plain.then(|| i128::from_str_radix(digits, radix).ok()).flatten().map(|magnitude| sign * magnitude)
}

/// Whether two values are the same to glibc.
pub(super) fn is_same_value(one: &str, other: &str) -> bool {
    match (number(one), number(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

/// Checks a requested setting against the tunables that exist.
pub(super) fn check(name: &str, value: &str, known: &[Tunable]) -> Result<(), String> {
    let Some(tunable) = known.iter().find(|tunable| tunable.name == name) else {
        return Err(unknown_name(name, known));
    };
    let Some((min, max)) = &tunable.range else { return Ok(()) };
    let Some(requested) = number(value) else {
        return Err(format!("`{name}={value}` needs a plain number (bytes without a unit)"));
    };
    let below = number(min).is_some_and(|min| requested < min);
    if below || number(max).is_some_and(|max| requested > max) {
        return Err(format!("`{name}={value}` is outside {min} to {max}, where glibc ignores it"));
    }
    match SILENT_LIMITS.iter().find(|(limited, limit)| *limited == name && requested > *limit) {
        Some((_, limit)) => Err(format!("`{name}={value}` is above {limit}, where glibc's malloc ignores it")),
        None => Ok(()),
    }
}

/// Checks that a setting took effect. A value that equals the default cannot be told from an unset one in the list, so
/// this alone does not prove `tcache_count=0`; the child tries that one out.
pub(super) fn check_taken(name: &str, value: &str, taken: &[Tunable]) -> Result<(), String> {
    match taken.iter().find(|tunable| tunable.name == name) {
        Some(tunable) if is_same_value(&tunable.value, value) => Ok(()),
        Some(tunable) => Err(format!("`{name}={value}` did not take effect: glibc reads {}", tunable.value)),
        None => Err(format!("`{name}` is not a tunable of this glibc")),
    }
}

fn unknown_name(name: &str, known: &[Tunable]) -> String {
    // The same threshold as clap's suggestions; of the last part too, for most names begin alike.
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    let similarity = |other: &str| strsim::jaro(name, other).min(strsim::jaro(&last(name), &last(other)));
    let nearest = known
        .iter()
        .map(|tunable| (similarity(&tunable.name), &tunable.name))
        .filter(|(similarity, _)| *similarity > 0.7)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    match nearest {
        Some((_, nearest)) => format!("glibc knows no tunable `{name}`; did you mean `{nearest}`?"),
        None => format!("glibc knows no tunable `{name}`; `highwater doctor` lists them"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GLIBC_2_36: &str = "\
glibc.rtld.nns: 0x4 (min: 0x1, max: 0x10)
glibc.elision.skip_lock_after_retries: 3 (min: 0, max: 2147483647)
glibc.malloc.perturb: 0 (min: 0, max: 255)
glibc.malloc.arena_max: 0x0 (min: 0x1, max: 0xffffffffffffffff)
glibc.cpu.hwcaps: \nglibc.malloc.tcache_count: 0x0 (min: 0x0, max: 0xffffffffffffffff)
glibc.malloc.mmap_threshold: 0x0 (min: 0x0, max: 0xffffffffffffffff)
glibc.mem.tagging: 0 (min: 0, max: 255)
a warning: of something else
";

    #[test]
    fn the_list_of_glibc_2_36_is_read() {
        let tunables = parse_list(GLIBC_2_36);
        assert_eq!(tunables.len(), 8);
        assert_eq!(tunables[2].range, Some(("0".into(), "255".into())));
        assert_eq!(tunables[3].name, "glibc.malloc.arena_max");
        assert_eq!(tunables[3].value, "0x0");
        assert_eq!((tunables[4].value.as_str(), &tunables[4].range), ("", &None));
    }

    #[test]
    fn numbers_are_read_as_glibc_reads_them() {
        assert_eq!(number("131072"), Some(131_072));
        assert_eq!(number("0x20000"), Some(131_072));
        assert_eq!(number("010"), Some(8));
        assert_eq!(number("-1"), Some(-1));
        assert_eq!(number("0xffffffffffffffff"), Some(i128::from(u64::MAX)));
        for text in ["", "64k", "0x", "08", "one", "1 ", "--1", "-+1"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn a_typo_is_an_error_with_a_suggestion() {
        let error = check("glibc.malloc.arenas_max", "2", &parse_list(GLIBC_2_36)).unwrap_err();
        assert_eq!(error, "glibc knows no tunable `glibc.malloc.arenas_max`; did you mean `glibc.malloc.arena_max`?");
        for unlike in ["xyz", "glibc.malloc.nosuch"] {
            assert!(check(unlike, "2", &parse_list(GLIBC_2_36)).unwrap_err().contains("doctor"), "{unlike}");
        }
    }

    #[test]
    fn values_that_glibc_would_ignore_are_errors() {
        let known = parse_list(GLIBC_2_36);
        for (name, value, part) in [
            ("glibc.malloc.arena_max", "0", "outside 0x1"),
            ("glibc.malloc.perturb", "256", "outside 0 to 255"),
            ("glibc.malloc.mmap_threshold", "-1", "outside"),
            ("glibc.malloc.mmap_threshold", "64k", "plain number"),
            ("glibc.malloc.tcache_count", "65536", "above 65535"),
        ] {
            assert!(check(name, value, &known).unwrap_err().contains(part), "{name}={value}");
        }
        assert_eq!(check("glibc.malloc.tcache_count", "0", &known), Ok(()));
        assert_eq!(check("glibc.malloc.mmap_threshold", "0x20000", &known), Ok(()));
    }

    #[test]
    fn a_value_that_was_not_taken_is_an_error() {
        let taken = parse_list("glibc.malloc.arena_max: 0x2 (min: 0x1, max: 0xff)");
        assert_eq!(check_taken("glibc.malloc.arena_max", "2", &taken), Ok(()));
        assert!(check_taken("glibc.malloc.arena_max", "3", &taken).unwrap_err().contains("glibc reads 0x2"));
    }
}
