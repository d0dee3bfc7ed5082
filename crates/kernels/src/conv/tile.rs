//! The convolution itself: tiles of pixels × outputs whose sums stay in registers.
#![allow(clippy::needless_range_loop, reason = "tiles are indexed by pixel and vector")]

use crate::lanes::{Isa, Lanes, dispatch};
use crate::scratch::Scratch;
use std::mem::MaybeUninit;

/// How a convolution walks over a frame; all distances in numbers.
#[derive(Clone, Copy)]
pub struct Walk {
    /// Lines of output pixels, and pixels in each.
    pub lines: usize,
    pub across: usize,
    /// In the frame, from one line of output pixels to the next, and from one pixel to the next.
    pub down: usize,
    pub right: usize,
    /// Rows of the kernel, numbers in each, and in the frame from one row to the next.
    pub rows: usize,
    pub columns: usize,
    pub line: usize,
}

impl Walk {
    pub fn pixels(&self) -> usize {
        self.lines * self.across
    }

    /// Numbers of the frame from its start to the end of the last kernel.
    fn reach(&self) -> usize {
        match self.pixels() {
            0 => 0,
            _ => (self.lines - 1) * self.down + (self.across - 1) * self.right + self.kernel_reach(),
        }
    }

    fn kernel_reach(&self) -> usize {
        (self.rows - 1) * self.line + self.columns
    }
}

/// Weights `[depth, outputs]` in panels as wide as a tile, `[panel][depth][width]`, the last filled up with zeros.
pub struct Panels {
    isa: Isa,
    outputs: usize,
    depth: usize,
    data: Scratch,
    bias: Scratch,
}

impl Panels {
    pub fn new(isa: Isa, outputs: usize, depth: usize, bias: Option<&[f32]>) -> Self {
        let all = outputs.next_multiple_of(isa.lanes());
        let mut sums = Scratch::new(all);
        if let Some(bias) = bias {
            sums[..outputs].copy_from_slice(bias);
        }
        Self { isa, outputs, depth, data: Scratch::new(depth * all), bias: sums }
    }

    /// How many vectors wide the panel is that begins with output `first`.
    fn vectors(&self, first: usize) -> usize {
        let lanes = self.isa.lanes();
        match (self.outputs - first).div_ceil(lanes) {
            1 => 1,
            3 if lanes == 16 => 3,
            _ => 2,
        }
    }

    /// The weights of one output: where the first lies, and from one to the next.
    pub fn column(&mut self, output: usize) -> (&mut [f32], usize) {
        let mut first = 0;
        loop {
            let width = self.vectors(first) * self.isa.lanes();
            if output < first + width {
                return (&mut self.data[first * self.depth + output - first..], width);
            }
            first += width;
        }
    }
}

/// Sums of `M` pixels × `N` vectors of outputs.
#[inline(always)]
unsafe fn tile<V: Lanes, const M: usize, const N: usize>(
    pixels: [*const f32; M],
    mut weight: *const f32,
    start: [V; N],
    walk: &Walk,
) -> [[V; N]; M] {
    let mut sums = [start; M];
    for row in 0..walk.rows {
        for at in row * walk.line..row * walk.line + walk.columns {
            unsafe {
                let mut w = start;
                for n in 0..N {
                    w[n] = V::load(weight.add(n * V::N));
                }
                for m in 0..M {
                    let x = V::splat(*pixels[m].add(at));
                    for n in 0..N {
                        sums[m][n] = sums[m][n].mul_add(x, w[n]);
                    }
                }
                weight = weight.add(N * V::N);
            }
        }
    }
    sums
}

#[inline(always)]
unsafe fn load<V: Lanes, const N: usize>(from: *const f32) -> [V; N] {
    unsafe {
        let mut all = [V::splat(0.0); N];
        for n in 0..N {
            all[n] = V::load(from.add(n * V::N));
        }
        all
    }
}

