//! Values that do not come from other values: shapes, sizes, constants.

use super::operands::{typed, whatever_type};
use crate::runtime::embedded::operator::Operator;
use crate::runtime::embedded::shapes::values_of_shape;
use crate::runtime::embedded::tensor::{View, ViewMut};

/// `Shape` and `Size`.
pub(super) fn about_shape(operator: &Operator, shape: &[usize], output: &mut ViewMut<'_>) -> Result<(), String> {
    let told = values_of_shape(operator, shape).ok_or("an operator that tells nothing about a shape")?;
    whatever_type!(&mut output.values, |to| to.copy_from_slice(typed(told.view().values)?));
    Ok(())
}

/// `ConstantOfShape`: one value everywhere.
pub(super) fn constant(value: View<'_>, output: &mut ViewMut<'_>) -> Result<(), String> {
    whatever_type!(&mut output.values, |to| to.fill(*typed(value.values)?.first().ok_or("a constant without value")?));
    Ok(())
}
