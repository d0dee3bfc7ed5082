//! Winograd convolution F(2 × 2, 3 × 3) (Lavin and Gray 2016): 2 × 2 output pixels of a 3 × 3 kernel are computed from
//! a 4 × 4 window of the frame with 16 multiplications per channel pair instead of 36.
//!
//! result = Aᵀ ((G g Gᵀ) ⊙ (Bᵀ d B)) A, with d the window and g the kernel. Where arithmetic is the limit, as in wasm,
//! this takes little more than half the time of the direct tiles. Its rounding error is somewhat larger.
#![allow(clippy::needless_range_loop, reason = "tiles are indexed by row and column")]

use super::dense_gradients::{correlate, outputs_at_once};
use super::tile::{Geometry, PackedWeights, convolve, max_and_argmax, store_bytes};
use super::{Conv, Frame};
use crate::lanes::{Isa, Lanes, dispatch};
use crate::scratch::Scratch;
use std::mem::MaybeUninit;
use std::ops::Range;

/// The least number of windows that are multiplied together, if an image has as many.
const MIN_WINDOWS_AT_ONCE: usize = 32;

/// Whether Winograd is faster than the direct tiles. It is where many channels make the transforms cheap beside the
/// products.
pub fn is_faster(isa: Isa, conv: &Conv) -> bool {
    let (inputs, outputs) = (conv.inputs, conv.outputs);
    let enough = inputs.min(outputs) >= 16 && inputs * outputs >= 32 * isa.lanes();
    conv.kernel == 3 && conv.stride == 1 && enough && inputs.is_multiple_of(4) && outputs.is_multiple_of(4)
}

/// Whether it is faster for the weight gradient as well, which needs whole vectors of inputs and outputs.
pub fn is_faster_for_weights(isa: Isa, conv: &Conv) -> bool {
    let whole = conv.inputs.is_multiple_of(isa.lanes()) && conv.outputs.is_multiple_of(outputs_at_once(isa));
    is_faster(isa, conv) && whole
}

/// The windows of one image: height and width of the result in pixels, rows and columns of windows, and the number of
/// window rows that are processed together.
#[derive(Clone, Copy)]
struct Windows {
    height: usize,
    width: usize,
    columns: usize,
    rows: usize,
    rows_at_once: usize,
}

impl Windows {
    fn of(conv: &Conv) -> Self {
        let (height, width) = (conv.out_height(), conv.out_width());
        let (rows, columns) = (height.div_ceil(2), width.div_ceil(2));
        Self { height, width, columns, rows, rows_at_once: (MIN_WINDOWS_AT_ONCE / columns).clamp(1, rows) }
    }

    fn frame(&self, conv: &Conv) -> Frame {
        Frame { rows: 2 * self.rows + 2, columns: 2 * self.columns + 2, ..conv.frame() }
    }

    /// The ranges of window rows that are processed together.
    fn groups(&self, rows: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let at_once = self.rows_at_once;
        (0..rows).step_by(at_once).map(move |first| first..rows.min(first + at_once))
    }
}

/// The geometry of a 1 × 1 convolution over `windows` pixels that lie one after the other.
fn windows_in_a_row(windows: usize, channels: usize) -> Geometry {
    Geometry {
        rows: 1,
        columns: windows,
        row_stride: 0,
        column_stride: channels,
        kernel_rows: 1,
        kernel_row_len: channels,
        frame_stride: 0,
    }
}

/// The transformed weights of one convolution, and the sizes that it runs over.
pub struct Winograd {
    isa: Isa,
    weights: Vec<PackedWeights>,
    bias: Vec<f32>,
    inputs: usize,
    outputs: usize,
    windows: Windows,
    /// The zero-padded frame that the input is copied into.
    pub frame: Frame,
}

/// The buffers of one thread.
pub struct Buffers {
    /// The input image in its frame.
    pub framed: Scratch,
    frame_rows: Scratch,
    transformed: Scratch,
    products: Scratch,
}

