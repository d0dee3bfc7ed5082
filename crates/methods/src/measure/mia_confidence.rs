//! A membership audit by confidence (Jia et al. 2023, arXiv:2304.04934): the share of the forget set that an attacker
//! takes for unseen.

use kit::learn::{membership, test};
use kit::run::{Measure, MeasureJob};
use kit::stats::Members;
use kit::{Cx, Method, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Access, Card, Family, Needs, Row};

/// What the attack is trained on; its other constants belong to its definition.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Kept samples that the attack is trained on: twenty draws, or the first ones once, as in the field's code.
    #[schemars(extend("x-label" = "kept samples"))]
    pub members: Members,
}

/// Asks whether a network still treats what it was to forget as seen.
pub struct MiaConfidence;

impl Measure for MiaConfidence {
    async fn measure(config: &Config, job: &MeasureJob<'_>, cx: &mut Cx) -> Result<Vec<Row>> {
        let split = job.split.expect("its card asks for one");
        let forget = test(job.net, &split.forget, cx).await?;
        let kept = test(job.net, &split.retain, cx).await?;
        let unseen = test(job.net, &split.test, cx).await?;
        let Some(found) = membership([&kept, &unseen, &forget], config.members, cx).await? else {
            return Ok(Vec::new());
        };
        let mut rows = vec![Row::share(&cx.stage, "mia", found.efficacy.value, forget.len())];
        rows.extend(found.efficacy.deviation.map(|spread| Row::new(&cx.stage, "mia_spread", spread)));
        rows.push(Row::new(&cx.stage, "mia_accuracy", found.accuracy));
        rows.push(Row::new(&cx.stage, "mia_chance", found.chance));
        Ok(rows)
    }
}

impl Method for MiaConfidence {
    type Config = Config;
    const CARD: Card = Card {
        id: "measure.mia-confidence",
        title: "Membership audit",
        family: Family::Measure,
        authors: "Jia, Liu, Ram, Yao, Liu, Liu, Sharma, Liu",
        year: 2023,
        paper: "Model Sparsity Can Simplify Machine Unlearning, NeurIPS 2023, arXiv:2304.04934, section 5.1; \
            attack by confidence after Song and Mittal, arXiv:2003.10595",
        equation: r"\text{MIA} = 100 \cdot \frac{|\{x \in D_f : \text{unseen}\}|}{|D_f|}",
        summary: "Can an attacker tell from its confidence what the network has seen?",
        notes: "A support vector machine (RBF, C 3, γ 1) on the confidence in the true class, trained on unseen \
            samples (a class that is forgotten whole is left out of these) against as many kept training samples, \
            asked about the forget set. The figure is the mean over 20 draws of kept samples, since a single draw \
            may move it by tens of points. Beside it stands how often the attack is right about samples that it was \
            not trained on, one half of a draw about the other: where that is no better than a coin, MIA says \
            nothing. members = first is the form of the released code (OPTML-Group/Unlearn-Sparse and \
            Unlearn-Saliency, main_forget.py): the first kept images, as many as there are unseen ones, once. Solved \
            exactly where LIBSVM stops at 1e-3; agrees with scikit-learn (tests/goldens). Near the retrained \
            network's value is good, not high.",
        needs: Needs { access: Access::Scores, ..Needs::FORGET },
        metrics: &[],
    };
}
