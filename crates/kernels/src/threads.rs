//! How work is shared among threads: rayon natively, one thread in the browser.

use std::ops::Range;

/// The parts that a batch is cut into, whatever the number of threads: partial sums are formed per part and added in
/// order, so the result is the same bits on any number of threads.
const PARTS: usize = 16;

/// Multiplications below which a second thread costs more than it saves.
const SMALL: usize = 1_000_000;

/// Cuts `0..n` into at most 16 ranges of almost equal length, runs `part` on each, and returns their results in order.
/// `work` is the approximate number of multiplications of the whole; small work stays on the calling thread.
///
/// The ranges depend on `n` alone, never on the number of threads.
pub fn split<R: Send>(n: usize, work: usize, part: impl Fn(Range<usize>) -> R + Sync) -> Vec<R> {
    let parts = PARTS.min(n);
    let range = |at: usize| at * n / parts..(at + 1) * n / parts;
    #[cfg(not(target_arch = "wasm32"))]
    if work >= SMALL && rayon::current_num_threads() > 1 {
        use rayon::prelude::*;
        return (0..parts).into_par_iter().map(|at| part(range(at))).collect();
    }
    let _ = work >= SMALL;
    (0..parts).map(|at| part(range(at))).collect()
}

/// As [`split`], for `n` rows; the length of every range but the last is a multiple of `chunk`.
pub fn split_rows<R: Send>(n: usize, chunk: usize, work: usize, part: impl Fn(Range<usize>) -> R + Sync) -> Vec<R> {
    split(n.div_ceil(chunk), work, |at| part(at.start * chunk..n.min(at.end * chunk)))
}

/// The element range of `rows` that are `width` elements wide.
pub fn element_range(rows: &Range<usize>, width: usize) -> Range<usize> {
    rows.start * width..rows.end * width
}

/// As [`split`], for `n` elements that are mapped independently.
pub fn split_elements<R: Send>(n: usize, work: usize, part: impl Fn(Range<usize>) -> R + Sync) -> Vec<R> {
    split_rows(n, 1024, work, part)
}

/// A slice that the threads of one [`split`] fill, each its own range.
#[derive(Clone, Copy)]
pub struct Shared<'a, T> {
    start: *mut T,
    len: usize,
    life: std::marker::PhantomData<&'a mut [T]>,
}

unsafe impl<T: Send> Send for Shared<'_, T> {}
unsafe impl<T: Send> Sync for Shared<'_, T> {}

impl<'a, T> Shared<'a, T> {
    /// Borrows `slice` for the duration of one [`split`].
    pub fn new(slice: &'a mut [T]) -> Self {
        Self { start: slice.as_mut_ptr(), len: slice.len(), life: std::marker::PhantomData }
    }

    /// The elements of `range`.
    ///
    /// # Safety
    /// No two ranges that are alive at the same time may overlap.
    ///
    /// # Panics
    /// If the range reaches beyond the slice.
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn range(&self, range: Range<usize>) -> &'a mut [T] {
        assert!(range.start <= range.end && range.end <= self.len);
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }
}

/// The element-wise sum of the parts, added in their order.
pub fn add_up(parts: Vec<Vec<f32>>) -> Vec<f32> {
    let mut parts = parts.into_iter();
    let mut sum = parts.next().unwrap_or_default();
    for part in parts {
        sum.iter_mut().zip(part).for_each(|(sum, x)| *sum += x);
    }
    sum
}

/// Sets the number of threads of every later [`split`], all of the machine's if none is given. Only the first call of a
/// process has an effect. The calling thread is one of them, because otherwise it would sleep during every split and be
/// woken after it.
#[cfg(not(target_arch = "wasm32"))]
pub fn limit(threads: Option<usize>) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or_default()).use_current_thread();
    let _ = pool.build_global();
}
