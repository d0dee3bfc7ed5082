use super::{Raw, digits, glyphs, idx, moons, spirals, tilt};
use crate::control;
use crate::cx::Host;
use crate::error::{Error, Result};
use burn::tensor::{Device, Int, Tensor, TensorData};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Map;
use spec::{Adjective, Choice, DataFacts, Kind, Pick, Wrong};
use std::collections::BTreeMap;
use std::rc::Rc;

/// One set, uploaded once.
pub struct Set {
    /// The run file's words for it without views: two tasks of one source share their samples' ids.
    pub source: String,
    pub licence: String,
    pub kind: Kind,
    /// `[channels, height, width]`; a point of d dimensions is `[d, 1, 1]`.
    pub shape: [usize; 3],
    /// See [`Raw::factors`].
    pub factors: BTreeMap<String, Vec<u16>>,
    /// See [`Raw::numbers`].
    pub numbers: BTreeMap<String, Vec<f32>>,
    /// On the host: pictures on the page, host-side views.
    pub pixels: Rc<[f32]>,
    /// `[n, channels, height, width]` on the device.
    inputs: Tensor<4>,
}

/// Rows of a set under labels of its own; never a copy of the inputs. A sample's id is its row in the set.
#[derive(Clone)]
pub struct View {
    pub set: Rc<Set>,
    pub rows: Rc<[u32]>,
    /// By row of the set, not by place in `rows`. On the host because a device copy cannot be read while a run waits.
    pub labels: Rc<[u16]>,
    uploaded: Tensor<1, Int>,
}

/// What one forward pass takes. `ids` name the samples: randomness per example, query counts and audits hang on them.
#[derive(Clone)]
pub struct Batch {
    /// `[n, channels, height, width]`.
    pub x: Tensor<4>,
    /// `[n]`.
    pub y: Tensor<1, Int>,
    pub ids: Rc<[u32]>,
}

/// A set with its fixed split and the names of its classes.
#[derive(Clone)]
pub struct Task {
    pub name: String,
    pub set: Rc<Set>,
    pub classes: Rc<[String]>,
    pub train: View,
    pub valid: View,
    pub test: View,
}

/// Views that every image set can be given.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Look {
    /// Keep only these classes, renumbered in this order; empty keeps all.
    #[schemars(length(max = 1000), inner(range(min = 0, max = 1000)))]
    pub classes: Vec<u16>,
    /// Turn every image by this angle.
    #[schemars(range(min = -180.0, max = 180.0), extend("x-unit" = "°"))]
    pub tilt: f64,
}

/// Every data set that `tasks` may name, with its settings.
pub fn choices() -> Vec<Choice> {
    fn choice<C: control::Config>(id: &str, title: &str, help: &str, licence: &str, mut facts: DataFacts) -> Choice {
        let mut controls = control::controls::<C>();
        if facts.kind == Kind::Images {
            controls.extend(control::controls::<Look>());
            facts.adjectives.push(Adjective { key: "tilt".into(), word: "tilted".into(), act: "Tilt".into() });
        }
        let [id, title, help, licence] = [id, title, help, licence].map(Into::into);
        Choice { id, title, help, licence, controls, facts: Some(facts) }
    }
    vec![
        choice::<digits::Config>(digits::ID, digits::TITLE, digits::HELP, digits::LICENCE, digits::facts()),
        choice::<glyphs::Config>(glyphs::ID, glyphs::TITLE, glyphs::HELP, glyphs::LICENCE, glyphs::facts()),
        choice::<idx::Config>(idx::ID, idx::TITLE, idx::HELP, idx::LICENCE, idx::facts()),
        choice::<moons::Config>(moons::ID, moons::TITLE, moons::HELP, moons::LICENCE, moons::facts()),
        choice::<spirals::Config>(spirals::ID, spirals::TITLE, spirals::HELP, spirals::LICENCE, spirals::facts()),
    ]
}

