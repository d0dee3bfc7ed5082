use burn::tensor::Tensor;
use std::f64::consts::FRAC_1_SQRT_2;

/// x·Φ(x), Φ(x) = (1 + erf(x/√2)) / 2 (Hendrycks and Gimpel 2016).
///
/// Written out, because behind the exact value burn's own has the gradient of the tanh approximation on devices without
/// a body of their own for it.
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let phi = x.clone().mul_scalar(FRAC_1_SQRT_2).erf().add_scalar(1.0).mul_scalar(0.5);
    x * phi
}
