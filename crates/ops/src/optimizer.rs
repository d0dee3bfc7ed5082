//! PyTorch's optimizers, fused: one pass over a parameter and its state, in place. They are written by hand and not
//! taken from burn, because a replayed step must keep its state and its learning rate on the device, and because burn's
//! module optimizers with their records were 150 KB of wasm.

use crate::flex::{elements, elements_mut, row_major};
use crate::graph::renewed;
use crate::reference::uses_reference;
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, DispatchTensor, Flex, backend_extension};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

#[cfg(feature = "gpu")]
use burn::backend::fusion::custom::TensorSpec;

#[cfg(feature = "gpu")]
mod cube;

/// The update rule of an optimizer, with its constants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// SGD: v ← μ·v + g + λ·w, w ← w − η·v.
    Sgd {
        /// μ; 0 for gradient descent without momentum, which keeps no velocity.
        momentum: f32,
        /// The weight decay λ.
        decay: f32,
    },
    /// Adam (Kingma and Ba 2015, algorithm 1). λ·w is added to the gradient, or subtracted from the weights separately
    /// if `decoupled` (AdamW, Loshchilov and Hutter 2019, algorithm 2).
    Adam {
        /// The weight decay λ.
        decay: f32,
        /// Whether weight decay is decoupled from the gradient.
        decoupled: bool,
    },
}

const EPSILON: f32 = 1e-8;
const BETAS: [f64; 2] = [0.9, 0.999];

/// The learning rates of so many steps are on the device at once.
const RATES_AHEAD: usize = 256;

/// An update rule and its state for every parameter.
///
/// Everything that changes from step to step is on the device and advanced there. So a step uploads nothing and
/// launches the same kernels as the one before.
pub struct Optimizer {
    rule: Rule,
    /// The learning rate of every step, from step 0.
    schedule: Rc<dyn Fn(usize) -> f64>,
    /// Whether the reference implementation is used.
    reference: bool,
    /// The number of steps so far, including the current one.
    steps: usize,
    /// 1 − β^t of both moments, computed as (1 − β) + β·(1 − β^(t−1)), which loses no digits.
    corrections: [f64; 2],
    /// The table that [`rates`] describes, and the learning rates of the coming steps.
    rates: Option<[DispatchTensor; 2]>,
    /// Whether the table must be advanced before the next parameter is updated.
    advance_pending: bool,
    /// The velocity, or the first and second moment, of every parameter.
    moments: HashMap<ParamId, Vec<DispatchTensor>>,
}

/// Indices into the table of rates.
pub(crate) mod rates {
    /// The learning rate η.
    pub const LR: usize = 0;
    /// The weight decay λ.
    pub const DECAY: usize = 1;
    /// μ or β₁.
    pub const KEEP_1: usize = 2;
    /// 1 − β₁.
    pub const TAKE_1: usize = 3;
    /// β₂.
    pub const KEEP_2: usize = 4;
    /// 1 − β₂.
    pub const TAKE_2: usize = 5;
    /// 1 − β₁^t.
    pub const CORRECTION_1: usize = 6;
    /// 1 − β₂^t.
    pub const CORRECTION_2: usize = 7;
    /// Added to √v̂ in the denominator.
    pub const EPSILON: usize = 8;
    /// The index of the next learning rate in the table of coming rates.
    pub const NEXT: usize = 9;
    /// The length of the table.
    pub const ALL: usize = 10;
}

impl Optimizer {
    /// An optimizer without state; `schedule` gives the learning rate of every step, from step 0.
    pub fn new(rule: Rule, schedule: impl Fn(usize) -> f64 + 'static) -> Self {
        Self {
            rule,
            schedule: Rc::new(schedule),
            reference: uses_reference(),
            steps: 0,
            corrections: [0.0; 2],
            rates: None,
            advance_pending: false,
            moments: HashMap::new(),
        }
    }

