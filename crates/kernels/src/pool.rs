//! 2 × 2 max pooling with stride 2 of channels-last images; `size` is `[n, h, w, c]`. An odd last row or column is
//! ignored.

use crate::math::mask;
use crate::threads::split_rows;
use crate::uninit::Uninit;
use crate::{dispatch, isa};

/// The index of a window whose maximum the relu masks.
const MASKED: u8 = 4;

/// The maxima `[n, h/2, w/2, c]` of `x` `[n, h, w, c]`, clamped at 0 if `relu` is set, and the argmax of every window:
/// 0 to 3 in row-major order, the first of equal ones; 4 where the relu masks the maximum.
///
/// # Panics
/// If `x` does not have `n · h · w · c` elements.
pub fn forward(x: &[f32], relu: bool, [n, h, w, c]: [usize; 4]) -> (Vec<f32>, Vec<u8>) {
    let isa = isa();
    assert_eq!(x.len(), n * h * w * c);
    let (rows, width) = (h / 2, w / 2 * c);
    let (y, indices) = (Uninit::new(n * rows * width), Uninit::new(n * rows * width));
    split_rows(n * rows, 1, x.len(), |at| {
        for row in at {
            let top = &x[(row / rows * h + row % rows * 2) * w * c..][..2 * w * c];
            let here = row * width..(row + 1) * width;
            unsafe { pool_row(isa, top, c, relu, y.part(here.clone()), indices.part(here)) };
        }
    });
    (y.done(), indices.done())
}

dispatch! {
    /// Pools two rows of an image into one.
    fn pool_row(x: &[f32], c: usize, relu: bool, y: &mut [f32], indices: &mut [u8]) = row_impl
}

#[inline(always)]
unsafe fn row_impl<V>(x: &[f32], c: usize, relu: bool, y: &mut [f32], indices: &mut [u8]) {
    let (top, bottom) = x.split_at(x.len() / 2);
    let pairs = top.chunks_exact(2 * c).zip(bottom.chunks_exact(2 * c));
    for ((top, bottom), (y, indices)) in pairs.zip(y.chunks_exact_mut(c).zip(indices.chunks_exact_mut(c))) {
        let ((x0, x1), (x2, x3)) = (top.split_at(c), bottom.split_at(c));
        for (((((y, index), x0), x1), x2), x3) in y.iter_mut().zip(indices).zip(x0).zip(x1).zip(x2).zip(x3) {
            let (top, at_top) = if *x1 > *x0 { (*x1, 1) } else { (*x0, 0) };
            let (bottom, at_bottom) = if *x3 > *x2 { (*x3, 3) } else { (*x2, 2) };
            let (most, at) = if bottom > top { (bottom, at_bottom) } else { (top, at_top) };
            (*y, *index) = if relu && most <= 0.0 { (0.0, MASKED) } else { (most, at) };
        }
    }
}

/// The gradient of `x` `[n, h, w, c]`, from `dy` and the argmax `indices` of [`forward`], both `[n, h/2, w/2, c]`.
///
/// # Panics
/// If the lengths do not fit.
pub fn gradient(dy: &[f32], indices: &[u8], [n, h, w, c]: [usize; 4]) -> Vec<f32> {
    let isa = isa();
    let image = h * w * c;
    let pooled = (h / 2) * (w / 2) * c;
    assert!(dy.len() == n * pooled && indices.len() == n * pooled);
    let dx = Uninit::new(n * image);
    split_rows(n, 1, n * image, |at| {
        for i in at {
            let (dy, indices) = (&dy[i * pooled..][..pooled], &indices[i * pooled..][..pooled]);
            gradient_of(isa, dy, indices, [w, c], unsafe { dx.part(i * image..(i + 1) * image) });
        }
    });
    dx.done()
}

dispatch! {
    /// The gradient of one image.
    fn gradient_of(dy: &[f32], indices: &[u8], size: [usize; 2], dx: &mut [f32]) = gradient_impl
}

#[inline(always)]
unsafe fn gradient_impl<V>(dy: &[f32], indices: &[u8], [w, c]: [usize; 2], dx: &mut [f32]) {
    let width = w / 2 * c;
    let mut wide = vec![0; width];
    let mut pairs = dx.chunks_exact_mut(2 * w * c);
    for (row, dx) in pairs.by_ref().enumerate() {
        let (dy, indices) = (&dy[row * width..][..width], &indices[row * width..][..width]);
        // The indices as 32-bit integers, as wide as the gradients: a pixel may have too few channels for vectors of
        // bytes.
        wide.iter_mut().zip(indices).for_each(|(wide, index)| *wide = u32::from(*index));
        let (top, bottom) = dx.split_at_mut(w * c);
        for (y, dx) in [top, bottom].into_iter().enumerate() {
            let pixels = dy.chunks_exact(c).zip(wide.chunks_exact(c));
            for ((dy, indices), dx) in pixels.zip(dx.chunks_exact_mut(2 * c)) {
                let (left, right) = dx.split_at_mut(c);
                route(dy, indices, 2 * y as u32, left);
                route(dy, indices, 2 * y as u32 + 1, right);
            }
            dx[2 * width..].fill(0.0);
        }
    }
    pairs.into_remainder().fill(0.0);
}

/// `dy` where the argmax is `index`, else 0.
#[inline(always)]
fn route(dy: &[f32], indices: &[u32], index: u32, dx: &mut [f32]) {
    for ((dy, won), dx) in dy.iter().zip(indices).zip(dx) {
        *dx = mask(*won == index, *dy);
    }
}
