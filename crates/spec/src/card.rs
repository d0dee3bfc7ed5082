use serde::{Deserialize, Serialize};

/// The menu: where a visitor looks for a method. The shape of its code is another matter ([`Shape`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    Train,
    Transfer,
    Peft,
    Attack,
    Defend,
    Unlearn,
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

/// What one method is, as its file writes it.
#[derive(Clone, Debug)]
pub struct Card {
    /// `family.name`; the file is the same name in snake case.
    pub id: &'static str,
    /// The name that people read.
    pub title: &'static str,
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
    pub needs: Needs,
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
            },
        }
    }
}

/// What a method can take; page, command line and laws read it, so that what does not fit is greyed early.
#[derive(Clone, Debug, Serialize)]
pub struct Needs {
    pub kinds: &'static [Kind],
    pub access: Access,
    pub min_classes: usize,
}

/// [`Card`] as the catalogue file carries it: the equation is presentation MathML, the inside of `<math>`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CardData {
    pub id: String,
    pub title: String,
    pub family: Family,
    pub authors: String,
    pub year: u16,
    pub paper: String,
    pub equation: String,
    pub summary: String,
    pub notes: String,
    pub needs: NeedsData,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NeedsData {
    pub kinds: Vec<Kind>,
    pub access: Access,
    pub min_classes: usize,
}

/// What the samples of a task are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Images,
    Points,
}

/// What a method may see of a model, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    Labels,
    Scores,
    Gradients,
    Weights,
}
