//! Steps of the optimizers of PyTorch, in place and in one pass, rounded where `torch.optim` rounds.

use crate::output::split_numbers;
use crate::threads::Shared;
use crate::{dispatch, isa};

/// `torch.optim.Adam`, or AdamW if the decay is decoupled.
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    pub lr: f64,
    pub beta1: f64,
    pub beta2: f64,
    pub epsilon: f64,
    /// Weight decay: added to the gradient, or taken from the weights if it is decoupled.
    pub decay: f64,
    pub decoupled: bool,
    /// Steps with this one: 1 at the first.
    pub step: i32,
}

/// What the loop over the numbers needs of [`Adam`].
struct AdamFactors {
    /// lr / (1 − beta1^step).
    rate: f32,
    /// √(1 − beta2^step).
    correction: f32,
    /// 1 − beta1.
    first: f32,
    beta2: f32,
    /// 1 − beta2.
    second: f32,
    epsilon: f32,
    /// Factor of the weights.
    shrink: f32,
    /// Factor of the weights in the gradient.
    decay: f32,
}

impl Adam {
    fn factors(&self) -> AdamFactors {
        let (shrink, decay) = if self.decoupled { (1.0 - self.lr * self.decay, 0.0) } else { (1.0, self.decay) };
        AdamFactors {
            rate: (self.lr / (1.0 - self.beta1.powi(self.step))) as f32,
            correction: (1.0 - self.beta2.powi(self.step)).sqrt() as f32,
            first: (1.0 - self.beta1) as f32,
            beta2: self.beta2 as f32,
            second: (1.0 - self.beta2) as f32,
            epsilon: self.epsilon as f32,
            shrink: shrink as f32,
            decay: decay as f32,
        }
    }
}

/// One step of weights `w` along the gradient `g`, with its averages `m` of gradients and `v` of squares.
pub fn adam(w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32], adam: &Adam) {
    let (isa, n, factors) = (isa(), w.len(), adam.factors());
    assert!(g.len() == n && m.len() == n && v.len() == n);
    let (w, m, v) = (Shared::new(w), Shared::new(m), Shared::new(v));
    split_numbers(n, 2 * n, |at| {
        let (w, m, v) = unsafe { (w.range(at.clone()), m.range(at.clone()), v.range(at.clone())) };
        adam_on(isa, w, &g[at], m, v, &factors);
    });
}

dispatch! {
    fn adam_on(w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32], factors: &AdamFactors) = adam_body
}

#[inline(always)]
unsafe fn adam_body<V>(w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32], factors: &AdamFactors) {
    let AdamFactors { rate, correction, first, beta2, second, epsilon, shrink, decay } = *factors;
    for (((w, g), m), v) in w.iter_mut().zip(g).zip(m).zip(v) {
        let g = g + decay * *w;
        let shrunk = *w * shrink;
        *m += first * (g - *m);
        *v = *v * beta2 + second * g * g;
        *w = shrunk - rate * *m / (v.sqrt() / correction + epsilon);
    }
}

/// `torch.optim.SGD` with dampening 0 and without Nesterov.
#[derive(Clone, Copy, Debug)]
pub struct Sgd {
    pub lr: f64,
    pub momentum: f64,
    /// Weight decay, added to the gradient.
    pub decay: f64,
    /// The first step, at which the velocity becomes the gradient.
    pub first: bool,
}

/// One step of weights `w` along the gradient `g`; without a velocity there is no momentum.
pub fn sgd(w: &mut [f32], g: &[f32], mut velocity: Option<&mut [f32]>, sgd: &Sgd) {
    let (isa, n) = (isa(), w.len());
    assert!(g.len() == n && velocity.as_ref().is_none_or(|velocity| velocity.len() == n));
    if let Some(velocity) = velocity.as_mut().filter(|_| sgd.first) {
        velocity.fill(0.0);
    }
    let (w, velocity) = (Shared::new(w), velocity.map(Shared::new));
    let (lr, momentum, decay) = (sgd.lr as f32, sgd.momentum as f32, sgd.decay as f32);
    split_numbers(n, n, |at| {
        let velocity = velocity.map(|velocity| unsafe { velocity.range(at.clone()) });
        sgd_on(isa, unsafe { w.range(at.clone()) }, &g[at], velocity, lr, momentum, decay);
    });
}

dispatch! {
    fn sgd_on(w: &mut [f32], g: &[f32], velocity: Option<&mut [f32]>, lr: f32, momentum: f32, decay: f32) = sgd_body
}

#[inline(always)]
unsafe fn sgd_body<V>(w: &mut [f32], g: &[f32], velocity: Option<&mut [f32]>, lr: f32, momentum: f32, decay: f32) {
    if let Some(velocity) = velocity {
        for ((w, g), velocity) in w.iter_mut().zip(g).zip(velocity) {
            *velocity = *velocity * momentum + (g + decay * *w);
            *w -= lr * *velocity;
        }
    } else {
        w.iter_mut().zip(g).for_each(|(w, g)| *w -= lr * (g + decay * *w));
    }
}
