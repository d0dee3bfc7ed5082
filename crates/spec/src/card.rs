use crate::{Metric, MetricData};
use serde::{Deserialize, Serialize};

/// The menu: where a visitor looks for a method. The shape of its code is another matter ([`Shape`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Trains a network from random weights.
    Train,
    /// Trains a network further on another task.
    Transfer,
    /// Adapts a network with few trained weights (parameter-efficient fine-tuning).
    Peft,
    /// Looks for small changes of the inputs that make the network answer wrongly.
    Attack,
    /// Trains a network to withstand attacks.
    Defend,
    /// Makes a network forget chosen training samples.
    Unlearn,
    /// Audits a network and leaves it as it is.
    Measure,
}

impl Family {
    /// By the first word of a method's id.
    pub fn of_id(id: &str) -> Option<Self> {
        const ALL: [Family; 7] = [
            Family::Train,
            Family::Transfer,
            Family::Peft,
            Family::Attack,
            Family::Defend,
            Family::Unlearn,
            Family::Measure,
        ];
        let key = id.split('.').next()?;
        ALL.into_iter().find(|family| family.key() == key)
    }

    /// The word in ids: `attack` in `attack.fgsm`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Transfer => "transfer",
            Self::Peft => "peft",
            Self::Attack => "attack",
            Self::Defend => "defend",
            Self::Unlearn => "unlearn",
            Self::Measure => "measure",
        }
    }
}

/// What a method turns into what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// Inputs to inputs; the model stays as it was.
    Attack,
    /// Model to model.
    Tune,
    /// Attach small trainable parts; the harness trains them.
    Peft,
    /// Model to model that forgets; judged beside a retrained one.
    Unlearn,
    /// Models to figures; the model stays as it was.
    Measure,
}

impl Shape {
    /// Whether a stage of this shape returns new weights (a layer of the page's strip) or only asks (a note).
    pub const fn is_layer(self) -> bool {
        matches!(self, Self::Tune | Self::Peft | Self::Unlearn)
    }
}

/// How a method works, where what is said of a stage depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Manner {
    /// It trains the last layer alone.
    LastLayer,
    /// It draws every weight anew, whichever network it begins with.
    Scratch,
    /// It retrains without what is to be forgotten: what other forgetters are held against.
    Reference,
}

/// What one method is, as its file writes it.
#[derive(Clone, Debug)]
pub struct Card {
    /// `family.name`; the file is the same name in snake case.
    pub id: &'static str,
    /// The name that people read.
    pub title: &'static str,
    /// The menu that lists the method; also the first word of `id`.
    pub family: Family,
    /// Family names, empty where `paper` begins with them.
    pub authors: &'static str,
    /// Of the first version, as on arXiv.
    pub year: u16,
    /// Title and venue of the paper, with its arXiv number or DOI.
    pub paper: &'static str,
    /// The method's equation in LaTeX.
    pub equation: &'static str,
    /// One full thought without jargon, at most 90 characters.
    pub summary: &'static str,
    /// Where the defaults come from, and where this differs from the paper or its code, and why.
    pub notes: &'static str,
    /// Data and access without which the method cannot run.
    pub needs: Needs,
    /// Figures that it makes itself, beside those of its harness ([`crate::METRICS`]).
    pub metrics: &'static [Metric<'static>],
}

impl Card {
    /// For the catalogue file, with the equation in MathML.
    pub fn data(&self, equation: String) -> CardData {
        CardData {
            id: self.id.into(),
            title: self.title.into(),
            family: self.family,
            authors: self.authors.into(),
            year: self.year,
            paper: self.paper.into(),
            equation,
            summary: self.summary.into(),
            notes: self.notes.into(),
            needs: NeedsData {
                kinds: self.needs.kinds.to_vec(),
                access: self.needs.access,
                min_classes: self.needs.min_classes,
                forget: self.needs.forget,
                with: self.needs.with,
                attacks: self.needs.attacks,
            },
            metrics: self.metrics.iter().map(|metric| metric.data()).collect(),
        }
    }
}

