use burn::tensor::Tensor;

/// The set of changed inputs that an attack may return, around the clean ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ball {
    Linf(f64),
    L2(f64),
}

impl Ball {
    pub fn radius(self) -> f64 {
        match self {
            Self::Linf(radius) | Self::L2(radius) => radius,
        }
    }

    /// Into the ball, then into the box [0, 1].
    pub fn project(self, x: Tensor<4>, center: &Tensor<4>) -> Tensor<4> {
        match self {
            Self::Linf(epsilon) => ops::project_linf(x, center, epsilon),
            Self::L2(epsilon) => ops::project_l2(x, center, epsilon),
        }
    }

    /// The direction in which the loss rises fastest within the ball's norm: sign(g), or g / ‖g‖₂ of every sample.
    pub fn steepest(self, gradient: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Linf(_) => gradient.sign(),
            Self::L2(_) => ops::unit_l2(gradient),
        }
    }

    /// Length of one sample's change in the ball's norm.
    pub fn length(self, delta: &[f32]) -> f64 {
        match self {
            Self::Linf(_) => delta.iter().fold(0.0_f64, |max, d| max.max(f64::from(d.abs()))),
            Self::L2(_) => delta.iter().map(|d| f64::from(*d) * f64::from(*d)).sum::<f64>().sqrt(),
        }
    }
}
