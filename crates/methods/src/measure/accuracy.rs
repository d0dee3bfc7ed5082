//! Accuracy of several networks on all tasks of a run.

use kit::learn::test;
use kit::run::{Measure, MeasureJob};
use kit::{Cx, Method, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Access, Card, Exhibit, Family, MOST_WITH, Needs, Row};

/// There is nothing to set.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {}

/// Tests its network, and those under `with`, on the test split of every task that they know.
pub struct Accuracy;

impl Measure for Accuracy {
    async fn measure(_: &Config, job: &MeasureJob<'_>, cx: &mut Cx) -> Result<Vec<Row>> {
        let nets = job.nets();
        let mut values = Vec::with_capacity(nets.len());
        for (_, net) in &nets {
            let mut row = Vec::with_capacity(job.beside.tasks.len());
            for task in job.beside.tasks.values() {
                row.push(if net.knows(task).is_ok() { test(net, &task.test, cx).await?.accuracy() } else { None });
            }
            values.push(row);
        }
        let own = job.beside.tasks.get_index_of(&job.task.name).and_then(|at| values[0][at]);
        cx.show(Exhibit::Matrix {
            series: "accuracy by task".into(),
            rows: nets.iter().map(|(name, _)| (*name).to_owned()).collect(),
            columns: job.beside.tasks.keys().cloned().collect(),
            values,
            unit: "%".into(),
            diverging: false,
        });
        Ok(own.map(|own| Row::share(&cx.stage, "accuracy", own, job.task.test.len())).into_iter().collect())
    }
}

impl Method for Accuracy {
    type Config = Config;
    const CARD: Card = Card {
        id: "measure.accuracy",
        title: "Accuracy",
        family: Family::Measure,
        authors: "",
        year: 2026,
        paper: "Share of right answers on the test split",
        equation: r"100 \cdot \frac{1}{n} \sum_i [\arg\max_k f_k(x_i) = y_i]",
        summary: "How many test samples of every task do these networks answer rightly?",
        notes: "A cell is empty where a network does not know the classes of a task or does not take its inputs. Where \
            the largest logits are equal, the first class counts.",
        needs: Needs { access: Access::Labels, with: [0, MOST_WITH], ..Needs::ANY },
        metrics: &[],
    };
}
