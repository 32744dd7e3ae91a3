//! Matrices for `rten-gemm`, as they lie in memory and packed in the order in which its kernels read them.

use std::cell::Cell;

use rten_gemm::{GemmError, GemmExecutor, PackedAMatrix, PackedBMatrix};
use rten_tensor::storage::Alloc;
use rten_tensor::{Matrix, NdTensorView};

/// What multiplies. Making one looks up the processor's features, which are cached, and allocates nothing.
pub(super) fn executor() -> GemmExecutor<f32> {
    GemmExecutor::default()
}

/// Values as a matrix, row by row.
pub(super) fn matrix(values: &[f32], rows: usize, columns: usize) -> Result<Matrix<'_, f32>, String> {
    NdTensorView::try_from_data([rows, columns], values)
        .map_err(|_| format!("{} values are no matrix of {rows} × {columns}", values.len()))
}

/// Values as a matrix, row by row, or what it is transposed.
pub(super) fn oriented(values: &[f32], shape: [usize; 2], transposed: bool) -> Result<Matrix<'_, f32>, String> {
    let matrix = matrix(values, shape[0], shape[1])?;
    Ok(if transposed { matrix.transposed() } else { matrix })
}

/// The left side of a product packed, and the bytes that this takes.
pub(super) fn pack_left(left: Matrix<'_, f32>) -> (PackedAMatrix<f32>, u64) {
    let meter = Meter::default();
    (executor().prepack_a_in(&meter, left), meter.0.get())
}

/// The right side of a product packed, and the bytes that this takes.
pub(super) fn pack_right(right: Matrix<'_, f32>) -> (PackedBMatrix<f32>, u64) {
    let meter = Meter::default();
    (executor().prepack_b_in(&meter, right), meter.0.get())
}

/// What a failed product is told as. The sizes were checked before, so only a blocking that changed since packing is left.
pub(super) fn describe(error: GemmError) -> String {
    format!("the product cannot be computed: {error}")
}

/// The heap, which counts the bytes it gives out: a packed matrix does not tell its size.
#[derive(Default)]
struct Meter(Cell<u64>);

impl Alloc for Meter {
    fn alloc<T>(&self, capacity: usize) -> Vec<T> {
        let bytes = capacity.saturating_mul(size_of::<T>());
        self.0.set(self.0.get().saturating_add(bytes as u64));
        Vec::with_capacity(capacity)
    }

    fn dealloc<T>(&self, buffer: Vec<T>) {
        drop(buffer);
    }
}
