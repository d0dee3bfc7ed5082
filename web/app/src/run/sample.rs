//! The images of a task that stand on the leaf.

use super::{catalogue::catalogue, context::Run};
use leptos::prelude::*;
use report::Images;
use spec::{SHOWN, START, first_of_each_class};
use std::sync::Arc;

/// Images in a row.
pub const ROW: usize = SHOWN;
/// Rows that the leaf has room for; further classes are left out.
const CLASSES: usize = 12;

/// What stands on the leaf of a task: always the same images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    pub ids: Vec<u32>,
    pub labels: Vec<u16>,
    pub images: Option<Arc<Images>>,
    /// One row a class: the class, and places in `ids`.
    pub rows: Vec<(u16, Vec<usize>)>,
}

/// The digits that the page carries.
pub fn carried() -> Images {
    let leaf = &catalogue().leaf;
    let pixels = leaf.pixels.chars().map(|c| c.to_digit(17).unwrap_or(0) as f32 / 16.0).collect();
    Images::new(leaf.ids.clone(), [leaf.ids.len(), 1, leaf.size, leaf.size], pixels).unwrap_or_default()
}

impl Run {
    /// A few of each class: of the digits the carried ones, which are there before the engine; else the first of the
    /// test split in the order of the engine's answers, under the engine's own labels.
    pub fn sample(&self, name: &str, task: &str) -> Sample {
        let (ids, labels) = match self.is_carried(task) {
            true => (catalogue().leaf.ids.clone(), catalogue().leaf.labels.clone()),
            false => {
                let answers = self.drawn(name, task).or_else(|| self.answers(START, task)).unwrap_or_default();
                let places = first_of_each_class(answers.labels.iter().copied()).into_iter();
                places.map(|place| (answers.ids[place], answers.labels[place])).unzip()
            }
        };
        let rows = (0..=labels.iter().copied().max().unwrap_or(0))
            .filter(|class| labels.contains(class))
            .take(CLASSES)
            .map(|class| (class, (0..labels.len()).filter(|&at| labels[at] == class).take(ROW).collect()))
            .collect();
        let images = self.samples.with(|samples| samples.get(&self.task_key(task)).cloned());
        Sample { ids, labels, images, rows }
    }

    /// Whether the task's samples are the digits that the page carries, under the labels that it carries: a choice of
    /// classes has other numbers for them, and a turned digit is the same digit.
    pub fn is_carried(&self, task: &str) -> bool {
        self.task_pick(task).is_some_and(|pick| pick.id == catalogue().leaf.data)
            && self.view(|view| view.has_all_classes(task))
    }

    /// Whether the carried pictures are the task's own.
    pub fn has_carried_images(&self, task: &str) -> bool {
        self.task_pick(task).is_some_and(|pick| pick.id == catalogue().leaf.data && pick.params.is_empty())
    }
}
