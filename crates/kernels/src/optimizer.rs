//! PyTorch's optimizers, each as one pass over a parameter and its state, in place. Every operation rounds where
//! `torch.optim` rounds.

use crate::threads::{Shared, split_elements};
use crate::{dispatch, isa};

/// Settings of one step of `torch.optim.Adam`, or of AdamW if the decay is decoupled.
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    /// Learning rate.
    pub lr: f32,
    /// β₁ and β₂.
    pub keep: [f32; 2],
    /// 1 − β₁ and 1 − β₂.
    pub take: [f32; 2],
    /// The bias corrections 1 − β₁^step and 1 − β₂^step.
    pub corrections: [f32; 2],
    /// Added to √v̂ in the denominator.
    pub epsilon: f32,
    /// Weight decay: added to the gradient, or subtracted from the weights if it is decoupled.
    pub decay: f32,
    /// Whether weight decay is decoupled (AdamW).
    pub decoupled: bool,
}

/// One Adam step of the weights `w` with the gradient `g`; `m` and `v` are the running means of the gradient and of its
/// square. All have the same length.
///
/// # Panics
/// If the lengths differ.
pub fn adam(w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32], adam: &Adam) {
    let (isa, n) = (isa(), w.len());
    assert!(g.len() == n && m.len() == n && v.len() == n);
    let (w, m, v) = (Shared::new(w), Shared::new(m), Shared::new(v));
    split_elements(n, 2 * n, |at| {
        let (w, m, v) = unsafe { (w.range(at.clone()), m.range(at.clone()), v.range(at.clone())) };
        adam_on(isa, w, &g[at], m, v, adam);
    });
}

dispatch! {
    fn adam_on(w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32], adam: &Adam) = adam_impl
}

#[inline(always)]
unsafe fn adam_impl<V>(w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32], adam: &Adam) {
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

/// Settings of one step of `torch.optim.SGD`, without dampening and Nesterov momentum. At the first step the velocity
/// must be zero.
#[derive(Clone, Copy, Debug)]
pub struct Sgd {
    /// Learning rate.
    pub lr: f32,
    /// μ: how much of the last step's velocity goes on; unused without a velocity.
    pub momentum: f32,
    /// Weight decay, added to the gradient.
    pub decay: f32,
}

/// One SGD step of the weights `w` with the gradient `g`. Without a velocity there is no momentum.
///
/// # Panics
/// If the lengths differ.
pub fn sgd(w: &mut [f32], g: &[f32], velocity: Option<&mut [f32]>, sgd: &Sgd) {
    let (isa, n) = (isa(), w.len());
    assert!(g.len() == n && velocity.as_ref().is_none_or(|velocity| velocity.len() == n));
    let (w, velocity) = (Shared::new(w), velocity.map(Shared::new));
    let Sgd { lr, momentum, decay } = *sgd;
    split_elements(n, n, |at| {
        let velocity = velocity.map(|velocity| unsafe { velocity.range(at.clone()) });
        sgd_on(isa, unsafe { w.range(at.clone()) }, &g[at], velocity, lr, momentum, decay);
    });
}

dispatch! {
    fn sgd_on(w: &mut [f32], g: &[f32], velocity: Option<&mut [f32]>, lr: f32, momentum: f32, decay: f32) = sgd_impl
}

#[inline(always)]
unsafe fn sgd_impl<V>(w: &mut [f32], g: &[f32], velocity: Option<&mut [f32]>, lr: f32, momentum: f32, decay: f32) {
    if let Some(velocity) = velocity {
        for ((w, g), velocity) in w.iter_mut().zip(g).zip(velocity) {
            *velocity = *velocity * momentum + (g + decay * *w);
            *w -= lr * *velocity;
        }
    } else {
        w.iter_mut().zip(g).for_each(|(w, g)| *w -= lr * (g + decay * *w));
    }
}
