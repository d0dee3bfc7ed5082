//! Losses that attacks increase, and what counts as success.

use super::victim::SampleLoss;
use crate::data::Task;
use crate::error::{Error, Result};
use burn::tensor::{Bool, Int, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The loss that an attack increases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AttackLoss {
    /// Cross-entropy.
    #[default]
    Ce,
    /// Difference of logits ratio (Croce and Hein 2020, equation 6, with a target equation 8): does not vanish on
    /// confident answers.
    Dlr,
    /// Margin of Carlini and Wagner (2017), f without its floor: best wrong logit minus right logit.
    CwMargin,
}

impl AttackLoss {
    /// An error if the loss is not defined on this task: DLR divides by a distance between the first and the third
    /// logit, with a target also the fourth.
    pub fn check(self, targeted: bool, task: &Task) -> Result {
        let (needed, with) = if targeted { (4, " with a target") } else { (3, "") };
        let classes = task.classes.len();
        if self != Self::Dlr || classes >= needed {
            return Ok(());
        }
        let why = format!("\"dlr\"{with} needs at least {needed} classes; task \"{}\" has {classes}", task.name);
        Err(Error::input("loss", why))
    }
}

/// For each sample `[n]`, whether the attack has succeeded: the network answers another class than the label, or with
/// `targeted` the label, which is then the target. Logits are `[n, classes]`; of equal ones the first is the answer, as
/// for [`spec::best_class`].
pub fn fooled(logits: Tensor<2>, labels: Tensor<1, Int>, targeted: bool) -> Tensor<1, Bool> {
    let index = labels.unsqueeze_dim::<2>(1);
    let label = logits.clone().gather(1, index.clone());
    let (columns, index) = (columns(&logits), index.expand(logits.dims()));
    let best = |left_out: Tensor<2, Bool>| without(logits.clone(), left_out).max_dim(1);
    let before = best(columns.clone().greater_equal(index.clone()));
    let behind = best(columns.lower_equal(index));
    let is_label: Tensor<1, Bool> = label.clone().greater(before).bool_and(label.greater_equal(behind)).squeeze_dim(1);
    if targeted { is_label } else { is_label.bool_not() }
}

/// The logits with those at `left_out` lower than all others of their row, however large these are; and finite, because
/// compilers of graphics devices may assume that there are no infinities.
fn without(logits: Tensor<2>, left_out: Tensor<2, Bool>) -> Tensor<2> {
    let least = logits.clone().detach().min_dim(1);
    let lower = least.clone() - least.abs().mul_scalar(1e-6).add_scalar(1.0);
    let shape = logits.dims();
    logits.mask_where(left_out, lower.expand(shape))
}

/// The number of each column, in the shape of the logits.
fn columns(logits: &Tensor<2>) -> Tensor<2, Int> {
    let [n, classes] = logits.dims();
    Tensor::<1, Int>::arange(0..classes as i64, &logits.device()).unsqueeze_dim::<2>(0).expand([n, classes])
}

/// The loss of a kind, as a function that the attack increases: away from the label, or with `targeted` towards it.
pub fn attack_loss(kind: AttackLoss, targeted: bool) -> Box<SampleLoss<'static>> {
    let sign = if targeted { -1.0 } else { 1.0 };
    Box::new(move |logits, labels| {
        let loss = match kind {
            // It orders points as cross-entropy does, and its gradient has the same direction; that of cross-entropy is
            // exactly 0 where the network is sure, and an attack would not move.
            AttackLoss::Ce => ops::wrong_log_odds(logits, labels),
            AttackLoss::Dlr => dlr(logits, labels, targeted),
            AttackLoss::CwMargin => {
                let (right, wrong) = margins(logits, labels);
                wrong - right
            }
        };
        loss.mul_scalar(sign)
    })
}

/// The logit of the label and the highest other one, each `[n]`.
fn margins(logits: Tensor<2>, labels: Tensor<1, Int>) -> (Tensor<1>, Tensor<1>) {
    let index = labels.unsqueeze_dim::<2>(1);
    let right = logits.clone().gather(1, index.clone());
    let own = index.expand(logits.dims()).equal(columns(&logits));
    let wrong = without(logits, own).max_dim(1);
    (right.squeeze_dim(1), wrong.squeeze_dim(1))
}

/// −(z_y − max_{i≠y} z_i) / (z_π1 − z_π3 + 1e-12); needs three classes.
///
/// With a target t as the label it is (max_{i≠t} z_i − z_t) / (z_π1 − (z_π3 + z_π4) / 2 + 1e-12), which needs four
/// classes: equation 8, with the maximum in place of z_y. The two are the same as long as the network answers y. The
/// paper's attack has won as soon as any other class leads, this one when t does.
fn dlr(logits: Tensor<2>, labels: Tensor<1, Int>, targeted: bool) -> Tensor<1> {
    let (right, wrong) = margins(logits.clone(), labels);
    let first = logits.clone().max_dim(1);
    // One of several equal logits at a time, as where they are sorted.
    let columns = columns(&logits);
    let shorter = |logits: Tensor<2>| {
        let highest = logits.clone().argmax(1).expand(columns.dims()).equal(columns.clone());
        without(logits, highest)
    };
    let from_third = shorter(shorter(logits));
    let third = from_third.clone().max_dim(1);
    let low = match targeted {
        true => (shorter(from_third).max_dim(1) + third).mul_scalar(0.5),
        false => third,
    };
    let span: Tensor<1> = (first - low).squeeze_dim(1);
    (wrong - right) / span.add_scalar(1e-12)
}

