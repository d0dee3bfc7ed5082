//! Zeroed working memory of one thread.

use std::mem::MaybeUninit;
use std::ops::{Deref, DerefMut};

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct CacheLine([f32; 16]);

/// Elements that must follow the end of a buffer which is read and written in whole vectors.
pub const SLACK: usize = 16;

/// Working memory, zeroed at first and aligned to a cache line. It consists of cache lines of `f32`, at least `len`
/// elements, so it can be viewed as a slice of them.
pub struct Scratch {
    cache_lines: Vec<CacheLine>,
    len: usize,
}

impl Scratch {
    /// `len` zeros.
    pub fn new(len: usize) -> Self {
        Self { cache_lines: vec![CacheLine([0.0; 16]); len.div_ceil(16)], len }
    }

    /// The memory as a buffer that a kernel fills.
    pub fn unwritten(&mut self) -> &mut [MaybeUninit<f32>] {
        unsafe { std::slice::from_raw_parts_mut(self.cache_lines.as_mut_ptr().cast(), self.len) }
    }
}

impl Deref for Scratch {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        unsafe { std::slice::from_raw_parts(self.cache_lines.as_ptr().cast(), self.len) }
    }
}

impl DerefMut for Scratch {
    fn deref_mut(&mut self) -> &mut [f32] {
        unsafe { std::slice::from_raw_parts_mut(self.cache_lines.as_mut_ptr().cast(), self.len) }
    }
}