impl Task {
    /// Loads, looks at and uploads what a run file's pick names.
    pub async fn load(name: &str, pick: &Pick, host: &dyn Host, device: &Device) -> Result<Self> {
        let at = format!("tasks.{name}");
        let known = ["classes", "tilt"];
        let (look, params): (Map<_, _>, Map<_, _>) =
            pick.params.clone().into_iter().partition(|(key, _)| known.contains(&key.as_str()));
        let raw = match pick.id.as_str() {
            digits::ID => {
                control::resolve::<digits::Config>(&at, &params)?;
                digits::load()
            }
            glyphs::ID => glyphs::generate(&control::resolve(&at, &params)?)?,
            moons::ID => moons::generate(&control::resolve(&at, &params)?)?,
            spirals::ID => spirals::generate(&control::resolve(&at, &params)?)?,
            idx::ID => {
                let config: idx::Config = control::resolve(&at, &params)?;
                let (images, labels) = (host.asset(&config.images).await?, host.asset(&config.labels).await?);
                let train = idx::Pair { images: &images, labels: &labels };
                match (&config.test_images, &config.test_labels) {
                    (Some(images), Some(labels)) => {
                        let (images, labels) = (host.asset(images).await?, host.asset(labels).await?);
                        idx::parse(train, Some(idx::Pair { images: &images, labels: &labels }))?
                    }
                    (None, None) => idx::parse(train, None)?,
                    _ => return Err(Error::input(at, "`test_images` and `test_labels` go together; one is missing")),
                }
            }
            other => return Err(Wrong::unknown("data set", &at, other, choices().iter().map(|c| c.id.as_str())).into()),
        };
        let look: Look = control::resolve(&at, &look)?;
        if raw.points && (look.tilt != 0.0 || !look.classes.is_empty()) {
            return Err(Error::input(at, "`tilt` and `classes` are for images; this set has points"));
        }
        let source = format!("{}{}", pick.id, serde_json::to_string(&params).unwrap_or_default());
        Self::new(name, source, raw, &look, device)
    }

    fn new(name: &str, source: String, mut raw: Raw, look: &Look, device: &Device) -> Result<Self> {
        let at = format!("tasks.{name}");
        if raw.inputs.iter().any(|pixel| !pixel.is_finite()) {
            return Err(Error::input(at, "an input is not a finite number"));
        }
        if look.tilt != 0.0 {
            raw.inputs = tilt(&raw.inputs, raw.shape, look.tilt as f32);
        }
        if !look.classes.is_empty() {
            keep_classes(&at, &mut raw, &look.classes)?;
        }
        if raw.classes.len() < 2 {
            return Err(Error::input(at, format!("it has {} class; at least two are needed", raw.classes.len())));
        }
        for split in [&raw.train, &raw.test] {
            if split.is_empty() {
                return Err(Error::input(at, "its training or test split is empty"));
            }
        }
        let [channels, height, width] = raw.shape;
        let n = raw.labels.len();
        let set = Rc::new(Set {
            source,
            licence: raw.licence.clone(),
            kind: raw.kind(),
            shape: raw.shape,
            inputs: Tensor::from_data(TensorData::new(raw.inputs.clone(), [n, channels, height, width]), device),
            pixels: raw.inputs.into(),
            factors: raw.factors,
            numbers: raw.numbers,
        });
        let train = View::new(set.clone(), raw.train.into(), raw.labels.into(), device);
        Ok(Self {
            name: name.into(),
            set,
            classes: raw.classes.into(),
            valid: train.at(raw.valid),
            test: train.at(raw.test),
            train,
        })
    }

    /// The same task trained on other rows.
    pub fn on(&self, train: View) -> Self {
        Self { train, ..self.clone() }
    }
}

