//! Scores by which samples of other data, and attacked ones, are told from those of the task: MSP (Hendrycks and Gimpel
//! 2017, arXiv:1610.02136), energy (Liu et al. 2020, arXiv:2010.03759), Mahalanobis distance (Lee et al. 2018,
//! arXiv:1807.03888). A larger score means another distribution.

use kit::data::{Task, View};
use kit::learn::{features, logits};
use kit::run::{Leaves, Measure, MeasureJob, Place};
use kit::stats::{Gaussians, auroc, energy, fpr_at_95, mean_of, softmax, tpr_at, unsureness};
use kit::{Cx, Error, Method, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Access, Card, Direction, Event, Exhibit, Family, Metric, Needs, Row};

/// There is nothing to set.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {}

/// The settings of the energy score.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Energy {
    /// Divides the logits.
    #[schemars(range(min = 0.01, max = 1000.0), extend("x-symbol" = "T"))]
    pub temperature: f64,
}

impl Default for Energy {
    fn default() -> Self {
        Self { temperature: 1.0 }
    }
}

/// The settings of the Mahalanobis distance.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Mahalanobis {
    /// Share of the mean variance that takes the place of the covariance.
    #[schemars(range(min = 0.0, max = 1.0), extend("x-symbol" = "λ"))]
    pub shrinkage: f64,
}

impl Default for Mahalanobis {
    fn default() -> Self {
        Self { shrinkage: 0.01 }
    }
}

/// One minus the largest probability.
pub struct Msp;

/// The energy of the logits.
pub struct EnergyScore;

/// The distance of the features from the nearest class.
pub struct MahalanobisOod;

impl Measure for Msp {
    fn check_place(place: &Place<'_>) -> Result {
        has_other(Self::ID, place)
    }

    async fn measure(_: &Config, job: &MeasureJob<'_>, cx: &mut Cx) -> Result<Vec<Row>> {
        of_logits(Self::ID, job, &unsureness, cx).await
    }
}

impl Measure for EnergyScore {
    fn check_place(place: &Place<'_>) -> Result {
        has_other(Self::ID, place)
    }

    async fn measure(config: &Energy, job: &MeasureJob<'_>, cx: &mut Cx) -> Result<Vec<Row>> {
        of_logits(Self::ID, job, &|logits| energy(logits, config.temperature), cx).await
    }
}

impl Measure for MahalanobisOod {
    fn check_place(place: &Place<'_>) -> Result {
        has_other(Self::ID, place)
    }

    async fn measure(config: &Mahalanobis, job: &MeasureJob<'_>, cx: &mut Cx) -> Result<Vec<Row>> {
        let train = &job.task.train;
        let labels: Vec<u16> = train.rows.iter().map(|row| train.label(*row)).collect();
        let known = features(job.net, train, cx).await?;
        let width = known.len() / labels.len();
        if width > MOST_FEATURES {
            let why =
                format!("the network has {width} features before its last layer; at most {MOST_FEATURES} are right");
            return Err(Error::input(Self::ID, why));
        }
        let fit = Gaussians::fit(&known, &labels, config.shrinkage);
        let fit = fit.ok_or_else(|| Error::input(Self::ID, "the features of all training samples are the same"))?;
        if fit.shrinkage > config.shrinkage {
            let message = format!("The covariance has no inverse; it is shrunk by {}.", fit.shrinkage);
            cx.say(Event::Note { message });
        }
        let mut scored = Vec::new();
        for Source { name, view } in sources(Self::ID, job)? {
            let found = features(job.net, &view, cx).await?;
            scored.push((name, found.chunks(width).map(|features| fit.distance(features)).collect()));
        }
        Ok(figures(scored, cx))
    }
}

/// A covariance of more features would take longer than all the rest.
const MOST_FEATURES: usize = 512;

/// Samples to be scored. The first ones are those of the task itself.
struct Source {
    name: String,
    view: View,
}

/// The error where there are no samples but those of the task.
fn nothing(id: &str, attacks: &str) -> Error {
    Error::input(
        id,
        format!(
            "there is nothing to tell from the task's samples: no other task has inputs of this shape, and no attack \
             on this network {attacks}; `tasks.other = {{ id = \"glyphs\" }}` is one way"
        ),
    )
}

/// An error if there can be no samples but those of the task.
fn has_other(id: &str, place: &Place<'_>) -> Result {
    let is_other = |task: &Task| task.name != place.task.name && task.set.shape == place.task.set.shape;
    let is_own = |left: &Leaves| left.on == place.name && left.task == place.task.name;
    match place.tasks.values().any(is_other) || place.attacks.iter().any(is_own) {
        true => Ok(()),
        false => Err(nothing(id, "stands before it")),
    }
}

/// The test samples of the task, those of all other tasks with inputs of the same shape, and those that attacks on the
/// network have changed so that it was fooled.
fn sources(id: &str, job: &MeasureJob<'_>) -> Result<Vec<Source>> {
    let mut all = vec![Source { name: job.task.name.clone(), view: job.task.test.clone() }];
    let others = job.beside.tasks.values().filter(|task| task.name != job.task.name && task.set.shape == job.net.shape);
    all.extend(others.map(|task| Source { name: task.name.clone(), view: task.test.clone() }));
    for (name, left) in job.attacks.iter().filter(|(_, left)| left.on == job.name && left.task == job.task.name) {
        let size: usize = left.view.set.shape.iter().product();
        let is_changed = |at: &usize| left.done.clean.right(*at) && left.done.fooled(*at, left.target);
        let fooled: Vec<usize> = (0..left.view.len()).filter(is_changed).collect();
        if fooled.is_empty() {
            continue;
        }
        let pixels: Vec<f32> = fooled.iter().flat_map(|at| &left.done.pixels[at * size..][..size]).copied().collect();
        let rows: Vec<u32> = fooled.iter().map(|at| left.view.rows[*at]).collect();
        all.push(Source { name: name.clone(), view: left.view.at(rows).changed(pixels) });
    }
    match all.len() {
        1 => Err(nothing(id, "has fooled it")),
        _ => Ok(all),
    }
}

