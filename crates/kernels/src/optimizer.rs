//! Steps of the optimizers of PyTorch, in place and in one pass, rounded where `torch.optim` rounds.

use crate::output::split_numbers;
use crate::threads::Shared;
use crate::{dispatch, isa};

/// `torch.optim.Adam`, or AdamW if the decay is decoupled.
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    pub lr: f32,
    /// β₁ and β₂.
    pub keep: [f32; 2],
    /// 1 − β₁ and 1 − β₂.
    pub take: [f32; 2],
    /// 1 − β₁^step and 1 − β₂^step.
    pub corrections: [f32; 2],
    pub epsilon: f32,
    /// Weight decay: added to the gradient, or taken from the weights if it is decoupled.
    pub decay: f32,
    pub decoupled: bool,
}

/// One step of weights `w` along the gradient `g`, with its averages `m` of gradients and `v` of squares.
pub fn adam(w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32], adam: &Adam) {
    let (isa, n) = (isa(), w.len());
    assert!(g.len() == n && m.len() == n && v.len() == n);
    let (w, m, v) = (Shared::new(w), Shared::new(m), Shared::new(v));
    split_numbers(n, 2 * n, |at| {
        let (w, m, v) = unsafe { (w.range(at.clone()), m.range(at.clone()), v.range(at.clone())) };
        adam_on(isa, w, &g[at], m, v, adam);
    });
}

dispatch! {
    fn adam_on(w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32], adam: &Adam) = adam_body
}

#[inline(always)]
unsafe fn adam_body<V>(w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32], adam: &Adam) {
    let Adam { lr, keep: [_, beta2], take: [first, second], epsilon, .. } = *adam;
    let (rate, correction) = (lr / adam.corrections[0], adam.corrections[1].sqrt());
    let (shrink, decay) = if adam.decoupled { (1.0 - lr * adam.decay, 0.0) } else { (1.0, adam.decay) };
    for (((w, g), m), v) in w.iter_mut().zip(g).zip(m).zip(v) {
        let g = g + decay * *w;
        let shrunk = *w * shrink;
        *m += first * (g - *m);
        *v = *v * beta2 + second * g * g;
        *w = shrunk - rate * *m / (v.sqrt() / correction + epsilon);
    }
}

/// `torch.optim.SGD` with dampening 0 and without Nesterov. At the first step the velocity is zero: it becomes the
/// gradient.
#[derive(Clone, Copy, Debug)]
pub struct Sgd {
    pub lr: f32,
    pub momentum: f32,
    /// Weight decay, added to the gradient.
    pub decay: f32,
}

/// One step of weights `w` along the gradient `g`; without a velocity there is no momentum.
pub fn sgd(w: &mut [f32], g: &[f32], velocity: Option<&mut [f32]>, sgd: &Sgd) {
    let (isa, n) = (isa(), w.len());
    assert!(g.len() == n && velocity.as_ref().is_none_or(|velocity| velocity.len() == n));
    let (w, velocity) = (Shared::new(w), velocity.map(Shared::new));
    let Sgd { lr, momentum, decay } = *sgd;
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
