use burn::tensor::{Tensor, module, ops::MaxPoolOptions};

/// Maximum of every 2×2 window, stride 2, an odd last row or column left out: `[n, c, h, w]` to `[n, c, h/2, w/2]`.
///
/// Pool before a rising activation: the same function, on a quarter of the elements.
pub fn max_pool2d(x: Tensor<4>) -> Tensor<4> {
    module::max_pool2d(x, MaxPoolOptions::new([2, 2]))
}