/// Stores the first `count` numbers of a row of vectors, at most 48.
#[inline(always)]
unsafe fn store<V: Lanes, const N: usize>(row: [V; N], count: usize, to: *mut f32) {
    unsafe {
        if count == N * V::N {
            for n in 0..N {
                row[n].store(to.add(n * V::N));
            }
        } else {
            let mut all = [0.0; 48];
            for n in 0..N {
                row[n].store(all.as_mut_ptr().add(n * V::N));
            }
            to.copy_from_nonoverlapping(all.as_ptr(), count);
        }
    }
}

dispatch! {
    /// `to[pixel][output]` = bias + what the kernel sees at the pixel; `relu` clamps it at 0.
    pub fn convolve(from: &[f32], weight: &Panels, relu: bool, to: &mut [MaybeUninit<f32>], walk: &Walk) = convolve_body
}

#[inline(always)]
unsafe fn convolve_body<V: Lanes>(from: &[f32], weight: &Panels, relu: bool, to: &mut [MaybeUninit<f32>], walk: &Walk) {
    assert!(walk.reach() <= from.len() && weight.depth == walk.rows * walk.columns);
    assert!(weight.isa.lanes() == V::N && to.len() == walk.pixels() * weight.outputs);
    let (from, to) = (from.as_ptr(), to.as_mut_ptr().cast::<f32>());
    let mut first = 0;
    while first < weight.outputs {
        let vectors = weight.vectors(first);
        unsafe {
            match (V::N, vectors) {
                (16, 3) => convolve_panel::<V, 8, 3>(from, weight, first, relu, to, walk),
                (16, 2) => convolve_panel::<V, 8, 2>(from, weight, first, relu, to, walk),
                (8, 2) => convolve_panel::<V, 6, 2>(from, weight, first, relu, to, walk),
                (4, 2) => convolve_panel::<V, 4, 2>(from, weight, first, relu, to, walk),
                _ => convolve_panel::<V, 8, 1>(from, weight, first, relu, to, walk),
            }
        }
        first += vectors * V::N;
    }
}

#[inline(always)]
unsafe fn convolve_panel<V: Lanes, const M: usize, const N: usize>(
    from: *const f32,
    weight: &Panels,
    first: usize,
    relu: bool,
    to: *mut f32,
    walk: &Walk,
) {
    unsafe {
        let panel = weight.data.as_ptr().add(first * weight.depth);
        let start = load::<V, N>(weight.bias.as_ptr().add(first));
        let zero = V::splat(0.0);
        let width = (N * V::N).min(weight.outputs - first);
        let (mut at, mut y, mut x) = (0, 0, 0);
        while at < walk.pixels() {
            let count = M.min(walk.pixels() - at);
            let mut pixels = [from; M];
            for pixel in &mut pixels[..count] {
                *pixel = from.add(y * walk.down + x * walk.right);
                x += 1;
                if x == walk.across {
                    (x, y) = (0, y + 1);
                }
            }
            let mut sums = tile::<V, M, N>(pixels, panel, start, walk);
            for m in 0..M {
                if relu {
                    for n in 0..N {
                        sums[m][n] = zero.max(sums[m][n]);
                    }
                }
                if m < count {
                    store(sums[m], width, to.add((at + m) * weight.outputs + first));
                }
            }
            at += count;
        }
    }
}

dispatch! {
    /// The greatest of every 2 × 2 output pixels, and which it is: 0 to 3 by rows, the first of equals; 4 where `relu`
    /// closes it. `walk` counts windows, `right` and `down` are from window to window, `next` from a pixel to the next.
    pub fn convolve_pooled(
        from: &[f32], weight: &Panels, relu: bool, to: &mut [MaybeUninit<f32>], winners: &mut [MaybeUninit<u8>],
        walk: &Walk, next: usize,
    ) = convolve_pooled_body
}

