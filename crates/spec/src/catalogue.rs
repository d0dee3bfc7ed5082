use crate::{CardData, Control, RunSpec, Shape};
use serde::{Deserialize, Serialize};

/// Everything the page knows before an engine is loaded; written to `static/catalogue.json` from the engine's code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Catalogue {
    pub version: u32,
    pub methods: Vec<MethodInfo>,
    /// Data sets that a run file's `tasks` may name.
    pub tasks: Vec<Choice>,
    /// Networks that `model` may name.
    pub nets: Vec<Choice>,
    pub forget: Vec<Choice>,
    pub presets: Vec<Preset>,
    pub leaf: Leaf,
}

impl Catalogue {
    pub fn method(&self, id: &str) -> Option<&MethodInfo> {
        self.methods.iter().find(|method| method.card.id == id)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MethodInfo {
    pub card: CardData,
    pub shape: Shape,
    /// Among the good first choices of its family.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub first: bool,
    pub controls: Vec<Control>,
}

/// A data set, network or forget set, with its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    pub id: String,
    pub title: String,
    pub help: String,
    /// Licence and attribution of data; empty for networks.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub licence: String,
    pub controls: Vec<Control>,
}

/// A quick recipe of `static/recipes`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preset {
    /// The file's name without its ending.
    pub id: String,
    /// The first comment line of the file.
    pub title: String,
    /// The rest of the leading comment.
    pub about: String,
    pub spec: RunSpec,
}

/// The fixed sample of the digits' test split that the page draws before any engine is loaded: seven of each class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Leaf {
    pub ids: Vec<u32>,
    pub labels: Vec<u16>,
    pub size: usize,
    /// Row after row of all images, one character a pixel: `0` (paper) to `g` (ink), base 17.
    pub pixels: String,
}
