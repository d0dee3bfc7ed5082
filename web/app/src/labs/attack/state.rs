//! What the lab is set to, and the images that it attacked last.

use crate::{
    labs::lab::Drawing,
    run::{Side, View, catalogue, history::PastRun, questions::floats},
    ui::Image,
};
use js_sys::ArrayBuffer;
use leptos::prelude::*;
use spec::{Answer, Answers, Family};
use std::sync::Arc;

/// The state of the lab; there from the beginning, as the leaf shows it too.
#[derive(Clone, Copy)]
pub struct State {
    /// The network that was chosen; else the one that the selected stage is about.
    pub victim: RwSignal<Option<String>>,
    /// The image that was chosen; else the lab takes one.
    pub image: RwSignal<Option<Subject>>,
    /// The budget on the slider; else that of the strip's attack.
    pub epsilon: RwSignal<Option<f64>>,
    /// One image, attacked at the newest budget.
    pub shot: RwSignal<Option<Arc<Shot>>>,
    /// The images of the leaf, attacked.
    pub leaf_shot: RwSignal<Option<Arc<Shot>>>,
}

impl State {
    pub fn get() -> Self {
        expect_context()
    }
}

/// Provides the lab's state. Another selected stage brings its own network and budget.
pub fn provide() {
    let state = State {
        victim: RwSignal::default(),
        image: RwSignal::default(),
        epsilon: RwSignal::default(),
        shot: RwSignal::default(),
        leaf_shot: RwSignal::default(),
    };
    let view = View::get();
    Effect::new(move |_| {
        view.selected.track();
        state.victim.set(None);
        state.epsilon.set(None);
    });
    provide_context(state);
    open_other_side(view);
}

/// The leaf's other side opens on its own, once, when the first attack ends.
fn open_other_side(view: View) {
    let attacks = |past: &PastRun| catalogue().method(&past.method).is_some_and(|m| m.card.family == Family::Attack);
    Effect::new(move |before: Option<usize>| {
        let (count, newest) = view.run.history.with(|runs| {
            let newest = runs.first().filter(|past| attacks(past)).map(|past| past.stage.clone());
            (runs.iter().filter(|past| attacks(past)).count(), newest)
        });
        if before == Some(0) && count == 1 && newest == Some(view.selected.get_untracked()) {
            view.side.set(Side::Other);
        }
        count
    });
}

/// What is attacked.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// Samples of the test split, by their numbers in the data set.
    Samples(Vec<u32>),
    /// What is drawn on the pad.
    Drawn(Drawing),
}

impl Subject {
    /// Numbers of the samples in the data set; none of a drawing.
    pub fn ids(&self) -> &[u32] {
        match self {
            Self::Samples(ids) => ids,
            Self::Drawn(_) => &[],
        }
    }

    /// How many images these are.
    fn len(&self) -> usize {
        match self {
            Self::Samples(ids) => ids.len(),
            Self::Drawn(_) => 1,
        }
    }
}

/// Images attacked at one budget.
#[derive(Clone, Debug, PartialEq)]
pub struct Shot {
    /// The network and the attack on it, whatever the budget.
    pub key: String,
    pub subject: Subject,
    pub epsilon: f64,
    pub labels: Vec<u16>,
    /// Channels, height, width of one image.
    pub shape: [usize; 3],
    /// Images one after the other, 0 to 1.
    clean: Vec<f32>,
    attacked: Vec<f32>,
    /// Shares of the classes, 0 to 1, by image.
    pub before: Vec<Vec<f32>>,
    pub after: Vec<Vec<f32>>,
    /// The class that the network names before and after the attack, by image.
    pub classes: Vec<[u16; 2]>,
    /// Confidence in the right answer after each step, 0 to 1, by image.
    pub walk: Vec<Vec<f32>>,
}

impl Shot {
    /// The engine's answer about these images; `None` if its lists do not fit together.
    pub fn of(key: String, subject: Subject, epsilon: f64, answer: Answer, buffers: &[ArrayBuffer]) -> Option<Self> {
        let Answer::Attack { labels, shape: [n, c, h, w], clean, attacked, classes, walk } = answer else {
            return None;
        };
        let pixels = |at: usize| buffers.get(at).map(floats).filter(|pixels| pixels.len() == n * c * h * w);
        let fits =
            [subject.len(), labels.len(), clean.len(), attacked.len(), classes.len()].iter().all(|len| *len == n);
        fits.then_some(Self {
            key,
            subject,
            epsilon,
            labels,
            shape: [c, h, w],
            clean: pixels(0)?,
            attacked: pixels(1)?,
            before: clean,
            after: attacked,
            classes,
            walk,
        })
    }

    /// The network's answers under attack.
    pub fn answers(&self) -> Answers {
        let classes = self.classes.iter().map(|[_, after]| *after).collect();
        Answers::of(self.subject.ids().to_vec(), self.labels.clone(), classes, self.after.iter().map(Vec::as_slice))
    }

    fn size(&self) -> usize {
        self.shape.iter().product()
    }

    /// The image at this place as it was.
    pub fn clean(&self, at: usize) -> &[f32] {
        &self.clean[at * self.size()..][..self.size()]
    }

    /// The image at this place, attacked.
    pub fn attacked(&self, at: usize) -> &[f32] {
        &self.attacked[at * self.size()..][..self.size()]
    }

    /// Pixels of one of these images as a picture; `signed`: a difference around zero.
    pub fn picture(&self, values: &[f32], signed: bool) -> Image {
        Image { shape: self.shape, values: values.into(), signed }
    }
}
