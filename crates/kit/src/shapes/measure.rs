//! A model in, figures out; the model stays as it was.

use crate::cx::{Boxed, Cx};
use crate::data::Task;
use crate::entry::{Entry, Method};
use crate::error::Result;
use crate::lab::{Lab, Split};
use crate::nets::Net;
use spec::{Row, Stage};

pub trait Measure: Method {
    async fn measure(config: &Self::Config, job: &MeasureJob<'_>, cx: &mut Cx) -> Result<Vec<Row>>;
}

pub struct MeasureJob<'a> {
    pub net: &'a Net,
    pub task: &'a Task,
    /// What the run file says is to be forgotten.
    pub split: &'a Split,
}

pub(crate) fn run<'a, M: Measure>(
    entry: &'a Entry,
    stage: &'a Stage,
    lab: &'a mut Lab,
    cx: &'a mut Cx,
) -> Boxed<'a, Result<Vec<Row>>> {
    Box::pin(async move {
        let config = M::settings(&stage.id, &stage.params)?;
        let task = lab.task(stage)?;
        let net = &lab.from(stage)?.1.net;
        net.fits(task)?;
        entry.fits(stage, task)?;
        let split = lab.split(task, cx)?;
        M::measure(&config, &MeasureJob { net, task, split: &split }, cx).await
    })
}
