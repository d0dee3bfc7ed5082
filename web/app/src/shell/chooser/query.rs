//! The catalogue as the chooser lists it.

use crate::{
    labs::{self, lab::Lab},
    run::cards::Cards,
};
use spec::{Family, Kind, MethodInfo, Shape};
use std::cmp::Reverse;

/// Where the chooser was opened, and what has been played so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub kind: Kind,
    pub classes: usize,
    /// Whether a layer has learned the data.
    pub trained: bool,
    /// Its methods come first.
    pub lab: Option<&'static Lab>,
    /// Ids of methods that were played.
    pub played: Vec<String>,
}

impl Place {
    /// Why a method cannot work here; `None` if it can.
    pub fn refuses(&self, method: &MethodInfo) -> Option<String> {
        let needs = &method.card.needs;
        if !needs.kinds.contains(&self.kind) {
            return Some(
                match self.kind {
                    Kind::Images => "It does not take images.",
                    Kind::Points => "It does not take points in a plane.",
                }
                .into(),
            );
        }
        if self.classes < needs.min_classes {
            return Some(format!("Needs at least {} classes; this data has {}.", needs.min_classes, self.classes));
        }
        if needs.with[0] > 0 {
            return Some("Needs other networks beside this one, which a run file names under `with`.".into());
        }
        let lost = method.shape == Shape::Unlearn && !self.trained;
        lost.then(|| "Needs a layer before it that has learned: there is nothing to forget yet.".into())
    }
}

/// What a list can be narrowed to, beside its family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    Fitting,
    Asking,
    Played,
}

/// How a list is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListOrder {
    Newest,
    Name,
}

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pub words: String,
    pub family: Option<Family>,
    pub only: Vec<Only>,
    pub sort: ListOrder,
}

impl Query {
    /// `cards`: once they are here, summaries, papers and authors are searched too.
    fn takes(&self, method: &MethodInfo, place: &Place, cards: Option<&Cards>) -> bool {
        let card = &method.card;
        let long = cards.and_then(|cards| cards.get(&card.id)).unwrap_or(card);
        let all = [&card.title, &card.id, &long.summary, &long.paper, &long.authors].map(|text| text.to_lowercase());
        let words = self.words.to_lowercase();
        let says = |word: &str| all.iter().any(|text| text.contains(word)) || card.year.to_string().starts_with(word);
        self.family.is_none_or(|family| card.family == family)
            && words.split_whitespace().all(says)
            && self.only.iter().all(|only| match only {
                Only::Fitting => place.refuses(method).is_none(),
                Only::Asking => !method.shape.is_layer(),
                Only::Played => place.played.contains(&card.id),
            })
    }

    pub fn count(&self, methods: &[MethodInfo], place: &Place, cards: Option<&Cards>) -> usize {
        methods.iter().filter(|method| self.takes(method, place, cards)).count()
    }

    /// What is found, and how many of it are good first choices: they lead, unless something is searched for.
    pub fn list<'a>(
        &self,
        methods: &'a [MethodInfo],
        place: &Place,
        cards: Option<&Cards>,
    ) -> (Vec<&'a MethodInfo>, usize) {
        let mut found: Vec<&MethodInfo> = methods.iter().filter(|method| self.takes(method, place, cards)).collect();
        let leads = |method: &MethodInfo| self.words.trim().is_empty() && method.first;
        found.sort_by_key(|method| {
            let year = if self.sort == ListOrder::Newest { method.card.year } else { 0 };
            let far = place.lab.is_some_and(|lab| lab != labs::of(method.card.family));
            (!leads(method), far, Reverse(year), method.card.title.as_str())
        });
        let firsts = found.iter().filter(|method| leads(method)).count();
        (found, firsts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn here() -> Place {
        Place { kind: Kind::Images, classes: 10, trained: true, lab: None, played: vec!["unlearn.ascent".into()] }
    }

    fn method(id: &str, shape: &str, year: u16, first: bool) -> Value {
        let (family, name) = id.split_once('.').unwrap();
        json!({
            "card": {
                "id": id, "title": name, "family": family, "authors": "Someone", "year": year, "paper": "",
                "equation": "", "summary": "", "notes": "",
                "needs": { "kinds": ["images"], "access": "weights", "min_classes": 3 },
            },
            "shape": shape, "first": first, "controls": [],
        })
    }

    fn methods() -> Vec<MethodInfo> {
        serde_json::from_value(json!([
            method("attack.fgsm", "attack", 2014, true),
            method("unlearn.finetune", "unlearn", 2020, false),
            method("unlearn.ascent", "unlearn", 2021, false),
            method("unlearn.salun", "unlearn", 2023, true),
        ]))
        .unwrap()
    }

    fn query() -> Query {
        Query { words: String::new(), family: None, only: vec![], sort: ListOrder::Newest }
    }

    fn titles(query: &Query, place: &Place) -> (Vec<String>, usize) {
        let methods = methods();
        let (found, firsts) = query.list(&methods, place, None);
        assert_eq!(found.len(), query.count(&methods, place, None));
        (found.into_iter().map(|method| method.card.title.clone()).collect(), firsts)
    }

    #[test]
    fn first_choices_lead_until_something_is_searched_for() {
        let here = here();
        assert_eq!(titles(&query(), &here), (["salun", "fgsm", "ascent", "finetune"].map(String::from).to_vec(), 2));
        let attacking = Place { lab: Some(labs::of(Family::Attack)), ..here.clone() };
        assert_eq!(titles(&query(), &attacking).0, ["fgsm", "salun", "ascent", "finetune"]);
        let by_name = Query { family: Some(Family::Unlearn), sort: ListOrder::Name, ..query() };
        assert_eq!(titles(&by_name, &here), (["salun", "ascent", "finetune"].map(String::from).to_vec(), 1));
        let searched = Query { words: " SOMEONE 202".into(), ..query() };
        assert_eq!(titles(&searched, &here), (["salun", "ascent", "finetune"].map(String::from).to_vec(), 0));
    }

    #[test]
    fn a_list_is_narrowed_to_what_asks_what_was_played_and_what_fits() {
        let narrowed = |only: &[Only], place: &Place| titles(&Query { only: only.to_vec(), ..query() }, place).0;
        assert_eq!(narrowed(&[Only::Asking], &here()), ["fgsm"]);
        assert_eq!(narrowed(&[Only::Played], &here()), ["ascent"]);
        assert!(narrowed(&[Only::Played, Only::Asking], &here()).is_empty());
        assert_eq!(narrowed(&[Only::Fitting], &Place { trained: false, ..here() }), ["fgsm"]);
    }

    #[test]
    fn what_does_not_fit_says_why() {
        let methods = methods();
        let why = |place: Place| place.refuses(&methods[3]);
        assert_eq!(why(here()), None);
        assert!(why(Place { kind: Kind::Points, ..here() }).unwrap().contains("points"));
        assert!(why(Place { classes: 2, ..here() }).unwrap().contains("at least 3 classes"));
        assert!(why(Place { trained: false, ..here() }).unwrap().contains("nothing to forget"));
    }
}
