//! How far are a network's answers from those of networks that never saw what it was to forget?

use kit::data::View;
use kit::learn::test;
use kit::run::{Measure, MeasureJob};
use kit::stats::{Tested, mean};
use kit::{Cx, Method, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Access, Card, Direction, Family, Metric, Needs, Row};

/// There is nothing to set.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {}

/// Compares probabilities on the forget set.
pub struct ActivationDistance;

/// Compares answers on the test split.
pub struct PredictionOverlap;

impl Measure for ActivationDistance {
    async fn measure(_: &Config, job: &MeasureJob<'_>, cx: &mut Cx) -> Result<Vec<Row>> {
        let split = job.split.expect("its card asks for one");
        let (own, others) = answers(job, &split.forget, cx).await?;
        Ok(compared("activation_distance", &own, &others, Tested::distance, &cx.stage))
    }
}

impl Measure for PredictionOverlap {
    async fn measure(_: &Config, job: &MeasureJob<'_>, cx: &mut Cx) -> Result<Vec<Row>> {
        let (own, others) = answers(job, &job.task.test, cx).await?;
        Ok(compared("prediction_overlap", &own, &others, overlap_percent, &cx.stage))
    }
}

/// What the network and the retrained ones answer on these samples.
async fn answers(job: &MeasureJob<'_>, view: &View, cx: &mut Cx) -> Result<(Tested, Vec<Tested>)> {
    let own = test(job.net, view, cx).await?;
    let mut others = Vec::with_capacity(job.retrained.len());
    for net in job.retrained {
        others.push(test(net, view, cx).await?);
    }
    Ok((own, others))
}

/// The mean over the retrained networks, and what two of these have between them: nearer, no method can be told from
/// retraining.
fn compared(
    key: &str,
    own: &Tested,
    others: &[Tested],
    of: fn(&Tested, &Tested) -> Option<f64>,
    stage: &str,
) -> Vec<Row> {
    let pairs = (0..others.len()).flat_map(|a| (a + 1..others.len()).map(move |b| (a, b)));
    let between: Vec<f64> = pairs.filter_map(|(a, b)| of(&others[a], &others[b])).collect();
    let own: Vec<f64> = others.iter().filter_map(|other| of(own, other)).collect();
    if own.is_empty() {
        return Vec::new();
    }
    let mut rows = vec![Row::new(stage, key, mean(&own).value)];
    if !between.is_empty() {
        let found = mean(&between);
        let (spread, seeds) = (found.deviation, Some(others.len()));
        rows.push(Row { spread, seeds, ..Row::new(stage, &format!("retrained_{key}"), found.value) });
    }
    rows
}

/// Samples that both answer alike, in percent.
fn overlap_percent(a: &Tested, b: &Tested) -> Option<f64> {
    a.overlap(b).map(|share| 100.0 * share)
}

const CARD: Card = Card {
    id: "measure.activation-distance",
    title: "Distance from retraining",
    family: Family::Measure,
    authors: "Golatkar, Achille, Soatto",
    year: 2020,
    paper: "Forgetting Outside the Box: Scrubbing Deep Networks of Information Accessible from Input-Output \
        Observations, ECCV 2020, arXiv:2003.02960, section 6",
    equation: r"\frac{1}{|D_f|} \sum_{x \in D_f} \| p_u(x) - p_r(x) \|_2",
    summary: "How far are its answers on what it forgot from a retrained network's?",
    notes: "Mean Euclidean distance of the probabilities on the forget set, mean over the retrained networks. What two \
        retrained networks have between them stands beside it: nearer than that, a method cannot be told from \
        retraining. One retrained network has no such value.",
    needs: Needs { access: Access::Scores, reference: true, ..Needs::FORGET },
    metrics: &[
        Metric::new(
            "activation_distance",
            "Distance",
            "",
            Direction::Down,
            "distance of the probabilities on the forget set from those of retrained networks",
        ),
        Metric::new(
            "retrained_activation_distance",
            "Distance, retrained",
            "",
            Direction::None,
            "the same distance between two retrained networks",
        ),
    ],
};

impl Method for ActivationDistance {
    type Config = Config;
    const CARD: Card = CARD;
}

impl Method for PredictionOverlap {
    type Config = Config;
    const CARD: Card = Card {
        id: "measure.prediction-overlap",
        title: "Agreement with retraining",
        equation: r"\frac{100}{n} \sum_i [\arg\max_k f_u(x_i) = \arg\max_k f_r(x_i)]",
        summary: "How many test samples does it answer as a retrained network does?",
        notes: "Share of equal answers on the whole test split, mean over the retrained networks. What two retrained \
            networks have in common stands beside it. One retrained network has no such value.",
        metrics: &[
            Metric::new(
                "prediction_overlap",
                "Agreement",
                "%",
                Direction::Up,
                "test samples that it answers as retrained networks do",
            ),
            Metric::new(
                "retrained_prediction_overlap",
                "Agreement, retrained",
                "%",
                Direction::None,
                "test samples that two retrained networks answer alike",
            ),
        ],
        ..CARD
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand.
    #[test]
    fn two_networks_are_compared_sample_by_sample() {
        let tested = |logits: [f32; 4]| Tested::of(vec![0, 1], vec![0, 1], 2, logits.into()).unwrap();
        let (a, b) = (tested([200.0, 0.0, 0.0, 200.0]), tested([200.0, 0.0, 200.0, 0.0]));
        assert_eq!((overlap_percent(&a, &b), overlap_percent(&a, &a)), (Some(50.0), Some(100.0)));
        assert!((a.distance(&b).unwrap() - 2.0_f64.sqrt() / 2.0).abs() < 1e-9);
        let rows = compared("prediction_overlap", &a, &[a.clone(), b.clone(), b], overlap_percent, "s");
        let values: Vec<(&str, f64)> = rows.iter().map(|row| (row.key.as_str(), row.value)).collect();
        assert_eq!(values[0].0, "prediction_overlap");
        assert!((values[0].1 - 200.0 / 3.0).abs() < 1e-9 && (values[1].1 - 200.0 / 3.0).abs() < 1e-9);
    }
}
