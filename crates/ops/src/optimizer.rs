//! PyTorch's rules, each one pass over a parameter and its state, in place.

use crate::fused::{in_rows, is_plain, numbers, numbers_mut};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, DispatchTensor, Flex, backend_extension};
use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::{Tensor, TensorData};
use std::collections::HashMap;

#[cfg(feature = "gpu")]
use burn::backend::fusion::custom::TensorSpec;

#[cfg(feature = "gpu")]
mod cube;

/// What turns gradients into steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// v ← μ·v + g + λ·w, w ← w − η·v.
    Sgd { momentum: f32, decay: f32 },
    /// Adam (Kingma and Ba 2015, algorithm 1) with λ·w added to the gradient, or taken from the weight apart from it
    /// (AdamW, Loshchilov and Hutter 2019, algorithm 2).
    Adam { decay: f32, decoupled: bool },
}

const EPSILON: f32 = 1e-8;
const BETAS: [f64; 2] = [0.9, 0.999];

/// A rule and what it remembers of every parameter.
///
/// What changes from step to step lies on the device, and is moved on there while the learning rate stands still: such
/// a step uploads nothing.
pub struct Optimizer {
    rule: Rule,
    /// By burn's operations alone.
    plain: bool,
    /// 1 − β^t of both moments; the sum grows as (1 − β) + β·(1 − β^(t−1)), which loses no digits.
    corrections: [f64; 2],
    lr: f64,
    /// The numbers of [`rates`]; none before the first step and where they have to be uploaded anew.
    rates: Option<DispatchTensor>,
    /// Velocity, or first and second moment.
    moments: HashMap<ParamId, Vec<DispatchTensor>>,
}

/// Places in the table of rates.
pub(crate) mod rates {
    pub const LR: usize = 0;
    pub const DECAY: usize = 1;
    /// μ, or β₁.
    pub const KEEP_1: usize = 2;
    /// 1 − β₁.
    pub const TAKE_1: usize = 3;
    pub const KEEP_2: usize = 4;
    pub const TAKE_2: usize = 5;
    /// 1 − β₁^t.
    pub const CORRECTION_1: usize = 6;
    pub const CORRECTION_2: usize = 7;
    pub const EPSILON: usize = 8;
    pub const ALL: usize = 9;
}

impl Optimizer {
    pub fn new(rule: Rule) -> Self {
        let moments = HashMap::new();
        Self { rule, plain: is_plain(), corrections: [0.0; 2], lr: f64::NAN, rates: None, moments }
    }

    /// Every parameter that has a gradient, moved at the learning rate `lr`.
    pub fn step<M: Module>(&mut self, lr: f64, module: M, gradients: GradientsParams) -> M {
        self.advance(lr);
        module.map(&mut Step { optimizer: self, gradients })
    }

    fn advance(&mut self, lr: f64) {
        for (correction, beta) in self.corrections.iter_mut().zip(BETAS) {
            *correction = (1.0 - beta) + beta * *correction;
        }
        let stands = lr == self.lr;
        self.lr = lr;
        self.rates = self.rates.take().filter(|_| stands).map(<Dispatch as Descend>::advance);
    }

    /// The rule in burn's operations: `moments` are zero before the first step.
    fn plainly<const D: usize>(
        &self,
        w: Tensor<D>,
        g: Tensor<D>,
        moments: Vec<DispatchTensor>,
    ) -> (Tensor<D>, Vec<DispatchTensor>) {
        let mut moments = moments.into_iter().map(Tensor::<D>::from_dispatch);
        let mut moment = || moments.next().unwrap_or_else(|| g.zeros_like());
        match self.rule {
            Rule::Sgd { momentum, decay } => {
                let v = moment().mul_scalar(momentum) + g.clone() + w.clone().mul_scalar(decay);
                (w - v.clone().mul_scalar(self.lr), vec![v.into_dispatch()])
            }
            Rule::Adam { decay, decoupled } => {
                let ([keep_1, keep_2], [first, second]) = (BETAS, self.corrections);
                let (m, v) = (moment(), moment());
                let (w, g) = match decoupled {
                    true => (w.mul_scalar(1.0 - self.lr * f64::from(decay)), g.clone()),
                    false => (w.clone(), g.clone() + w.mul_scalar(decay)),
                };
                let m = m.mul_scalar(keep_1) + g.clone().mul_scalar(1.0 - keep_1);
                let v = v.mul_scalar(keep_2) + g.powi_scalar(2).mul_scalar(1.0 - keep_2);
                let length = v.clone().sqrt().div_scalar(second.sqrt()).add_scalar(EPSILON);
                let step = m.clone().mul_scalar(self.lr / first) / length;
                (w - step, vec![m.into_dispatch(), v.into_dispatch()])
            }
        }
    }

