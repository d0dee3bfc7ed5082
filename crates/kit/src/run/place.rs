//! Where a measure stands among the stages of a run.

use crate::data::Task;
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
