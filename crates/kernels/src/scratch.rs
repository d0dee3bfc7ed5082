//! Memory: what a part works in, and results that are written without being cleared before.

use crate::threads::Shared;
use std::mem::MaybeUninit;
use std::ops::{Deref, DerefMut};

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct CacheLine([f32; 16]);

/// Numbers to have behind the end of what is read and written in whole vectors.
pub const SLACK: usize = 16;

/// Working memory: zeros at first, and from the start of a cache line. Its cache lines are nothing but numbers,
/// at least `len` of them, so it may be seen as a slice of those.
pub struct Scratch {
    lines: Vec<CacheLine>,
    len: usize,
}

impl Scratch {
    pub fn new(len: usize) -> Self {
        Self { lines: vec![CacheLine([0.0; 16]); len.div_ceil(16)], len }
    }

    /// As memory that a kernel fills.
    pub fn unwritten(&mut self) -> &mut [MaybeUninit<f32>] {
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

impl Deref for Scratch {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl DerefMut for Scratch {
    fn deref_mut(&mut self) -> &mut [f32] {
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

/// A vector of `len` numbers.
///
/// # Safety
/// `fill` has to write every one of them.
pub unsafe fn filled<T>(len: usize, fill: impl FnOnce(Shared<MaybeUninit<T>>)) -> Vec<T> {
    let mut all = Vec::with_capacity(len);
    fill(Shared::new(&mut all.spare_capacity_mut()[..len]));
    unsafe { all.set_len(len) };
    all
}
