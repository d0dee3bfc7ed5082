//! Do inputs that fool one network fool others? (Liu et al. 2017, arXiv:1611.02770)

use kit::learn::test;
use kit::nets::Net;
use kit::run::{AttackStage, Measure, MeasureJob, Place};
use kit::stats::{Tested, mean_of};
use kit::{Cx, Error, Method, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Access, Card, Direction, Exhibit, Family, MOST_WITH, Metric, Needs, Row};
use std::collections::HashSet;

/// There is nothing to set.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {}

/// Asks its network and those under `with` about the inputs that earlier attacks have changed.
pub struct TransferAsrMatrix;

impl Measure for TransferAsrMatrix {
    fn check_place(place: &Place<'_>) -> Result {
        place.check_others(Self::ID, Net::knows)?;
        match place.attacks.iter().any(|left| left.task == place.task.name) {
            true => Ok(()),
            false => Err(Error::input(Self::ID, "no attack on this task stands before it")),
        }
    }

    async fn measure(_: &Config, job: &MeasureJob<'_>, cx: &mut Cx) -> Result<Vec<Row>> {
        let nets = job.nets();
        let attacks: Vec<(&String, &AttackStage)> = job
            .attacks
            .iter()
            .map(|(name, left)| (name, &**left))
            .filter(|(_, left)| left.task == job.task.name)
            .collect();
        let mut right = Vec::with_capacity(nets.len());
        for (_, net) in &nets {
            right.push(rightly(&test(net, &job.task.test, cx).await?, &job.task.test.rows));
        }
        let (mut values, mut moved, mut own) = (Vec::new(), Vec::new(), Vec::new());
        for (_, left) in &attacks {
            let changed = left.view.changed(left.done.pixels.clone());
            let mut row = Vec::with_capacity(nets.len());
            for ((name, net), right) in nets.iter().zip(&right) {
                let share = fooled(right, &test(net, &changed, cx).await?, &left.view.rows, left.target);
                // A target is harder to reach, so that it has its row alone.
                match left.crafted_on.iter().any(|other| other == name) {
                    _ if left.target.is_some() => {}
                    true => own.extend(share),
                    false => moved.extend(share),
                }
                row.push(share);
            }
            values.push(row);
        }
        cx.show(Exhibit::Matrix {
            series: "fooled by inputs made for others".into(),
            rows: attacks.iter().map(|(name, left)| row_name(name, left)).collect(),
            columns: nets.iter().map(|(name, _)| (*name).to_owned()).collect(),
            values,
            unit: "%".into(),
            diverging: false,
        });
        let figures = [("transfer_asr", mean_of(moved)), ("own_asr", mean_of(own))];
        Ok(figures.into_iter().filter_map(|(key, value)| Some(Row::new(&cx.stage, key, value?))).collect())
    }
}

/// "moved (for other)", "eight (for digits, with a target)".
fn row_name(name: &str, left: &AttackStage) -> String {
    let target = if left.target.is_some() { ", with a target" } else { "" };
    format!("{name} (for {}{target})", left.crafted_on.join(", "))
}

/// Those of the samples `ids` that are answered rightly.
fn rightly(tested: &Tested, ids: &[u32]) -> HashSet<u32> {
    (0..tested.len()).filter(|at| tested.right(*at)).map(|at| ids[at]).collect()
}

/// Of the samples `ids` that a network answers rightly before, those that it answers wrongly after, or with the target;
/// in percent. `None` of none.
fn fooled(right: &HashSet<u32>, attacked: &Tested, ids: &[u32], target: Option<u16>) -> Option<f64> {
    let right: Vec<usize> = (0..ids.len()).filter(|at| right.contains(&ids[*at])).collect();
    let is_fooled = |at: &&usize| match target {
        Some(class) => attacked.answer(**at) == class,
        None => !attacked.right(**at),
    };
    (!right.is_empty()).then(|| 100.0 * right.iter().filter(is_fooled).count() as f64 / right.len() as f64)
}

impl Method for TransferAsrMatrix {
    type Config = Config;
    const CARD: Card = Card {
        id: "measure.transfer-asr-matrix",
        title: "Transfer of attacks",
        family: Family::Measure,
        authors: "Liu, Chen, Liu, Song",
        year: 2016,
        paper: "Delving into Transferable Adversarial Examples and Black-box Attacks, ICLR 2017, arXiv:1611.02770, \
            section 3",
        equation: r"A_{s,t} = \frac{|\{i : f_t(x_i) = y_i, \, f_t(x_{i,s}') \neq y_i\}|}{|\{i : f_t(x_i) = y_i\}|}",
        summary: "Do inputs that were made to fool one network fool the others?",
        notes: "Rows are the attacks that stand before it on the same task, columns its own network and those under \
            `with`. Each share is of the samples that the column's network answers rightly before, so that a column \
            can be read down. Attacks give their last iterate unless they are told otherwise. The paper prints \
            accuracies.",
        needs: Needs { access: Access::Labels, with: [1, MOST_WITH], attacks: Some(1), ..Needs::ANY },
        metrics: &[
            Metric::new(
                "own_asr",
                "Fooled by own",
                "%",
                Direction::None,
                "share that is fooled by inputs made for the same network, mean over attacks without a target",
            ),
            Metric::new(
                "transfer_asr",
                "Fooled by others",
                "%",
                Direction::None,
                "share that is fooled by inputs made for other networks, mean over attacks without a target and \
                    networks",
            ),
        ],
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: the second network is wrong on the third image before.
    #[test]
    fn only_what_was_right_before_can_be_fooled() {
        let tested = |answers: [usize; 3]| {
            let logits = answers.iter().flat_map(|answer| (0..3).map(|class| if class == *answer { 1.0 } else { 0.0 }));
            Tested::of(vec![0, 1, 2], vec![0, 1, 2], 3, logits.collect()).unwrap()
        };
        let share = |clean: [usize; 3], attacked: [usize; 3], target: Option<u16>| {
            let ids = [7, 8, 9];
            fooled(&rightly(&tested(clean), &ids), &tested(attacked), &ids, target)
        };
        assert_eq!(share([0, 1, 1], [1, 1, 0], None), Some(50.0));
        assert_eq!(share([0, 1, 1], [1, 1, 0], Some(0)), Some(0.0));
        assert_eq!(share([1, 2, 0], [1, 1, 0], None), None);
    }
}
