//! Images within the zeros that a convolution pads them with.

use crate::lanes::{Isa, Lanes, dispatch};
use std::mem::MaybeUninit;

/// A frame of `lines` × `across` pixels around an image of `height` × `width`, `before` pixels from its top and left.
#[derive(Clone, Copy)]
pub struct Frame {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
    pub before: usize,
    pub lines: usize,
    pub across: usize,
}

impl Frame {
    /// The same padding on every side.
    pub fn padded(height: usize, width: usize, channels: usize, pad: usize) -> Self {
        Self { height, width, channels, before: pad, lines: height + 2 * pad, across: width + 2 * pad }
    }

    /// Numbers from a line to the next.
    pub fn line(&self) -> usize {
        self.across * self.channels
    }

    pub fn len(&self) -> usize {
        self.lines * self.line()
    }

    /// Whether the image fills it.
    pub fn is_bare(&self) -> bool {
        self.lines == self.height && self.across == self.width
    }

    fn place(&self, y: usize) -> usize {
        (self.before + y) * self.line() + self.before * self.channels
    }

    /// Copies an image into its frame, whose border stays as it is.
    pub fn put(&self, image: &[f32], frame: &mut [f32]) {
        let row = self.width * self.channels;
        for y in 0..self.height {
            frame[self.place(y)..][..row].copy_from_slice(&image[y * row..][..row]);
        }
    }

    /// Copies a gradient into its frame where the output `y` is above 0, zeros where a relu closed it.
    pub fn put_open(&self, isa: Isa, dy: &[f32], y: &[f32], frame: &mut [f32]) {
        let row = self.width * self.channels;
        for at in 0..self.height {
            open(isa, &dy[at * row..][..row], &y[at * row..][..row], &mut frame[self.place(at)..][..row]);
        }
    }

    /// Copies the image out of its frame.
    pub fn take(&self, frame: &[f32], image: &mut [MaybeUninit<f32>]) {
        let row = self.width * self.channels;
        for y in 0..self.height {
            image[y * row..][..row].write_copy_of_slice(&frame[self.place(y)..][..row]);
        }
    }
}

dispatch! {
    /// `to` = `dy` where `y` is above 0, else 0.
    pub fn open(dy: &[f32], y: &[f32], to: &mut [f32]) = open_body
}

#[inline(always)]
unsafe fn open_body<V: Lanes>(dy: &[f32], y: &[f32], to: &mut [f32]) {
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
