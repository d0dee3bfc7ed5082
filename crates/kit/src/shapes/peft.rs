//! Attach small trainable parts; the harness trains them.

use crate::cx::{Boxed, Cx};
use crate::data::Task;
use crate::entry::Method;
use crate::error::Result;
use crate::nets::Net;
use crate::train::{CrossEntropy, Mode, Recipe, descend};
use burn::module::Module;
use serde_json::{Map, Value};

pub trait Peft: Method {
    /// Every weight of the net that comes in is frozen; what is free in the net that goes out is trained.
    fn attach(config: &Self::Config, net: Net, task: &Task, cx: &mut Cx) -> Result<Attached>;
}

pub struct Attached {
    pub net: Net,
    pub recipe: Recipe,
}

pub(crate) fn make<'a, M: Peft>(
    params: &'a Map<String, Value>,
    net: Net,
    task: &'a Task,
    cx: &'a mut Cx,
) -> Boxed<'a, Result<Net>> {
    Box::pin(async move {
        let config = M::settings(M::ID, params)?;
        let Attached { net, recipe } = M::attach(&config, net.no_grad(), task, cx)?;
        descend(net, &recipe, Mode::Eval, &[&task.train], &mut CrossEntropy, cx).await
    })
}