/// Scores the logits of all sources.
async fn of_logits(id: &str, job: &MeasureJob<'_>, score: &dyn Fn(&[f32]) -> f64, cx: &mut Cx) -> Result<Vec<Row>> {
    let mut scored = Vec::new();
    for Source { name, view } in sources(id, job)? {
        let all = logits(job.net, &view, cx).await?;
        // An error where they are no numbers.
        softmax(all.clone(), job.net.classes)?;
        scored.push((name, all.chunks(job.net.classes).map(score).collect()));
    }
    Ok(figures(scored, cx))
}

/// How well the scores of each further source are told from those of the first one; the figures are means over sources.
fn figures(scored: Vec<(String, Vec<f64>)>, cx: &Cx) -> Vec<Row> {
    let Some(((_, inside), others)) = scored.split_first() else { return Vec::new() };
    let of = |scores: &Vec<f64>| {
        [auroc(inside, scores), tpr_at(inside, scores, 0.05), fpr_at_95(inside, scores)]
            .map(|share| Some(100.0 * share?))
    };
    let values: Vec<[Option<f64>; 3]> = others.iter().map(|(_, scores)| of(scores)).collect();
    let mean = |at: usize| mean_of(values.iter().filter_map(|row| row[at]));
    let keys = ["auroc", "tpr_at_5", "fpr_at_95"];
    let rows = keys.iter().enumerate().filter_map(|(at, key)| Some(Row::new(&cx.stage, key, mean(at)?))).collect();
    cx.show(Exhibit::Matrix {
        series: "told from the task's samples".into(),
        rows: others.iter().map(|(name, _)| name.clone()).collect(),
        columns: ["AUROC", "TPR at 5 % FPR", "FPR at 95 % TPR"].map(String::from).into(),
        values: values.into_iter().map(Vec::from).collect(),
        unit: "%".into(),
        diverging: false,
    });
    rows
}

const METRICS: &[Metric<'static>] = &[
    Metric::new(
        "auroc",
        "AUROC",
        "%",
        Direction::Up,
        "probability that a sample of other data, or an attacked one, has a larger score than one of the task; mean \
         over what is told apart",
    ),
    Metric::new(
        "fpr_at_95",
        "FPR95",
        "%",
        Direction::Down,
        "other samples that are taken for those of the task where 95 % of these are",
    ),
    Metric::new(
        "tpr_at_5",
        "TPR5",
        "%",
        Direction::Up,
        "other samples that are found where at most 5 % of the task's samples are taken for such",
    ),
];

const CARD: Card = Card {
    id: "measure.msp",
    title: "Maximum softmax probability",
    family: Family::Measure,
    authors: "Hendrycks, Gimpel",
    year: 2016,
    paper: "A Baseline for Detecting Misclassified and Out-of-Distribution Examples in Neural Networks, ICLR 2017, \
        arXiv:1610.02136, section 2",
    equation: r"s(x) = -\max_k p_k(x)",
    summary: "Does low confidence tell other data and attacks from the task's own?",
    notes: "Scored by the logarithm of one over the largest probability, which orders alike and does not end at 1 in \
        single precision. Other data are the test samples of all other tasks of the run with inputs of the same shape, \
        and what earlier attacks on the network have changed so that it was fooled. AUROC is exact, ties by half; at \
        5 % false positives equal scores are taken together. Agrees with scikit-learn.",
    needs: Needs { access: Access::Scores, attacks: Some(0), ..Needs::ANY },
    metrics: METRICS,
};

impl Method for Msp {
    type Config = Config;
    const CARD: Card = CARD;
}

impl Method for EnergyScore {
    type Config = Energy;
    const CARD: Card = Card {
        id: "measure.energy-score",
        title: "Energy score",
        authors: "Liu, Wang, Owens, Li",
        year: 2020,
        paper: "Energy-based Out-of-distribution Detection, NeurIPS 2020, arXiv:2010.03759, eq. 4",
        equation: r"s(x) = -T \log \sum_k e^{f_k(x) / T}",
        summary: "Do small logits tell other data and attacks from the task's own?",
        notes: "T = 1 as in the paper. A constant added to all logits shifts it, as it does not shift probabilities. \
            What is told apart, and how, is as of the maximum softmax probability.",
        ..CARD
    };
}

impl Method for MahalanobisOod {
    type Config = Mahalanobis;
    const CARD: Card = Card {
        id: "measure.mahalanobis-ood",
        title: "Mahalanobis distance",
        authors: "Lee, Lee, Lee, Shin",
        year: 2018,
        paper: "A Simple Unified Framework for Detecting Out-of-Distribution Samples and Adversarial Attacks, NeurIPS \
            2018, arXiv:1807.03888, eq. 1 and 2",
        equation: r"s(x) = \min_c (\phi(x) - \mu_c)^\top \Sigma^{-1} (\phi(x) - \mu_c)",
        summary: "Are other data and attacks far from the features of every class?",
        notes: "On the features before the last layer, fitted on the training samples; the paper's input perturbation \
            and its regression over layers, which is fitted on other data, are left out. The covariance is divided by \
            the number of samples and shrunk by λ = 0.01; the paper has none, but a feature that is always zero needs \
            some. What is told apart, and how, is as of the maximum softmax probability.",
        needs: Needs { attacks: Some(0), ..Needs::ANY },
        ..CARD
    };
}
