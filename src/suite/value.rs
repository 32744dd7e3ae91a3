//! Values of suite files that check themselves while they are read, so that an error carries their position.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, IntoDeserializer, SeqAccess, Unexpected, Visitor};
use toml::Spanned;

use super::error::hint;
use super::expectation::Expectation;
use super::switch::CacheBudget;
use crate::units::Bytes;

/// Longest name. Four names, the thread count and an ending fit a file name of 255 bytes.
const MAX_NAME: usize = 48;

/// Longest text: room for any path (`PATH_MAX`) and any allocator's option string.
const MAX_TEXT: usize = 4096;

/// Longest duration. It bounds sums of instants, which panic when they overflow.
const MAX_DURATION: Duration = Duration::from_secs(366 * 24 * 3600);

/// Whether `text` may name a model, runtime, workload or arm: identifiers become file names, and a dot divides them.
pub fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=-".contains(c);
    !text.is_empty() && text.len() <= MAX_NAME && text.chars().all(allowed)
}

/// The nearest name to any text, such as a file's: what a name may not hold becomes a dash.
pub fn to_name(text: &str) -> String {
    let name: String = text
        .chars()
        .take(MAX_NAME)
        .map(|c| if c.is_ascii_alphanumeric() || "_+=-".contains(c) { c } else { '-' })
        .collect();
    if name.is_empty() { "unnamed".into() } else { name }
}

/// Reads values that are written in one of several forms.
macro_rules! read_from {
    ($type:ty, $expecting:expr, { $($method:ident($form:ty) => $read:expr),+ $(,)? }) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Reader;
                impl Visitor<'_> for Reader {
                    type Value = $type;
                    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                        formatter.write_str($expecting)
                    }
                    $(fn $method<E: Error>(self, value: $form) -> Result<$type, E> {
                        let read: fn($form) -> Result<$type, String> = $read;
                        read(value).map_err(E::custom)
                    })+
                }
                deserializer.deserialize_any(Reader)
            }
        }
    };
}

/// A name of a section's entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name(pub String);

read_from!(Name, "a name", {
    visit_str(&str) => |text| match is_name(text) {
        true => Ok(Name(text.into())),
        false => Err(format!(
            "`{text}` is not a name: use 1 to {MAX_NAME} ASCII letters, digits, `_`, `+`, `=` and `-`, since names \
             become file names"
        )),
    },
});

/// Any string that can travel in a path or an environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Text(pub String);

read_from!(Text, "a string", { visit_str(&str) => |text| check_text(text).map(Text) });

/// A setting of an allocator: a string, or an integer for short.
#[derive(Debug, Clone)]
pub(super) struct Setting(pub String);

read_from!(Setting, "an integer or a string (a key with a dot in it is written in quotes)", {
    visit_i64(i64) => |value| Ok(Setting(value.to_string())),
    // An empty value is a value: it switches off what the environment of highwater itself says.
    visit_str(&str) => |text| if text.is_empty() { Ok(Setting(String::new())) } else { check_text(text).map(Setting) },
});

/// The value of an option that a runtime understands by itself, as text.
#[derive(Debug, Clone)]
pub(super) struct Plain(pub String);

read_from!(Plain, "a string, an integer or a boolean", {
    visit_str(&str) => |text| if text.is_empty() { Ok(Plain(String::new())) } else { check_text(text).map(Plain) },
    visit_i64(i64) => |number| Ok(Plain(number.to_string())),
    visit_bool(bool) => |flag| Ok(Plain(flag.to_string())),
});

fn check_text(text: &str) -> Result<String, String> {
    match text {
        "" => Err("must not be empty".into()),
        _ if text.len() > MAX_TEXT => Err(format!("longer than {MAX_TEXT} bytes")),
        _ if text.contains('\0') => Err("contains a NUL character".into()),
        _ => Ok(text.into()),
    }
}

/// A size of at least one byte.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size(pub u64);

read_from!(Size, "a number of bytes, or a size such as \"64 KiB\"", {
    visit_i64(i64) => |value| match value {
        1.. => Ok(Size(value.unsigned_abs())),
        _ => Err(format!("must be at least 1 byte, not {value}")),
    },
    visit_str(&str) => |text| match text.parse::<Bytes>()? {
        Bytes(0) => Err(format!("must be at least 1 byte, not `{text}`")),
        Bytes(bytes) => Ok(Size(bytes)),
    },
});

/// A ratio of two measured values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ratio(pub f64);

read_from!(Ratio, "a positive number", {
    visit_i64(i64) => |value| check_ratio(value as f64).map(Ratio),
    visit_f64(f64) => |value| check_ratio(value).map(Ratio),
});

fn check_ratio(value: f64) -> Result<f64, String> {
    if value.is_finite() && value > 0.0 { Ok(value) } else { Err(format!("must be a positive number, not {value}")) }
}

/// What a model cache may hold: a size, or a share of all models.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget(pub CacheBudget);

read_from!(Budget, "a size such as \"64 MiB\", or a share of all models such as \"50%\"", {
    visit_i64(i64) => |value| match value {
        1.. => Ok(Budget(CacheBudget::Bytes(value.unsigned_abs()))),
        _ => Err(format!("must be at least 1 byte, not {value}")),
    },
    visit_str(&str) => |text| match text.strip_suffix('%') {
        Some(percent) => match percent.trim().parse() {
            Ok(share @ 1..=1000) => Ok(Budget(CacheBudget::Percent(share))),
            _ => Err(format!("`{text}` is not a share from 1% to 1000%")),
        },
        None => match text.parse::<Bytes>()? {
            Bytes(0) => Err(format!("must be at least 1 byte, not `{text}`")),
            Bytes(bytes) => Ok(Budget(CacheBudget::Bytes(bytes))),
        },
    },
});

