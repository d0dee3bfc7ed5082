use burn::tensor::{Tensor, activation::softmax};

/// softmax(Q·Kᵀ/√d)·V of every head (Vaswani et al. 2017, equation 1), heads side by side: `qkv` `[n, t, 3·heads·d]`,
/// first all queries, then all keys, then all values, to `[n, t, heads·d]`.
pub fn attention(qkv: Tensor<3>, heads: usize) -> Tensor<3> {
    let [n, t, all] = qkv.dims();
    let d = all / (3 * heads);
    // [n, 3·heads, t, d]
    let parts = qkv.reshape([n, t, 3 * heads, d]).swap_dims(1, 2);
    let [q, k, v] = [0, 1, 2].map(|at| parts.clone().narrow(1, at * heads, heads));
    let weights = softmax(q.matmul(k.transpose()).mul_scalar(1.0 / (d as f64).sqrt()), 3);
    weights.matmul(v).swap_dims(1, 2).reshape([n, t, heads * d])
}