/// The most networks that a stage may name under `with`.
pub const MOST_WITH: usize = 16;

/// What a method can take; page, command line and laws read it, so that what does not fit is greyed early.
#[derive(Clone, Debug, Serialize)]
pub struct Needs {
    /// Kinds of samples that the method works on; at least one.
    pub kinds: &'static [Kind],
    /// The most that the method sees of the model; an attack is refused what goes beyond it.
    pub access: Access,
    /// The fewest classes that a task must have; 2 or more.
    pub min_classes: usize,
    /// Whether the run has to name what is to be forgotten.
    pub forget: bool,
    /// The fewest and the most networks that a stage names under `with`.
    pub with: [usize; 2],
    /// Whether it is held against networks that are retrained without what is to be forgotten.
    pub reference: bool,
    /// How many attack stages have to stand before it at least; `None` where it does not read what they have left.
    pub attacks: Option<usize>,
}

impl Needs {
    /// Those of a method that reads and changes the weights of one network, on samples of every kind.
    pub const ANY: Self = Self {
        kinds: &[Kind::Images, Kind::Points],
        access: Access::Weights,
        min_classes: 2,
        forget: false,
        with: [0, 0],
        reference: false,
        attacks: None,
    };

    /// Those of a method that forgets.
    pub const FORGET: Self = Self { forget: true, ..Self::ANY };

    /// Those of an attack by gradients. It may be crafted on other networks than the one that it is measured on.
    pub const ATTACK: Self = Self { access: Access::Gradients, with: [0, MOST_WITH], ..Self::ANY };
}

/// [`Card`] as the catalogue file carries it: the equation is presentation MathML, the inside of `<math>`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CardData {
    /// `family.name`, as a stage of a run file gives it.
    pub id: String,
    /// The name that people read: "PGD, L∞".
    pub title: String,
    /// The menu that lists the method.
    pub family: Family,
    /// Family names of the paper's authors; empty where `paper` begins with them.
    pub authors: String,
    /// Year of the paper's first version.
    pub year: u16,
    /// Title and venue of the paper, with its arXiv number or DOI.
    pub paper: String,
    /// The method's equation in presentation MathML, without the `<math>` element itself.
    pub equation: String,
    /// What the method does, in one sentence of at most 90 characters.
    pub summary: String,
    /// Where the defaults come from, and where the method differs from the paper or its code.
    pub notes: String,
    /// Data and access without which the method cannot run.
    pub needs: NeedsData,
    /// Figures that it makes itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<MetricData>,
}

/// [`Needs`] as the catalogue file carries it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NeedsData {
    /// Kinds of samples that the method works on; at least one.
    pub kinds: Vec<Kind>,
    /// The most that the method sees of the model.
    pub access: Access,
    /// The fewest classes that a task must have; 2 or more.
    pub min_classes: usize,
    /// Whether the run has to name what is to be forgotten.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forget: bool,
    /// The fewest and the most networks that a stage names under `with`.
    #[serde(default, skip_serializing_if = "takes_none")]
    pub with: [usize; 2],
    /// How many attack stages have to stand before it at least; `None` where it does not read what they have left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attacks: Option<usize>,
}

fn takes_none(with: &[usize; 2]) -> bool {
    *with == [0, 0]
}

/// What the samples of a task are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Pixels: `[channels, height, width]`, 0 to 1.
    Images,
    /// Points in the plane: two numbers, held as an image of 2 channels and one pixel.
    Points,
}

impl Kind {
    /// The plural that people read.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Points => "points",
        }
    }
}

/// What a method may see of a model, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// The class that it names, without a probability.
    Labels,
    /// Its logits, and so the probability of each class.
    Scores,
    /// Gradients of a loss with respect to the input, besides the scores.
    Gradients,
    /// Everything: the method may also read and change the weights.
    Weights,
}
