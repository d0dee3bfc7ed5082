//! Expected calibration error (Guo et al. 2017, arXiv:1706.04599): is a network as often right as it says?

use kit::learn::test;
use kit::run::{Measure, MeasureJob};
use kit::stats::{Bins, Calibration, mean};
use kit::{Cx, Method, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Access, Card, Direction, Exhibit, Family, Metric, Needs, PointLine, Row};

/// How samples are put into bins.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Bins of confidence.
    #[schemars(range(min = 1, max = 100))]
    pub bins: u32,
    /// Bins of equally many samples in place of bins of equal width.
    pub adaptive: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { bins: 15, adaptive: false }
    }
}

/// Compares confidence and accuracy on the test split.
pub struct Ece;

impl Measure for Ece {
    async fn measure(config: &Config, job: &MeasureJob<'_>, cx: &mut Cx) -> Result<Vec<Row>> {
        let tested = test(job.net, &job.task.test, cx).await?;
        let right: Vec<bool> = (0..tested.len()).map(|at| tested.right(at)).collect();
        let bins = config.bins as usize;
        let bins = if config.adaptive { Bins::EqualMass(bins) } else { Bins::EqualWidth(bins) };
        let Some(found) = Calibration::of(&tested.confidences(), &right, bins) else { return Ok(Vec::new()) };
        let points = found.bins.iter().map(|bin| [100.0 * bin.confidence, 100.0 * bin.accuracy]);
        cx.show(Exhibit::Points {
            series: "reliability".into(),
            axes: ["confidence, %".into(), "right, %".into()],
            lines: vec![PointLine::new("network", points), PointLine::new("calibrated", [[0.0, 0.0], [100.0, 100.0]])],
        });
        let figures = [
            ("ece", 100.0 * found.ece),
            ("mce", 100.0 * found.mce),
            ("rmsce", 100.0 * found.rmsce),
            ("overconfidence", 100.0 * found.gap),
            ("brier", tested.brier().unwrap_or_default()),
            ("nll", mean(&tested.losses()).value),
            ("ece_bins", found.bins.len() as f64),
        ];
        Ok(figures.map(|(key, value)| Row::new(&cx.stage, key, value)).into())
    }
}

impl Method for Ece {
    type Config = Config;
    const CARD: Card = Card {
        id: "measure.ece",
        title: "Calibration",
        family: Family::Measure,
        authors: "Guo, Pleiss, Sun, Weinberger",
        year: 2017,
        paper: "On Calibration of Modern Neural Networks, ICML 2017, arXiv:1706.04599, eq. 3 (ECE) and 5 (MCE)",
        equation: r"\text{ECE} = \sum_b \frac{n_b}{N} \, |\text{acc}_b - \text{conf}_b|",
        summary: "Is the network right as often as its confidence says?",
        notes: "15 bins of equal width as in the paper's code, closed on the right; empty ones count nothing. \
            `adaptive` is the form with bins of equal mass (Nguyen and O'Connor 2015). The error is too large where \
            there are few samples, so networks are to be compared on the same ones. It is small for a network that \
            always says the base rates, which the Brier score and the negative log-likelihood beside it tell. Agrees \
            with torchmetrics where no confidence lies on an edge.",
        needs: Needs { access: Access::Scores, ..Needs::ANY },
        metrics: &[
            Metric::new(
                "brier",
                "Brier",
                "",
                Direction::Down,
                "mean squared distance of the probabilities from the truth",
            ),
            Metric::new(
                "ece",
                "ECE",
                "%",
                Direction::Down,
                "mean distance of confidence and accuracy over bins of confidence, weighted by samples",
            ),
            Metric::new("ece_bins", "Bins", "", Direction::None, "bins of confidence that have samples"),
            Metric::new("mce", "MCE", "%", Direction::Down, "largest distance of confidence and accuracy of a bin"),
            Metric::new("nll", "NLL", "", Direction::Down, "mean negative log-likelihood of the true class, in nats"),
            Metric::new(
                "overconfidence",
                "Too sure",
                "points",
                Direction::None,
                "mean confidence minus accuracy: above zero the network is too sure",
            ),
            Metric::new(
                "rmsce",
                "RMSCE",
                "%",
                Direction::Down,
                "root of the mean squared distance of confidence and accuracy over bins, weighted by samples",
            ),
        ],
    };
}
