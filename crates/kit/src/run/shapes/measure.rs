//! Measures: a model in, figures out; the model is not changed.

use super::check_classes;
use crate::cx::Cx;
use crate::data::{Split, Task};
use crate::error::Result;
use crate::host::Boxed;
use crate::nets::Net;
use crate::run::entry::{Entry, Method};
use crate::run::state::RunState;
use spec::{Row, Shape, Stage};

/// A method that measures a model.
pub trait Measure: Method {
    /// The figures of the model.
    async fn measure(config: &Self::Config, job: &MeasureJob<'_>, cx: &mut Cx) -> Result<Vec<Row>>;
}

/// A model to measure.
pub struct MeasureJob<'a> {
    /// The network to measure. The method only reads it.
    pub net: &'a Net,
    /// The task to measure it on.
    pub task: &'a Task,
    /// The training samples that the run file wants forgotten, and those that stay.
    pub split: &'a Split,
}

impl Entry {
    /// Describes the measure `M` to lists of methods. Stages run it by the harness of measures.
    pub const fn measure<M: Measure>() -> Self {
        Self::of::<M>(Shape::Measure, run::<M>)
    }
}

/// The harness: splits the task by the forget set and lets the method measure.
fn run<'a, M: Measure>(
    entry: &'a Entry,
    stage: &'a Stage,
    state: &'a mut RunState,
    cx: &'a mut Cx,
) -> Boxed<'a, Result<Vec<Row>>> {
    Box::pin(async move {
        let config = M::settings(&stage.id, &stage.params)?;
        let task = state.task(stage)?;
        let net = &state.from(stage)?.1.net;
        check_classes(net, task, cx)?;
        entry.fits(stage, task)?;
        let split = state.split(task, cx)?;
        let mut rows = M::measure(&config, &MeasureJob { net, task, split: &split }, cx).await?;
        rows.append(&mut cx.rows);
        Ok(rows)
    })
}