/// Bytes per iteration: zero is allowed, and so are fractions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tolerance(pub f64);

read_from!(Tolerance, "bytes per iteration, or a size such as \"1 KiB\"", {
    visit_i64(i64) => |value| check_tolerance(value as f64).map(Tolerance),
    visit_f64(f64) => |value| check_tolerance(value).map(Tolerance),
    visit_str(&str) => |text| Ok(Tolerance(text.parse::<Bytes>()?.0 as f64)),
});

/// A tolerated growth that makes sense, bytes an iteration.
pub(crate) fn check_tolerance(value: f64) -> Result<f64, String> {
    if value.is_finite() && value >= 0.0 { Ok(value) } else { Err(format!("must be zero or more, not {value}")) }
}

/// A duration of more than nothing and at most a year.
#[derive(Debug, Clone, Copy)]
pub(super) struct Period(pub Duration);

read_from!(Period, "a duration with its unit, such as \"90s\" or \"2m\"", {
    visit_str(&str) => |text| {
        let duration = humantime::parse_duration(text)
            .map_err(|error| format!("`{text}` is not a duration such as \"90s\" or \"2m\": {error}"))?;
        check_duration(duration).map(Period)
    },
});

/// A duration of more than nothing and at most a year.
pub(crate) fn check_duration(duration: Duration) -> Result<Duration, String> {
    match duration {
        Duration::ZERO => Err("must be more than zero".into()),
        _ if duration > MAX_DURATION => Err("must be at most a year".into()),
        _ => Ok(duration),
    }
}

/// A word of [`Expectation`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Word(pub Expectation);

read_from!(Word, "a verdict or an outcome", {
    visit_str(&str) => |text| text.parse().map(Word).map_err(|_| {
        format!("unknown expectation `{text}`{}", hint(text, Expectation::WORDS.iter().map(|(word, _)| *word)))
    }),
});

/// A whole number between two bounds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whole<const MIN: u64, const MAX: u64>(pub u64);

impl<'de, const MIN: u64, const MAX: u64> Deserialize<'de> for Whole<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WholeReader::<MIN, MAX>)
    }
}

struct WholeReader<const MIN: u64, const MAX: u64>;

impl<const MIN: u64, const MAX: u64> Visitor<'_> for WholeReader<MIN, MAX> {
    type Value = Whole<MIN, MAX>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match MAX {
            // TOML has no integers beyond this one, so there is nothing to tell.
            _ if MAX >= i64::MAX as u64 => write!(formatter, "a whole number from {MIN} on"),
            _ => write!(formatter, "a whole number from {MIN} to {MAX}"),
        }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        match u64::try_from(value) {
            Ok(number) if (MIN..=MAX).contains(&number) => Ok(Whole(number)),
            _ => Err(E::invalid_value(Unexpected::Signed(value), &self)),
        }
    }
}

/// One value, or an array of them that is not empty.
#[derive(Debug, Clone)]
pub(super) enum OneOrMany<T> {
    One(T),
    Many(Vec<Spanned<T>>),
}

/// One value of a [`OneOrMany`] with its place.
#[derive(Debug, Clone)]
pub(super) struct Item<T> {
    pub value: T,
    pub offset: usize,
    /// `arm`, or `arm[2]`.
    pub key: String,
}

impl<T: Clone> OneOrMany<T> {
    /// The values, without their places.
    pub fn values(&self) -> Vec<T> {
        match self {
            OneOrMany::One(value) => vec![value.clone()],
            OneOrMany::Many(values) => values.iter().map(|value| value.get_ref().clone()).collect(),
        }
    }

    /// The values with their places, where the whole is known as `key`.
    pub fn items(whole: &Spanned<Self>, key: &str) -> Vec<Item<T>> {
        match whole.get_ref() {
            OneOrMany::One(value) => vec![Item { value: value.clone(), offset: whole.span().start, key: key.into() }],
            OneOrMany::Many(values) => {
                let place = |(index, value): (usize, &Spanned<T>)| Item {
                    value: value.get_ref().clone(),
                    offset: value.span().start,
                    key: format!("{key}[{index}]"),
                };
                values.iter().enumerate().map(place).collect()
            }
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListReader(PhantomData))
    }
}

struct ListReader<T>(PhantomData<T>);

/// Scalars of any form are handed to `T`, whose complaint says what it expects.
impl<'de, T: Deserialize<'de>> Visitor<'de> for ListReader<T> {
    type Value = OneOrMany<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("one value or an array of values")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        T::deserialize(value.into_deserializer()).map(OneOrMany::One)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        T::deserialize(value.into_deserializer()).map(OneOrMany::One)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        T::deserialize(value.into_deserializer()).map(OneOrMany::One)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        T::deserialize(value.into_deserializer()).map(OneOrMany::One)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Self::Value, A::Error> {
        let mut many = Vec::new();
        while let Some(value) = values.next_element()? {
            many.push(value);
        }
        if many.is_empty() { Err(A::Error::custom("must not be an empty array")) } else { Ok(OneOrMany::Many(many)) }
    }
}