    /// Updates every parameter that has a gradient by one step.
    pub fn step<M: Module>(&mut self, module: M, gradients: GradientsParams) -> M {
        self.begin();
        self.apply(module, gradients)
    }

    /// The host's part of a step, whether its kernels are then launched by [`Self::apply`] or replayed.
    pub fn begin(&mut self) {
        self.count();
        if (self.steps - 1).is_multiple_of(RATES_AHEAD)
            && let Some([rates, rates_ahead]) = self.rates.take()
        {
            let rates_ahead = Tensor::<1>::from_dispatch(rates_ahead);
            let new = Tensor::from_data(TensorData::new(self.rates_ahead(), [RATES_AHEAD]), &rates_ahead.device());
            self.rates = Some([rates, renewed(rates_ahead, new).into_dispatch()]);
        }
    }

    /// The device's part of a step: updates every parameter that has a gradient.
    pub fn apply<M: Module>(&mut self, module: M, gradients: GradientsParams) -> M {
        self.advance_pending = true;
        module.map(&mut Step { optimizer: self, gradients })
    }

    /// Counts a step.
    fn count(&mut self) {
        for (correction, beta) in self.corrections.iter_mut().zip(BETAS) {
            *correction = (1.0 - beta) + beta * *correction;
        }
        self.steps += 1;
    }

    /// The state that it has between two steps, by name, each tensor `[n]`. `module` is what it updates.
    pub fn state<M: Module>(&self, module: &M) -> Vec<(String, Tensor<1>)> {
        let rates = self.rates.iter().map(|[rates, _]| (RATES.to_owned(), Tensor::from_dispatch(rates.clone())));
        let mut gather = Gather { optimizer: self, at: 0, state: rates.collect() };
        module.visit(&mut gather);
        gather.state
    }

    /// This optimizer as it was after `steps` steps, when `read` is the state that [`Self::state`] gave; `None` if that
    /// does not belong to it and to `module`. The state goes to `device`, which is without autodiff.
    pub fn after<M: Module>(
        mut self,
        steps: usize,
        module: &M,
        read: &BTreeMap<String, Vec<f32>>,
        device: &Device,
    ) -> Option<Self> {
        (0..steps).for_each(|_| self.count());
        if let Some(table) = read.get(RATES) {
            let tables = [table.clone(), self.rates_ahead()];
            self.rates = Some(tables.map(|table| on(device, table).into_dispatch()));
            if table.len() != rates::ALL || steps == 0 {
                return None;
            }
        }
        let mut put = Put { moments: HashMap::new(), read, device, at: 0, fits: true };
        module.visit(&mut put);
        self.moments = put.moments;
        put.fits.then_some(self)
    }

    /// A copy of the optimizer whose state is in memory of its own.
    pub fn copied(&self) -> Self {
        Self {
            schedule: self.schedule.clone(),
            rates: self.rates.as_ref().map(|rates| rates.each_ref().map(copied)),
            moments: self.moments.iter().map(|(id, moments)| (*id, moments.iter().map(copied).collect())).collect(),
            ..*self
        }
    }

    /// The learning rates of the block of steps that contains the current one.
    fn rates_ahead(&self) -> Vec<f32> {
        let from = (self.steps - 1) / RATES_AHEAD * RATES_AHEAD;
        (from..from + RATES_AHEAD).map(|step| (self.schedule)(step) as f32).collect()
    }

    /// The rule in burn's operations; missing moments are zero.
    fn reference_step<const D: usize>(
        &self,
        w: Tensor<D>,
        g: Tensor<D>,
        moments: Vec<DispatchTensor>,
    ) -> (Tensor<D>, Vec<DispatchTensor>) {
        let mut moments = moments.into_iter().map(Tensor::<D>::from_dispatch);
        let mut moment = || moments.next().unwrap_or_else(|| g.zeros_like());
        let lr = (self.schedule)(self.steps - 1);
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
        table[rates::NEXT] = ((self.steps - 1) % RATES_AHEAD) as f32;
        table
    }

