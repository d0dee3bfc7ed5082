use burn::tensor::{Int, Tensor, activation::log_softmax};

/// −log softmax(logits)_y of every sample: `[n, classes]` and `[n]` to `[n]`.
pub fn cross_entropy(logits: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
    log_softmax(logits, 1).gather(1, labels.unsqueeze_dim(1)).neg().squeeze_dim(1)
}
