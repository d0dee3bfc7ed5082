//! Gradients of a convolution whose output gradient is sparse: max pooling passes on at most one of four pixels, so
//! both gradients are sums over lists of the pixels that it chose.
#![allow(clippy::needless_range_loop, reason = "tiles are indexed by row and vector")]

use super::tile::Geometry;
use crate::lanes::{Isa, Lanes, dispatch};

/// One term of a sum: `value` times the rows that begin at element `at`.
#[derive(Clone, Copy, Default)]
pub struct Term {
    at: u32,
    value: f32,
}

/// The vector width (in elements) for kernel rows of `columns` elements: short rows would waste wide vectors.
pub fn row_lanes(isa: Isa, columns: usize) -> usize {
    if columns <= 8 { 4 } else { isa.lanes() }
}

/// `to[row][column]` += Σ over `terms` of value · `from[at + row · from_stride + column]`.
#[inline(always)]
unsafe fn add_terms<V: Lanes>(
    terms: &[Term],
    (from, from_stride): (*const f32, usize),
    (to, to_stride): (*mut f32, usize),
    rows: usize,
    vectors: usize,
) {
    let mut row = 0;
    while row < rows {
        let mut vector = 0;
        let height = match rows - row {
            4 => 4,
            3.. => 3,
            _ => 1,
        };
        while vector < vectors {
            let wide = if vectors - vector >= 3 { 3 } else { 1 };
            let from = (from.wrapping_add(row * from_stride + vector * V::N), from_stride);
            let to = (to.wrapping_add(row * to_stride + vector * V::N), to_stride);
            unsafe {
                match (height, wide) {
                    (4, 3) => add_tile::<V, 4, 3, 1>(terms, from, to),
                    (3, 3) => add_tile::<V, 3, 3, 1>(terms, from, to),
                    (_, 3) => add_tile::<V, 1, 3, 2>(terms, from, to),
                    (4, _) => add_tile::<V, 4, 1, 2>(terms, from, to),
                    (3, _) => add_tile::<V, 3, 1, 2>(terms, from, to),
                    _ => add_tile::<V, 1, 1, 4>(terms, from, to),
                }
            }
            vector += wide;
        }
        row += height;
    }
}

/// A register tile of `R` rows × `C` vectors. Every `S`-th term has its own accumulator, because with one accumulator
/// each addition would wait for the one before it.
#[inline(always)]
unsafe fn add_tile<V: Lanes, const R: usize, const C: usize, const S: usize>(
    terms: &[Term],
    (from, from_stride): (*const f32, usize),
    (to, to_stride): (*mut f32, usize),
) {
    unsafe {
        let mut sums = [[[V::splat(0.0); C]; R]; S];
        for r in 0..R {
            for c in 0..C {
                sums[0][r][c] = V::load(to.add(r * to_stride + c * V::N));
            }
        }
        let (whole, rest) = terms.as_chunks::<S>();
        for terms in whole {
            for s in 0..S {
                let (value, from) = (V::splat(terms[s].value), from.add(terms[s].at as usize));
                for r in 0..R {
                    for c in 0..C {
                        sums[s][r][c] = sums[s][r][c].mul_add(value, V::load(from.add(r * from_stride + c * V::N)));
                    }
                }
            }
        }
        for term in rest {
            let (value, from) = (V::splat(term.value), from.add(term.at as usize));
            for r in 0..R {
                for c in 0..C {
                    sums[0][r][c] = sums[0][r][c].mul_add(value, V::load(from.add(r * from_stride + c * V::N)));
                }
            }
        }
        for r in 0..R {
            for c in 0..C {
                let mut sum = sums[0][r][c];
                for s in 1..S {
                    sum = sum.add(sums[s][r][c]);
                }
                sum.store(to.add(r * to_stride + c * V::N));
            }
        }
    }
}

/// The output gradient of one image behind the pooling, and the argmax of every window; both are `[windows, outputs]`.
#[derive(Clone, Copy)]
pub struct Pooled<'a> {
    /// The gradient of the pooled output.
    pub dy: &'a [f32],
    /// The position of the maximum in its window, 0 to 3 in row-major order; 4 or more where the relu mask is 0.
    pub indices: &'a [u8],
    /// Output channels.
    pub outputs: usize,
    /// Elements from one pixel of the frame to the next.
    pub pixel_stride: usize,
}

