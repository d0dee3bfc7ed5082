//! Direct convolution: register tiles of pixels × output channels.
#![allow(clippy::needless_range_loop, reason = "tiles are indexed by pixel and vector")]

use crate::lanes::{Isa, Lanes, dispatch};
use crate::scratch::Scratch;
use std::mem::MaybeUninit;

/// Where a convolution reads its frame; all strides are in elements.
#[derive(Clone, Copy)]
pub struct Geometry {
    /// Rows of output pixels.
    pub rows: usize,
    /// Output pixels of each row.
    pub columns: usize,
    /// Elements of the frame from one row of output pixels to the next.
    pub row_stride: usize,
    /// Elements of the frame from one output pixel to the next.
    pub column_stride: usize,
    /// How many rows of the frame each output pixel reads: the height of the kernel.
    pub kernel_rows: usize,
    /// Elements of one kernel row: kernel width · input channels.
    pub kernel_row_len: usize,
    /// Elements of the frame from one kernel row to the next.
    pub frame_stride: usize,
}

impl Geometry {
    /// Output pixels of one image.
    pub fn pixels(&self) -> usize {
        self.rows * self.columns
    }

    /// Elements from the start of the frame to the end of the last kernel position.
    fn extent(&self) -> usize {
        match self.pixels() {
            0 => 0,
            _ => (self.rows - 1) * self.row_stride + (self.columns - 1) * self.column_stride + self.kernel_extent(),
        }
    }

    fn kernel_extent(&self) -> usize {
        (self.kernel_rows - 1) * self.frame_stride + self.kernel_row_len
    }
}

/// Weights `[depth, outputs]` packed for the register tiles: `[panel][depth][panel width]`, with zeros where the last
/// panel is wider than its outputs. `depth` is the number of weights of one output.
pub struct PackedWeights {
    isa: Isa,
    outputs: usize,
    depth: usize,
    data: Scratch,
    bias: Scratch,
}

impl PackedWeights {
    /// Zero weights, and `bias` `[outputs]` (0 if there is none). [`Self::column`] gives access to fill the weights in.
    pub fn new(isa: Isa, outputs: usize, depth: usize, bias: Option<&[f32]>) -> Self {
        let all = outputs.next_multiple_of(isa.lanes());
        let mut sums = Scratch::new(all);
        if let Some(bias) = bias {
            sums[..outputs].copy_from_slice(bias);
        }
        Self { isa, outputs, depth, data: Scratch::new(depth * all), bias: sums }
    }

    /// The width, in vectors, of the panel whose first output is `first`.
    fn vectors(&self, first: usize) -> usize {
        let lanes = self.isa.lanes();
        match (self.outputs - first).div_ceil(lanes) {
            1 => 1,
            3 if lanes == 16 => 3,
            _ => 2,
        }
    }

