//! What a lab is.

use super::part::Loading;
use crate::ui::Image;
use leptos::prelude::*;
use spec::Family;
use std::{collections::HashMap, sync::Arc};

/// A lab: one folder, and one line in the list.
pub struct Lab {
    /// Its path, and the name of its part of the page's code.
    pub id: &'static str,
    /// On its tab.
    pub title: &'static str,
    /// Single letters of its own, while it is open.
    pub keys: &'static [Key],
    /// The families whose stages it shows; the first one is offered first.
    pub families: &'static [Family],
    /// Series of exhibits that its blocks or its overlay draw themselves.
    pub places: &'static [&'static str],
    /// Provides the lab's own state to the whole page, where it has some: called once, when the page begins.
    pub provide: fn(),
    /// The blocks below the sentence. They are in the lab's own part, which is fetched when it is first shown.
    pub blocks: fn() -> Loading,
    /// What it lays over the leaf while it is open.
    pub overlay: Option<fn() -> Overlay>,
    /// Above the method in a stage's settings; takes the stage's name.
    pub above_method: Option<fn(String) -> AnyView>,
    /// Below the method in a stage's settings, before the settings themselves; takes the stage's name.
    pub below_method: Option<fn(String) -> AnyView>,
    /// What can be done with one image, at the foot of its dialog.
    pub for_image: Option<fn(Picture) -> AnyView>,
    /// What can be done with what is drawn on the pad.
    pub for_drawing: Option<Act>,
    /// Whether a narrow page shows the leaf before the blocks.
    pub leaf_first: bool,
    pub words: Words,
}

impl Lab {
    /// In place of the blocks where the strip has no stage for this lab.
    pub fn empty(&self) -> String {
        format!("Add a layer of this kind, and {} shows what it does to the network.", self.title)
    }
}

impl PartialEq for Lab {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Lab {}

impl std::fmt::Debug for Lab {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

/// A single letter that brings the focus to something in a lab.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// In small letters.
    pub key: char,
    /// What it brings the focus to, in the list of keys.
    pub name: &'static str,
    /// The same as a selector.
    pub to: &'static str,
}

/// A lab's words outside its blocks.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// The leaf's heading while the lab's overlay is shown.
    pub heading: &'static str,
    /// The two sides of the leaf.
    pub sides: [&'static str; 2],
    /// What a digit over a tile means on each side.
    pub legends: [&'static str; 2],
}

impl Words {
    /// Where nothing is laid over the leaf.
    pub const PLAIN: Self =
        Self { heading: "What it knows now", sides: ["All", "What changed"], legends: ["read instead", "read so now"] };
}

/// Draws what can be done with a drawing, while there is one.
pub type Act = fn(Signal<Option<Drawing>>) -> AnyView;

/// What is drawn on the pad.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawing {
    /// The task whose network reads it.
    pub task: String,
    /// As that network sees it.
    pub image: Image,
}

/// An image of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub task: String,
    pub id: u32,
}

/// What an open lab lays over the leaf's second side, in place of what changed.
#[derive(Clone, Copy)]
pub struct Overlay {
    /// Whether there is something to show, so that the second side can be chosen.
    pub ready: Signal<bool>,
    /// What is shown; read only while the second side is chosen.
    pub leaf: Signal<Option<Arc<LeafOverlay>>>,
    /// The sample that the lab works on.
    pub chosen: Signal<Option<u32>>,
    /// A tile is pressed: the lab works on this sample.
    pub choose: Callback<u32>,
}

/// The leaf as a lab sees it. Samples go by their numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeafOverlay {
    /// In percent.
    pub accuracy: Option<f64>,
    /// The line below the heading.
    pub when: String,
    pub answers: HashMap<u32, u16>,
    pub images: HashMap<u32, Image>,
    /// Accuracy of each class in percent.
    pub shares: HashMap<u16, f64>,
    /// How a tile's name goes on behind its class: `attacked`.
    pub state: &'static str,
}