impl Winograd {
    /// `weight(output, input, place)` returns one weight; `place` counts the kernel's nine elements in row-major order.
    pub fn new(isa: Isa, conv: &Conv, bias: Option<&[f32]>, weight: impl Fn(usize, usize, usize) -> f32) -> Self {
        let mut weights: Vec<_> = (0..16).map(|_| PackedWeights::new(isa, conv.outputs, conv.inputs, None)).collect();
        for output in 0..conv.outputs {
            for input in 0..conv.inputs {
                let kernel = std::array::from_fn(|place| weight(output, input, place));
                for (panels, value) in weights.iter_mut().zip(transform_kernel(kernel)) {
                    let (to, step) = panels.column(output);
                    to[input * step] = value;
                }
            }
        }
        let windows = Windows::of(conv);
        let bias = bias.map_or(vec![0.0; conv.outputs], <[f32]>::to_vec);
        let (inputs, outputs) = (conv.inputs, conv.outputs);
        Self { isa, weights, bias, inputs, outputs, windows, frame: windows.frame(conv) }
    }

    /// Buffers that fit this convolution.
    pub fn buffers(&self) -> Buffers {
        let windows = 16 * self.windows.rows_at_once * self.windows.columns;
        Buffers {
            framed: Scratch::new(self.frame.len()),
            frame_rows: Scratch::new(4 * self.frame.row_stride()),
            transformed: Scratch::new(windows * self.inputs),
            products: Scratch::new(windows * self.outputs),
        }
    }

    /// Multiplies the windows of some window rows; the products are `[16, windows, outputs]`.
    fn multiply(&self, rows: Range<usize>, buffers: &mut Buffers) {
        let windows = rows.len() * self.windows.columns;
        transform_input_rows(
            self.isa,
            &self.frame,
            rows,
            &buffers.framed,
            &mut buffers.frame_rows,
            &mut buffers.transformed,
        );
        let geometry = windows_in_a_row(windows, self.inputs);
        for (at, weights) in self.weights.iter().enumerate() {
            let transformed = &buffers.transformed[at * windows * self.inputs..][..windows * self.inputs];
            let to = &mut buffers.products.unwritten()[at * windows * self.outputs..][..windows * self.outputs];
            convolve(self.isa, transformed, weights, false, to, &geometry);
        }
    }

    /// Writes the output pixels `[height, width, outputs]` of the image that is in the frame.
    pub fn convolve(&self, buffers: &mut Buffers, relu: bool, to: &mut [MaybeUninit<f32>]) {
        for rows in self.windows.groups(self.windows.rows) {
            self.multiply(rows.clone(), buffers);
            transform_output(self.isa, self, &buffers.products, rows, relu, to);
        }
    }

    /// Writes the maximum of every complete 2 × 2 window and its argmax (see [`max_and_argmax`]), both `[height / 2,
    /// width / 2, outputs]`.
    pub fn convolve_pooled(
        &self,
        buffers: &mut Buffers,
        relu: bool,
        to: &mut [MaybeUninit<f32>],
        indices: &mut [MaybeUninit<u8>],
    ) {
        for rows in self.windows.groups(self.windows.height / 2) {
            self.multiply(rows.clone(), buffers);
            transform_output_pooled(self.isa, self, &buffers.products, rows, relu, to, indices);
        }
    }
}

/// Bᵀ d B for the windows of some window rows: from the image in `framed` to `transformed` `[16, windows, channels]`.
fn transform_input_rows(
    isa: Isa,
    frame: &Frame,
    rows: Range<usize>,
    framed: &[f32],
    buffers: &mut [f32],
    transformed: &mut [f32],
) {
    let len = (frame.columns / 2 - 1) * frame.channels;
    let plane_stride = rows.len() * len;
    for (at, row) in rows.enumerate() {
        let from = &framed[2 * row * frame.row_stride()..][..4 * frame.row_stride()];
        transform_input(isa, from, frame.channels, buffers, &mut transformed[at * len..], plane_stride);
    }
}

