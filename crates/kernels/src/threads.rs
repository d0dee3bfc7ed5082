//! How work is shared among threads: own rayon natively, one thread in the browser.

use std::ops::Range;

/// Parts that a batch is cut into, whatever the number of threads: partial sums are formed by part and added in order.
const PARTS: usize = 16;

/// Arithmetic below which a second thread costs more than it brings.
const SMALL: usize = 1_000_000;

/// Cuts `0..n` into at most [`PARTS`] ranges of almost equal length, runs `part` on each, and gives what they return in
/// order. `work` is about how many multiplications the whole is: little of it stays on this thread.
///
/// The ranges depend on `n` alone.
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

/// A slice that the parts of one [`split`] fill, each its own range.
#[derive(Clone, Copy)]
pub struct Shared<'a, T> {
    start: *mut T,
    len: usize,
    life: std::marker::PhantomData<&'a mut [T]>,
}

unsafe impl<T: Send> Send for Shared<'_, T> {}
unsafe impl<T: Send> Sync for Shared<'_, T> {}

impl<'a, T> Shared<'a, T> {
    pub fn new(slice: &'a mut [T]) -> Self {
        Self { start: slice.as_mut_ptr(), len: slice.len(), life: std::marker::PhantomData }
    }

    /// # Safety
    /// No two ranges that are alive at once may overlap.
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn range(&self, range: Range<usize>) -> &'a mut [T] {
        assert!(range.start <= range.end && range.end <= self.len);
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }
}

/// Sums of the parts, number by number and in their order.
pub fn add_up(parts: Vec<Vec<f32>>) -> Vec<f32> {
    let mut parts = parts.into_iter();
    let mut sum = parts.next().unwrap_or_default();
    for part in parts {
        sum.iter_mut().zip(part).for_each(|(sum, x)| *sum += x);
    }
    sum
}

/// Threads of every later [`split`], all of the machine's if no number is given; the first call of a process counts.
/// The calling thread is one of them: it would else sleep at every split, and be woken after it.
#[cfg(not(target_arch = "wasm32"))]
pub fn limit(threads: Option<usize>) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or_default()).use_current_thread();
    let _ = pool.build_global();
}
