//! What the parts of the chooser share.

use super::{
    choose::choose,
    query::{ListOrder, Place, Query},
};
use crate::{
    labs::lab::Lab,
    pages::card,
    run::{
        View,
        cards::{self, Cards},
        catalogue,
    },
};
use leptos::prelude::*;
use spec::{MethodInfo, Shape};

/// The search in hand: what is looked for, what is found, and what is done with it.
#[derive(Clone, Copy)]
pub struct Choosing {
    pub view: View,
    pub query: RwSignal<Query>,
    /// The place of the picked method among those found.
    pub at: RwSignal<usize>,
    /// Ids in their order, and how many of them are good first choices.
    pub found: Memo<(Vec<&'static str>, usize)>,
    pub picked: Memo<Option<&'static str>>,
    /// The texts of the cards; they come later.
    pub cards: LocalResource<Option<Cards>>,
    place: StoredValue<Place>,
    /// The stage whose method is to be replaced.
    replace: StoredValue<Option<String>>,
}

impl Choosing {
    /// Begins with the family of the stage that is replaced, else with the first one of the lab.
    pub fn new(replace: Option<String>, lab: Option<&'static Lab>) -> Self {
        let view = View::get();
        let was = replace.as_ref().and_then(|name| untrack(|| view.run.method(name)));
        let family = was.map(|method| method.card.family).or(lab.and_then(|lab| lab.families.first().copied()));
        let query = RwSignal::new(Query { words: String::new(), family, only: vec![], sort: ListOrder::Newest });
        let place = StoredValue::new(untrack(|| place(view, lab)));
        let cards = card::texts();
        let found = Memo::new(move |_| {
            let cards = cards.get().flatten();
            let (found, firsts) =
                query.with(|query| place.with_value(|place| query.list(&catalogue().methods, place, cards.as_ref())));
            (found.into_iter().map(|method| method.card.id.as_str()).collect::<Vec<_>>(), firsts)
        });
        let current = found.with_untracked(|(ids, _)| ids.iter().position(|id| Some(*id) == was.map(id_of)));
        let at = RwSignal::new(current.unwrap_or(0));
        let picked =
            Memo::new(move |_| found.with(|(ids, _)| ids.get(at.get().min(ids.len().saturating_sub(1))).copied()));
        Self { view, query, at, found, picked, cards, place, replace: StoredValue::new(replace) }
    }

    /// The cards, if they are here.
    pub fn known(&self) -> Option<Cards> {
        self.cards.get().flatten().or_else(cards::known)
    }

    /// Looks for something else; the first one found is picked.
    pub fn ask(&self, change: impl FnOnce(&mut Query)) {
        self.query.update(change);
        self.at.set(0);
    }

    /// How many would be found after this change.
    pub fn count(&self, change: impl FnOnce(&mut Query)) -> usize {
        let mut query = self.query.get();
        change(&mut query);
        self.count_of(&query)
    }

    /// How many this search finds.
    pub fn count_of(&self, query: &Query) -> usize {
        let cards = self.cards.get().flatten();
        self.place.with_value(|place| query.count(&catalogue().methods, place, cards.as_ref()))
    }

    /// Why a method cannot work here; `None` if it can.
    pub fn refusal(&self, method: &MethodInfo) -> Option<String> {
        self.place.with_value(|place| place.refuses(method))
    }

    /// Picks the method so many places further down.
    pub fn step(&self, by: isize) {
        let last = self.found.with_untracked(|(ids, _)| ids.len()).saturating_sub(1);
        self.at.update(|at| *at = at.saturating_add_signed(by).min(last));
    }

    /// Whether a method can stand as a version beside the layer whose method is to be replaced.
    pub fn can_be_row(&self, id: &str) -> bool {
        let is_layer = |method: Option<&MethodInfo>| method.is_some_and(|method| method.shape.is_layer());
        let replaced = self.replace.with_value(|name| untrack(|| self.view.run.method(name.as_deref()?)));
        is_layer(replaced) && is_layer(catalogue().method(id))
    }

    /// Takes a method that can work here; `as_row`: as a further version of the layer.
    pub fn take(&self, id: &str, as_row: bool) {
        if catalogue().method(id).is_some_and(|method| self.refusal(method).is_none()) {
            untrack(|| self.replace.with_value(|replace| choose(self.view, replace.as_deref(), id, as_row)));
            self.view.close_dialog();
        }
    }
}

fn id_of(method: &'static MethodInfo) -> &'static str {
    &method.card.id
}

/// What the run is now, as far as it decides which methods fit.
fn place(view: View, lab: Option<&'static Lab>) -> Place {
    let run = view.run;
    let task = run.task_of(&view.selected.get());
    let learns = |name: &String| run.method(name).is_some_and(|m| matches!(m.shape, Shape::Tune | Shape::Peft));
    Place {
        kind: run.view(|view| view.kind(&task)),
        classes: run.class_names(&task).len(),
        trained: run.order().iter().any(learns),
        lab,
        played: run.history.with(|runs| runs.iter().map(|run| run.method.clone()).collect()),
    }
}
