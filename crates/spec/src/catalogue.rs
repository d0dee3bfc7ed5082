use crate::{
    CardData, Control, DataFacts, Family, FamilyInfo, METRICS, Manner, Metric, MetricData, RunSpec, Shape, SourceFacts,
};
use serde::{Deserialize, Serialize};

/// Everything the page knows before an engine is loaded; written to `static/catalogue.json` from the engine's code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Catalogue {
    /// [`crate::VERSION`] of the run files that the engine reads.
    pub version: u32,
    /// What each family of methods is called, in the order in which they are listed.
    pub families: Vec<FamilyInfo>,
    /// All methods, sorted by id.
    pub methods: Vec<MethodInfo>,
    /// Data sets that a run file's `tasks` may name.
    pub tasks: Vec<Choice>,
    /// Networks that `model` may name.
    pub nets: Vec<Choice>,
    /// Networks that are shipped, which `model.weights` may name.
    pub sources: Vec<SourceFacts>,
    /// Ways to choose what is forgotten, which `forget` may name.
    pub forget: Vec<Choice>,
    /// Recipes that the page offers as complete runs.
    #[serde(rename = "presets")]
    pub recipes: Vec<Recipe>,
    /// Images that the page shows before an engine is loaded.
    pub leaf: Leaf,
}

impl Catalogue {
    /// The method with this id; `None` for an id that the catalogue does not have.
    pub fn method(&self, id: &str) -> Option<&MethodInfo> {
        self.methods.iter().find(|method| method.card.id == id)
    }

    /// All figures: those of harnesses, then those that methods make themselves.
    pub fn metrics(&self) -> impl Iterator<Item = Metric<'_>> {
        let own = self.methods.iter().flat_map(|method| &method.card.metrics);
        METRICS.iter().copied().chain(own.map(MetricData::metric))
    }

    /// The figure with this key; `None` where nobody makes it.
    pub fn metric(&self, key: &str) -> Option<Metric<'_>> {
        self.metrics().find(|metric| metric.key == key)
    }

    /// What this family of methods is called; `None` where the catalogue lacks it.
    pub fn family(&self, family: Family) -> Option<&FamilyInfo> {
        self.families.iter().find(|info| info.family == family)
    }

    /// Whether stages of this id leave a new model; of an id that is not known here, by its first word.
    pub fn is_layer(&self, id: &str) -> bool {
        match self.method(id) {
            Some(method) => method.shape.is_layer(),
            None => !id.starts_with("attack.") && !id.starts_with("measure."),
        }
    }

    /// A data set by its id.
    pub fn data(&self, id: &str) -> Option<&Choice> {
        self.tasks.iter().find(|choice| choice.id == id)
    }
}

/// A method as the catalogue file carries it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MethodInfo {
    /// Names, paper, equation and requirements.
    pub card: CardData,
    /// What the method turns into what.
    pub shape: Shape,
    /// Among the good first choices of its family.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub first: bool,
    /// What sentences have to know of it beyond its family.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manner: Option<Manner>,
    /// The method's settings, in the order in which they are shown.
    pub controls: Vec<Control>,
}

/// A data set, network or forget set, with its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The `id` that a run file gives it.
    pub id: String,
    /// The name that people read: "Two moons".
    pub title: String,
    /// What it is, in a few words.
    pub help: String,
    /// Licence and attribution of data; empty for networks.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub licence: String,
    /// Its settings, in the order in which they are shown; a run file gives them beside the `id`.
    pub controls: Vec<Control>,
    /// Of a data set: what its samples and classes are called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<DataFacts>,
}

/// A quick recipe of `static/recipes`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// The file's name without its ending.
    pub id: String,
    /// The first comment line of the file.
    pub title: String,
    /// The rest of the leading comment.
    pub about: String,
    /// The run that the recipe plays.
    pub spec: RunSpec,
}

/// The fixed sample of the digits' test split that the page draws before any engine is loaded:
/// [`SHOWN`](crate::SHOWN) of each class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Leaf {
    /// The `id` of the digits' data set.
    pub data: String,
    /// How many images its training split has.
    pub train: u64,
    /// Number of each image in the digits' data set, in the order of the test split.
    pub ids: Vec<u32>,
    /// The digit that each image shows.
    pub labels: Vec<u16>,
    /// Height and width of each image in pixels.
    pub size: usize,
    /// Row after row of all images, one character a pixel: `0` (paper) to `g` (ink), base 17.
    pub pixels: String,
}
