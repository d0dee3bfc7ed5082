//! The batches of a training.

use super::Training;
use crate::cx::Cx;
use crate::data::{Batch, View, upload};
use burn::tensor::{Device, Int, Tensor};
use std::rc::Rc;

/// The batches of one view. The order of an epoch is uploaded once, and batches are gathered on the device.
pub(super) struct Batches<'a> {
    /// Which of the loop's views it is: part of the name of its random stream.
    at: u32,
    view: &'a View,
    /// Samples in a batch: the training's own, or all of a smaller view.
    size: usize,
    /// Rows of the data set, in the order of the current epoch.
    rows: Rc<[u32]>,
    /// Index of the current batch in its epoch.
    place: usize,
    /// `place` and then `rows`, on the device (see [`ops::gather_batch`]); `None` before the first step.
    order: Option<Tensor<1, Int>>,
}

impl<'a> Batches<'a> {
    pub(super) fn new(at: usize, view: &'a View, training: &Training) -> Self {
        let size = (training.batch as usize).min(view.len()).max(1);
        Self { at: at as u32, view, size, rows: Rc::from([]), place: 0, order: None }
    }

    /// Number of full batches in an epoch.
    pub(super) fn count(&self) -> usize {
        self.view.len() / self.size
    }

    /// Moves to batch `place` of an epoch. The epoch's order is drawn at its first batch, or where the training goes
    /// on.
    pub(super) fn go_to(&mut self, epoch: u32, place: usize, cx: &Cx) {
        self.place = place;
        if place == 0 || self.order.is_none() {
            let mut rows = self.view.rows.to_vec();
            cx.rng("batch", self.at, epoch).shuffle(&mut rows);
            self.rows = rows.into();
            self.upload(&cx.device);
        }
    }

    /// Uploads the order, pointing at the current batch.
    fn upload(&mut self, device: &Device) {
        let rows = &self.rows[..self.count() * self.size];
        let order = upload([self.place as u32].iter().chain(rows).map(|number| *number as i32), device);
        self.order = Some(match self.order.take() {
            Some(old) => ops::renewed(old, order),
            None => order,
        });
    }

    /// Inputs and labels of the current batch, gathered on the device from the uploaded order.
    pub(super) fn batch(&self) -> Batch {
        let ids = &self.rows[self.place * self.size..][..self.size];
        self.view.gather(self.order.clone().expect("uploaded at the first place"), ids.into())
    }

    /// Lets the device advance the order to the next batch while it logs the loss of this one.
    pub(super) fn log(&mut self, loss: Tensor<1>, cx: &mut Cx) {
        self.order = self.order.take().map(|order| cx.losses.write(order, loss, &cx.device));
    }

    /// Uploads the order again, where the one on the device cannot be trusted.
    pub(super) fn restart(&mut self, device: &Device) {
        self.order = None;
        self.upload(device);
    }
}
