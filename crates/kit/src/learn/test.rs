//! Evaluation of a network.

use crate::cx::Cx;
use crate::data::{CHUNK, View};
use crate::error::{Error, Result};
use crate::nets::{Cost, Net, Pass};
use crate::stats::Tested;
use burn::tensor::Tensor;

/// Logits of every row of a view, computed in chunks of one shape: `[n, classes]` in row-major order.
pub async fn logits(net: &Net, view: &View, cx: &mut Cx) -> Result<Vec<f32>> {
    let net = net.frozen();
    let mut parts = Vec::with_capacity(view.len().div_ceil(CHUNK));
    for rows in view.rows.chunks(CHUNK) {
        parts.push(net.forward(view.batch(&padded(rows)).x, &mut Pass::eval(&cx.cost)));
        cx.breathe().await?;
    }
    let mut all = if parts.is_empty() { Vec::new() } else { cx.read(Tensor::cat(parts, 0)).await? };
    all.truncate(view.len() * net.classes);
    Ok(all)
}

/// What the last layer is given for every row of a view, computed in chunks of one shape: `[n, features]` in row-major
/// order.
pub async fn features(net: &Net, view: &View, cx: &mut Cx) -> Result<Vec<f32>> {
    let net = net.frozen();
    let mut all = Vec::new();
    for rows in view.rows.chunks(CHUNK) {
        let mut pass = Pass::keeping("features", &cx.cost);
        net.forward(view.batch(&padded(rows)).x, &mut pass);
        let found = cx.read(pass.taps.remove("features").expect("every net has this tap")).await?;
        all.extend_from_slice(&found[..found.len() / CHUNK * rows.len()]);
        cx.breathe().await?;
    }
    let width = all.len() / view.len().max(1);
    let bad = all.chunks(width.max(1)).filter(|row| row.iter().any(|x| !x.is_finite())).count();
    if bad > 0 {
        return Err(Error::NoNumbers { samples: bad, of: view.len() });
    }
    Ok(all)
}

/// Tests a net on a view. That is evaluation: its time is not the method's, and it costs nothing.
pub async fn test(net: &Net, view: &View, cx: &mut Cx) -> Result<Tested> {
    let (start, cost) = (cx.clock(), cx.cost.samples());
    let logits = logits(net, view, cx).await?;
    cx.progress.evaluating += cx.clock() - start;
    cx.cost.go_back(cost);
    let labels = view.rows.iter().map(|row| view.label(*row)).collect();
    Tested::of(view.rows.to_vec(), labels, net.classes, logits)
}

/// Logits of at most [`CHUNK`] inputs, for evaluation, computed in the shape of a whole chunk: `[n, c, h, w]` to
/// `[n, classes]`.
pub fn logits_of(net: &Net, x: &Tensor<4>) -> Tensor<2> {
    let n = x.dims()[0];
    let x = match CHUNK - n {
        0 => x.clone(),
        fill => Tensor::cat(vec![x.clone(), x.clone().narrow(0, 0, 1).repeat_dim(0, fill)], 0),
    };
    net.frozen().forward(x, &mut Pass::eval(&Cost::default())).narrow(0, 0, n)
}

/// Fills the last chunk with its first row, so that all chunks have one shape.
fn padded(rows: &[u32]) -> Vec<u32> {
    let mut rows = rows.to_vec();
    rows.resize(CHUNK, rows[0]);
    rows
}
