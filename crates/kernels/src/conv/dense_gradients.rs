//! Gradients of a convolution whose output gradient is dense: the sum over pixels that gives the weight gradient,
//! im2col ([`unfold`]) for kernels with few inputs, and col2im ([`fold`]) for the input gradient.
#![allow(clippy::needless_range_loop, reason = "tiles are indexed by output and vector")]

use super::tile::Geometry;
use crate::lanes::{Isa, Lanes, dispatch};

/// The number of output channels that [`correlate`] computes at once. Its `outputs` must be a multiple of this.
pub fn outputs_at_once(isa: Isa) -> usize {
    if isa.lanes() == 16 { 8 } else { 4 }
}

dispatch! {
    /// `to[output][kernel row][column, input]` += Σ over pixels of `dy[pixel][output]` · the frame elements that this
    /// kernel row covers at the pixel. Each kernel row in `to` is padded to a whole number of vectors; the padding
    /// elements hold no meaningful values.
    pub fn correlate(from: &[f32], dy: &[f32], outputs: usize, to: &mut [f32], geometry: &Geometry) = correlate_impl
}

#[inline(always)]
unsafe fn correlate_impl<V: Lanes>(from: &[f32], dy: &[f32], outputs: usize, to: &mut [f32], geometry: &Geometry) {
    let vectors = geometry.kernel_row_len.div_ceil(V::N);
    let row_len = vectors * V::N;
    let last = (geometry.rows - 1) * geometry.row_stride
        + (geometry.columns - 1) * geometry.column_stride
        + (geometry.kernel_rows - 1) * geometry.frame_stride
        + row_len;
    assert!(last <= from.len() && dy.len() == geometry.pixels() * outputs);
    assert!(to.len() == outputs * geometry.kernel_rows * row_len);
    let at_once = if V::N == 16 { 8 } else { 4 };
    assert!(outputs.is_multiple_of(at_once));
    for output in (0..outputs).step_by(at_once) {
        for row in 0..geometry.kernel_rows {
            let mut vector = 0;
            while vector < vectors {
                unsafe {
                    let x = from.as_ptr().add(row * geometry.frame_stride + vector * V::N);
                    let dy = dy.as_ptr().add(output);
                    let to = to.as_mut_ptr().add((output * geometry.kernel_rows + row) * row_len + vector * V::N);
                    let to = (to, geometry.kernel_rows * row_len);
                    vector += match (V::N, vectors - vector) {
                        (16, 4 | 2) => correlate_tile::<V, 8, 2>(x, dy, outputs, to, geometry),
                        (16, 3..) => correlate_tile::<V, 8, 3>(x, dy, outputs, to, geometry),
                        (16, _) => correlate_tile::<V, 8, 1>(x, dy, outputs, to, geometry),
                        (_, 2..) => correlate_tile::<V, 4, 2>(x, dy, outputs, to, geometry),
                        _ => correlate_tile::<V, 4, 1>(x, dy, outputs, to, geometry),
                    };
                }
            }
        }
    }
}

/// One register tile: `M` outputs × `C` vectors of a kernel row. Returns `C`.
#[inline(always)]
unsafe fn correlate_tile<V: Lanes, const M: usize, const C: usize>(
    from: *const f32,
    mut dy: *const f32,
    outputs: usize,
    (to, to_stride): (*mut f32, usize),
    geometry: &Geometry,
) -> usize {
    unsafe {
        let mut sums = [[V::splat(0.0); C]; M];
        for y in 0..geometry.rows {
            let mut pixel = from.add(y * geometry.row_stride);
            for _ in 0..geometry.columns {
                let mut x = [V::splat(0.0); C];
                for c in 0..C {
                    x[c] = V::load(pixel.add(c * V::N));
                }
                for m in 0..M {
                    let d = V::splat(*dy.add(m));
                    for c in 0..C {
                        sums[m][c] = sums[m][c].mul_add(d, x[c]);
                    }
                }
                pixel = pixel.wrapping_add(geometry.column_stride);
                dy = dy.add(outputs);
            }
        }
        for m in 0..M {
            for c in 0..C {
                let to = to.add(m * to_stride + c * V::N);
                V::load(to).add(sums[m][c]).store(to);
            }
        }
        C
    }
}

