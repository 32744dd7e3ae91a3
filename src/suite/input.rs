//! `f32[1,3,224,224]`: the type, shape and fill of a model's input, as written in suites and after `--input`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Type, shape and fill of one input.
///
/// ```
/// use highwater::suite::InputSpec;
///
/// let rate: InputSpec = "i64[]=16000".parse()?;
/// assert!(rate.shape.is_empty() && rate.fill == Some(16_000.0));
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InputSpec {
    /// Element type.
    pub element: ElementType,
    /// Sizes of the dimensions; empty for a scalar.
    pub shape: Vec<usize>,
    /// Value of every element; seeded random numbers where absent.
    pub fill: Option<f64>,
}

/// Element types of inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ElementType {
    /// 32-bit float.
    F32,
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// 8-bit signed integer.
    I8,
    /// 8-bit unsigned integer.
    U8,
    /// Boolean.
    Bool,
}

impl ElementType {
    const ALL: [(&'static str, ElementType); 6] = [
        ("f32", ElementType::F32),
        ("i32", ElementType::I32),
        ("i64", ElementType::I64),
        ("i8", ElementType::I8),
        ("u8", ElementType::U8),
        ("bool", ElementType::Bool),
    ];
}

impl fmt::Display for ElementType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.iter().find(|(_, element)| element == self).map_or("?", |(name, _)| name);
        formatter.write_str(name)
    }
}

impl FromStr for InputSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let example = "write it like `f32[1,3,224,224]`, with `=VALUE` after it to fill it with one value";
        let (head, fill) = match text.split_once('=') {
            Some((head, value)) => {
                let value =
                    value.trim().parse().map_err(|_| format!("`{value}` is not a number to fill `{text}` with"))?;
                (head.trim(), Some(value))
            }
            None => (text.trim(), None),
        };
        let (name, dimensions) = head
            .strip_suffix(']')
            .and_then(|rest| rest.split_once('['))
            .ok_or_else(|| format!("`{text}` is not an input: {example}"))?;
        let element =
            ElementType::ALL.iter().find(|(known, _)| *known == name.trim()).map(|(_, element)| *element).ok_or_else(
                || format!("unknown element type `{name}` in `{text}`: use f32, i32, i64, i8, u8 or bool"),
            )?;
        let shape = dimensions
            .split(',')
            .map(str::trim)
            .filter(|dimension| !dimension.is_empty())
            .map(|dimension| {
                dimension.parse().map_err(|_| format!("`{dimension}` is not a size in `{text}`: {example}"))
            })
            .collect::<Result<Vec<usize>, _>>()?;
        let elements = shape.iter().try_fold(1usize, |product, size| product.checked_mul(*size));
        match elements {
            Some(count) if count <= 1 << 30 => Ok(InputSpec { element, shape, fill }),
            _ => Err(format!("`{text}` has more than 2^30 elements")),
        }
    }
}

impl TryFrom<String> for InputSpec {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<InputSpec> for String {
    fn from(input: InputSpec) -> String {
        input.to_string()
    }
}

impl fmt::Display for InputSpec {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shape: Vec<_> = self.shape.iter().map(usize::to_string).collect();
        write!(formatter, "{}[{}]", self.element, shape.join(","))?;
        match self.fill {
            Some(value) => write!(formatter, "={value}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_read_and_told_alike() {
        for text in ["f32[1,3,224,224]", "i64[]=16000", "bool[2,2]=1", "i32[1,128]"] {
            assert_eq!(text.parse::<InputSpec>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn errors_name_the_part_that_is_wrong() {
        let error = |text: &str| text.parse::<InputSpec>().unwrap_err();
        assert!(error("f64[1]").contains("`f64`"));
        assert!(error("f32[1,x]").contains("`x`"));
        assert!(error("f32").contains("f32[1,3,224,224]"));
        assert!(error("f32[1]=lots").contains("`lots`"));
        assert!(error("f32[99999999,99999999]").contains("2^30"));
    }
}