    /// The table of the current step, advanced if that has not happened yet.
    fn rates(&mut self, device: &Device) -> DispatchTensor {
        let [rates, rates_ahead] = self.rates.take().unwrap_or_else(|| {
            [self.table().to_vec(), self.rates_ahead()].map(|table| {
                let n = table.len();
                Tensor::<1>::from_data(TensorData::new(table, [n]), device).into_dispatch()
            })
        });
        let rates = match std::mem::take(&mut self.advance_pending) {
            true => <Dispatch as OptimizerStep>::advance(rates, rates_ahead.clone()),
            false => rates,
        };
        self.rates = Some([rates.clone(), rates_ahead]);
        rates
    }

    fn updated<const D: usize>(&mut self, id: ParamId, value: Tensor<D>, gradient: Tensor<D>) -> Tensor<D> {
        if self.reference {
            let moments = self.moments.remove(&id).unwrap_or_default();
            let (value, moments) = self.reference_step(value, gradient, moments);
            self.moments.insert(id, moments);
            return value;
        }
        let rates = self.rates(&value.device());
        let zeros = || gradient.zeros_like().into_dispatch();
        let moments = self.moments.remove(&id);
        let (value, moments) = match self.rule {
            Rule::Sgd { momentum: 0.0, .. } => {
                (<Dispatch as OptimizerStep>::sgd(value.into_dispatch(), gradient.into_dispatch(), rates), Vec::new())
            }
            Rule::Sgd { .. } => {
                let mut moments = moments.unwrap_or_else(|| vec![zeros()]).into_iter();
                let velocity = moments.next().expect("one moment");
                let (value, velocity) = <Dispatch as OptimizerStep>::sgd_momentum(
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
                let (value, first, second) = <Dispatch as OptimizerStep>::adam(
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

/// Multiplies by 1 to force a copy into fresh memory.
fn copied(tensor: &DispatchTensor) -> DispatchTensor {
    Dispatch::float_mul_scalar(tensor.clone(), 1.0.into())
}

/// The name of the table of rates in a state.
const RATES: &str = "rates";

fn on(device: &Device, values: Vec<f32>) -> Tensor<1> {
    let n = values.len();
    Tensor::from_data(TensorData::new(values, [n]), device)
}

/// Gathers the moments of every parameter. They are named by the parameter's place and their own: "3.0".
struct Gather<'a> {
    optimizer: &'a Optimizer,
    /// Place of the parameter among all.
    at: usize,
    state: Vec<(String, Tensor<1>)>,
}

impl ModuleVisitor for Gather<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        for (at, moment) in self.optimizer.moments.get(&param.id).into_iter().flatten().enumerate() {
            let moment = Tensor::<D>::from_dispatch(moment.clone());
            let n = moment.shape().num_elements();
            self.state.push((format!("{}.{at}", self.at), moment.reshape([n])));
        }
        self.at += 1;
    }
}

/// Puts back what [`Gather`] has gathered.
struct Put<'a> {
    moments: HashMap<ParamId, Vec<DispatchTensor>>,
    read: &'a BTreeMap<String, Vec<f32>>,
    device: &'a Device,
    at: usize,
    /// Whether every moment has the size of its parameter.
    fits: bool,
}

impl ModuleVisitor for Put<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let shape = param.val().shape();
        let found = (0..).map_while(|at| self.read.get(&format!("{}.{at}", self.at)));
        let found: Vec<Vec<f32>> = found.cloned().collect();
        self.at += 1;
        if found.iter().any(|moment| moment.len() != shape.num_elements()) {
            self.fits = false;
        } else if !found.is_empty() {
            let moments = found.into_iter().map(|moment| on(self.device, moment).reshape(shape.clone()));
            self.moments.insert(param.id, moments.map(|moment: Tensor<D>| moment.into_dispatch()).collect());
        }
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
        let value = self.optimizer.updated(id, if tracked { tensor.inner() } else { tensor }, gradient);
        let value = if tracked { Tensor::from_inner(value).set_require_grad(wanted) } else { value };
        Param::from_mapped_value(id, value, mapper)
    }
}

