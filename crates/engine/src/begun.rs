//! What a run begins with.

use crate::registry::{drawn, net_identity, source_key};
use crate::session::Session;
use indexmap::IndexMap;
use kit::data::Task;
use kit::nets::weights;
use kit::run::{Begun, Given};
use kit::{Error, Result};
use spec::{Pick, RunSpec};

impl Session {
    /// The networks that are there before any stage is played: drawn, or read from their files.
    pub(crate) async fn given(&self, run: u32, spec: &RunSpec, tasks: &IndexMap<String, Task>) -> Result<Begun> {
        let mut begun = Begun::default();
        for (name, source) in spec.sources() {
            let task = source.on.clone().unwrap_or_else(|| spec.first_task());
            let given = match self.given_by_file(&source_key(name), &source.pick(), &task, tasks).await? {
                Some(given) => given,
                None => {
                    let net = self.cx(run, spec.seed).source(name, &source, &tasks[&task])?;
                    let print = drawn(&source.pick(), Some(&tasks[&task].content()), source.draw)?;
                    Given { net, task, print }
                }
            };
            begun.sources.insert(name.to_owned(), given);
        }
        for (index, stage) in spec.stages.iter().enumerate() {
            let Some(pick) = &stage.model else { continue };
            let task = spec.task_of(index, |id| self.registry.is_layer(id));
            let at = format!("stage.{}.model", spec.stage_name(index));
            begun.own.extend(self.given_by_file(&at, pick, &task, tasks).await?.map(|given| (index, given)));
        }
        Ok(begun)
    }

    /// The network that the run file describes at this key, if a file holds its weights.
    async fn given_by_file(
        &self,
        at: &str,
        pick: &Pick,
        task: &str,
        tasks: &IndexMap<String, Task>,
    ) -> Result<Option<Given>> {
        let Some(name) = pick.weights() else { return Ok(None) };
        let bytes = match self.host.asset(name).await {
            Err(Error::Input(wrong)) => return Err(Error::input(format!("{at}.weights"), wrong.to_string())),
            read => read?,
        };
        let shape = tasks[task].set.shape;
        let net = weights::open(&format!("{at}.weights: {name}"), &bytes, pick, shape, &self.opened.device)?;
        let (hash, described) = (weights::hash(&net).await?, net_identity(&net.pick)?);
        let print = format!("{hash} {described} {:?} {:?}", net.shape, net.names);
        Ok(Some(Given { net, task: task.to_owned(), print }))
    }
}