    /// The weights of one output: a slice from its first weight on, and the stride from one weight to the next.
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

/// The accumulators of `M` pixels × `N` vectors of outputs, for the whole depth.
#[inline(always)]
unsafe fn tile<V: Lanes, const M: usize, const N: usize>(
    pixels: [*const f32; M],
    mut weight: *const f32,
    start: [V; N],
    geometry: &Geometry,
) -> [[V; N]; M] {
    let mut sums = [start; M];
    for row in 0..geometry.kernel_rows {
        for at in row * geometry.frame_stride..row * geometry.frame_stride + geometry.kernel_row_len {
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

/// Stores the first `count` elements of a row of vectors, at most 48.
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
    /// `to[pixel][output]` = bias + Σ over the kernel of frame · weight; `relu` clamps the result at 0.
    pub fn convolve(from: &[f32], weight: &PackedWeights, relu: bool, to: &mut [MaybeUninit<f32>], geometry: &Geometry)
        = convolve_impl
}

#[inline(always)]
unsafe fn convolve_impl<V: Lanes>(
    from: &[f32],
    weight: &PackedWeights,
    relu: bool,
    to: &mut [MaybeUninit<f32>],
    geometry: &Geometry,
) {
    assert!(geometry.extent() <= from.len() && weight.depth == geometry.kernel_rows * geometry.kernel_row_len);
    assert!(weight.isa.lanes() == V::N && to.len() == geometry.pixels() * weight.outputs);
    let (from, to) = (from.as_ptr(), to.as_mut_ptr().cast::<f32>());
    let mut first = 0;
    while first < weight.outputs {
        let vectors = weight.vectors(first);
        unsafe {
            match (V::N, vectors) {
                (16, 3) => convolve_panel::<V, 8, 3>(from, weight, first, relu, to, geometry),
                (16, 2) => convolve_panel::<V, 8, 2>(from, weight, first, relu, to, geometry),
                (8, 2) => convolve_panel::<V, 6, 2>(from, weight, first, relu, to, geometry),
                (4, 2) => convolve_panel::<V, 4, 2>(from, weight, first, relu, to, geometry),
                _ => convolve_panel::<V, 8, 1>(from, weight, first, relu, to, geometry),
            }
        }
        first += vectors * V::N;
    }
}

#[inline(always)]
unsafe fn convolve_panel<V: Lanes, const M: usize, const N: usize>(
    from: *const f32,
    weight: &PackedWeights,
    first: usize,
    relu: bool,
    to: *mut f32,
    geometry: &Geometry,
) {
    unsafe {
        let panel = weight.data.as_ptr().add(first * weight.depth);
        let start = load::<V, N>(weight.bias.as_ptr().add(first));
        let zero = V::splat(0.0);
        let width = (N * V::N).min(weight.outputs - first);
        let (mut at, mut y, mut x) = (0, 0, 0);
        while at < geometry.pixels() {
            let count = M.min(geometry.pixels() - at);
            let mut pixels = [from; M];
            for pixel in &mut pixels[..count] {
                *pixel = from.add(y * geometry.row_stride + x * geometry.column_stride);
                x += 1;
                if x == geometry.columns {
                    (x, y) = (0, y + 1);
                }
            }
            let mut sums = tile::<V, M, N>(pixels, panel, start, geometry);
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
    /// The maximum of every 2 × 2 output pixels and its argmax: 0 to 3 in row-major order, the first of equal ones; 4
    /// where `relu` masks the maximum. `geometry` describes pooling windows; `pixel_stride` is the number of elements
    /// from one pixel of the frame to the next.
    pub fn convolve_pooled(
        from: &[f32], weight: &PackedWeights, relu: bool, to: &mut [MaybeUninit<f32>], indices: &mut [MaybeUninit<u8>],
        geometry: &Geometry, pixel_stride: usize,
    ) = convolve_pooled_impl
}

#[inline(always)]
unsafe fn convolve_pooled_impl<V: Lanes>(
    from: &[f32],
    weight: &PackedWeights,
    relu: bool,
    to: &mut [MaybeUninit<f32>],
    indices: &mut [MaybeUninit<u8>],
    geometry: &Geometry,
    pixel_stride: usize,
) {
    assert!(geometry.pixels() == 0 || geometry.extent() + geometry.frame_stride + pixel_stride <= from.len());
    assert!(weight.depth == geometry.kernel_rows * geometry.kernel_row_len && weight.isa.lanes() == V::N);
    assert!(to.len() == geometry.pixels() * weight.outputs && indices.len() == to.len());
    let from = from.as_ptr();
    let to = (to.as_mut_ptr().cast::<f32>(), indices.as_mut_ptr().cast::<u8>());
    let mut first = 0;
    while first < weight.outputs {
        let vectors = weight.vectors(first);
        unsafe {
            match (V::N, vectors) {
                (16, 3) => pooled_panel::<V, 8, 3>(from, weight, first, relu, to, geometry, pixel_stride),
                (16, 2) => pooled_panel::<V, 8, 2>(from, weight, first, relu, to, geometry, pixel_stride),
                (_, 2) => pooled_panel::<V, 4, 2>(from, weight, first, relu, to, geometry, pixel_stride),
                _ => pooled_panel::<V, 8, 1>(from, weight, first, relu, to, geometry, pixel_stride),
            }
        }
        first += vectors * V::N;
    }
}

#[inline(always)]
unsafe fn pooled_panel<V: Lanes, const M: usize, const N: usize>(
    from: *const f32,
    weight: &PackedWeights,
    first: usize,
    relu: bool,
    (to, indices): (*mut f32, *mut u8),
    geometry: &Geometry,
    pixel_stride: usize,
) {
    unsafe {
        let panel = weight.data.as_ptr().add(first * weight.depth);
        let start = load::<V, N>(weight.bias.as_ptr().add(first));
        let zero = V::splat(0.0);
        let width = (N * V::N).min(weight.outputs - first);
        let (mut at, mut y, mut x) = (0, 0, 0);
        while at < geometry.pixels() {
            let count = (M / 4).min(geometry.pixels() - at);
            let mut pixels = [from; M];
            for window in 0..count {
                let corner = from.add(y * geometry.row_stride + x * geometry.column_stride);
                pixels[4 * window] = corner;
                pixels[4 * window + 1] = corner.add(pixel_stride);
                pixels[4 * window + 2] = corner.add(geometry.frame_stride);
                pixels[4 * window + 3] = corner.add(geometry.frame_stride + pixel_stride);
                x += 1;
                if x == geometry.columns {
                    (x, y) = (0, y + 1);
                }
            }
            let sums = tile::<V, M, N>(pixels, panel, start, geometry);
            for window in 0..M / 4 {
                let mut best = sums[4 * window];
                let mut index = [zero; N];
                for n in 0..N {
                    let four = [best[n], sums[4 * window + 1][n], sums[4 * window + 2][n], sums[4 * window + 3][n]];
                    (best[n], index[n]) = max_and_argmax(four, relu);
                }
                if window < count {
                    let place = (at + window) * weight.outputs + first;
                    store(best, width, to.add(place));
                    store_bytes(index, width, indices.add(place));
                }
            }
            at += count;
        }
    }
}

/// The maximum of four and its argmax. The argmax is an integer in the bits of a float lane; these lanes are only
/// selected and stored, and no arithmetic is done on them.
#[inline(always)]
pub unsafe fn max_and_argmax<V: Lanes>(four: [V; 4], relu: bool) -> (V, V) {
    unsafe {
        let zero = V::splat(0.0);
        let (mut best, mut index) = (four[0], zero);
        for q in 1..4 {
            index = four[q].if_greater(best, V::splat(f32::from_bits(q as u32)), index);
            best = four[q].max(best);
        }
        if relu {
            index = best.if_greater(zero, index, V::splat(f32::from_bits(4)));
            best = zero.max(best);
        }
        (best, index)
    }
}

/// Stores the first `count` integers of a row of vectors, at most 48, as bytes.
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
