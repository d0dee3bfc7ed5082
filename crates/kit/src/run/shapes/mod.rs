//! The shapes of a method: trait, job and harness of each.

pub mod attack;
pub mod measure;
pub mod peft;
pub mod tune;
pub mod unlearn;

use crate::cx::Cx;
use crate::data::Task;
use crate::error::Result;
use crate::nets::Net;
use indexmap::IndexMap;
use spec::{Event, Row};

/// What a run has beside the network and the task of a stage.
#[derive(Clone, Copy)]
pub struct Beside<'a> {
    /// The tasks of the run, by name. In a retrained reference they are without what is forgotten.
    pub tasks: &'a IndexMap<String, Task>,
    /// The networks that the stage names under `with`, in its order; of a stage whose card asks for some there are as
    /// many as it asks for. In a retrained reference they are retrained too.
    pub others: &'a [Other],
}

/// A network that a stage names under `with`.
#[derive(Clone)]
pub struct Other {
    /// Name of the stage that left it, or of the run's start.
    pub name: String,
    /// The network.
    pub net: Net,
    /// The task that it was made on.
    pub task: Task,
}

/// Before a network is measured on a task that it was not just trained on: an error if it knows other classes, a
/// warning and a figure of the stage if it does not say which it knows.
fn check_classes(net: &Net, task: &Task, cx: &mut Cx) -> Result {
    net.knows(task)?;
    if net.names.is_empty() {
        let message = "The weights file does not name the network's classes, so only their number is known to be that \
                       of the task. If their order differs, the figures mean nothing.";
        cx.say(Event::Warning { message: message.into() });
        cx.rows.push(Row::new(&cx.stage, "unnamed_classes", net.classes as f64));
    }
    Ok(())
}
