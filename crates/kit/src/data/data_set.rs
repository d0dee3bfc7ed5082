//! What a data set's file says of it, and the entry that stands for it in a list.

use super::{ImageViews, RawSet, Validation};
use crate::error::Result;
use crate::host::{Boxed, Host};
use crate::settings::{self, Config};
use serde_json::{Map, Value};
use spec::{Choice, Control, DataFacts, Kind, Noun, Wrong};

/// A data set: one file, and one line in [`sets!`](super).
pub trait DataSet: 'static {
    /// Its settings: the doc comments of the fields are the help, `range` gives the bounds.
    type Config: Config;
    /// Its name in a run file.
    const ID: &str;
    /// Its name on the page.
    const TITLE: &str;
    /// What is in it, in one sentence.
    const HELP: &str;
    /// Attribution and licence.
    const LICENCE: &str;
    /// Images or points. All sets also get the setting of [`Validation`], images those of [`ImageViews`] too.
    const KIND: Kind;

    /// What its samples and classes are called: the first noun whose conditions hold is the right one; the last has
    /// none.
    fn nouns() -> Vec<Noun>;

    /// Generates or reads the set. `at` is the key path of the task in the run file, for errors.
    async fn load(at: &str, config: &Self::Config, host: &dyn Host) -> Result<RawSet>;
}

/// Loads a set from its settings in the run file; the first argument is the key path of the task, for errors.
pub type Load = for<'a> fn(&'a str, &'a Map<String, Value>, &'a dyn Host) -> Boxed<'a, Result<RawSet>>;

/// A [`DataSet`] with its type erased.
pub struct SetEntry {
    /// See [`DataSet::ID`].
    pub id: &'static str,
    /// See [`DataSet::TITLE`].
    pub title: &'static str,
    /// See [`DataSet::HELP`].
    pub help: &'static str,
    /// See [`DataSet::LICENCE`].
    pub licence: &'static str,
    /// See [`DataSet::KIND`].
    pub kind: Kind,
    /// See [`DataSet::nouns`].
    pub nouns: fn() -> Vec<Noun>,
    /// Its settings as controls, those of the views included.
    pub controls: fn() -> Vec<Control>,
    /// See [`DataSet::load`].
    pub load: Load,
}

impl SetEntry {
    /// The entry of a data set.
    pub const fn of<D: DataSet>() -> Self {
        Self {
            id: D::ID,
            title: D::TITLE,
            help: D::HELP,
            licence: D::LICENCE,
            kind: D::KIND,
            nouns: D::nouns,
            controls: || {
                let mut controls = settings::controls::<D::Config>();
                if D::KIND == Kind::Images {
                    controls.extend(settings::controls::<ImageViews>());
                }
                controls.extend(settings::controls::<Validation>());
                controls
            },
            load: |at, params, host| {
                Box::pin(async move {
                    let config = settings::resolve::<D::Config>(at, params)?;
                    D::load(at, &config, host).await
                })
            },
        }
    }

    /// The keys of [`ImageViews`]; none for a set of points, which has no such settings.
    pub(super) fn image_views(&self) -> Vec<String> {
        if self.kind == Kind::Images { settings::keys::<ImageViews>() } else { Vec::new() }
    }

    /// The set as page and command line offer it.
    pub fn choice(&self) -> Choice {
        let adjectives = match self.kind {
            Kind::Images => ImageViews::adjectives(),
            Kind::Points => Vec::new(),
        };
        Choice {
            id: self.id.into(),
            title: self.title.into(),
            help: self.help.into(),
            licence: self.licence.into(),
            controls: (self.controls)(),
            facts: Some(DataFacts {
                kind: self.kind,
                nouns: (self.nouns)(),
                adjectives,
                views: [self.image_views(), settings::keys::<Validation>()].concat(),
            }),
        }
    }
}

/// The set with this id. `at` is the key path of the task, for the error, which also names the nearest known id.
pub fn find(sets: &'static [SetEntry], at: &str, id: &str) -> std::result::Result<&'static SetEntry, Wrong> {
    let known = sets.iter().map(|set| set.id);
    sets.iter().find(|set| set.id == id).ok_or_else(|| Wrong::unknown("data set", at, id, known))
}
