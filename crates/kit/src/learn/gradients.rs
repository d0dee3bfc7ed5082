//! Gradients of the weights: sums over a view, and masks over parameters.

use crate::cx::Cx;
use crate::data::{CHUNK, View};
use crate::error::{Error, Result};
use crate::nets::{Net, Pass};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Tensor, TensorData, Transaction};

/// Σ ∇ cross-entropy over all samples of a view, with norm layers in evaluation mode; without autodiff.
pub async fn sum_gradients(net: &Net, view: &View, cx: &mut Cx) -> Result<GradientsParams> {
    let net = net.clone().train();
    let mut sum = GradientsParams::new();
    let chunks = view.len().div_ceil(CHUNK);
    for (at, rows) in view.rows.chunks(CHUNK).enumerate() {
        let batch = view.batch(rows);
        let loss = ops::cross_entropy(net.forward(batch.x, &mut Pass::eval(&cx.cost)), batch.y).sum();
        let part = GradientsParams::from_grads(loss.backward(), &net);
        net.visit(&mut Add { sum: &mut sum, part });
        cx.step(at + 1, chunks).await?;
    }
    Ok(sum)
}

struct Add<'a> {
    sum: &'a mut GradientsParams,
    part: GradientsParams,
}

impl ModuleVisitor for Add<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(part) = self.part.remove::<D>(param.id) {
            let sum = match self.sum.remove::<D>(param.id) {
                Some(sum) => sum + part,
                None => part,
            };
            self.sum.register(param.id, sum);
        }
    }
}

/// One mask per parameter: 1 where the absolute gradient is among the largest `share` of all parameters together, else
/// 0. The number of ones is rounded down; of equal values the first ones count.
pub async fn largest(gradients: &GradientsParams, net: &Net, share: f64) -> Result<GradientsParams> {
    let mut read = Read { gradients, transfer: Transaction::default() };
    net.visit(&mut read);
    let mut sizes = Vec::new();
    let mut values = Vec::new();
    for data in read.transfer.execute_async().await.map_err(Error::lost)? {
        let part = data.try_to_vec::<f32>().map_err(Error::lost)?;
        sizes.push(part.len());
        values.extend(part.into_iter().map(f32::abs));
    }
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|a, b| values[*b].total_cmp(&values[*a]).then(a.cmp(b)));
    let mut mask = vec![0.0_f32; values.len()];
    order[..(share * values.len() as f64) as usize].iter().for_each(|at| mask[*at] = 1.0);
    let mut write = Write { gradients, masks: GradientsParams::new(), mask: &mask, at: 0 };
    net.visit(&mut write);
    Ok(write.masks)
}

struct Read<'a> {
    gradients: &'a GradientsParams,
    transfer: Transaction,
}

impl ModuleVisitor for Read<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            self.transfer = std::mem::take(&mut self.transfer).register(gradient);
        }
    }
}

struct Write<'a> {
    gradients: &'a GradientsParams,
    masks: GradientsParams,
    mask: &'a [f32],
    at: usize,
}

impl ModuleVisitor for Write<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            let shape = gradient.shape();
            let size = shape.num_elements();
            let part = self.mask[self.at..self.at + size].to_vec();
            self.at += size;
            let device = gradient.device();
            self.masks.register(param.id, Tensor::<D>::from_data(TensorData::new(part, shape), &device));
        }
    }
}

/// Each gradient times its mask.
pub fn mask_gradients(net: &Net, gradients: GradientsParams, masks: &GradientsParams) -> GradientsParams {
    struct Mask<'a> {
        gradients: GradientsParams,
        masks: &'a GradientsParams,
        masked: GradientsParams,
    }
    impl ModuleVisitor for Mask<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let (Some(gradient), Some(mask)) = (self.gradients.remove::<D>(param.id), self.masks.get::<D>(param.id))
            {
                self.masked.register(param.id, gradient * mask);
            }
        }
    }
    let mut mask = Mask { gradients, masks, masked: GradientsParams::new() };
    net.visit(&mut mask);
    mask.masked
}

/// The net with each weight whose mask is 0 restored from `origin`, bit for bit.
pub fn restore(net: Net, origin: &Net, masks: &GradientsParams) -> Net {
    struct Collect(GradientsParams);
    impl ModuleVisitor for Collect {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.register(param.id, param.val().without_autodiff());
        }
    }
    struct Restore<'a> {
        origin: GradientsParams,
        masks: &'a GradientsParams,
    }
    impl ModuleMapper for Restore<'_> {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let id = param.id;
            let (Some(origin), Some(mask)) = (self.origin.get::<D>(id), self.masks.get::<D>(id)) else { return param };
            let tracked = param.val().is_autodiff();
            let active = param.val().is_require_grad();
            param.map(|value| {
                let value = value.without_autodiff().mask_where(mask.equal_elem(0.0), origin);
                if tracked { Tensor::from_inner(value).set_require_grad(active) } else { value }
            })
        }
    }
    let mut collect = Collect(GradientsParams::new());
    origin.visit(&mut collect);
    net.map(&mut Restore { origin: collect.0, masks })
}
