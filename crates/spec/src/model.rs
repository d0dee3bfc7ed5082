//! The networks that a run begins with.

use crate::run::is_zero;
use crate::{Pick, RunSpec, START};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// A network that a run begins with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// Id in the catalogue's list of networks.
    pub id: String,
    /// Name of the task whose inputs and classes it is made for; the first task unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// As [`Stage::draw`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub draw: u32,
    /// Settings, and `weights` where a file holds them.
    #[serde(flatten)]
    pub params: Map<String, Value>,
}

impl Model {
    /// The network without what is said of its place in the run.
    pub fn pick(&self) -> Pick {
        Pick { id: self.id.clone(), params: self.params.clone() }
    }
}

impl Pick {
    /// Name of the file that holds a network's weights; `None` where they are random.
    pub fn weights(&self) -> Option<&str> {
        self.params.get("weights").and_then(Value::as_str)
    }
}

impl RunSpec {
    /// The networks that the run begins with, by name; [`START`] is last.
    pub fn sources(&self) -> impl Iterator<Item = (&str, Model)> {
        let Pick { id, params } = self.model.clone();
        let models = self.models.iter().map(|(name, source)| (name.as_str(), source.clone()));
        models.chain([(START, Model { id, on: None, draw: 0, params })])
    }

    /// Names of the files that hold networks, once each.
    pub fn weights(&self) -> BTreeSet<&str> {
        let models = self.models.values().map(|model| &model.params);
        let own = self.stages.iter().filter_map(|stage| stage.model.as_ref()).map(|model| &model.params);
        let all = std::iter::once(&self.model.params).chain(models).chain(own);
        all.filter_map(|params| params.get("weights")?.as_str()).collect()
    }

    /// A network that the run begins with.
    pub fn source(&self, name: &str) -> Option<Model> {
        self.sources().find(|(known, _)| *known == name).map(|(_, source)| source)
    }

    /// Whether this is the name of a network that the run begins with.
    pub fn is_source(&self, name: &str) -> bool {
        name == START || self.models.contains_key(name)
    }
}
