//! What people call families of methods, data and networks. The engine writes it into the catalogue, so that page and
//! command line use the same words.

use crate::{Family, Kind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The key of the view that keeps some classes of a set, by their numbers there.
pub const CLASSES: &str = "classes";

/// What one family of methods is called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FamilyInfo {
    /// The family that these words are for.
    pub family: Family,
    /// Of several of its methods, as a heading: "Attacks".
    pub label: String,
    /// What a visitor looks for in a menu: "Adapt cheaply".
    pub menu: String,
    /// What it does to a network, on a layer's card: "Adapt".
    pub verb: String,
    /// The words of the button that plays a stage of it: "Adapt it".
    pub press: String,
    /// The same as what comes next: "adapt it".
    pub next: String,
}

/// A network that is shipped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceFacts {
    /// The name that `model.weights` gives.
    pub weights: String,
    /// The name that people read: "Letters cnn".
    pub title: String,
    /// What it was trained on, as things: "letters".
    pub knows: String,
}

/// What the samples and classes of a data set are called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataFacts {
    /// Whether the samples are images or points.
    pub kind: Kind,
    /// The first noun whose conditions hold is the right one; the last has none.
    pub nouns: Vec<Noun>,
    /// What settings add to the noun: "tilted".
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adjectives: Vec<Adjective>,
    /// Keys of the settings that make another view of the same set: a sample keeps its number under each of their
    /// values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub views: Vec<String>,
}

/// What samples are called under certain settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Noun {
    /// Settings and the values that they must have, given or by default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<(String, Value)>,
    /// "digit"
    pub thing: String,
    /// "digits"
    pub things: String,
    /// Whether a network reads them, as writing, rather than names them.
    pub reads: bool,
    /// Singular and plural of each class by its number in the set, where there are words: "three" and "threes".
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<(String, String)>,
}

/// What a setting that is not at its default adds to the noun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adjective {
    /// The setting's key in the task: `tilt`.
    pub key: String,
    /// "tilted"
    pub word: String,
    /// What makes samples so, as a request: "Tilt".
    pub act: String,
}

impl DataFacts {
    /// What samples are called with these settings; `value` gives a setting or its default.
    pub fn noun(&self, value: impl Fn(&str) -> Option<Value>) -> Option<&Noun> {
        self.nouns.iter().find(|noun| noun.when.iter().all(|(key, wanted)| value(key).as_ref() == Some(wanted)))
    }

    /// What the settings add to it: those that are given as a number other than zero.
    pub fn adjective(&self, params: &Map<String, Value>) -> Option<&Adjective> {
        let given = |key: &str| params.get(key).and_then(Value::as_f64).is_some_and(|value| value != 0.0);
        self.adjectives.iter().find(|adjective| given(&adjective.key))
    }
}

impl Noun {
    /// A noun without conditions and without words for the classes.
    pub fn new(thing: &str, things: &str, reads: bool) -> Self {
        Self { when: Vec::new(), thing: thing.into(), things: things.into(), reads, classes: Vec::new() }
    }

    /// Only where a setting has this value.
    pub fn when(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.when.push((key.into(), value.into()));
        self
    }

    /// With words for the classes.
    pub fn classes(self, words: &[(&str, &str)]) -> Self {
        Self { classes: words.iter().map(|(one, many)| ((*one).into(), (*many).into())).collect(), ..self }
    }
}
