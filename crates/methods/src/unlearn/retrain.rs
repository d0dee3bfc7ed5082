//! Exact forgetting (Cao and Yang 2015): training again without the forget set.

use kit::run::{Unlearn, UnlearnJob};
use kit::{Cx, Method, Result, nets::Net};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Card, Family, Manner, Needs};

/// Nothing to set: every stage is repeated with its own settings.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {}

/// Train the whole history again on what stays: the exact answer, at full price.
pub struct Retrain;

impl Unlearn for Retrain {
    async fn unlearn(_: &Config, job: UnlearnJob<'_>, cx: &mut Cx) -> Result<Net> {
        job.lineage.again(cx).await
    }
}

impl Method for Retrain {
    type Config = Config;
    const MANNER: Option<Manner> = Some(Manner::Reference);
    const CARD: Card = Card {
        id: "unlearn.retrain",
        title: "Retrain",
        family: Family::Unlearn,
        authors: "",
        year: 2015,
        paper: "Cao, Yang: Towards Making Systems Forget with Machine Unlearning, IEEE S&P 2015",
        equation: r"\theta_u = A(D_r)",
        summary: "Train the whole history again on what stays: the exact answer, at full price.",
        notes: "Repeats every trained stage since the run's start, with its own settings, on the rows that stay.",
        needs: Needs::FORGET,
        metrics: &[],
    };
}
