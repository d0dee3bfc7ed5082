//! Parameter-efficient fine-tuning: a method attaches a few trainable weights, and the harness trains them.

use super::{Beside, tune};
use crate::cx::Cx;
use crate::data::Task;
use crate::error::Result;
use crate::host::Boxed;
use crate::learn::{CrossEntropy, Mode, Training, descend};
use crate::nets::Net;
use crate::run::entry::{Entry, Method};
use burn::module::Module;
use serde_json::{Map, Value};
use spec::Shape;

/// A method that attaches trainable weights.
pub trait Peft: Method {
    /// The net with what is to be trained. All weights of `net` are frozen; those that are not frozen in the result are
    /// trained.
    fn attach(config: &Self::Config, net: Net, task: &Task, cx: &mut Cx) -> Result<Attached>;
}

/// A net that is ready to be trained.
pub struct Attached {
    /// The weights to train are those that are not frozen.
    pub net: Net,
    /// How to train it.
    pub training: Training,
}

impl Entry {
    /// Describes the method `M` to lists of methods. Stages run it by the harness of tuning.
    pub const fn peft<M: Peft>() -> Self {
        Self { make: Some(make::<M>), attach: Some(attach::<M>), ..Self::of::<M>(Shape::Peft, tune::run) }
    }
}

/// Attaches trainable weights with the settings of a stage.
fn attach<M: Peft>(params: &Map<String, Value>, net: Net, task: &Task, cx: &mut Cx) -> Result<Net> {
    let config = M::settings(M::ID, params)?;
    M::attach(&config, net.no_grad(), task, cx).map(|attached| attached.net)
}

/// Attaches trainable weights with the settings of a stage, and trains them.
fn make<'a, M: Peft>(
    params: &'a Map<String, Value>,
    net: Net,
    task: &'a Task,
    _: Beside<'a>,
    cx: &'a mut Cx,
) -> Boxed<'a, Result<Net>> {
    Box::pin(async move {
        let config = M::settings(M::ID, params)?;
        let Attached { net, training } = M::attach(&config, net.no_grad(), task, cx)?;
        descend(net, &training, Mode::Eval, &[&task.train], &CrossEntropy, cx).await
    })
}
