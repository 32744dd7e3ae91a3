//! Inputs of TFLite models. In their interfaces a size below zero is one that the model leaves open.

use crate::model::Dimension;

/// The dimensions of an input that has the sizes `declared` in the model, and the sizes `present` now that it was given what
/// is known about it. What is open stays so, whatever size it has at present; and a size that could become another one is
/// open, since LiteRT tells an open size as one until it is given another.
pub(super) fn dimensions(declared: &[i32], present: &[i32]) -> Vec<Dimension> {
    let dimension = |(index, size): (usize, &i32)| match usize::try_from(*size) {
        Ok(fixed) if declared.get(index) == Some(size) => Dimension::Fixed(fixed),
        _ => Dimension::Open(String::new()),
    };
    present.iter().enumerate().map(dimension).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_stays_open_and_what_has_become_another_size_is_open_too() {
        let open = || Dimension::Open(String::new());
        assert_eq!(dimensions(&[-1, 8], &[5, 8]), [open(), Dimension::Fixed(8)]);
        assert_eq!(dimensions(&[-1, 8], &[-1, 8]), [open(), Dimension::Fixed(8)]);
        assert_eq!(dimensions(&[1, 8], &[5, 8]), [open(), Dimension::Fixed(8)]);
        assert_eq!(dimensions(&[1, 8], &[1, 8]), [Dimension::Fixed(1), Dimension::Fixed(8)]);
        assert_eq!(dimensions(&[1], &[1, 5]), [Dimension::Fixed(1), open()], "another number of dimensions");
        assert_eq!(dimensions(&[], &[]), []);
    }
}