/// The weight gradient by the chain rule: Gᵀ (Σ over windows of (A dy Aᵀ) ⊙ (Bᵀ d B)) G.
pub struct WeightGradient {
    isa: Isa,
    inputs: usize,
    outputs: usize,
    windows: Windows,
    /// The frame of the input image.
    pub frame: Frame,
    /// The frame of the output gradient.
    pub gradient: Frame,
}

/// The buffers of one thread.
pub struct WeightBuffers {
    /// The input image in its frame.
    pub framed: Scratch,
    frame_rows: Scratch,
    transformed: Scratch,
    transformed_dy: Scratch,
    sums: Scratch,
}

impl WeightGradient {
    /// Plans the weight gradient of `conv`.
    pub fn new(isa: Isa, conv: &Conv) -> Self {
        let windows = Windows::of(conv);
        let (height, width) = (windows.height, windows.width);
        let (rows, columns) = (2 * windows.rows, 2 * windows.columns);
        let gradient = Frame { height, width, channels: conv.outputs, offset: 0, rows, columns };
        let (inputs, outputs) = (conv.inputs, conv.outputs);
        Self { isa, inputs, outputs, windows, frame: windows.frame(conv), gradient }
    }

    /// Buffers that fit this convolution, with zero sums.
    pub fn buffers(&self) -> WeightBuffers {
        let windows = 16 * self.windows.rows_at_once * self.windows.columns;
        WeightBuffers {
            framed: Scratch::new(self.frame.len()),
            frame_rows: Scratch::new(4 * self.frame.row_stride()),
            transformed: Scratch::new(windows * self.inputs),
            transformed_dy: Scratch::new(windows * self.outputs),
            sums: Scratch::new(16 * self.outputs * self.inputs),
        }
    }

    /// Adds the contribution of the image in `buffers.framed` and of its output gradient `dy`, which lies in its own
    /// frame.
    pub fn add(&self, buffers: &mut WeightBuffers, dy: &[f32]) {
        let row_len = self.gradient.row_stride();
        for rows in self.windows.groups(self.windows.rows) {
            let windows = rows.len() * self.windows.columns;
            transform_input_rows(
                self.isa,
                &self.frame,
                rows.clone(),
                &buffers.framed,
                &mut buffers.frame_rows,
                &mut buffers.transformed,
            );
            let len = windows * self.outputs;
            for (at, pair) in dy[2 * rows.start * row_len..2 * rows.end * row_len].chunks_exact(2 * row_len).enumerate()
            {
                transform_gradient(self.isa, pair, self.outputs, &mut buffers.transformed_dy[at * row_len / 2..], len);
            }
            let geometry = windows_in_a_row(windows, self.inputs);
            for (at, sums) in buffers.sums.chunks_exact_mut(self.outputs * self.inputs).enumerate() {
                let transformed = &buffers.transformed[at * windows * self.inputs..][..windows * self.inputs];
                let transformed_dy = &buffers.transformed_dy[at * len..][..len];
                correlate(self.isa, transformed, transformed_dy, self.outputs, sums, &geometry);
            }
        }
    }

    /// Writes the weight gradient of all images that were added, as `[output][row][column, input]`.
    pub fn finish(&self, buffers: &WeightBuffers, to: &mut [f32]) {
        transform_weight_gradient(self.isa, &buffers.sums, self.inputs, to);
    }
}

dispatch! {
    /// A dy Aᵀ for one row of windows: from two frame rows of the gradient to `to[16][window][channel]`, with
    /// `plane_stride` elements between the sixteen planes.
    fn transform_gradient(from: &[f32], channels: usize, to: &mut [f32], plane_stride: usize) = transform_gradient_impl
}

#[inline(always)]
unsafe fn transform_gradient_impl<V: Lanes>(from: &[f32], channels: usize, to: &mut [f32], plane_stride: usize) {
    unsafe {
        match channels.is_multiple_of(V::N) {
            true => transform_gradient_in::<V>(from, channels, to, plane_stride),
            false => transform_gradient_in::<V::Four>(from, channels, to, plane_stride),
        }
    }
}

