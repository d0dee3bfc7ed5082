//! Products of small matrices, in tiles that stay in the registers.

use crate::dispatch;
use crate::lanes::{Isa, Lanes};

/// A matrix in a slice. The number at `(i, j)` is `data[i · step[0] + j · step[1]]`.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    data: &'a [f32],
    size: [usize; 2],
    step: [usize; 2],
}

impl<'a> Matrix<'a> {
    /// Of `[rows, columns]`, whose rows begin `step` apart.
    pub fn new(data: &'a [f32], size: [usize; 2], step: usize) -> Self {
        assert!(size[0] > 0 && size[1] > 0 && (size[0] - 1) * step + size[1] <= data.len());
        Self { data, size, step: [step, 1] }
    }

    pub fn transposed(self) -> Self {
        Self { data: self.data, size: [self.size[1], self.size[0]], step: [self.step[1], self.step[0]] }
    }
}

/// The right side of a product, in panels of a few vectors of columns.
///
/// Whole panels are read where they lie if the numbers of a row lie together; a copy is made of what is left at the
/// right end, filled up with zeros, and of all panels of a matrix that lies the other way.
pub struct Panels<'a> {
    matrix: Matrix<'a>,
    /// The first column that is copied.
    from: usize,
    copied: Vec<f32>,
}

impl<'a> Panels<'a> {
    pub fn new(isa: Isa, matrix: Matrix<'a>) -> Self {
        Self::in_memory(isa, matrix, Vec::new())
    }

    /// As [`Self::new`], in the memory of an earlier one's [`Self::into_memory`].
    pub fn in_memory(isa: Isa, matrix: Matrix<'a>, memory: Vec<f32>) -> Self {
        let [inner, columns] = matrix.size;
        let mut panels = Self { matrix, from: columns, copied: memory };
        panels.copied.clear();
        let mut at = 0;
        while at < columns {
            let width = panel_width(isa.lanes(), columns - at);
            if matrix.step[1] != 1 || at + width > columns {
                panels.from = panels.from.min(at);
                let start = panels.copied.len();
                panels.copied.resize(start + inner * width, 0.0);
                copy(matrix, at, width, &mut panels.copied[start..]);
            }
            at += width;
        }
        panels
    }

    pub fn into_memory(self) -> Vec<f32> {
        self.copied
    }

    /// Where the panel begins whose first column is `at`, and how far apart its rows are.
    fn panel(&self, at: usize, width: usize) -> (&[f32], usize) {
        let [inner, columns] = self.matrix.size;
        if at < self.from {
            assert!(at + width <= columns);
            (&self.matrix.data[at..], self.matrix.step[0])
        } else {
            // Only the last panel is wider than its columns.
            (&self.copied[(at - self.from) * inner..][..width * inner], width)
        }
    }
}

/// `width` columns from `at` on, row after row; what lies beyond the matrix stays as it is. The numbers of a row lie
/// together, or else those of a column.
fn copy(matrix: Matrix, at: usize, width: usize, to: &mut [f32]) {
    let Matrix { data, size, step } = matrix;
    let columns = at..size[1].min(at + width);
    if step[1] == 1 {
        for (row, to) in to.chunks_exact_mut(width).enumerate() {
            to[..columns.len()].copy_from_slice(&data[row * step[0]..][columns.clone()]);
        }
    } else {
        for (j, column) in columns.enumerate() {
            let from = &data[column * step[1]..][..size[0]];
            to[j..].iter_mut().step_by(width).zip(from).for_each(|(to, from)| *to = *from);
        }
    }
}

/// The widest panel, in vectors. With the rows of a tile, in `panels`, it makes as many sums as the registers hold
/// beside what they are made from: two rows more halve the speed of wasm.
const fn widest(lanes: usize) -> usize {
    if lanes == 16 { 4 } else { 2 }
}

/// How wide the next panel is if there are `left` columns.
///
/// A panel is wider than its columns only at the end, and four numbers are enough there for up to four.
fn panel_width(lanes: usize, left: usize) -> usize {
    let (whole, rest) = (left / lanes, left % lanes);
    let vectors = if rest > 0 && (rest > 4 || lanes == 4) { whole + 1 } else { whole };
    match vectors.min(widest(lanes)) {
        0 => 4,
        3 => 2 * lanes,
        vectors => vectors * lanes,
    }
}

/// What becomes of the sums of a product.
#[derive(Clone, Copy, Default)]
pub struct Finish<'a> {
    /// It is added to every row.
    pub bias: Option<&'a [f32]>,
    /// They are added to what `y` has.
    pub add: bool,
    /// At last, only what is positive stays.
    pub relu: bool,
}

dispatch! {
    /// `a · b` into the rows of `y`, which begin `step` apart. `a` may be transposed.
    pub fn product(a: Matrix, b: &Panels, y: &mut [f32], step: usize, finish: Finish) = whole
}

#[inline(always)]
unsafe fn whole<V: Lanes>(a: Matrix, b: &Panels, y: &mut [f32], step: usize, finish: Finish) {
    if a.step[1] == 1 {
        unsafe { panels::<V, false>(a, b, y, step, finish) }
    } else {
        unsafe { panels::<V, true>(a, b, y, step, finish) }
    }
}

