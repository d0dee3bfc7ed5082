//! A membership audit by confidence (Jia et al. 2023, arXiv:2304.04934): the share of the forget set that an attacker
//! takes for unseen.

use kit::learn::test;
use kit::run::{Measure, MeasureJob};
use kit::stats::mia_confidence;
use kit::{Cx, Method, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Access, Card, Family, Kind, Needs, Row};

/// The audit has no settings: its constants belong to its definition.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {}

/// Asks whether a network still treats what it was to forget as seen.
pub struct MiaConfidence;

impl Measure for MiaConfidence {
    async fn measure(_: &Config, job: &MeasureJob<'_>, cx: &mut Cx) -> Result<Vec<Row>> {
        let forget = test(job.net, &job.split.forget, cx).await?;
        let kept = test(job.net, &job.split.retain, cx).await?;
        let unseen = test(job.net, &job.split.test, cx).await?;
        let mia = mia_confidence(&kept, &unseen, &forget);
        Ok(mia.map(|mia| Row::share(&cx.stage, "mia", mia, forget.len())).into_iter().collect())
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
            asked about the forget set. SalUn's code takes the first kept images; here they are \
            spread over the set, because \
            the digits are in no random order. Solved to 1e-6 instead of LIBSVM's 1e-3; agrees with scikit-learn \
            (tests/goldens). Near the retrained network's value is good, not high.",
        needs: Needs { kinds: &[Kind::Images, Kind::Points], access: Access::Scores, min_classes: 2 },
    };
}
