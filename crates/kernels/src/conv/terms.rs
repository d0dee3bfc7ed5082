//! Sums of few terms: what is left of both gradients where a pooling let one of four pixels through.
#![allow(clippy::needless_range_loop, reason = "tiles are indexed by row and vector")]

use super::tile::Walk;
use crate::lanes::{Isa, Lanes, dispatch};

/// `value` times the rows that begin at `at`.
#[derive(Clone, Copy, Default)]
pub struct Term {
    at: u32,
    value: f32,
}

/// Lanes of the vectors that rows of `columns` numbers are summed in: short ones would waste wide vectors.
pub fn lanes(isa: Isa, columns: usize) -> usize {
    if columns <= 8 { 4 } else { isa.lanes() }
}

/// `to[row][column]` += Σ over `terms` of value · `from[at + row · from_line + column]`.
#[inline(always)]
unsafe fn add_terms<V: Lanes>(
    terms: &[Term],
    (from, from_line): (*const f32, usize),
    (to, to_line): (*mut f32, usize),
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
            let from = (from.wrapping_add(row * from_line + vector * V::N), from_line);
            let to = (to.wrapping_add(row * to_line + vector * V::N), to_line);
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

/// `R` rows × `C` vectors, in `S` sums of every `S`-th term: one alone would wait for its own last addition.
#[inline(always)]
unsafe fn add_tile<V: Lanes, const R: usize, const C: usize, const S: usize>(
    terms: &[Term],
    (from, from_line): (*const f32, usize),
    (to, to_line): (*mut f32, usize),
) {
    unsafe {
        let mut sums = [[[V::splat(0.0); C]; R]; S];
        for r in 0..R {
            for c in 0..C {
                sums[0][r][c] = V::load(to.add(r * to_line + c * V::N));
            }
        }
        let (whole, rest) = terms.as_chunks::<S>();
        for terms in whole {
            for s in 0..S {
                let (value, from) = (V::splat(terms[s].value), from.add(terms[s].at as usize));
                for r in 0..R {
                    for c in 0..C {
                        sums[s][r][c] = sums[s][r][c].mul_add(value, V::load(from.add(r * from_line + c * V::N)));
                    }
                }
            }
        }
        for term in rest {
            let (value, from) = (V::splat(term.value), from.add(term.at as usize));
            for r in 0..R {
                for c in 0..C {
                    sums[0][r][c] = sums[0][r][c].mul_add(value, V::load(from.add(r * from_line + c * V::N)));
                }
            }
        }
        for r in 0..R {
            for c in 0..C {
                let mut sum = sums[0][r][c];
                for s in 1..S {
                    sum = sum.add(sums[s][r][c]);
                }
                sum.store(to.add(r * to_line + c * V::N));
            }
        }
    }
}

/// The gradient of one image behind its pooling, both `[windows, outputs]`.
#[derive(Clone, Copy)]
pub struct Pooled<'a> {
    pub dy: &'a [f32],
    pub winners: &'a [u8],
    pub outputs: usize,
    /// How far apart two neighbouring pixels are in the frame.
    pub next: usize,
}

impl Pooled<'_> {
    /// Asserts that rows of `row_len` numbers at every pixel of every window lie within `len` numbers.
    fn check(&self, walk: &Walk, row_len: usize, len: usize) {
        if walk.pixels() > 0 {
            let corner = (walk.lines - 1) * walk.down + (walk.across - 1) * walk.right;
            assert!(corner + self.next + walk.rows * walk.line + row_len <= len && len <= u32::MAX as usize);
        }
        assert!(self.dy.len() == walk.pixels() * self.outputs && self.winners.len() == self.dy.len());
    }

    /// From a window's first pixel to its others.
    fn steps(&self, walk: &Walk) -> [u32; 4] {
        [0, self.next, walk.line, walk.line + self.next].map(|step| step as u32)
    }
}

dispatch! {
    /// `weights[output][row][column]` += Σ of the gradient · what the kernel's row and column sees at the winner, and
    /// `biases[output]` += Σ of the gradient. Rows of `weights` are whole vectors of [`lanes`]; `walk` counts windows.
    pub fn gather(of: Pooled, frame: &[f32], weights: &mut [f32], biases: &mut [f32], terms: &mut [Term], walk: &Walk)
        = gather_body
}