/// The samples `[n, c, h, w]` of `new` where `at` `[n]` is true, those of `old` elsewhere.
pub fn replaced(old: Tensor<4>, at: Tensor<1, Bool>, new: Tensor<4>) -> Tensor<4> {
    let shape = old.dims();
    old.mask_where(at.reshape([shape[0], 1, 1, 1]).expand(shape), new)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "a test may wait")]
    use super::*;
    use burn::tensor::Device;

    /// As the figures count it, ties included: what the network answers is the first of the largest logits.
    #[test]
    fn who_is_fooled_is_what_the_answers_say() {
        let device = Device::flex();
        let rows: [[f32; 3]; 6] =
            [[1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [2.0, 2.0, 2.0], [0.0, -1.0, 3.0], [5.0, 4.0, 5.0], [-3.0, -2.0, -4.0]];
        for label in 0..3_u16 {
            let found = |targeted| -> Vec<bool> {
                let labels = Tensor::<1, Int>::from_data([i32::from(label); 6], &device);
                let fooled = fooled(Tensor::from_data(rows, &device), labels, targeted);
                fooled.into_data().iter::<bool>().collect()
            };
            let is_label: Vec<bool> = rows.iter().map(|row| spec::best_class(row) == label).collect();
            assert_eq!(found(true), is_label, "class {label}");
            assert_eq!(found(false), is_label.iter().map(|is| !is).collect::<Vec<_>>(), "class {label}");
        }
    }

    /// Losses by scale `[n]`: of the logits times a power of two, in units of that power.
    fn losses(kind: AttackLoss, targeted: bool, rows: &[[f32; 4]], label: i32, scale: f32) -> Vec<f32> {
        let device = Device::flex();
        let logits: Vec<f32> = rows.iter().flatten().map(|logit| logit * scale).collect();
        let logits = Tensor::<1>::from_data(&logits[..], &device).reshape([rows.len(), 4]);
        let labels = Tensor::<1, Int>::from_data(&vec![label; rows.len()][..], &device);
        attack_loss(kind, targeted)(logits, labels).into_data().iter::<f32>().collect()
    }

    /// Logits far below every number that a mask may have, and far above.
    #[test]
    fn margins_do_not_depend_on_how_large_logits_are() {
        let rows = [[-7.0, -5.0, -3.0, -4.0], [1.0, 0.5, -2.0, 0.25], [-1.0, -1.5, -1.25, -3.0], [4.0, 6.0, 5.0, 7.0]];
        for (label, targeted) in [(0, false), (2, false), (1, true), (3, true)] {
            let margin = losses(AttackLoss::CwMargin, targeted, &rows, label, 1.0);
            let ratio = losses(AttackLoss::Dlr, targeted, &rows, label, 1.0);
            for scale in [2.0_f32.powi(90), 2.0_f32.powi(104), 2.0_f32.powi(120)] {
                let found = losses(AttackLoss::CwMargin, targeted, &rows, label, scale);
                assert_eq!(found.iter().map(|loss| loss / scale).collect::<Vec<_>>(), margin, "{scale}");
                assert_eq!(losses(AttackLoss::Dlr, targeted, &rows, label, scale), ratio, "{scale}");
            }
        }
    }

    /// As the authors' code, which sorts: −(z_y − max_{i≠y} z_i) / (z_π1 − z_π3), with a target (z_π3 + z_π4) / 2.
    #[test]
    fn equal_logits_count_one_by_one_in_the_ratio() {
        let rows = [[3.0, 3.0, 1.0, 0.0], [2.0, 2.0, 2.0, 0.0], [4.0, 1.0, 1.0, 1.0], [5.0, 3.0, 3.0, 1.0]];
        assert_eq!(losses(AttackLoss::Dlr, false, &rows[..1], 0, 1.0), [0.0]);
        assert_eq!(losses(AttackLoss::Dlr, false, &rows[2..], 0, 1.0), [-1.0, -1.0]);
        assert_eq!(losses(AttackLoss::Dlr, false, &rows[3..], 3, 1.0), [2.0]);
        // Towards class 1: (3 - 3) / (3 - 0.5), (2 - 2) / (2 - 1), -(4 - 1) / (4 - 1) and -(5 - 3) / (5 - 2).
        let towards = losses(AttackLoss::Dlr, true, &rows, 1, 1.0);
        let near = |at: usize, value: f32| assert!((towards[at] - value).abs() < 1e-6, "{at}: {}", towards[at]);
        near(0, 0.0);
        near(1, 0.0);
        near(2, -1.0);
        near(3, -2.0 / 3.0);
    }
}