#[inline(always)]
unsafe fn transform_gradient_in<V: Lanes>(from: &[f32], channels: usize, to: &mut [f32], plane_stride: usize) {
    let row_len = from.len() / 2;
    assert!(
        row_len.is_multiple_of(2 * channels)
            && channels.is_multiple_of(V::N)
            && 15 * plane_stride + row_len / 2 <= to.len()
    );
    for window in 0..row_len / channels / 2 {
        for channel in (0..channels).step_by(V::N) {
            unsafe {
                let from = from.as_ptr().add(2 * window * channels + channel);
                let to = to.as_mut_ptr().add(window * channels + channel);
                let left = a_times([V::load(from), V::load(from.add(row_len))]);
                let right = a_times([V::load(from.add(channels)), V::load(from.add(row_len + channels))]);
                for row in 0..4 {
                    for (column, value) in a_times([left[row], right[row]]).into_iter().enumerate() {
                        value.store(to.add((4 * row + column) * plane_stride));
                    }
                }
            }
        }
    }
}

/// A · (a, b).
#[inline(always)]
unsafe fn a_times<V: Lanes>([a, b]: [V; 2]) -> [V; 4] {
    unsafe { [a, a.add(b), a.sub(b), V::splat(0.0).sub(b)] }
}

dispatch! {
    /// Gᵀ u G: from `[16][output][input]` to `[output][9][input]`.
    fn transform_weight_gradient(from: &[f32], inputs: usize, to: &mut [f32]) = transform_weight_gradient_impl
}

#[inline(always)]
unsafe fn transform_weight_gradient_impl<V: Lanes>(from: &[f32], inputs: usize, to: &mut [f32]) {
    let plane_stride = from.len() / 16;
    assert!(to.len() == 9 * plane_stride && inputs.is_multiple_of(V::N) && plane_stride.is_multiple_of(inputs));
    for at in (0..plane_stride).step_by(V::N) {
        unsafe {
            let mut rows = [[V::splat(0.0); 4]; 3];
            for column in 0..4 {
                let three = g_transposed(load::<V>(from.as_ptr().add(at + column * plane_stride), 4 * plane_stride));
                (rows[0][column], rows[1][column], rows[2][column]) = (three[0], three[1], three[2]);
            }
            let to = to.as_mut_ptr().add(at / inputs * 9 * inputs + at % inputs);
            for (row, four) in rows.into_iter().enumerate() {
                for (column, sum) in g_transposed(four).into_iter().enumerate() {
                    sum.store(to.add((3 * row + column) * inputs));
                }
            }
        }
    }
}

/// Gᵀ · u.
#[inline(always)]
unsafe fn g_transposed<V: Lanes>(u: [V; 4]) -> [V; 3] {
    unsafe {
        let half = V::splat(0.5);
        let (sum, difference) = (u[1].add(u[2]).mul(half), u[1].sub(u[2]).mul(half));
        [u[0].add(sum), difference, sum.add(u[3])]
    }
}

/// G g Gᵀ.
fn transform_kernel(kernel: [f32; 9]) -> [f32; 16] {
    let of = |a: f32, b: f32, c: f32| [a, 0.5 * (a + b + c), 0.5 * (a - b + c), c];
    let rows: [[f32; 4]; 3] = std::array::from_fn(|row| of(kernel[3 * row], kernel[3 * row + 1], kernel[3 * row + 2]));
    let columns: [[f32; 4]; 4] = std::array::from_fn(|column| of(rows[0][column], rows[1][column], rows[2][column]));
    std::array::from_fn(|at| columns[at % 4][at / 4])
}

/// Bᵀ · d.
#[inline(always)]
unsafe fn b_transposed<V: Lanes>(d: [V; 4]) -> [V; 4] {
    unsafe { [d[0].sub(d[2]), d[1].add(d[2]), d[2].sub(d[1]), d[1].sub(d[3])] }
}