    fn table(&self) -> [f32; rates::ALL] {
        let mut table = [0.0; rates::ALL];
        let [beta_1, beta_2] = BETAS;
        let (decay, keep) = match self.rule {
            Rule::Sgd { momentum, decay } => (decay, momentum),
            Rule::Adam { decay, .. } => (decay, beta_1 as f32),
        };
        table[rates::LR] = self.lr as f32;
        table[rates::DECAY] = decay;
        table[rates::KEEP_1] = keep;
        table[rates::TAKE_1] = (1.0 - beta_1) as f32;
        table[rates::KEEP_2] = beta_2 as f32;
        table[rates::TAKE_2] = (1.0 - beta_2) as f32;
        table[rates::CORRECTION_1] = self.corrections[0] as f32;
        table[rates::CORRECTION_2] = self.corrections[1] as f32;
        table[rates::EPSILON] = EPSILON;
        table
    }

    fn moved<const D: usize>(&mut self, id: ParamId, value: Tensor<D>, gradient: Tensor<D>) -> Tensor<D> {
        if self.plain {
            let moments = self.moments.remove(&id).unwrap_or_default();
            let (value, moments) = self.plainly(value, gradient, moments);
            self.moments.insert(id, moments);
            return value;
        }
        let table = self.table();
        let device = value.device();
        let rates = self.rates.get_or_insert_with(|| {
            Tensor::<1>::from_data(TensorData::new(table.to_vec(), [rates::ALL]), &device).into_dispatch()
        });
        let rates = rates.clone();
        let zeros = || gradient.zeros_like().into_dispatch();
        let moments = self.moments.remove(&id);
        let (value, moments) = match self.rule {
            Rule::Sgd { momentum: 0.0, .. } => {
                let rates = rates.clone();
                (<Dispatch as Descend>::sgd(value.into_dispatch(), gradient.into_dispatch(), rates), Vec::new())
            }
            Rule::Sgd { .. } => {
                let mut moments = moments.unwrap_or_else(|| vec![zeros()]).into_iter();
                let velocity = moments.next().expect("one moment");
                let (value, velocity) = <Dispatch as Descend>::sgd_momentum(
                    value.into_dispatch(),
                    gradient.into_dispatch(),
                    velocity,
                    rates,
                );
                (value, vec![velocity])
            }
            Rule::Adam { decoupled, .. } => {
                let mut moments = moments.unwrap_or_else(|| vec![zeros(), zeros()]).into_iter();
                let (first, second) = (moments.next().expect("two moments"), moments.next().expect("two moments"));
                let (value, first, second) = <Dispatch as Descend>::adam(
                    value.into_dispatch(),
                    gradient.into_dispatch(),
                    first,
                    second,
                    rates,
                    decoupled,
                );
                (value, vec![first, second])
            }
        };
        self.moments.insert(id, moments);
        Tensor::from_dispatch(value)
    }
}

struct Step<'a> {
    optimizer: &'a mut Optimizer,
    gradients: GradientsParams,
}

impl ModuleMapper for Step<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        let Some(gradient) = self.gradients.remove::<D>(id) else {
            return Param::from_mapped_value(id, tensor, mapper);
        };
        let (tracked, wanted) = (tensor.is_autodiff(), tensor.is_require_grad());
        let value = self.optimizer.moved(id, if tracked { tensor.inner() } else { tensor }, gradient);
        let value = if tracked { Tensor::from_inner(value).set_require_grad(wanted) } else { value };
        Param::from_mapped_value(id, value, mapper)
    }
}