/// The backends' part of [`Optimizer`]. Every result overwrites its argument if no other tensor shares the memory.
#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait OptimizerStep: Backend {
    /// The table with the learning rate and the bias corrections of the next step.
    #[fusion(dtype = rates, shape = rates)]
    fn advance(rates: FloatTensor<Self>, rates_ahead: FloatTensor<Self>) -> FloatTensor<Self>;

    /// One SGD step without momentum: the new weights.
    #[fusion(dtype = w, shape = w)]
    fn sgd(w: FloatTensor<Self>, g: FloatTensor<Self>, rates: FloatTensor<Self>) -> FloatTensor<Self>;

    /// One SGD step with momentum: the new weights and velocity.
    #[fusion(meta = |w, _, v, _| (w.clone(), v.clone()))]
    fn sgd_momentum(
        w: FloatTensor<Self>,
        g: FloatTensor<Self>,
        v: FloatTensor<Self>,
        rates: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// One Adam step: the new weights, first and second moment.
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

impl OptimizerStep for Flex {
    fn advance(rates: FloatTensor<Self>, rates_ahead: FloatTensor<Self>) -> FloatTensor<Self> {
        let mut rates = row_major(rates);
        let table = elements_mut(&mut rates);
        let next = table[rates::NEXT] as usize;
        table[rates::LR] = elements(&rates_ahead)[next];
        table[rates::NEXT] = ((next + 1) % RATES_AHEAD) as f32;
        table[rates::CORRECTION_1] = table[rates::TAKE_1] + table[rates::KEEP_1] * table[rates::CORRECTION_1];
        table[rates::CORRECTION_2] = table[rates::TAKE_2] + table[rates::KEEP_2] * table[rates::CORRECTION_2];
        rates
    }

    fn sgd(w: FloatTensor<Self>, g: FloatTensor<Self>, rates: FloatTensor<Self>) -> FloatTensor<Self> {
        let (mut w, g) = (row_major(w), row_major(g));
        let table = elements(&rates);
        let sgd = kernels::optimizer::Sgd { lr: table[rates::LR], momentum: 0.0, decay: table[rates::DECAY] };
        kernels::optimizer::sgd(elements_mut(&mut w), elements(&g), None, &sgd);
        w
    }

    fn sgd_momentum(
        w: FloatTensor<Self>,
        g: FloatTensor<Self>,
        v: FloatTensor<Self>,
        rates: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (mut w, g, mut v) = (row_major(w), row_major(g), row_major(v));
        let table = elements(&rates);
        let [lr, decay, momentum] = [table[rates::LR], table[rates::DECAY], table[rates::KEEP_1]];
        let sgd = kernels::optimizer::Sgd { lr, momentum, decay };
        kernels::optimizer::sgd(elements_mut(&mut w), elements(&g), Some(elements_mut(&mut v)), &sgd);
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
        let (mut w, g, mut m, mut v) = (row_major(w), row_major(g), row_major(m), row_major(v));
        let table = elements(&rates);
        let adam = kernels::optimizer::Adam {
            lr: table[rates::LR],
            decay: table[rates::DECAY],
            decoupled,
            keep: [table[rates::KEEP_1], table[rates::KEEP_2]],
            take: [table[rates::TAKE_1], table[rates::TAKE_2]],
            corrections: [table[rates::CORRECTION_1], table[rates::CORRECTION_2]],
            epsilon: table[rates::EPSILON],
        };
        kernels::optimizer::adam(elements_mut(&mut w), elements(&g), elements_mut(&mut m), elements_mut(&mut v), &adam);
        (w, m, v)
    }
}
