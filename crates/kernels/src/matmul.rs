//! Products of small matrices, in register tiles.
//!
//! They are written by hand because the bias, the relu and the accumulation are part of the last pass over a tile, and
//! because a right-hand side that is row-major already is read in place instead of being packed. The bench `matmul`
//! compares them with the crates `gemm` and `matrixmultiply`.

use crate::dispatch;
use crate::lanes::{Isa, Lanes};

/// A matrix view of a slice. Element `(i, j)` is `data[i · stride[0] + j · stride[1]]`.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    data: &'a [f32],
    size: [usize; 2],
    stride: [usize; 2],
}

impl<'a> Matrix<'a> {
    /// A row-major matrix `[rows, columns]` with `stride` elements from one row to the next.
    ///
    /// # Panics
    /// If the matrix is empty or reaches beyond the slice.
    pub fn new(data: &'a [f32], size: [usize; 2], stride: usize) -> Self {
        assert!(size[0] > 0 && size[1] > 0 && (size[0] - 1) * stride + size[1] <= data.len());
        Self { data, size, stride: [stride, 1] }
    }

    /// The transposed view of the same elements.
    pub fn transposed(self) -> Self {
        Self { data: self.data, size: [self.size[1], self.size[0]], stride: [self.stride[1], self.stride[0]] }
    }
}

/// The right-hand side of a product, in panels that are a few vectors of columns wide.
///
/// Complete panels of a row-major matrix are read in place. The last, incomplete panel is copied and padded with zeros,
/// and so are all panels of a transposed matrix.
pub struct PackedRhs<'a> {
    matrix: Matrix<'a>,
    /// The first column that is packed, not read in place.
    first_packed: usize,
    packed: Vec<f32>,
}

impl<'a> PackedRhs<'a> {
    /// Packs `matrix` for the vectors of `isa`.
    pub fn new(isa: Isa, matrix: Matrix<'a>) -> Self {
        Self::in_buffer(isa, matrix, Vec::new())
    }

    /// As [`Self::new`], reusing the buffer of an earlier one's [`Self::into_buffer`].
    pub fn in_buffer(isa: Isa, matrix: Matrix<'a>, buffer: Vec<f32>) -> Self {
        let [inner, columns] = matrix.size;
        let mut panels = Self { matrix, first_packed: columns, packed: buffer };
        panels.packed.clear();
        let mut at = 0;
        while at < columns {
            let width = panel_width(isa.lanes(), columns - at);
            if matrix.stride[1] != 1 || at + width > columns {
                panels.first_packed = panels.first_packed.min(at);
                let start = panels.packed.len();
                panels.packed.resize(start + inner * width, 0.0);
                pack(matrix, at, width, &mut panels.packed[start..]);
            }
            at += width;
        }
        panels
    }

    /// The buffer, for the next [`Self::in_buffer`].
    pub fn into_buffer(self) -> Vec<f32> {
        self.packed
    }

    /// The panel that begins with column `at`, and the stride of its rows.
    fn panel(&self, at: usize, width: usize) -> (&[f32], usize) {
        let [inner, columns] = self.matrix.size;
        if at < self.first_packed {
            assert!(at + width <= columns);
            (&self.matrix.data[at..], self.matrix.stride[0])
        } else {
            // Only the last panel is wider than its columns.
            (&self.packed[(at - self.first_packed) * inner..][..width * inner], width)
        }
    }
}

/// Copies `width` columns from `at` on, row by row; elements beyond the matrix keep their value. One of the two strides
/// of `matrix` is 1.
fn pack(matrix: Matrix, at: usize, width: usize, to: &mut [f32]) {
    let Matrix { data, size, stride } = matrix;
    let columns = at..size[1].min(at + width);
    if stride[1] == 1 {
        for (row, to) in to.chunks_exact_mut(width).enumerate() {
            to[..columns.len()].copy_from_slice(&data[row * stride[0]..][columns.clone()]);
        }
    } else {
        for (j, column) in columns.enumerate() {
            let from = &data[column * stride[1]..][..size[0]];
            to[j..].iter_mut().step_by(width).zip(from).for_each(|(to, from)| *to = *from);
        }
    }
}