impl Pooled<'_> {
    /// Asserts that rows of `row_len` elements, read at every pixel of every window, stay within `len` elements.
    fn check(&self, geometry: &Geometry, row_len: usize, len: usize) {
        if geometry.pixels() > 0 {
            let corner = (geometry.rows - 1) * geometry.row_stride + (geometry.columns - 1) * geometry.column_stride;
            assert!(
                corner + self.pixel_stride + geometry.kernel_rows * geometry.frame_stride + row_len <= len
                    && len <= u32::MAX as usize
            );
        }
        assert!(self.dy.len() == geometry.pixels() * self.outputs && self.indices.len() == self.dy.len());
    }

    /// Offsets in the frame from a window's first pixel to its four pixels.
    fn steps(&self, geometry: &Geometry) -> [u32; 4] {
        [0, self.pixel_stride, geometry.frame_stride, geometry.frame_stride + self.pixel_stride].map(|step| step as u32)
    }
}

dispatch! {
    /// `weights[output][kernel row][column, input]` += Σ over windows of the gradient · the frame elements that the
    /// kernel row covers at the argmax pixel, and `biases[output]` += Σ of the gradient. Kernel rows in `weights` are
    /// padded to whole vectors of [`row_lanes`]. `geometry` describes pooling windows instead of output pixels.
    pub fn gather(
        of: Pooled, frame: &[f32], weights: &mut [f32], biases: &mut [f32], terms: &mut [Term], geometry: &Geometry,
    ) = gather_impl
}

#[inline(always)]
unsafe fn gather_impl<V: Lanes>(
    of: Pooled,
    frame: &[f32],
    weights: &mut [f32],
    biases: &mut [f32],
    terms: &mut [Term],
    geometry: &Geometry,
) {
    let lanes = if geometry.kernel_row_len <= 8 { 4 } else { V::N };
    let vectors = geometry.kernel_row_len.div_ceil(lanes);
    of.check(geometry, vectors * lanes, frame.len());
    assert!(weights.len() == of.outputs * geometry.kernel_rows * vectors * lanes && terms.len() > geometry.pixels());
    let steps = of.steps(geometry);
    for output in 0..of.outputs {
        let mut count = 0;
        for y in 0..geometry.rows {
            for x in 0..geometry.columns {
                let at = (y * geometry.columns + x) * of.outputs + output;
                // No branch: whether a window passes on a gradient is unpredictable.
                let corner = (y * geometry.row_stride + x * geometry.column_stride) as u32;
                unsafe {
                    let index = *of.indices.get_unchecked(at);
                    let term = Term { at: corner + steps[index as usize % 4], value: *of.dy.get_unchecked(at) };
                    *terms.get_unchecked_mut(count) = term;
                    count += usize::from(index < 4);
                }
            }
        }
        let terms = &terms[..count];
        biases[output] += sum(terms);
        let to = &mut weights[output * geometry.kernel_rows * vectors * lanes..];
        let (from, to) = ((frame.as_ptr(), geometry.frame_stride), (to.as_mut_ptr(), vectors * lanes));
        unsafe {
            match geometry.kernel_row_len <= 8 {
                true => add_terms::<V::Four>(terms, from, to, geometry.kernel_rows, vectors),
                false => add_terms::<V>(terms, from, to, geometry.kernel_rows, vectors),
            }
        }
    }
}

fn sum(terms: &[Term]) -> f32 {
    let mut sums = [0.0; 4];
    let (whole, rest) = terms.as_chunks::<4>();
    for terms in whole {
        for (sum, term) in sums.iter_mut().zip(terms) {
            *sum += term.value;
        }
    }
    for term in rest {
        sums[0] += term.value;
    }
    sums.iter().sum()
}

dispatch! {
    /// Adds the gradient · `weights[output][kernel row][column, input]` to `frame` at every argmax pixel. Kernel rows
    /// in `weights` are padded with zeros to whole vectors of [`row_lanes`]. `geometry` describes pooling windows.
    pub fn scatter(of: Pooled, weights: &[f32], frame: &mut [f32], terms: &mut [Term], geometry: &Geometry)
        = scatter_impl
}

