//! PyTorch's rules, each one pass over a parameter and its state, in place.

use crate::fused::{in_rows, is_plain, numbers, numbers_mut};
use crate::graph::renewed;
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, DispatchTensor, Flex, backend_extension};
use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use std::collections::HashMap;
use std::rc::Rc;

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

/// Learning rates that lie on the device at once.
const AHEAD: usize = 256;

/// A rule and what it remembers of every parameter.
///
/// What changes from step to step lies on the device, and is moved on there: a step uploads nothing, and asks for the
/// same as the one before.
pub struct Optimizer {
    rule: Rule,
    /// The learning rate of every step.
    schedule: Rc<dyn Fn(usize) -> f64>,
    /// By burn's operations alone.
    plain: bool,
    /// Steps that were begun.
    begun: usize,
    /// 1 − β^t of both moments; the sum grows as (1 − β) + β·(1 − β^(t−1)), which loses no digits.
    corrections: [f64; 2],
    /// The numbers of [`rates`], and the learning rates of the steps to come.
    rates: Option<[DispatchTensor; 2]>,
    /// Whether they have to be moved on before the next parameter.
    due: bool,
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
    /// Which of the learning rates ahead is the next one.
    pub const NEXT: usize = 9;
    pub const ALL: usize = 10;
}

impl Optimizer {
    /// `schedule` says the learning rate of every step, from step 0.
    pub fn new(rule: Rule, schedule: impl Fn(usize) -> f64 + 'static) -> Self {
        Self {
            rule,
            schedule: Rc::new(schedule),
            plain: is_plain(),
            begun: 0,
            corrections: [0.0; 2],
            rates: None,
            due: false,
            moments: HashMap::new(),
        }
    }

    /// Every parameter that has a gradient, moved by one step.
    pub fn step<M: Module>(&mut self, module: M, gradients: GradientsParams) -> M {
        self.begin();
        self.apply(module, gradients)
    }

    /// What the host does for a step, whether its kernels are then asked for by [`Self::apply`] or replayed.
    pub fn begin(&mut self) {
        for (correction, beta) in self.corrections.iter_mut().zip(BETAS) {
            *correction = (1.0 - beta) + beta * *correction;
        }
        self.begun += 1;
        if (self.begun - 1).is_multiple_of(AHEAD)
            && let Some([rates, ahead]) = self.rates.take()
        {
            let ahead = Tensor::<1>::from_dispatch(ahead);
            let new = Tensor::from_data(TensorData::new(self.ahead(), [AHEAD]), &ahead.device());
            self.rates = Some([rates, renewed(ahead, new).into_dispatch()]);
        }
    }

    /// What the device does for a step.
    pub fn apply<M: Module>(&mut self, module: M, gradients: GradientsParams) -> M {
        self.due = true;
        module.map(&mut Step { optimizer: self, gradients })
    }

    /// The same, in memory of its own.
    pub fn copied(&self) -> Self {
        Self {
            schedule: self.schedule.clone(),
            rates: self.rates.as_ref().map(|rates| rates.each_ref().map(copied)),
            moments: self.moments.iter().map(|(id, moments)| (*id, moments.iter().map(copied).collect())).collect(),
            ..*self
        }
    }

    /// Learning rates from this step or an earlier one on.
    fn ahead(&self) -> Vec<f32> {
        let from = (self.begun - 1) / AHEAD * AHEAD;
        (from..from + AHEAD).map(|step| (self.schedule)(step) as f32).collect()
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
        let lr = (self.schedule)(self.begun - 1);
        match self.rule {
            Rule::Sgd { momentum, decay } => {
                let v = moment().mul_scalar(momentum) + g.clone() + w.clone().mul_scalar(decay);
                (w - v.clone().mul_scalar(lr), vec![v.into_dispatch()])
            }
            Rule::Adam { decay, decoupled } => {
                let ([keep_1, keep_2], [first, second]) = (BETAS, self.corrections);
                let (m, v) = (moment(), moment());
                let (w, g) = match decoupled {
                    true => (w.mul_scalar(1.0 - lr * f64::from(decay)), g.clone()),
                    false => (w.clone(), g.clone() + w.mul_scalar(decay)),
                };
                let m = m.mul_scalar(keep_1) + g.clone().mul_scalar(1.0 - keep_1);
                let v = v.mul_scalar(keep_2) + g.powi_scalar(2).mul_scalar(1.0 - keep_2);
                let length = v.clone().sqrt().div_scalar(second.sqrt()).add_scalar(EPSILON);
                let step = m.clone().mul_scalar(lr / first) / length;
                (w - step, vec![m.into_dispatch(), v.into_dispatch()])
            }
        }
    }

    /// The table before the first step.
    fn table(&self) -> [f32; rates::ALL] {
        let mut table = [0.0; rates::ALL];
        let [beta_1, beta_2] = BETAS;
        let (decay, keep) = match self.rule {
            Rule::Sgd { momentum, decay } => (decay, momentum),
            Rule::Adam { decay, .. } => (decay, beta_1 as f32),
        };
        table[rates::DECAY] = decay;
        table[rates::KEEP_1] = keep;
        table[rates::TAKE_1] = (1.0 - beta_1) as f32;
        table[rates::KEEP_2] = beta_2 as f32;
        table[rates::TAKE_2] = (1.0 - beta_2) as f32;
        table[rates::EPSILON] = EPSILON;
        table[rates::NEXT] = ((self.begun - 1) % AHEAD) as f32;
        table
    }

    /// The table of this step.
    fn rates(&mut self, device: &Device) -> DispatchTensor {
        let [rates, ahead] = self.rates.take().unwrap_or_else(|| {
            [self.table().to_vec(), self.ahead()].map(|table| {
                let n = table.len();
                Tensor::<1>::from_data(TensorData::new(table, [n]), device).into_dispatch()
            })
        });
        let rates = match std::mem::take(&mut self.due) {
            true => <Dispatch as Descend>::advance(rates, ahead.clone()),
            false => rates,
        };
        self.rates = Some([rates.clone(), ahead]);
        rates
    }

    fn moved<const D: usize>(&mut self, id: ParamId, value: Tensor<D>, gradient: Tensor<D>) -> Tensor<D> {
        if self.plain {
            let moments = self.moments.remove(&id).unwrap_or_default();
            let (value, moments) = self.plainly(value, gradient, moments);
            self.moments.insert(id, moments);
            return value;
        }
        let rates = self.rates(&value.device());
        let zeros = || gradient.zeros_like().into_dispatch();
        let moments = self.moments.remove(&id);
        let (value, moments) = match self.rule {
            Rule::Sgd { momentum: 0.0, .. } => {
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

/// Times one.
fn copied(tensor: &DispatchTensor) -> DispatchTensor {
    Dispatch::float_mul_scalar(tensor.clone(), 1.0.into())
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
    /// The learning rate and the corrections of the next step.
    #[fusion(dtype = rates, shape = rates)]
    fn advance(rates: FloatTensor<Self>, ahead: FloatTensor<Self>) -> FloatTensor<Self>;

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
    fn advance(rates: FloatTensor<Self>, ahead: FloatTensor<Self>) -> FloatTensor<Self> {
        let mut rates = in_rows(rates);
        let table = numbers_mut(&mut rates);
        let next = table[rates::NEXT] as usize;
        table[rates::LR] = numbers(&ahead)[next];
        table[rates::NEXT] = ((next + 1) % AHEAD) as f32;
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
