use burn::tensor::Tensor;

/// Into the ball ‖x − center‖∞ ≤ ε, then into the box [0, 1].
pub fn project_linf(x: Tensor<4>, center: &Tensor<4>, epsilon: f64) -> Tensor<4> {
    let low = center.clone().sub_scalar(epsilon);
    let high = center.clone().add_scalar(epsilon);
    project_box(x.max_pair(low).min_pair(high))
}

/// Into the ball ‖x − center‖₂ ≤ ε of every sample, then into the box [0, 1]: project, then clip.
pub fn project_l2(x: Tensor<4>, center: &Tensor<4>, epsilon: f64) -> Tensor<4> {
    let delta = x - center.clone();
    // At the centre the length is 0; the guard keeps the factor finite, and min 1 makes it exact there.
    let factor = length(delta.clone()).clamp_min(1e-12).recip().mul_scalar(epsilon).clamp_max(1.0);
    project_box(center.clone() + delta * factor)
}

/// Into the box of valid inputs, [0, 1].
pub fn project_box(x: Tensor<4>) -> Tensor<4> {
    x.clamp(0.0, 1.0)
}

/// Every sample divided by its Euclidean length: `[n, c, h, w]` to the same.
pub fn unit_l2(x: Tensor<4>) -> Tensor<4> {
    x.clone() / length(x).clamp_min(1e-12)
}

/// `[n, 1, 1, 1]`.
fn length(x: Tensor<4>) -> Tensor<4> {
    x.powi_scalar(2).sum_dim(1).sum_dim(2).sum_dim(3).sqrt()
}
