//! What kernels write into, and how rows are shared among threads.

use crate::threads::{Shared, split};
use std::ops::Range;

/// A vector in the making: parts of one `split` fill it, so nobody has to zero it first.
///
/// A build with debug assertions fills it with bytes of ones (NaN, 255): a number that no part writes shows in a test.
pub struct Output<T: 'static> {
    room: Vec<T>,
    len: usize,
    shared: Shared<'static, T>,
}

impl<T: Copy + 'static> Output<T> {
    /// Of numbers of any bits: `f32` and `u8`.
    pub fn new(len: usize) -> Self {
        let mut room = Vec::with_capacity(len);
        let start: *mut T = room.as_mut_ptr();
        if cfg!(debug_assertions) {
            unsafe { start.write_bytes(0xff, len) };
        }
        // The memory lives as long as `room`, which nothing touches before `done`.
        let shared = Shared::new(unsafe { std::slice::from_raw_parts_mut(start, len) });
        Self { room, len, shared }
    }

    /// # Safety
    /// No two ranges that are alive at once may overlap. They are for writing, and together they have to be written
    /// whole before `done`.
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn part(&self, range: Range<usize>) -> &mut [T] {
        unsafe { self.shared.range(range) }
    }

    pub fn done(mut self) -> Vec<T> {
        // All of it is written: see `part`.
        unsafe { self.room.set_len(self.len) };
        self.room
    }
}

/// [`split`] of `n` rows whose parts are whole `chunk`s, except the last.
pub fn split_rows<R: Send>(n: usize, chunk: usize, work: usize, part: impl Fn(Range<usize>) -> R + Sync) -> Vec<R> {
    split(n.div_ceil(chunk), work, |at| part(at.start * chunk..n.min(at.end * chunk)))
}

/// The numbers of `rows` that are `width` wide.
pub fn numbers(rows: &Range<usize>, width: usize) -> Range<usize> {
    rows.start * width..rows.end * width
}

/// [`split`] of `n` numbers that are mapped one by one.
pub fn split_numbers<R: Send>(n: usize, work: usize, part: impl Fn(Range<usize>) -> R + Sync) -> Vec<R> {
    split_rows(n, 1024, work, part)
}