#[inline(always)]
unsafe fn gather_body<V: Lanes>(
    of: Pooled,
    frame: &[f32],
    weights: &mut [f32],
    biases: &mut [f32],
    terms: &mut [Term],
    walk: &Walk,
) {
    let lanes = if walk.columns <= 8 { 4 } else { V::N };
    let vectors = walk.columns.div_ceil(lanes);
    of.check(walk, vectors * lanes, frame.len());
    assert!(weights.len() == of.outputs * walk.rows * vectors * lanes && terms.len() > walk.pixels());
    let steps = of.steps(walk);
    for output in 0..of.outputs {
        let mut count = 0;
        for y in 0..walk.lines {
            for x in 0..walk.across {
                let at = (y * walk.across + x) * of.outputs + output;
                // No branch: whether a gradient came through cannot be foretold.
                let corner = (y * walk.down + x * walk.right) as u32;
                unsafe {
                    let winner = *of.winners.get_unchecked(at);
                    let term = Term { at: corner + steps[winner as usize % 4], value: *of.dy.get_unchecked(at) };
                    *terms.get_unchecked_mut(count) = term;
                    count += usize::from(winner < 4);
                }
            }
        }
        let terms = &terms[..count];
        biases[output] += sum(terms);
        let to = &mut weights[output * walk.rows * vectors * lanes..];
        let (from, to) = ((frame.as_ptr(), walk.line), (to.as_mut_ptr(), vectors * lanes));
        unsafe {
            match walk.columns <= 8 {
                true => add_terms::<V::Four>(terms, from, to, walk.rows, vectors),
                false => add_terms::<V>(terms, from, to, walk.rows, vectors),
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
    /// Adds to `frame`, at every winner, the gradient · `weights[output][row][column]`, rows of whole vectors of
    /// [`lanes`] with zeros at their end; `walk` counts windows.
    pub fn scatter(of: Pooled, weights: &[f32], frame: &mut [f32], terms: &mut [Term], walk: &Walk) = scatter_body
}

#[inline(always)]
unsafe fn scatter_body<V: Lanes>(of: Pooled, weights: &[f32], frame: &mut [f32], terms: &mut [Term], walk: &Walk) {
    let lanes = if walk.columns <= 8 { 4 } else { V::N };
    let vectors = walk.columns.div_ceil(lanes);
    let kernel = walk.rows * vectors * lanes;
    of.check(walk, vectors * lanes, frame.len());
    assert!(weights.len() == of.outputs * kernel && terms.len() >= 5 * of.outputs);
    let steps = of.steps(walk);
    for y in 0..walk.lines {
        for x in 0..walk.across {
            let at = (y * walk.across + x) * of.outputs;
            let (dy, winners) = (&of.dy[at..][..of.outputs], &of.winners[at..][..of.outputs]);
            // A list for each of the four pixels, and one of what the relu closed.
            let mut counts = [0; 5];
            for (output, (&value, &winner)) in dy.iter().zip(winners).enumerate() {
                let list = usize::from(winner.min(4));
                let term = Term { at: (output * kernel) as u32, value };
                unsafe { *terms.get_unchecked_mut(list * of.outputs + counts[list]) = term };
                counts[list] += 1;
            }
            for q in 0..4 {
                if counts[q] > 0 {
                    let to = &mut frame[y * walk.down + x * walk.right + steps[q] as usize..];
                    let (from, to) = ((weights.as_ptr(), vectors * lanes), (to.as_mut_ptr(), walk.line));
                    let terms = &terms[q * of.outputs..][..counts[q]];
                    unsafe {
                        match walk.columns <= 8 {
                            true => add_terms::<V::Four>(terms, from, to, walk.rows, vectors),
                            false => add_terms::<V>(terms, from, to, walk.rows, vectors),
                        }
                    }
                }
            }
        }
    }
}

dispatch! {
    /// As [`scatter`] for rows too short for it: `patches[output][winner][row][column]` are the weights already moved
    /// to where the winner is among the pixels that a window sees, zeros for winner 4, and `walk` has the rows and
    /// columns of those, the columns a multiple of 4.
    pub fn scatter_patches(of: Pooled, patches: &[f32], frame: &mut [f32], walk: &Walk) = scatter_patches_body
}

#[inline(always)]
unsafe fn scatter_patches_body<V: Lanes>(of: Pooled, patches: &[f32], frame: &mut [f32], walk: &Walk) {
    of.check(walk, walk.columns, frame.len());
    assert!(patches.len() == of.outputs * 5 * walk.rows * walk.columns && walk.columns.is_multiple_of(4));
    for y in 0..walk.lines {
        for x in 0..walk.across {
            let window = y * walk.across + x;
            let mut row = 0;
            while row < walk.rows {
                let mut column = 0;
                let height = if walk.rows - row >= 4 { 4 } else { 1 };
                while column < walk.columns {
                    let vectors = if walk.columns - column >= 12 { 3 } else { 1 };
                    let to = &mut frame[y * walk.down + x * walk.right + row * walk.line + column..];
                    let patches = &patches[row * walk.columns + column..];
                    unsafe {
                        match (height, vectors) {
                            (4, 3) => add_patches::<V::Four, 4, 3>(of, window, patches, to, walk),
                            (4, _) => add_patches::<V::Four, 4, 1>(of, window, patches, to, walk),
                            (_, 3) => add_patches::<V::Four, 1, 3>(of, window, patches, to, walk),
                            _ => add_patches::<V::Four, 1, 1>(of, window, patches, to, walk),
                        }
                    }
                    column += vectors * 4;
                }
                row += height;
            }
        }
    }
}

/// Adds `R` rows × `C` vectors of the patches of one window's winners.
#[inline(always)]
unsafe fn add_patches<V: Lanes, const R: usize, const C: usize>(
    of: Pooled,
    window: usize,
    patches: &[f32],
    to: &mut [f32],
    walk: &Walk,
) {
    unsafe {
        let mut sums = [[V::splat(0.0); C]; R];
        let (dy, winners) = (of.dy.as_ptr().add(window * of.outputs), of.winners.as_ptr().add(window * of.outputs));
        let mut from = patches.as_ptr();
        for output in 0..of.outputs {
            let value = V::splat(*dy.add(output));
            let patch = from.add(usize::from((*winners.add(output)).min(4)) * walk.rows * walk.columns);
            for r in 0..R {
                for c in 0..C {
                    sums[r][c] = sums[r][c].mul_add(value, V::load(patch.add(r * walk.columns + c * V::N)));
                }
            }
            from = from.wrapping_add(5 * walk.rows * walk.columns);
        }
        for r in 0..R {
            for c in 0..C {
                let to = to.as_mut_ptr().add(r * walk.line + c * V::N);
                V::load(to).add(sums[r][c]).store(to);
            }
        }
    }
}
