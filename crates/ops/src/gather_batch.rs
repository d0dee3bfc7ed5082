use burn::tensor::{Int, Tensor};

/// Rows of the uploaded set by index, on the device: inputs `[n, c, h, w]` and labels `[n]` to those of `rows` `[b]`.
pub fn gather_batch(inputs: &Tensor<4>, labels: &Tensor<1, Int>, rows: Tensor<1, Int>) -> (Tensor<4>, Tensor<1, Int>) {
    (inputs.clone().select(0, rows.clone()), labels.clone().select(0, rows))
}
