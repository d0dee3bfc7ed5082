//! The zero-padded copy of an image that a convolution reads.

use crate::lanes::{Isa, Lanes, dispatch};
use std::mem::MaybeUninit;

/// A frame of `rows` × `columns` pixels, channels-last, around an image of `height` × `width` pixels that begins
/// in row `offset` and column `offset`.
#[derive(Clone, Copy)]
pub struct Frame {
    /// Rows of the image, in pixels.
    pub height: usize,
    /// Columns of the image, in pixels.
    pub width: usize,
    /// Elements of one pixel.
    pub channels: usize,
    /// Padding above and to the left of the image, in pixels.
    pub offset: usize,
    /// Rows of the frame, in pixels.
    pub rows: usize,
    /// Columns of the frame, in pixels.
    pub columns: usize,
}

impl Frame {
    /// A frame with `pad` pixels on every side.
    pub fn padded(height: usize, width: usize, channels: usize, pad: usize) -> Self {
        Self { height, width, channels, offset: pad, rows: height + 2 * pad, columns: width + 2 * pad }
    }

    /// Elements from one row of the frame to the next.
    pub fn row_stride(&self) -> usize {
        self.columns * self.channels
    }

    /// Elements of the whole frame.
    pub fn len(&self) -> usize {
        self.rows * self.row_stride()
    }

    /// Whether the frame has no padding, so that the image can be read in place.
    pub fn is_bare(&self) -> bool {
        self.rows == self.height && self.columns == self.width
    }

    fn row_start(&self, y: usize) -> usize {
        (self.offset + y) * self.row_stride() + self.offset * self.channels
    }

    /// Copies an image into its frame; the padding is left as it is.
    pub fn put(&self, image: &[f32], frame: &mut [f32]) {
        let row = self.width * self.channels;
        for y in 0..self.height {
            frame[self.row_start(y)..][..row].copy_from_slice(&image[y * row..][..row]);
        }
    }

    /// Copies the output gradient `dy` into its frame, with 0 where the layer's output `y` is not positive (the relu
    /// mask).
    pub fn put_masked(&self, isa: Isa, dy: &[f32], y: &[f32], frame: &mut [f32]) {
        let row = self.width * self.channels;
        for at in 0..self.height {
            relu_mask(isa, &dy[at * row..][..row], &y[at * row..][..row], &mut frame[self.row_start(at)..][..row]);
        }
    }

    /// Copies the image out of its frame.
    pub fn take(&self, frame: &[f32], image: &mut [MaybeUninit<f32>]) {
        let row = self.width * self.channels;
        for y in 0..self.height {
            image[y * row..][..row].write_copy_of_slice(&frame[self.row_start(y)..][..row]);
        }
    }
}

dispatch! {
    /// `to` = `dy` where `y` is positive, else 0. All three have the same length.
    pub fn relu_mask(dy: &[f32], y: &[f32], to: &mut [f32]) = relu_mask_impl
}

#[inline(always)]
unsafe fn relu_mask_impl<V: Lanes>(dy: &[f32], y: &[f32], to: &mut [f32]) {
    assert!(dy.len() == to.len() && y.len() == to.len());
    let whole = to.len() / V::N * V::N;
    for at in (0..whole).step_by(V::N) {
        unsafe {
            let zero = V::splat(0.0);
            let (dy, y) = (V::load(dy.as_ptr().add(at)), V::load(y.as_ptr().add(at)));
            y.if_greater(zero, dy, zero).store(to.as_mut_ptr().add(at));
        }
    }
    for at in whole..to.len() {
        to[at] = if y[at] > 0.0 { dy[at] } else { 0.0 };
    }
}