/// The widest panel, in vectors. Together with the rows of a tile (see `panels`) it uses as many accumulators as fit
/// the registers beside the operands: with two more rows wasm runs at half the speed.
const fn widest(lanes: usize) -> usize {
    if lanes == 16 { 4 } else { 2 }
}

/// The width of the next panel if `left` columns are left.
///
/// Only the last panel is wider than its columns, and a panel of 4 is wide enough for up to four of them.
fn panel_width(lanes: usize, left: usize) -> usize {
    let (whole, rest) = (left / lanes, left % lanes);
    let vectors = if rest > 0 && (rest > 4 || lanes == 4) { whole + 1 } else { whole };
    match vectors.min(widest(lanes)) {
        0 => 4,
        3 => 2 * lanes,
        vectors => vectors * lanes,
    }
}

/// What is done with the sums before they are written to `y`.
#[derive(Clone, Copy, Default)]
pub struct Epilogue<'a> {
    /// Added to every row, `[columns]`.
    pub bias: Option<&'a [f32]>,
    /// Add the sums to `y` instead of overwriting it.
    pub add: bool,
    /// Clamp the result at 0.
    pub relu: bool,
}

dispatch! {
    /// `y` = `a · b`, finished by `epilogue`; the rows of `y` are `stride` elements apart. `a` may be transposed.
    ///
    /// # Panics
    /// If the sizes do not fit each other.
    pub fn matmul(a: Matrix, b: &PackedRhs, y: &mut [f32], stride: usize, epilogue: Epilogue) = matmul_impl
}

#[inline(always)]
unsafe fn matmul_impl<V: Lanes>(a: Matrix, b: &PackedRhs, y: &mut [f32], stride: usize, epilogue: Epilogue) {
    if a.stride[1] == 1 {
        unsafe { panels::<V, false>(a, b, y, stride, epilogue) }
    } else {
        unsafe { panels::<V, true>(a, b, y, stride, epilogue) }
    }
}

#[inline(always)]
unsafe fn panels<V: Lanes, const TRANSPOSED: bool>(
    a: Matrix,
    b: &PackedRhs,
    y: &mut [f32],
    stride: usize,
    epilogue: Epilogue,
) {
    let [rows, inner] = a.size;
    let columns = b.matrix.size[1];
    assert!(inner == b.matrix.size[0] && a.stride[usize::from(!TRANSPOSED)] == 1);
    assert!((rows - 1) * stride + columns <= y.len() && epilogue.bias.is_none_or(|bias| bias.len() == columns));
    let mut at = 0;
    while at < columns {
        let width = panel_width(V::N, columns - at);
        let (panel, panel_stride) = b.panel(at, width);
        let mut bias = [0.0; 64];
        if let Some(all) = epilogue.bias {
            let here = &all[at..columns.min(at + width)];
            bias[..here.len()].copy_from_slice(here);
        }
        let strip = Strip {
            a: a.data.as_ptr(),
            a_stride: a.stride[usize::from(TRANSPOSED)],
            b: panel.as_ptr(),
            b_stride: panel_stride,
            y: y[at..].as_mut_ptr(),
            y_stride: stride,
            rows,
            inner,
            columns: width.min(columns - at),
            bias: &bias,
            epilogue: &epilogue,
            direct_store: !epilogue.add && !epilogue.relu && at + width <= columns,
        };
        // SAFETY: both matrices lie within their slices, and so does `y`, so everything that a strip reads and writes
        // does.
        unsafe {
            match (V::N, width / V::N) {
                (16, 4) => strip.run::<V, 6, 4, TRANSPOSED>(),
                (16, 2) => strip.run::<V, 8, 2, TRANSPOSED>(),
                (8, 2) => strip.run::<V, 6, 2, TRANSPOSED>(),
                (4, 2) => strip.run::<V, 4, 2, TRANSPOSED>(),
                (4, _) => strip.run::<V, 4, 1, TRANSPOSED>(),
                (_, 1) => strip.run::<V, 8, 1, TRANSPOSED>(),
                _ => strip.run::<V::Four, 8, 1, TRANSPOSED>(),
            }
        }
        at += width;
    }
}