#[inline(always)]
unsafe fn scatter_impl<V: Lanes>(
    of: Pooled,
    weights: &[f32],
    frame: &mut [f32],
    terms: &mut [Term],
    geometry: &Geometry,
) {
    let lanes = if geometry.kernel_row_len <= 8 { 4 } else { V::N };
    let vectors = geometry.kernel_row_len.div_ceil(lanes);
    let kernel = geometry.kernel_rows * vectors * lanes;
    of.check(geometry, vectors * lanes, frame.len());
    assert!(weights.len() == of.outputs * kernel && terms.len() >= 5 * of.outputs);
    let steps = of.steps(geometry);
    for y in 0..geometry.rows {
        for x in 0..geometry.columns {
            let at = (y * geometry.columns + x) * of.outputs;
            let (dy, indices) = (&of.dy[at..][..of.outputs], &of.indices[at..][..of.outputs]);
            // One list for each of the four pixels, and one for the outputs that the relu masks.
            let mut counts = [0; 5];
            for (output, (&value, &index)) in dy.iter().zip(indices).enumerate() {
                let list = usize::from(index.min(4));
                let term = Term { at: (output * kernel) as u32, value };
                unsafe { *terms.get_unchecked_mut(list * of.outputs + counts[list]) = term };
                counts[list] += 1;
            }
            for q in 0..4 {
                if counts[q] > 0 {
                    let to = &mut frame[y * geometry.row_stride + x * geometry.column_stride + steps[q] as usize..];
                    let (from, to) = ((weights.as_ptr(), vectors * lanes), (to.as_mut_ptr(), geometry.frame_stride));
                    let terms = &terms[q * of.outputs..][..counts[q]];
                    unsafe {
                        match geometry.kernel_row_len <= 8 {
                            true => add_terms::<V::Four>(terms, from, to, geometry.kernel_rows, vectors),
                            false => add_terms::<V>(terms, from, to, geometry.kernel_rows, vectors),
                        }
                    }
                }
            }
        }
    }
}

dispatch! {
    /// As [`scatter`], for kernel rows too short for vectors. `patches[output][index][row][column, input]` holds the
    /// weights already moved to where pixel `index` lies within the area that the window's four kernels cover, and
    /// zeros for index 4. `geometry` has the rows and row length of that area; the row length is a multiple of 4.
    pub fn scatter_patches(of: Pooled, patches: &[f32], frame: &mut [f32], geometry: &Geometry) = scatter_patches_impl
}

#[inline(always)]
unsafe fn scatter_patches_impl<V: Lanes>(of: Pooled, patches: &[f32], frame: &mut [f32], geometry: &Geometry) {
    of.check(geometry, geometry.kernel_row_len, frame.len());
    assert!(
        patches.len() == of.outputs * 5 * geometry.kernel_rows * geometry.kernel_row_len
            && geometry.kernel_row_len.is_multiple_of(4)
    );
    for y in 0..geometry.rows {
        for x in 0..geometry.columns {
            let window = y * geometry.columns + x;
            let mut row = 0;
            while row < geometry.kernel_rows {
                let mut column = 0;
                let height = if geometry.kernel_rows - row >= 4 { 4 } else { 1 };
                while column < geometry.kernel_row_len {
                    let vectors = if geometry.kernel_row_len - column >= 12 { 3 } else { 1 };
                    let to = &mut frame
                        [y * geometry.row_stride + x * geometry.column_stride + row * geometry.frame_stride + column..];
                    let patches = &patches[row * geometry.kernel_row_len + column..];
                    unsafe {
                        match (height, vectors) {
                            (4, 3) => add_patches::<V::Four, 4, 3>(of, window, patches, to, geometry),
                            (4, _) => add_patches::<V::Four, 4, 1>(of, window, patches, to, geometry),
                            (_, 3) => add_patches::<V::Four, 1, 3>(of, window, patches, to, geometry),
                            _ => add_patches::<V::Four, 1, 1>(of, window, patches, to, geometry),
                        }
                    }
                    column += vectors * 4;
                }
                row += height;
            }
        }
    }
}

/// Adds `R` rows × `C` vectors of the patches that one window's indices select.
#[inline(always)]
unsafe fn add_patches<V: Lanes, const R: usize, const C: usize>(
    of: Pooled,
    window: usize,
    patches: &[f32],
    to: &mut [f32],
    geometry: &Geometry,
) {
    unsafe {
        let mut sums = [[V::splat(0.0); C]; R];
        let (dy, indices) = (of.dy.as_ptr().add(window * of.outputs), of.indices.as_ptr().add(window * of.outputs));
        let mut from = patches.as_ptr();
        for output in 0..of.outputs {
            let value = V::splat(*dy.add(output));
            let patch =
                from.add(usize::from((*indices.add(output)).min(4)) * geometry.kernel_rows * geometry.kernel_row_len);
            for r in 0..R {
                for c in 0..C {
                    sums[r][c] = sums[r][c].mul_add(value, V::load(patch.add(r * geometry.kernel_row_len + c * V::N)));
                }
            }
            from = from.wrapping_add(5 * geometry.kernel_rows * geometry.kernel_row_len);
        }
        for r in 0..R {
            for c in 0..C {
                let to = to.as_mut_ptr().add(r * geometry.frame_stride + c * V::N);
                V::load(to).add(sums[r][c]).store(to);
            }
        }
    }
}
