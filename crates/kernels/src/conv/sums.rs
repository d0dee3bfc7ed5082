//! Sums over pixels, for the gradient of the weights, and over what overlaps, for the gradient of the image.
#![allow(clippy::needless_range_loop, reason = "tiles are indexed by output and vector")]

use super::tile::Walk;
use crate::lanes::{Isa, Lanes, dispatch};

/// Outputs that [`correlate`] takes at once; it wants a multiple of them.
pub fn outputs_at_once(isa: Isa) -> usize {
    if isa.lanes() == 16 { 8 } else { 4 }
}

dispatch! {
    /// `to[output][row][column]` += Σ over pixels of `dy[pixel][output]` · what the kernel's row and column sees there.
    /// Rows of `to` are whole vectors long; their numbers behind the last column mean nothing.
    pub fn correlate(from: &[f32], dy: &[f32], outputs: usize, to: &mut [f32], walk: &Walk) = correlate_body
}

#[inline(always)]
unsafe fn correlate_body<V: Lanes>(from: &[f32], dy: &[f32], outputs: usize, to: &mut [f32], walk: &Walk) {
    let vectors = walk.columns.div_ceil(V::N);
    let row_len = vectors * V::N;
    let last = (walk.lines - 1) * walk.down + (walk.across - 1) * walk.right + (walk.rows - 1) * walk.line + row_len;
    assert!(last <= from.len() && dy.len() == walk.pixels() * outputs);
    assert!(to.len() == outputs * walk.rows * row_len);
    let at_once = if V::N == 16 { 8 } else { 4 };
    assert!(outputs.is_multiple_of(at_once));
    for output in (0..outputs).step_by(at_once) {
        for row in 0..walk.rows {
            let mut vector = 0;
            while vector < vectors {
                unsafe {
                    let x = from.as_ptr().add(row * walk.line + vector * V::N);
                    let dy = dy.as_ptr().add(output);
                    let to = to.as_mut_ptr().add((output * walk.rows + row) * row_len + vector * V::N);
                    let to = (to, walk.rows * row_len);
                    vector += match (V::N, vectors - vector) {
                        (16, 4 | 2) => correlate_tile::<V, 8, 2>(x, dy, outputs, to, walk),
                        (16, 3..) => correlate_tile::<V, 8, 3>(x, dy, outputs, to, walk),
                        (16, _) => correlate_tile::<V, 8, 1>(x, dy, outputs, to, walk),
                        (_, 2..) => correlate_tile::<V, 4, 2>(x, dy, outputs, to, walk),
                        _ => correlate_tile::<V, 4, 1>(x, dy, outputs, to, walk),
                    };
                }
            }
        }
    }
}

/// `M` outputs × `C` vectors of columns; gives `C`.
#[inline(always)]
unsafe fn correlate_tile<V: Lanes, const M: usize, const C: usize>(
    from: *const f32,
    mut dy: *const f32,
    outputs: usize,
    (to, to_next): (*mut f32, usize),
    walk: &Walk,
) -> usize {
    unsafe {
        let mut sums = [[V::splat(0.0); C]; M];
        for y in 0..walk.lines {
            let mut pixel = from.add(y * walk.down);
            for _ in 0..walk.across {
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
                pixel = pixel.wrapping_add(walk.right);
                dy = dy.add(outputs);
            }
        }
        for m in 0..M {
            for c in 0..C {
                let to = to.add(m * to_next + c * V::N);
                V::load(to).add(sums[m][c]).store(to);
            }
        }
        C
    }
}

dispatch! {
    /// Writes what the kernel sees at every pixel: `to[pixel]` are its rows one after the other, `len` numbers from
    /// pixel to pixel, of which those behind the last row mean nothing.
    pub fn unfold(from: &[f32], to: &mut [f32], len: usize, walk: &Walk) = unfold_body
}

#[inline(always)]
unsafe fn unfold_body<V: Lanes>(from: &[f32], to: &mut [f32], len: usize, walk: &Walk) {
    let wide = walk.columns.next_multiple_of(4);
    let last = (walk.lines - 1) * walk.down + (walk.across - 1) * walk.right + (walk.rows - 1) * walk.line + wide;
    assert!(last <= from.len() && walk.pixels() * len + 4 <= to.len() && walk.rows * walk.columns <= len);
    let mut pixel = to.as_mut_ptr();
    for y in 0..walk.lines {
        for x in 0..walk.across {
            for row in 0..walk.rows {
                for column in (0..walk.columns).step_by(4) {
                    // The last of a row writes into the next one, which is written later.
                    unsafe {
                        let from = from.as_ptr().add(y * walk.down + x * walk.right + row * walk.line + column);
                        V::Four::load(from).store(pixel.add(row * walk.columns + column));
                    }
                }
            }
            pixel = pixel.wrapping_add(len);
        }
    }
}

dispatch! {
    /// The reverse of unfolding: adds `patches[pixel][row]`, rows of `row_len` (a multiple of 4) numbers, to the places
    /// that a kernel of them sees.
    pub fn fold(patches: &[f32], row_len: usize, to: &mut [f32], walk: &Walk) = fold_body
}

#[inline(always)]
unsafe fn fold_body<V: Lanes>(patches: &[f32], row_len: usize, to: &mut [f32], walk: &Walk) {
    let last = (walk.lines - 1) * walk.down + (walk.across - 1) * walk.right + (walk.rows - 1) * walk.line + row_len;
    assert!(last <= to.len() && patches.len() == walk.pixels() * walk.rows * row_len && row_len.is_multiple_of(4));
    let mut patch = patches.as_ptr();
    for y in 0..walk.lines {
        for x in 0..walk.across {
            for row in 0..walk.rows {
                unsafe {
                    let to = to.as_mut_ptr().add(y * walk.down + x * walk.right + row * walk.line);
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
    pub fn add_rows(data: &[f32], sums: &mut [f32]) = add_rows_body
}

#[inline(always)]
unsafe fn add_rows_body<V: Lanes>(data: &[f32], sums: &mut [f32]) {
    let width = sums.len();
    let rows = data.len() / width;
    let mut column = 0;
    while column + V::N <= width {
        unsafe {
            // Four sums at once: one addition would wait for the other.
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