/// Aᵀ · m.
#[inline(always)]
unsafe fn a_transposed<V: Lanes>(m: [V; 4]) -> [V; 2] {
    unsafe { [m[0].add(m[1]).add(m[2]), m[1].sub(m[2]).sub(m[3])] }
}

#[inline(always)]
unsafe fn load<V: Lanes>(from: *const f32, step: usize) -> [V; 4] {
    unsafe { [V::load(from), V::load(from.add(step)), V::load(from.add(2 * step)), V::load(from.add(3 * step))] }
}

dispatch! {
    /// Bᵀ d B for one row of windows: from four frame rows to `to[16][window][channel]`, with `plane_stride` elements
    /// between the sixteen planes.
    fn transform_input(from: &[f32], channels: usize, scratch: &mut [f32], to: &mut [f32], plane_stride: usize)
        = transform_input_impl
}

#[inline(always)]
unsafe fn transform_input_impl<V: Lanes>(
    from: &[f32],
    channels: usize,
    scratch: &mut [f32],
    to: &mut [f32],
    plane_stride: usize,
) {
    unsafe {
        match channels.is_multiple_of(V::N) {
            true => transform_input_in::<V>(from, channels, scratch, to, plane_stride),
            false => transform_input_in::<V::Four>(from, channels, scratch, to, plane_stride),
        }
    }
}

#[inline(always)]
unsafe fn transform_input_in<V: Lanes>(
    from: &[f32],
    channels: usize,
    scratch: &mut [f32],
    to: &mut [f32],
    plane_stride: usize,
) {
    let row_len = from.len() / 4;
    let windows = row_len / channels / 2 - 1;
    assert!(scratch.len() == 4 * row_len && channels.is_multiple_of(V::N) && row_len.is_multiple_of(2 * channels));
    assert!(15 * plane_stride + windows * channels <= to.len());
    for at in (0..row_len).step_by(V::N) {
        unsafe {
            let sums = b_transposed(load::<V>(from.as_ptr().add(at), row_len));
            for (row, sum) in sums.into_iter().enumerate() {
                sum.store(scratch.as_mut_ptr().add(row * row_len + at));
            }
        }
    }
    for row in 0..4 {
        for window in 0..windows {
            for channel in (0..channels).step_by(V::N) {
                unsafe {
                    let from = scratch.as_ptr().add(row * row_len + 2 * window * channels + channel);
                    let to = to.as_mut_ptr().add(4 * row * plane_stride + window * channels + channel);
                    for (column, sum) in b_transposed(load::<V>(from, channels)).into_iter().enumerate() {
                        sum.store(to.add(column * plane_stride));
                    }
                }
            }
        }
    }
}

/// Aᵀ m A + bias of one window: its four pixels in row-major order.
#[inline(always)]
unsafe fn pixels<V: Lanes>(products: *const f32, plane_stride: usize, bias: *const f32) -> [V; 4] {
    unsafe {
        let mut rows = [[V::splat(0.0); 4]; 2];
        for column in 0..4 {
            let [above, below] = a_transposed(load::<V>(products.add(column * plane_stride), 4 * plane_stride));
            (rows[0][column], rows[1][column]) = (above, below);
        }
        let ([a, b], [c, d]) = (a_transposed(rows[0]), a_transposed(rows[1]));
        let bias = V::load(bias);
        [a.add(bias), b.add(bias), c.add(bias), d.add(bias)]
    }
}

dispatch! {
    /// Writes the output pixels of some window rows from their products; pixels beyond the image are skipped.
    fn transform_output(of: &Winograd, products: &[f32], rows: Range<usize>, relu: bool, to: &mut [MaybeUninit<f32>])
        = transform_output_impl
}

