//! Data sets on the device: the uploaded set, views of its rows, batches.

use super::stratified;
use burn::tensor::{Device, Int, Tensor, TensorData};
use spec::Kind;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Samples of every forward pass outside training.
///
/// One fixed shape, so that a sample's result has the same bits alone and among 63 others (matrix products take
/// another path at other sizes), and so that no new shape reaches the device in the middle of a run.
pub const CHUNK: usize = 64;

/// A data set, uploaded once.
pub struct Set {
    /// A digest of the inputs as they were loaded, before any view: which samples these are. Sets of one origin share
    /// their samples' ids.
    pub origin: String,
    /// A digest of the inputs as they are; empty for those that were made on the device.
    pub print: String,
    /// Attribution and licence.
    pub licence: String,
    /// Images or points.
    pub kind: Kind,
    /// `[channels, height, width]`; a point of d dimensions is `[d, 1, 1]`.
    pub shape: [usize; 3],
    /// See [`RawSet::factors`](super::RawSet::factors).
    pub factors: BTreeMap<String, Vec<u16>>,
    /// See [`RawSet::numbers`](super::RawSet::numbers).
    pub numbers: BTreeMap<String, Vec<f32>>,
    /// Inputs on the host, `[n, channels, height, width]`: for pictures and for views that are computed on the host.
    pub pixels: Rc<[f32]>,
    /// `[n, channels, height, width]` on the device.
    pub(super) inputs: Tensor<4>,
}

/// Rows of a set with labels of its own; the inputs are never copied. A sample's id is its row in the set.
#[derive(Clone)]
pub struct View {
    /// The set that the rows belong to.
    pub set: Rc<Set>,
    /// Rows of the set that are in the view, in order.
    pub rows: Rc<[u32]>,
    /// Labels by row of the set, not by place in `rows`. On the host, because a copy on the device cannot be read
    /// while a run waits.
    pub labels: Rc<[u16]>,
    /// The same labels on the device.
    uploaded: Tensor<1, Int>,
}

/// The input of one forward pass.
#[derive(Clone)]
pub struct Batch {
    /// Inputs, `[n, channels, height, width]`.
    pub x: Tensor<4>,
    /// Labels, `[n]`.
    pub y: Tensor<1, Int>,
    /// Ids of the samples, `[n]`: randomness per sample, query counts and audits depend on them.
    pub ids: Rc<[u32]>,
}

impl View {
    /// `rows` of a set under `labels`, which are given by row of the set.
    pub(super) fn new(set: Rc<Set>, rows: Rc<[u32]>, labels: Rc<[u16]>, device: &Device) -> Self {
        let uploaded = upload(labels.iter().map(|label| i32::from(*label)), device);
        Self { set, rows, labels, uploaded }
    }

    /// Inputs that belong to no data set, `[labels.len(), channels, height, width]` in row-major order, under these
    /// labels.
    pub fn of_pixels(shape: [usize; 3], pixels: Vec<f32>, labels: Vec<u16>, device: &Device) -> Self {
        let [channels, height, width] = shape;
        let n = labels.len();
        let set = Set {
            origin: String::new(),
            print: String::new(),
            licence: String::new(),
            kind: Kind::Images,
            shape,
            factors: BTreeMap::new(),
            numbers: BTreeMap::new(),
            pixels: pixels.clone().into(),
            inputs: Tensor::from_data(TensorData::new(pixels, [n, channels, height, width]), device),
        };
        Self::new(Rc::new(set), (0..n as u32).collect(), labels.into(), device)
    }

    /// How many samples are in the view.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// `[n, channels, height, width]` of its inputs.
    pub fn shape(&self) -> [usize; 4] {
        let [channels, height, width] = self.set.shape;
        [self.len(), channels, height, width]
    }

    /// Whether the view has no sample.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Other rows of the same set.
    pub fn at(&self, rows: impl Into<Rc<[u32]>>) -> Self {
        Self { rows: rows.into(), ..self.clone() }
    }

    /// The rows for which `keep` is true.
    pub fn filter(&self, keep: impl Fn(u32) -> bool) -> Self {
        self.at(self.rows.iter().copied().filter(|row| keep(*row)).collect::<Vec<_>>())
    }

    /// The label of a row of the set.
    pub fn label(&self, row: u32) -> u16 {
        self.labels[row as usize]
    }

    /// The same samples with changed inputs, `[n, channels, height, width]` in row-major order.
    pub fn changed(&self, pixels: Vec<f32>) -> Self {
        self.over(Tensor::from_data(TensorData::new(pixels, self.shape()), &self.set.inputs.device()))
    }

    /// The same labels with other inputs `[n, channels, height, width]`, one for each row in this view's order. Used
    /// for cached features.
    pub fn over(&self, inputs: Tensor<4>) -> Self {
        let [_, channels, height, width] = inputs.dims();
        let set = Set {
            origin: self.set.origin.clone(),
            print: String::new(),
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

    /// `n` of the rows, or all if there are no more: each class has its share, and every call gives the same ones. The
    /// first rows of a set may be of one class.
    pub fn share(&self, n: usize) -> Self {
        let labels: Vec<u16> = self.rows.iter().map(|row| self.label(*row)).collect();
        let [_, places, _] = stratified(&labels, n, 0);
        self.at(places.into_iter().map(|place| self.rows[place as usize]).collect::<Vec<_>>())
    }

    /// The rows that are shown for the whole view: the first of each class, see [`spec::first_of_each_class`].
    pub fn first_of_each_class(&self) -> Self {
        let places = spec::first_of_each_class(self.rows.iter().map(|row| self.label(*row)));
        self.at(places.into_iter().map(|place| self.rows[place]).collect::<Vec<_>>())
    }

    /// The batch of these rows, gathered on the device: only the row numbers are uploaded.
    pub fn batch(&self, rows: &[u32]) -> Batch {
        // The first number is the place of the batch in the order.
        let order = std::iter::once(0).chain(rows.iter().map(|row| *row as i32));
        self.gather(upload(order, &self.uploaded.device()), rows.into())
    }

    /// Like [`View::batch`], for the batch that `order` points at (see [`ops::gather_batch`]); `ids` are its rows.
    pub fn gather(&self, order: Tensor<1, Int>, ids: Rc<[u32]>) -> Batch {
        let (x, y) = ops::gather_batch(&self.set.inputs, &self.uploaded, order, ids.len());
        Batch { x, y, ids }
    }

    /// The input of a row of the set: `channels · height · width` values.
    pub fn pixels(&self, row: u32) -> &[f32] {
        let size: usize = self.set.shape.iter().product();
        &self.set.pixels[row as usize * size..][..size]
    }
}

/// Whole numbers `[n]` on the device.
pub(crate) fn upload(numbers: impl Iterator<Item = i32>, device: &Device) -> Tensor<1, Int> {
    let numbers: Vec<i32> = numbers.collect();
    let n = numbers.len();
    Tensor::from_data(TensorData::new(numbers, [n]), device)
}
