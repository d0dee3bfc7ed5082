//! A membership audit by the loss (Yeom et al. 2018, arXiv:1709.01604): does the loss tell what was forgotten from what
//! was never seen?

use kit::learn::test;
use kit::run::{Measure, MeasureJob};
use kit::stats::auroc;
use kit::{Cx, Method, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Access, Card, Direction, Event, Exhibit, Family, Metric, Needs, Row, finite};

/// There is nothing to set.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {}

/// Ranks the forget set and unseen samples by their losses.
pub struct MiaLoss;

impl Measure for MiaLoss {
    async fn measure(_: &Config, job: &MeasureJob<'_>, cx: &mut Cx) -> Result<Vec<Row>> {
        let split = job.split.expect("its card asks for one");
        let forget = test(job.net, &split.forget, cx).await?;
        let losses = forget.losses();
        let unseen = test(job.net, &split.unseen(job.task), cx).await?.losses();
        let values = losses.iter().map(|loss| finite(*loss)).collect();
        cx.show(Exhibit::Scores { series: "losses of the forget set".into(), ids: forget.ids.clone(), values });
        // The smaller the loss, the more it looks like a member.
        let negated = |losses: &[f64]| losses.iter().map(|loss| -loss).collect::<Vec<f64>>();
        let area = auroc(&negated(&unseen), &negated(&losses));
        if area.is_none() {
            let message = "The test split has no sample of the classes that are to be forgotten, so that there is \
                           nothing to hold the forget set against.";
            cx.say(Event::Warning { message: message.into() });
        }
        Ok(area.map(|area| Row::new(&cx.stage, "mia_loss", 100.0 * area)).into_iter().collect())
    }
}

impl Method for MiaLoss {
    type Config = Config;
    const CARD: Card = Card {
        id: "measure.mia-loss",
        title: "Membership by loss",
        family: Family::Measure,
        authors: "Yeom, Giacomelli, Fredrikson, Jha",
        year: 2017,
        paper: "Privacy Risk in Machine Learning: Analyzing the Connection to Overfitting, CSF 2018, arXiv:1709.01604, \
            section 3.2",
        equation: r"100 \cdot \text{AUC}(-\ell(D_f), -\ell(D_t))",
        summary: "Does a small loss give away what the network was to forget?",
        notes: "The area under the ROC curve, without a threshold; ties count by half. Unseen samples are the test \
            split; where a class is forgotten whole, those of its classes there, because samples of other classes \
            would differ anyway. 50 % is no trace; near the retrained network's value is good. The starting kit of the \
            NeurIPS 2023 challenge fits a logistic regression to the same losses. A probability of 0 counts as 1e-45.",
        needs: Needs { access: Access::Scores, ..Needs::FORGET },
        metrics: &[Metric::new(
            "mia_loss",
            "MIA by loss",
            "%",
            Direction::Near,
            "probability that a sample of the forget set has a smaller loss than one that was never seen",
        )],
    };
}
