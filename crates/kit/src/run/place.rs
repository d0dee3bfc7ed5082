//! Where a measure stands among the stages of a run.

use crate::data::Task;
use crate::error::{Error, Result};
use crate::nets::Net;
use indexmap::IndexMap;

/// Where a measure stands, as far as it is known before anything is played.
pub struct Place<'a> {
    /// Name of the network that it measures.
    pub name: &'a str,
    /// The task that it measures it on.
    pub task: &'a Task,
    /// All tasks of the run, by name.
    pub tasks: &'a IndexMap<String, Task>,
    /// What the attack stages before it leave.
    pub attacks: Vec<Leaves>,
    /// The networks under `with`, by name, trained or as they will be made.
    pub others: Vec<(&'a str, &'a Net)>,
}

impl Place<'_> {
    /// An error of the method `id` if `check` refuses a network under `with` for the task.
    pub fn check_others(&self, id: &str, check: impl Fn(&Net, &Task) -> Result) -> Result {
        self.others.iter().try_for_each(|(name, net)| {
            check(net, self.task).map_err(|error| Error::input(format!("{id}.with"), format!("{name}: {error}")))
        })
    }
}

/// What an attack stage leaves, as far as it is known before it is played.
pub struct Leaves {
    /// Name of the network that it is measured on.
    pub on: String,
    /// Name of its task.
    pub task: String,
    /// Whether it aims at a class.
    pub has_target: bool,
    /// How many samples it attacks.
    pub samples: usize,
}