/// The columns of one panel, for all rows.
struct Strip<'a> {
    a: *const f32,
    /// Elements between rows, or between columns if the matrix is transposed.
    a_stride: usize,
    b: *const f32,
    b_stride: usize,
    y: *mut f32,
    y_stride: usize,
    rows: usize,
    inner: usize,
    columns: usize,
    /// The initial accumulators, zeros if there is no bias.
    bias: &'a [f32; 64],
    epilogue: &'a Epilogue<'a>,
    /// The sums are stored as they are, in whole vectors. This is decided once per tile, because it matters when
    /// `inner` is small.
    direct_store: bool,
}

impl Strip<'_> {
    /// Computes tiles of `M` rows × `N` vectors, and smaller tiles for the remaining rows.
    #[inline(always)]
    unsafe fn run<V: Lanes, const M: usize, const N: usize, const TRANSPOSED: bool>(&self) {
        let mut row = 0;
        unsafe {
            while row + M <= self.rows {
                self.tile::<V, M, N, TRANSPOSED>(row);
                row += M;
            }
            while M > 4 && row + 4 <= self.rows {
                self.tile::<V, 4, N, TRANSPOSED>(row);
                row += 4;
            }
            while row < self.rows {
                self.tile::<V, 1, N, TRANSPOSED>(row);
                row += 1;
            }
        }
    }

    #[inline(always)]
    unsafe fn tile<V: Lanes, const M: usize, const N: usize, const TRANSPOSED: bool>(&self, row: usize) {
        unsafe {
            let mut start = [V::splat(0.0); N];
            for (n, start) in start.iter_mut().enumerate() {
                *start = V::load(self.bias.as_ptr().add(n * V::N));
            }
            let mut sums = [start; M];
            let mut first = [self.a; M];
            for (m, first) in first.iter_mut().enumerate() {
                *first = self.a.add((row + m) * if TRANSPOSED { 1 } else { self.a_stride });
            }
            for k in 0..self.inner {
                let mut a = first;
                for m in 0..M {
                    // The rows of a transposed matrix are adjacent, so one address serves all of them.
                    a[m] = if TRANSPOSED { first[0].add(k * self.a_stride + m) } else { first[m].add(k) };
                }
                add_products(&mut sums, a, self.b.add(k * self.b_stride));
            }
            if self.direct_store {
                for (m, sums) in sums.into_iter().enumerate() {
                    let y = self.y.add((row + m) * self.y_stride);
                    for (n, sum) in sums.into_iter().enumerate() {
                        sum.store(y.add(n * V::N));
                    }
                }
            } else {
                for (m, sums) in sums.into_iter().enumerate() {
                    self.store_row(sums, self.y.add((row + m) * self.y_stride));
                }
            }
        }
    }

    /// Writes one row of a tile.
    #[inline(always)]
    unsafe fn store_row<V: Lanes, const N: usize>(&self, mut sums: [V; N], y: *mut f32) {
        let mut edge = [0.0; 64];
        let whole = self.columns == N * V::N;
        unsafe {
            if self.epilogue.add && !whole {
                std::ptr::copy_nonoverlapping(y, edge.as_mut_ptr(), self.columns);
            }
            let to = if whole { y } else { edge.as_mut_ptr() };
            for (n, sum) in sums.iter_mut().enumerate() {
                let to = to.add(n * V::N);
                if self.epilogue.add {
                    *sum = sum.add(V::load(to));
                }
                if self.epilogue.relu {
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