#[inline(always)]
unsafe fn transform_output_impl<V: Lanes>(
    of: &Winograd,
    products: &[f32],
    rows: Range<usize>,
    relu: bool,
    to: &mut [MaybeUninit<f32>],
) {
    unsafe {
        match of.outputs.is_multiple_of(V::N) {
            true => transform_output_in::<V>(of, products, rows, relu, to),
            false => transform_output_in::<V::Four>(of, products, rows, relu, to),
        }
    }
}

#[inline(always)]
unsafe fn transform_output_in<V: Lanes>(
    of: &Winograd,
    products: &[f32],
    rows: Range<usize>,
    relu: bool,
    to: &mut [MaybeUninit<f32>],
) {
    let plane_stride = rows.len() * of.windows.columns * of.outputs;
    assert!(rows.end <= of.windows.rows && products.len() >= 16 * plane_stride && of.outputs.is_multiple_of(V::N));
    assert!(to.len() == of.windows.height * of.windows.width * of.outputs);
    let (mut from, to) = (products.as_ptr(), to.as_mut_ptr().cast::<f32>());
    for row in rows {
        for window in 0..of.windows.columns {
            for output in (0..of.outputs).step_by(V::N) {
                unsafe {
                    let four = pixels::<V>(from.add(output), plane_stride, of.bias.as_ptr().add(output));
                    for (q, mut pixel) in four.into_iter().enumerate() {
                        let (y, x) = (2 * row + q / 2, 2 * window + q % 2);
                        if y < of.windows.height && x < of.windows.width {
                            if relu {
                                pixel = V::splat(0.0).max(pixel);
                            }
                            pixel.store(to.add((y * of.windows.width + x) * of.outputs + output));
                        }
                    }
                }
            }
            from = from.wrapping_add(of.outputs);
        }
    }
}

dispatch! {
    /// Writes the maximum and the argmax of every complete window of some window rows, from their products.
    fn transform_output_pooled(
        of: &Winograd, products: &[f32], rows: Range<usize>, relu: bool, to: &mut [MaybeUninit<f32>],
        indices: &mut [MaybeUninit<u8>],
    ) = transform_output_pooled_impl
}

#[inline(always)]
unsafe fn transform_output_pooled_impl<V: Lanes>(
    of: &Winograd,
    products: &[f32],
    rows: Range<usize>,
    relu: bool,
    to: &mut [MaybeUninit<f32>],
    indices: &mut [MaybeUninit<u8>],
) {
    unsafe {
        match of.outputs.is_multiple_of(V::N) {
            true => transform_output_pooled_in::<V>(of, products, rows, relu, to, indices),
            false => transform_output_pooled_in::<V::Four>(of, products, rows, relu, to, indices),
        }
    }
}

#[inline(always)]
unsafe fn transform_output_pooled_in<V: Lanes>(
    of: &Winograd,
    products: &[f32],
    rows: Range<usize>,
    relu: bool,
    to: &mut [MaybeUninit<f32>],
    indices: &mut [MaybeUninit<u8>],
) {
    let plane_stride = rows.len() * of.windows.columns * of.outputs;
    let whole = of.windows.width / 2;
    assert!(
        rows.end <= of.windows.height / 2 && products.len() >= 16 * plane_stride && of.outputs.is_multiple_of(V::N)
    );
    assert!(to.len() == of.windows.height / 2 * whole * of.outputs && indices.len() == to.len());
    let (to, indices) = (to.as_mut_ptr().cast::<f32>(), indices.as_mut_ptr().cast::<u8>());
    for (at, row) in rows.enumerate() {
        for window in 0..whole {
            for output in (0..of.outputs).step_by(V::N) {
                unsafe {
                    let from = products.as_ptr().add((at * of.windows.columns + window) * of.outputs + output);
                    let (best, index) =
                        max_and_argmax(pixels::<V>(from, plane_stride, of.bias.as_ptr().add(output)), relu);
                    let place = (row * whole + window) * of.outputs + output;
                    best.store(to.add(place));
                    store_bytes([index], V::N, indices.add(place));
                }
            }
        }
    }
}
