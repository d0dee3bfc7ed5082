//! Max-pooling 2×2 with stride 2 of channels-last images. An odd last row or column is left out.

use crate::math::where_open;
use crate::output::{Output, split_rows};
use crate::{dispatch, isa};

/// The winner where the relu after the pooling was closed.
const CLOSED: u8 = 4;

/// `x [n, h, w, c]` → `[n, h/2, w/2, c]`, and which of the four won: 0 to 3, row by row, the first if several are
/// largest; 4 where the relu made it zero.
pub fn forward(x: &[f32], relu: bool, [n, h, w, c]: [usize; 4]) -> (Vec<f32>, Vec<u8>) {
    let isa = isa();
    assert_eq!(x.len(), n * h * w * c);
    let (rows, width) = (h / 2, w / 2 * c);
    let (y, winners) = (Output::new(n * rows * width), Output::new(n * rows * width));
    split_rows(n * rows, 1, x.len(), |at| {
        for row in at {
            let top = &x[(row / rows * h + row % rows * 2) * w * c..][..2 * w * c];
            let here = row * width..(row + 1) * width;
            unsafe { pool_row(isa, top, c, relu, y.part(here.clone()), winners.part(here)) };
        }
    });
    (y.done(), winners.done())
}

dispatch! {
    /// Two rows of an image into one.
    fn pool_row(x: &[f32], c: usize, relu: bool, y: &mut [f32], winners: &mut [u8]) = row_body
}

#[inline(always)]
unsafe fn row_body<V>(x: &[f32], c: usize, relu: bool, y: &mut [f32], winners: &mut [u8]) {
    let (top, bottom) = x.split_at(x.len() / 2);
    let pairs = top.chunks_exact(2 * c).zip(bottom.chunks_exact(2 * c));
    for ((top, bottom), (y, winners)) in pairs.zip(y.chunks_exact_mut(c).zip(winners.chunks_exact_mut(c))) {
        let ((x0, x1), (x2, x3)) = (top.split_at(c), bottom.split_at(c));
        for (((((y, winner), x0), x1), x2), x3) in y.iter_mut().zip(winners).zip(x0).zip(x1).zip(x2).zip(x3) {
            let (top, at_top) = if *x1 > *x0 { (*x1, 1) } else { (*x0, 0) };
            let (bottom, at_bottom) = if *x3 > *x2 { (*x3, 3) } else { (*x2, 2) };
            let (most, at) = if bottom > top { (bottom, at_bottom) } else { (top, at_top) };
            (*y, *winner) = if relu && most <= 0.0 { (0.0, CLOSED) } else { (most, at) };
        }
    }
}

/// `dy [n, h/2, w/2, c]` → `[n, h, w, c]`.
pub fn gradient(dy: &[f32], winners: &[u8], [n, h, w, c]: [usize; 4]) -> Vec<f32> {
    let isa = isa();
    let image = h * w * c;
    let pooled = (h / 2) * (w / 2) * c;
    assert!(dy.len() == n * pooled && winners.len() == n * pooled);
    let dx = Output::new(n * image);
    split_rows(n, 1, n * image, |at| {
        for i in at {
            let (dy, winners) = (&dy[i * pooled..][..pooled], &winners[i * pooled..][..pooled]);
            gradient_of(isa, dy, winners, [w, c], unsafe { dx.part(i * image..(i + 1) * image) });
        }
    });
    dx.done()
}

dispatch! {
    /// Of one image.
    fn gradient_of(dy: &[f32], winners: &[u8], size: [usize; 2], dx: &mut [f32]) = gradient_body
}

#[inline(always)]
unsafe fn gradient_body<V>(dy: &[f32], winners: &[u8], [w, c]: [usize; 2], dx: &mut [f32]) {
    let width = w / 2 * c;
    let mut wide = vec![0; width];
    let mut pairs = dx.chunks_exact_mut(2 * w * c);
    for (row, dx) in pairs.by_ref().enumerate() {
        let (dy, winners) = (&dy[row * width..][..width], &winners[row * width..][..width]);
        // As wide as the numbers: a pixel may have too few channels for vectors of bytes.
        wide.iter_mut().zip(winners).for_each(|(wide, winner)| *wide = u32::from(*winner));
        let (top, bottom) = dx.split_at_mut(w * c);
        for (y, dx) in [top, bottom].into_iter().enumerate() {
            let pixels = dy.chunks_exact(c).zip(wide.chunks_exact(c));
            for ((dy, winners), dx) in pixels.zip(dx.chunks_exact_mut(2 * c)) {
                let (left, right) = dx.split_at_mut(c);
                route(dy, winners, 2 * y as u32, left);
                route(dy, winners, 2 * y as u32 + 1, right);
            }
            dx[2 * width..].fill(0.0);
        }
    }
    pairs.into_remainder().fill(0.0);
}

/// `dy` where `winner` is the one that won, else 0.
#[inline(always)]
fn route(dy: &[f32], winners: &[u32], winner: u32, dx: &mut [f32]) {
    for ((dy, won), dx) in dy.iter().zip(winners).zip(dx) {
        *dx = where_open(*won == winner, *dy);
    }
}