#[inline(always)]
unsafe fn convolve_pooled_body<V: Lanes>(
    from: &[f32],
    weight: &Panels,
    relu: bool,
    to: &mut [MaybeUninit<f32>],
    winners: &mut [MaybeUninit<u8>],
    walk: &Walk,
    next: usize,
) {
    assert!(walk.pixels() == 0 || walk.reach() + walk.line + next <= from.len());
    assert!(weight.depth == walk.rows * walk.columns && weight.isa.lanes() == V::N);
    assert!(to.len() == walk.pixels() * weight.outputs && winners.len() == to.len());
    let from = from.as_ptr();
    let to = (to.as_mut_ptr().cast::<f32>(), winners.as_mut_ptr().cast::<u8>());
    let mut first = 0;
    while first < weight.outputs {
        let vectors = weight.vectors(first);
        unsafe {
            match (V::N, vectors) {
                (16, 3) => pooled_panel::<V, 8, 3>(from, weight, first, relu, to, walk, next),
                (16, 2) => pooled_panel::<V, 8, 2>(from, weight, first, relu, to, walk, next),
                (_, 2) => pooled_panel::<V, 4, 2>(from, weight, first, relu, to, walk, next),
                _ => pooled_panel::<V, 8, 1>(from, weight, first, relu, to, walk, next),
            }
        }
        first += vectors * V::N;
    }
}

#[inline(always)]
unsafe fn pooled_panel<V: Lanes, const M: usize, const N: usize>(
    from: *const f32,
    weight: &Panels,
    first: usize,
    relu: bool,
    (to, winners): (*mut f32, *mut u8),
    walk: &Walk,
    next: usize,
) {
    unsafe {
        let panel = weight.data.as_ptr().add(first * weight.depth);
        let start = load::<V, N>(weight.bias.as_ptr().add(first));
        let zero = V::splat(0.0);
        let width = (N * V::N).min(weight.outputs - first);
        let (mut at, mut y, mut x) = (0, 0, 0);
        while at < walk.pixels() {
            let count = (M / 4).min(walk.pixels() - at);
            let mut pixels = [from; M];
            for window in 0..count {
                let corner = from.add(y * walk.down + x * walk.right);
                pixels[4 * window] = corner;
                pixels[4 * window + 1] = corner.add(next);
                pixels[4 * window + 2] = corner.add(walk.line);
                pixels[4 * window + 3] = corner.add(walk.line + next);
                x += 1;
                if x == walk.across {
                    (x, y) = (0, y + 1);
                }
            }
            let sums = tile::<V, M, N>(pixels, panel, start, walk);
            for window in 0..M / 4 {
                let mut best = sums[4 * window];
                let mut winner = [zero; N];
                for n in 0..N {
                    let four = [best[n], sums[4 * window + 1][n], sums[4 * window + 2][n], sums[4 * window + 3][n]];
                    (best[n], winner[n]) = pool(four, relu);
                }
                if window < count {
                    let place = (at + window) * weight.outputs + first;
                    store(best, width, to.add(place));
                    store_bytes(winner, width, winners.add(place));
                }
            }
            at += count;
        }
    }
}

/// The greatest of four and which it is, as a whole number in the lanes of floats: those are only chosen among, never
/// reckoned with.
#[inline(always)]
pub unsafe fn pool<V: Lanes>(four: [V; 4], relu: bool) -> (V, V) {
    unsafe {
        let zero = V::splat(0.0);
        let (mut best, mut winner) = (four[0], zero);
        for q in 1..4 {
            winner = four[q].if_greater(best, V::splat(f32::from_bits(q as u32)), winner);
            best = four[q].max(best);
        }
        if relu {
            winner = best.if_greater(zero, winner, V::splat(f32::from_bits(4)));
            best = zero.max(best);
        }
        (best, winner)
    }
}

/// Stores the first `count` whole numbers of a row of vectors, at most 48, as bytes.
#[inline(always)]
pub unsafe fn store_bytes<V: Lanes, const N: usize>(row: [V; N], count: usize, to: *mut u8) {
    unsafe {
        let mut all = [0u32; 48];
        for n in 0..N {
            row[n].store(all.as_mut_ptr().add(n * V::N).cast());
        }
        if count == N * V::N {
            for i in 0..N * V::N {
                *to.add(i) = all[i] as u8;
            }
        } else {
            for i in 0..count {
                *to.add(i) = all[i] as u8;
            }
        }
    }
}