#[inline(always)]
unsafe fn panels<V: Lanes, const TURNED: bool>(a: Matrix, b: &Panels, y: &mut [f32], step: usize, finish: Finish) {
    let [rows, inner] = a.size;
    let columns = b.matrix.size[1];
    assert!(inner == b.matrix.size[0] && a.step[usize::from(!TURNED)] == 1);
    assert!((rows - 1) * step + columns <= y.len() && finish.bias.is_none_or(|bias| bias.len() == columns));
    let mut at = 0;
    while at < columns {
        let width = panel_width(V::N, columns - at);
        let (panel, panel_step) = b.panel(at, width);
        let mut bias = [0.0; 64];
        if let Some(all) = finish.bias {
            let here = &all[at..columns.min(at + width)];
            bias[..here.len()].copy_from_slice(here);
        }
        let strip = Strip {
            a: a.data.as_ptr(),
            a_step: a.step[usize::from(TURNED)],
            b: panel.as_ptr(),
            b_step: panel_step,
            y: y[at..].as_mut_ptr(),
            y_step: step,
            rows,
            inner,
            columns: width.min(columns - at),
            bias: &bias,
            finish: &finish,
            plain: !finish.add && !finish.relu && at + width <= columns,
        };
        // Matrices are within their slices, and so is `y`: everything that a strip reads and writes is.
        unsafe {
            match (V::N, width / V::N) {
                (16, 4) => strip.run::<V, 6, 4, TURNED>(),
                (16, 2) => strip.run::<V, 8, 2, TURNED>(),
                (8, 2) => strip.run::<V, 6, 2, TURNED>(),
                (4, 2) => strip.run::<V, 4, 2, TURNED>(),
                (4, _) => strip.run::<V, 4, 1, TURNED>(),
                (_, 1) => strip.run::<V, 8, 1, TURNED>(),
                _ => strip.run::<V::Four, 8, 1, TURNED>(),
            }
        }
        at += width;
    }
}

/// The columns of one panel in all rows.
struct Strip<'a> {
    a: *const f32,
    /// Between rows, or between columns of a matrix that is turned.
    a_step: usize,
    b: *const f32,
    b_step: usize,
    y: *mut f32,
    y_step: usize,
    rows: usize,
    inner: usize,
    columns: usize,
    /// What the sums begin with: zeros if there is none.
    bias: &'a [f32; 64],
    finish: &'a Finish<'a>,
    /// Sums are stored as they are, in whole vectors: asked once for a tile, for the sake of a small `inner`.
    plain: bool,
}

impl Strip<'_> {
    /// In tiles of `M` rows and `N` vectors, then of fewer rows.
    #[inline(always)]
    unsafe fn run<V: Lanes, const M: usize, const N: usize, const TURNED: bool>(&self) {
        let mut row = 0;
        unsafe {
            while row + M <= self.rows {
                self.tile::<V, M, N, TURNED>(row);
                row += M;
            }
            while M > 4 && row + 4 <= self.rows {
                self.tile::<V, 4, N, TURNED>(row);
                row += 4;
            }
            while row < self.rows {
                self.tile::<V, 1, N, TURNED>(row);
                row += 1;
            }
        }
    }

    #[inline(always)]
    unsafe fn tile<V: Lanes, const M: usize, const N: usize, const TURNED: bool>(&self, row: usize) {
        unsafe {
            let mut start = [V::splat(0.0); N];
            for (n, start) in start.iter_mut().enumerate() {
                *start = V::load(self.bias.as_ptr().add(n * V::N));
            }
            let mut sums = [start; M];
            let mut first = [self.a; M];
            for (m, first) in first.iter_mut().enumerate() {
                *first = self.a.add((row + m) * if TURNED { 1 } else { self.a_step });
            }
            for k in 0..self.inner {
                let mut a = first;
                for m in 0..M {
                    // One address for all rows that lie side by side.
                    a[m] = if TURNED { first[0].add(k * self.a_step + m) } else { first[m].add(k) };
                }
                add_products(&mut sums, a, self.b.add(k * self.b_step));
            }
            if self.plain {
                for (m, sums) in sums.into_iter().enumerate() {
                    let y = self.y.add((row + m) * self.y_step);
                    for (n, sum) in sums.into_iter().enumerate() {
                        sum.store(y.add(n * V::N));
                    }
                }
            } else {
                for (m, sums) in sums.into_iter().enumerate() {
                    self.finish(sums, self.y.add((row + m) * self.y_step));
                }
            }
        }
    }

    /// Writes a row of a tile.
    #[inline(always)]
    unsafe fn finish<V: Lanes, const N: usize>(&self, mut sums: [V; N], y: *mut f32) {
        let mut edge = [0.0; 64];
        let whole = self.columns == N * V::N;
        unsafe {
            if self.finish.add && !whole {
                std::ptr::copy_nonoverlapping(y, edge.as_mut_ptr(), self.columns);
            }
            let to = if whole { y } else { edge.as_mut_ptr() };
            for (n, sum) in sums.iter_mut().enumerate() {
                let to = to.add(n * V::N);
                if self.finish.add {
                    *sum = sum.add(V::load(to));
                }
                if self.finish.relu {
                    *sum = V::splat(0.0).max(*sum);
                }
                sum.store(to);
            }
            if !whole {
                std::ptr::copy_nonoverlapping(edge.as_ptr(), y, self.columns);
            }
        }
    }
}

/// `sums[m] += a[m] · b`.
#[inline(always)]
unsafe fn add_products<V: Lanes, const M: usize, const N: usize>(
    sums: &mut [[V; N]; M],
    a: [*const f32; M],
    b: *const f32,
) {
    unsafe {
        let mut row = [V::splat(0.0); N];
        for (n, row) in row.iter_mut().enumerate() {
            *row = V::load(b.add(n * V::N));
        }
        for m in 0..M {
            let a = V::splat(*a[m]);
            for n in 0..N {
                sums[m][n] = sums[m][n].mul_add(a, row[n]);
            }
        }
    }
}
