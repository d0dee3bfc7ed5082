//! A data set as a run uses it: loaded, viewed, split and uploaded.

use super::class::{Class, listed};
use super::view::{Set, View};
use super::{ImageViews, RawSet, SetEntry, Validation, find};
use crate::error::{Error, Result};
use crate::host::Host;
use crate::settings;
use burn::tensor::{Device, Tensor, TensorData};
use serde_json::{Map, Value};
use spec::{Digest, Pick, Samples, Wrong};
use std::collections::BTreeSet;
use std::rc::Rc;

/// A set with its fixed split and the names of its classes.
#[derive(Clone)]
pub struct Task {
    /// Its name in the run file.
    pub name: String,
    /// The inputs.
    pub set: Rc<Set>,
    /// Name of each class, in the order of the labels.
    pub classes: Rc<[String]>,
    /// The number by which a run file knows each class, in the same order.
    pub numbers: Rc<[u16]>,
    /// Samples to train on.
    pub train: View,
    /// Samples held out to watch training by and to choose settings; none where all are trained on.
    pub valid: View,
    /// Samples held out for the figures.
    pub test: View,
}

impl Task {
    /// The same task with its first test samples alone, where `take` says how many.
    pub fn taking(&self, take: Option<usize>) -> Self {
        match take {
            Some(take) => Self { test: self.test.first(take), ..self.clone() },
            None => self.clone(),
        }
    }

    /// Loads the set that `pick` names among `sets`, applies its views and uploads it. `name` is the task's name.
    pub async fn load(
        name: &str,
        pick: &Pick,
        sets: &'static [SetEntry],
        host: &dyn Host,
        device: &Device,
    ) -> Result<Self> {
        let at = format!("tasks.{name}");
        let taken = |params: Map<String, Value>, keys: &[String]| -> (Map<String, Value>, Map<String, Value>) {
            params.into_iter().partition(|(key, _)| keys.contains(key))
        };
        let entry = find(sets, &at, &pick.id)?;
        let (held, params) = taken(pick.params.clone(), &settings::keys::<Validation>());
        let (views, params) = taken(params, &entry.image_views());
        let mut raw = (entry.load)(&at, &params, host).await.map_err(|error| error.under(&at))?;
        let (views, held): (ImageViews, Validation) = (settings::resolve(&at, &views)?, settings::resolve(&at, &held)?);
        let origin = print(&raw);
        views.apply(&at, &mut raw)?;
        held.apply(&mut raw);
        Self::new(name, entry, origin, raw, device)
    }

    fn new(name: &str, entry: &SetEntry, origin: String, raw: RawSet, device: &Device) -> Result<Self> {
        let at = format!("tasks.{name}");
        if raw.inputs.iter().any(|pixel| !pixel.is_finite()) {
            return Err(Error::input(at, "an input is not a finite number"));
        }
        for split in [&raw.train, &raw.test] {
            if split.is_empty() {
                return Err(Error::input(at, "its training or test split is empty"));
            }
        }
        let filled = filled(raw.train.iter().map(|row| raw.labels[*row as usize]));
        if filled.len() < 2 {
            let name = &raw.classes[usize::from(filled[0])];
            let why = format!("all training samples are of class {name}; at least two classes are needed");
            return Err(Error::input(at, why));
        }
        let [channels, height, width] = raw.shape;
        let n = raw.labels.len();
        let (print, numbers) = (print(&raw), raw.numbers_of_classes());
        let pixels: Rc<[f32]> = raw.inputs.into();
        let set = Rc::new(Set {
            origin,
            print,
            licence: entry.licence.into(),
            kind: entry.kind,
            shape: raw.shape,
            inputs: Tensor::from_data(TensorData::new(pixels.to_vec(), [n, channels, height, width]), device),
            pixels,
            factors: raw.factors,
            numbers: raw.numbers,
        });
        let train = View::new(set.clone(), raw.train.into(), raw.labels.into(), device);
        Ok(Self {
            name: name.into(),
            set,
            classes: raw.classes.into(),
            numbers: numbers.into(),
            valid: train.at(raw.valid),
            test: train.at(raw.test),
            train,
        })
    }

    /// How many samples are for what.
    pub fn samples(&self) -> Samples {
        Samples { train: self.train.len(), valid: self.valid.len(), test: self.test.len() }
    }

    /// The place of a class among those of the task, which is what labels and outputs of networks count.
    ///
    /// # Errors
    /// The task has no such class; `at` is the key that names it. The error says which classes there are.
    pub fn place(&self, at: impl Into<String>, class: &Class) -> Result<u16> {
        let place = match class {
            Class::Number(number) => self.numbers.iter().position(|known| known == number),
            Class::Name(name) => self.classes.iter().position(|known| known == name),
        };
        match (place, class) {
            (Some(place), _) => Ok(place as u16),
            (None, Class::Number(number)) => {
                let mut why = format!("there is no class {number}; there are {}", listed(&self.numbers));
                let same = |(number, name): (&u16, &String)| *name == number.to_string();
                if !self.numbers.iter().zip(self.classes.iter()).all(same) {
                    why.push_str(&format!(", or by name {}", self.classes.join(", ")));
                }
                Err(Error::input(at, why))
            }
            (None, Class::Name(name)) => {
                let known = self.classes.iter().map(String::as_str);
                Err(Wrong::unknown("class", &at.into(), name, known).into())
            }
        }
    }

    /// A digest of all that a network can see of it: inputs, labels, splits and names of classes.
    pub fn content(&self) -> String {
        let mut digest = Digest::default();
        digest.write(format!("{} {:?}", self.set.print, self.classes).as_bytes());
        for view in [&self.train, &self.valid, &self.test] {
            digest.write(&(view.len() as u64).to_le_bytes());
            for row in &*view.rows {
                digest.write(&row.to_le_bytes());
                digest.write(&view.label(*row).to_le_bytes());
            }
        }
        digest.hex()
    }

    /// The classes that training has samples of, ascending; a choice of classes may keep others too.
    pub fn filled(&self) -> Vec<u16> {
        filled(self.train.rows.iter().map(|row| self.train.label(*row)))
    }

    /// The same task with other rows to train on.
    pub fn on(&self, train: View) -> Self {
        Self { train, ..self.clone() }
    }

    /// This task without the samples of `gone`, if both are of the same origin and so share their ids; else unchanged.
    pub fn without(&self, gone: &View) -> Self {
        if self.set.origin != gone.set.origin {
            return self.clone();
        }
        let mut rows = gone.rows.to_vec();
        rows.sort_unstable();
        self.on(self.train.filter(|row| rows.binary_search(&row).is_err()))
    }
}

/// A digest of a set's inputs.
fn print(raw: &RawSet) -> String {
    let mut digest = Digest::default();
    digest.write(format!("{:?}", raw.shape).as_bytes());
    digest.write_numbers(&raw.inputs);
    digest.hex()
}

/// Every label once, ascending.
fn filled(labels: impl Iterator<Item = u16>) -> Vec<u16> {
    labels.collect::<BTreeSet<_>>().into_iter().collect()
}