impl View {
    fn new(set: Rc<Set>, rows: Rc<[u32]>, labels: Rc<[u16]>, device: &Device) -> Self {
        let uploaded = upload(labels.iter().map(|label| i32::from(*label)), device);
        Self { set, rows, labels, uploaded }
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Other rows of the same set.
    pub fn at(&self, rows: impl Into<Rc<[u32]>>) -> Self {
        Self { rows: rows.into(), ..self.clone() }
    }

    /// The rows that a predicate keeps.
    pub fn filter(&self, keep: impl Fn(u32) -> bool) -> Self {
        self.at(self.rows.iter().copied().filter(|row| keep(*row)).collect::<Vec<_>>())
    }

    /// The same rows under other labels, given by row of the set.
    pub fn relabelled(&self, labels: Rc<[u16]>) -> Self {
        Self::new(self.set.clone(), self.rows.clone(), labels, &self.uploaded.device())
    }

    pub fn label(&self, row: u32) -> u16 {
        self.labels[row as usize]
    }

    /// The same rows and labels over other inputs `[n, …]` of the set's rows in this view's order: cached features.
    pub fn over(&self, inputs: Tensor<4>) -> Self {
        let [_, channels, height, width] = inputs.dims();
        let set = Set {
            source: self.set.source.clone(),
            licence: self.set.licence.clone(),
            kind: Kind::Points,
            shape: [channels, height, width],
            factors: BTreeMap::new(),
            numbers: BTreeMap::new(),
            pixels: Rc::from([]),
            inputs,
        };
        let labels: Rc<[u16]> = self.rows.iter().map(|row| self.label(*row)).collect();
        Self::new(Rc::new(set), (0..self.len() as u32).collect(), labels, &self.uploaded.device())
    }

    /// The first `n` rows.
    pub fn first(&self, n: usize) -> Self {
        self.at(&self.rows[..n.min(self.len())])
    }

    /// Gathered on the device: only the row numbers travel.
    pub fn batch(&self, rows: &[u32]) -> Batch {
        let order = std::iter::once(0).chain(rows.iter().map(|row| *row as i32));
        self.gather(upload(order, &self.uploaded.device()), rows.into())
    }

    /// As [`View::batch`], for the batch that `order` is at ([`ops::gather_batch`]); `ids` are its rows.
    pub fn gather(&self, order: Tensor<1, Int>, ids: Rc<[u32]>) -> Batch {
        let (x, y) = ops::gather_batch(&self.set.inputs, &self.uploaded, order, ids.len());
        Batch { x, y, ids }
    }

    /// A sample's pixels, `channels · height · width`.
    pub fn pixels(&self, row: u32) -> &[f32] {
        let size: usize = self.set.shape.iter().product();
        &self.set.pixels[row as usize * size..][..size]
    }
}

pub(crate) fn upload(numbers: impl Iterator<Item = i32>, device: &Device) -> Tensor<1, Int> {
    let numbers: Vec<i32> = numbers.collect();
    let n = numbers.len();
    Tensor::from_data(TensorData::new(numbers, [n]), device)
}

fn keep_classes(at: &str, raw: &mut Raw, keep: &[u16]) -> Result {
    for (place, class) in keep.iter().enumerate() {
        if usize::from(*class) >= raw.classes.len() {
            let why = format!("there is no class {class}; there are 0 to {}", raw.classes.len() - 1);
            return Err(Error::input(format!("{at}.classes"), why));
        }
        if keep[..place].contains(class) {
            return Err(Error::input(format!("{at}.classes"), format!("class {class} is named twice")));
        }
    }
    if keep.len() < 2 {
        return Err(Error::input(format!("{at}.classes"), "one class is too few; at least two are needed"));
    }
    let place = |label: u16| keep.iter().position(|class| *class == label);
    for split in [&mut raw.train, &mut raw.valid, &mut raw.test] {
        split.retain(|row| place(raw.labels[*row as usize]).is_some());
    }
    raw.classes = keep.iter().map(|class| raw.classes[usize::from(*class)].clone()).collect();
    for label in &mut raw.labels {
        *label = place(*label).unwrap_or(0) as u16;
    }
    Ok(())
}
