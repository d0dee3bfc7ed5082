//! Output buffers that are written without being zeroed first.

use crate::threads::Shared;
use std::mem::MaybeUninit;
use std::ops::Range;

/// An uninitialised output buffer, filled in disjoint ranges by the threads of one `split`.
///
/// A build with debug assertions fills it with 0xff bytes (NaN for `f32`, 255 for `u8`), so that a test notices an
/// element that nothing wrote.
pub struct Uninit<T: 'static> {
    room: Vec<T>,
    len: usize,
    shared: Shared<'static, T>,
}

impl<T: Copy + 'static> Uninit<T> {
    /// A buffer of `len` elements, for types without invalid bit patterns (`f32`, `u8`).
    pub fn new(len: usize) -> Self {
        let mut room = Vec::with_capacity(len);
        let start: *mut T = room.as_mut_ptr();
        if cfg!(debug_assertions) {
            unsafe { start.write_bytes(0xff, len) };
        }
        // The memory lives as long as `room`, which is not touched before `done`.
        let shared = Shared::new(unsafe { std::slice::from_raw_parts_mut(start, len) });
        Self { room, len, shared }
    }

    /// The elements of `range`, for writing.
    ///
    /// # Safety
    /// No two ranges that are alive at the same time may overlap. All ranges together must be written completely before
    /// `done`.
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn part(&self, range: Range<usize>) -> &mut [T] {
        unsafe { self.shared.range(range) }
    }

    /// The filled buffer.
    pub fn done(mut self) -> Vec<T> {
        // Every element is written, by the contract of `part`.
        unsafe { self.room.set_len(self.len) };
        self.room
    }
}

/// A vector of `len` elements that `fill` writes.
///
/// # Safety
/// `fill` must write every element.
pub unsafe fn filled<T>(len: usize, fill: impl FnOnce(Shared<MaybeUninit<T>>)) -> Vec<T> {
    let mut all = Vec::with_capacity(len);
    fill(Shared::new(&mut all.spare_capacity_mut()[..len]));
    unsafe { all.set_len(len) };
    all
}