dispatch! {
    /// im2col: writes the elements that the kernel covers at every output pixel. `to[pixel]` holds the kernel rows one
    /// after the other; pixels are `len` elements apart, and the elements after the last kernel row hold no meaningful
    /// values.
    pub fn unfold(from: &[f32], to: &mut [f32], len: usize, geometry: &Geometry) = unfold_impl
}

#[inline(always)]
unsafe fn unfold_impl<V: Lanes>(from: &[f32], to: &mut [f32], len: usize, geometry: &Geometry) {
    let wide = geometry.kernel_row_len.next_multiple_of(4);
    let last = (geometry.rows - 1) * geometry.row_stride
        + (geometry.columns - 1) * geometry.column_stride
        + (geometry.kernel_rows - 1) * geometry.frame_stride
        + wide;
    assert!(
        last <= from.len()
            && geometry.pixels() * len + 4 <= to.len()
            && geometry.kernel_rows * geometry.kernel_row_len <= len
    );
    let mut pixel = to.as_mut_ptr();
    for y in 0..geometry.rows {
        for x in 0..geometry.columns {
            for row in 0..geometry.kernel_rows {
                for column in (0..geometry.kernel_row_len).step_by(4) {
                    // The last vector of a kernel row runs over into the next one, which is written afterwards.
                    unsafe {
                        let from = from.as_ptr().add(
                            y * geometry.row_stride + x * geometry.column_stride + row * geometry.frame_stride + column,
                        );
                        V::Four::load(from).store(pixel.add(row * geometry.kernel_row_len + column));
                    }
                }
            }
            pixel = pixel.wrapping_add(len);
        }
    }
}

dispatch! {
    /// col2im, the transpose of [`unfold`]: adds `patches[pixel][kernel row]`, with kernel rows of `row_len` elements
    /// (a multiple of 4), to the frame elements that the kernel covers at that pixel.
    pub fn fold(patches: &[f32], row_len: usize, to: &mut [f32], geometry: &Geometry) = fold_impl
}

#[inline(always)]
unsafe fn fold_impl<V: Lanes>(patches: &[f32], row_len: usize, to: &mut [f32], geometry: &Geometry) {
    let last = (geometry.rows - 1) * geometry.row_stride
        + (geometry.columns - 1) * geometry.column_stride
        + (geometry.kernel_rows - 1) * geometry.frame_stride
        + row_len;
    assert!(
        last <= to.len()
            && patches.len() == geometry.pixels() * geometry.kernel_rows * row_len
            && row_len.is_multiple_of(4)
    );
    let mut patch = patches.as_ptr();
    for y in 0..geometry.rows {
        for x in 0..geometry.columns {
            for row in 0..geometry.kernel_rows {
                unsafe {
                    let to = to
                        .as_mut_ptr()
                        .add(y * geometry.row_stride + x * geometry.column_stride + row * geometry.frame_stride);
                    let mut at = 0;
                    while at + V::N <= row_len {
                        V::load(to.add(at)).add(V::load(patch.add(at))).store(to.add(at));
                        at += V::N;
                    }
                    while at < row_len {
                        V::Four::load(to.add(at)).add(V::Four::load(patch.add(at))).store(to.add(at));
                        at += 4;
                    }
                    patch = patch.add(row_len);
                }
            }
        }
    }
}

dispatch! {
    /// `sums[column]` += Σ over rows of `data[row][column]`.
    pub fn add_rows(data: &[f32], sums: &mut [f32]) = add_rows_impl
}

#[inline(always)]
unsafe fn add_rows_impl<V: Lanes>(data: &[f32], sums: &mut [f32]) {
    let width = sums.len();
    let rows = data.len() / width;
    let mut column = 0;
    while column + V::N <= width {
        unsafe {
            // Four independent accumulators, so that an addition does not wait for the one before it.
            let mut all = [V::splat(0.0); 4];
            let at = |row: usize| data.as_ptr().add(row * width + column);
            for row in (0..rows / 4 * 4).step_by(4) {
                for q in 0..4 {
                    all[q] = all[q].add(V::load(at(row + q)));
                }
            }
            for row in rows / 4 * 4..rows {
                all[0] = all[0].add(V::load(at(row)));
            }
            let to = sums.as_mut_ptr().add(column);
            V::load(to).add(all[0].add(all[1]).add(all[2].add(all[3]))).store(to);
        }
        column += V::N;
    }
    for column in column..width {
        sums[column] += data[column..].iter().step_by(width).sum::<f32>();
    }
}