/// Every result takes its argument's place in memory where nobody else holds it.
#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait Descend: Backend {
    /// The corrections of the next step.
    #[fusion(dtype = rates, shape = rates)]
    fn advance(rates: FloatTensor<Self>) -> FloatTensor<Self>;

    #[fusion(dtype = w, shape = w)]
    fn sgd(w: FloatTensor<Self>, g: FloatTensor<Self>, rates: FloatTensor<Self>) -> FloatTensor<Self>;

    #[fusion(meta = |w, _, v, _| (w.clone(), v.clone()))]
    fn sgd_momentum(
        w: FloatTensor<Self>,
        g: FloatTensor<Self>,
        v: FloatTensor<Self>,
        rates: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    #[fusion(meta = adam_outputs)]
    fn adam(
        w: FloatTensor<Self>,
        g: FloatTensor<Self>,
        m: FloatTensor<Self>,
        v: FloatTensor<Self>,
        rates: FloatTensor<Self>,
        decoupled: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

#[cfg(feature = "gpu")]
fn adam_outputs(
    w: &TensorSpec,
    _: &TensorSpec,
    m: &TensorSpec,
    v: &TensorSpec,
    _: &TensorSpec,
    _: &bool,
) -> (TensorSpec, TensorSpec, TensorSpec) {
    (w.clone(), m.clone(), v.clone())
}

impl Descend for Flex {
    fn advance(rates: FloatTensor<Self>) -> FloatTensor<Self> {
        let mut rates = in_rows(rates);
        let table = numbers_mut(&mut rates);
        table[rates::CORRECTION_1] = table[rates::TAKE_1] + table[rates::KEEP_1] * table[rates::CORRECTION_1];
        table[rates::CORRECTION_2] = table[rates::TAKE_2] + table[rates::KEEP_2] * table[rates::CORRECTION_2];
        rates
    }

    fn sgd(w: FloatTensor<Self>, g: FloatTensor<Self>, rates: FloatTensor<Self>) -> FloatTensor<Self> {
        let (mut w, g) = (in_rows(w), in_rows(g));
        let table = numbers(&rates);
        let sgd = kernels::optimizer::Sgd { lr: table[rates::LR], momentum: 0.0, decay: table[rates::DECAY] };
        kernels::optimizer::sgd(numbers_mut(&mut w), numbers(&g), None, &sgd);
        w
    }

    fn sgd_momentum(
        w: FloatTensor<Self>,
        g: FloatTensor<Self>,
        v: FloatTensor<Self>,
        rates: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (mut w, g, mut v) = (in_rows(w), in_rows(g), in_rows(v));
        let table = numbers(&rates);
        let [lr, decay, momentum] = [table[rates::LR], table[rates::DECAY], table[rates::KEEP_1]];
        let sgd = kernels::optimizer::Sgd { lr, momentum, decay };
        kernels::optimizer::sgd(numbers_mut(&mut w), numbers(&g), Some(numbers_mut(&mut v)), &sgd);
        (w, v)
    }

    fn adam(
        w: FloatTensor<Self>,
        g: FloatTensor<Self>,
        m: FloatTensor<Self>,
        v: FloatTensor<Self>,
        rates: FloatTensor<Self>,
        decoupled: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (mut w, g, mut m, mut v) = (in_rows(w), in_rows(g), in_rows(m), in_rows(v));
        let table = numbers(&rates);
        let adam = kernels::optimizer::Adam {
            lr: table[rates::LR],
            decay: table[rates::DECAY],
            decoupled,
            keep: [table[rates::KEEP_1], table[rates::KEEP_2]],
            take: [table[rates::TAKE_1], table[rates::TAKE_2]],
            corrections: [table[rates::CORRECTION_1], table[rates::CORRECTION_2]],
            epsilon: table[rates::EPSILON],
        };
        kernels::optimizer::adam(numbers_mut(&mut w), numbers(&g), numbers_mut(&mut m), numbers_mut(&mut v), &adam);
        (w, m, v)
    }
}
