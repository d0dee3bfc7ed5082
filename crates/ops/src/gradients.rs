//! Helpers of the fused implementations' own gradients.

use burn::backend::Backend;
use burn::backend::autodiff::{NodeId, grads::Gradients};
use burn::backend::tensor::FloatTensor;

/// The gradient of a gradient, which no fused implementation has: training and attacks here use first derivatives only.
pub(crate) fn first_order<T>() -> T {
    unreachable!("a part of a gradient has no gradient")
}

/// Registers `gradient` for the node `to`, if that parent needs one.
pub(crate) fn register<B: Backend>(gradients: &mut Gradients, to: Option<NodeId>, gradient: FloatTensor<B>) {
    if let Some(node) = to {
        gradients.register::<B>(node, gradient);
    }
}
