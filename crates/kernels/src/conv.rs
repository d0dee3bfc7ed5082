//! 2-D convolution of channels-last images, forward and both gradients.
//!
//! No im2col matrix is written, except for kernels with few inputs in the weight gradient. An image is copied into a
//! zero-padded frame that stays in the cache; the elements under one kernel row are contiguous there, because pixels
//! are channels-last. 3 × 3 kernels with many channels use Winograd's algorithm instead.

mod dense_gradients;
mod frame;
mod pooled_gradients;
#[cfg(test)]
mod tests;
mod tile;
mod winograd;

pub(crate) use {
    frame::Frame,
    pooled_gradients::*,
    tile::*,
    winograd::{Winograd, is_faster},
};

use crate::lanes::{Isa, isa};
use crate::scratch::{SLACK, Scratch};
use crate::threads::{Shared, add_up, split};
use crate::uninit::filled;
use frame::relu_mask;
use winograd::{WeightGradient, is_faster_for_weights};

/// Sizes of a convolution of channels-last images `[n, h, w, in]` with weights `[out, in, k, k]` and zero padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv {
    /// Images in the batch, n.
    pub images: usize,
    /// Rows of an input image, h, in pixels.
    pub height: usize,
    /// Columns of an input image, w, in pixels.
    pub width: usize,
    /// Input channels.
    pub inputs: usize,
    /// Output channels.
    pub outputs: usize,
    /// Side of the square kernel, k, in pixels.
    pub kernel: usize,
    /// Distance between neighbouring kernel positions, in pixels.
    pub stride: usize,
    /// Zeros added on every side, in pixels.
    pub pad: usize,
}

impl Conv {
    /// Rows of an output image, oh: ⌊(h + 2 · pad − k) / stride⌋ + 1.
    pub fn out_height(&self) -> usize {
        (self.height + 2 * self.pad - self.kernel) / self.stride + 1
    }

    /// Columns of an output image, ow: ⌊(w + 2 · pad − k) / stride⌋ + 1.
    pub fn out_width(&self) -> usize {
        (self.width + 2 * self.pad - self.kernel) / self.stride + 1
    }

    /// Elements of one input image.
    pub(crate) fn image_len(&self) -> usize {
        self.height * self.width * self.inputs
    }

    fn result_len(&self) -> usize {
        self.out_height() * self.out_width() * self.outputs
    }

    /// Elements of the weights.
    pub(crate) fn weight_len(&self) -> usize {
        self.outputs * self.inputs * self.kernel * self.kernel
    }

    /// Multiplications of the whole batch.
    pub(crate) fn work(&self) -> usize {
        self.images * self.out_height() * self.out_width() * self.weight_len()
    }

    /// The frame of one zero-padded input image.
    pub(crate) fn frame(&self) -> Frame {
        Frame::padded(self.height, self.width, self.inputs, self.pad)
    }

    fn geometry(&self) -> Geometry {
        let frame_stride = self.frame().row_stride();
        Geometry {
            rows: self.out_height(),
            columns: self.out_width(),
            row_stride: self.stride * frame_stride,
            column_stride: self.stride * self.inputs,
            kernel_rows: self.kernel,
            kernel_row_len: self.kernel * self.inputs,
            frame_stride,
        }
    }

    /// Calls `visit` with output, input, row and column of every weight, in the order of `[out, in, k, k]`.
    pub(crate) fn each_weight(&self, mut visit: impl FnMut(usize, usize, usize, usize)) {
        for output in 0..self.outputs {
            for input in 0..self.inputs {
                for row in 0..self.kernel {
                    for column in 0..self.kernel {
                        visit(output, input, row, column);
                    }
                }
            }
        }
    }

    /// Reorders weights `[out, in, k, k]` into `[output][row][column, input]`, with rows padded with zeros to `row_len`
    /// elements.
    pub(crate) fn kernel_rows_of(&self, weight: &[f32], row_len: usize) -> Scratch {
        let mut rows = Scratch::new(self.outputs * self.kernel * row_len);
        let mut weight = weight.iter();
        self.each_weight(|output, input, row, column| {
            let at = (output * self.kernel + row) * row_len + column * self.inputs + input;
            rows[at] = *weight.next().expect("as many as there are");
        });
        rows
    }

    /// The reverse of [`Self::kernel_rows_of`], for kernels that are `kernel_len` elements apart.
    pub(crate) fn out_in_k_k(&self, rows: &[f32], kernel_len: usize, row_len: usize) -> Vec<f32> {
        let mut weight = Vec::with_capacity(self.weight_len());
        self.each_weight(|output, input, row, column| {
            weight.push(rows[output * kernel_len + row * row_len + column * self.inputs + input]);
        });
        weight
    }

    /// Weights packed for [`convolve`].
    pub(crate) fn panels(&self, isa: Isa, weight: &[f32], bias: Option<&[f32]>) -> PackedWeights {
        let mut panels = PackedWeights::new(isa, self.outputs, self.kernel * self.kernel * self.inputs, bias);
        for (output, weight) in weight.chunks_exact(self.weight_len() / self.outputs).enumerate() {
            let (to, step) = panels.column(output);
            for (input, weight) in weight.chunks_exact(self.kernel * self.kernel).enumerate() {
                for (place, &weight) in weight.iter().enumerate() {
                    to[(place * self.inputs + input) * step] = weight;
                }
            }
        }
        panels
    }
}

/// The convolution of `x` `[n, h, w, in]` with `weight` `[out, in, k, k]` plus `bias` `[out]`: returns `[n, oh, ow,
/// out]`, clamped at 0 if `relu` is set.
///
/// # Panics
/// If a slice does not have the length that `conv` gives.
pub fn forward(x: &[f32], weight: &[f32], bias: Option<&[f32]>, relu: bool, conv: &Conv) -> Vec<f32> {
    forward_as(isa(), x, weight, bias, relu, conv)
}

fn forward_as(isa: Isa, x: &[f32], weight: &[f32], bias: Option<&[f32]>, relu: bool, conv: &Conv) -> Vec<f32> {
    assert!(x.len() == conv.images * conv.image_len() && weight.len() == conv.weight_len());
    if is_faster(isa, conv) {
        let kernels = |output: usize, input: usize, place: usize| weight[(output * conv.inputs + input) * 9 + place];
        let winograd = Winograd::new(isa, conv, bias, kernels);
        return convolve_winograd(
            &winograd,
            conv,
            |at, framed| {
                winograd.frame.put(&x[at * conv.image_len()..][..conv.image_len()], framed);
            },
            relu,
        );
    }
    let panels = conv.panels(isa, weight, bias);
    let (frame, geometry, result) = (conv.frame(), conv.geometry(), conv.result_len());
    let fill = |y: Shared<_>| {
        split(conv.images, conv.work(), |part| {
            let mut framed = Scratch::new(if frame.is_bare() { 0 } else { frame.len() });
            for at in part {
                let image = &x[at * conv.image_len()..][..conv.image_len()];
                let y = unsafe { y.range(at * result..(at + 1) * result) };
                let from = if frame.is_bare() {
                    image
                } else {
                    frame.put(image, &mut framed);
                    &framed
                };
                convolve(isa, from, &panels, relu, y, &geometry);
            }
        });
    };
    // SAFETY: the images cover the whole result, and `convolve` writes every pixel of an image.
    unsafe { filled(conv.images * result, fill) }
}

/// A Winograd convolution. `put(i, frame)` copies image `i` into the frame.
fn convolve_winograd(winograd: &Winograd, conv: &Conv, put: impl Fn(usize, &mut [f32]) + Sync, relu: bool) -> Vec<f32> {
    let result = conv.result_len();
    let fill = |y: Shared<_>| {
        split(conv.images, conv.work(), |part| {
            let mut buffers = winograd.buffers();
            for at in part {
                put(at, &mut buffers.framed);
                winograd.convolve(&mut buffers, relu, unsafe { y.range(at * result..(at + 1) * result) });
            }
        });
    };
    // SAFETY: the images cover the whole result, and every pixel lies in a window.
    unsafe { filled(conv.images * result, fill) }
}

/// The gradient of `x` `[n, h, w, in]` from `dy` `[n, oh, ow, out]` and `weight` `[out, in, k, k]`. If the forward pass
/// had a relu, pass its result as `y` `[n, oh, ow, out]`: `dy` is masked where `y` is not positive.
///
/// # Panics
/// If a slice does not have the length that `conv` gives.
pub fn input_gradient(dy: &[f32], y: Option<&[f32]>, weight: &[f32], conv: &Conv) -> Vec<f32> {
    input_gradient_as(isa(), dy, y, weight, conv)
}

fn input_gradient_as(isa: Isa, dy: &[f32], y: Option<&[f32]>, weight: &[f32], conv: &Conv) -> Vec<f32> {
    assert!(dy.len() == conv.images * conv.result_len() && weight.len() == conv.weight_len());
    assert!(y.is_none_or(|y| y.len() == dy.len()));
    if conv.stride == 1 && conv.pad < conv.kernel && conv.inputs >= 4 {
        input_gradient_flipped(isa, dy, y, weight, conv)
    } else {
        input_gradient_folded(isa, dy, y, weight, conv)
    }
}

/// The output gradient of image `at` in its frame, masked where `y` is not positive.
fn framed<'a>(
    (isa, frame): (Isa, &Frame),
    dy: &'a [f32],
    y: Option<&[f32]>,
    at: usize,
    framed: &'a mut Scratch,
) -> &'a [f32] {
    let len = frame.height * frame.width * frame.channels;
    let dy = &dy[at * len..][..len];
    match y {
        Some(y) => frame.put_masked(isa, dy, &y[at * len..][..len], framed),
        None if frame.is_bare() => return dy,
        None => frame.put(dy, framed),
    }
    framed
}

/// For stride 1: the convolution of the output gradient with the flipped kernel.
fn input_gradient_flipped(isa: Isa, dy: &[f32], y: Option<&[f32]>, weight: &[f32], conv: &Conv) -> Vec<f32> {
    let places = conv.kernel * conv.kernel;
    let flipped = Conv {
        height: conv.out_height(),
        width: conv.out_width(),
        inputs: conv.outputs,
        outputs: conv.inputs,
        pad: conv.kernel - 1 - conv.pad,
        ..*conv
    };
    if is_faster(isa, &flipped) {
        let kernels =
            |input: usize, output: usize, place: usize| weight[(output * conv.inputs + input) * 9 + 8 - place];
        let winograd = Winograd::new(isa, &flipped, None, kernels);
        return convolve_winograd(
            &winograd,
            &flipped,
            |at, buffer| {
                let dy = &dy[at * flipped.image_len()..][..flipped.image_len()];
                match y {
                    Some(y) => winograd.frame.put_masked(
                        isa,
                        dy,
                        &y[at * flipped.image_len()..][..flipped.image_len()],
                        buffer,
                    ),
                    None => winograd.frame.put(dy, buffer),
                }
            },
            false,
        );
    }
    let mut panels = PackedWeights::new(isa, flipped.outputs, places * flipped.inputs, None);
    for input in 0..conv.inputs {
        let (to, step) = panels.column(input);
        for output in 0..conv.outputs {
            for (place, &weight) in weight[(output * conv.inputs + input) * places..][..places].iter().enumerate() {
                to[((places - 1 - place) * conv.outputs + output) * step] = weight;
            }
        }
    }
    let (frame, geometry, image) = (flipped.frame(), flipped.geometry(), conv.image_len());
    let fill = |dx: Shared<_>| {
        split(conv.images, conv.work(), |part| {
            let mut buffer = Scratch::new(frame.len());
            for at in part {
                let dx = unsafe { dx.range(at * image..(at + 1) * image) };
                let from = framed((isa, &frame), dy, y, at, &mut buffer);
                convolve(isa, from, &panels, false, dx, &geometry);
            }
        });
    };
    // SAFETY: the images cover the whole result, and `convolve` writes every pixel of an image.
    unsafe { filled(conv.images * image, fill) }
}

/// For any stride: every pixel of the output gradient (or 2 × 2 of them if the inputs are few) times the weights is a
/// patch of the input gradient, and overlapping patches are added up (col2im).
fn input_gradient_folded(isa: Isa, dy: &[f32], y: Option<&[f32]>, weight: &[f32], conv: &Conv) -> Vec<f32> {
    let group = if conv.inputs < 4 { 2 } else { 1 };
    let side = (group - 1) * conv.stride + conv.kernel;
    let row_len = (side * conv.inputs).next_multiple_of(4);
    let mut panels = PackedWeights::new(isa, side * row_len, group * group * conv.outputs, None);
    for row in 0..conv.kernel {
        for column in 0..conv.kernel {
            for (y, x) in [(0, 0), (0, 1), (1, 0), (1, 1)].into_iter().filter(|&(y, x)| y < group && x < group) {
                for input in 0..conv.inputs {
                    let index = (y * conv.stride + row) * row_len + (x * conv.stride + column) * conv.inputs + input;
                    let (to, step) = panels.column(index);
                    for output in 0..conv.outputs {
                        let from = ((output * conv.inputs + input) * conv.kernel + row) * conv.kernel + column;
                        to[((y * group + x) * conv.outputs + output) * step] = weight[from];
                    }
                }
            }
        }
    }
    let (height, width) = (conv.out_height(), conv.out_width());
    let (rows, columns) = (height.next_multiple_of(group), width.next_multiple_of(group));
    let gradient = Frame { height, width, channels: conv.outputs, offset: 0, rows, columns };
    let group_len = group * conv.outputs;
    let pixels = Geometry {
        rows: 1,
        columns: columns / group,
        row_stride: 0,
        column_stride: group_len,
        kernel_rows: group,
        kernel_row_len: group_len,
        frame_stride: gradient.row_stride(),
    };
    let mut frame = conv.frame();
    frame.rows = frame.rows.max((rows - 1) * conv.stride + conv.kernel);
    frame.columns = frame.columns.max((columns - 1) * conv.stride + conv.kernel);
    let places = Geometry {
        column_stride: group * conv.stride * conv.inputs,
        kernel_rows: side,
        kernel_row_len: side * conv.inputs,
        frame_stride: frame.row_stride(),
        ..pixels
    };
    let image = conv.image_len();
    let fill = |dx: Shared<_>| {
        split(conv.images, conv.work(), |part| {
            let mut buffer = Scratch::new(gradient.len());
            let mut patches = Scratch::new(pixels.columns * side * row_len);
            let mut sums = Scratch::new(frame.len() + SLACK);
            for at in part {
                let from = framed((isa, &gradient), dy, y, at, &mut buffer);
                sums.fill(0.0);
                for row in 0..rows / group {
                    let from = &from[row * group * gradient.row_stride()..];
                    convolve(isa, from, &panels, false, patches.unwritten(), &pixels);
                    let to = &mut sums[row * group * conv.stride * frame.row_stride()..];
                    dense_gradients::fold(isa, &patches, row_len, to, &places);
                }
                frame.take(&sums, unsafe { dx.range(at * image..(at + 1) * image) });
            }
        });
    };
    // SAFETY: the images cover the whole result, and each is copied completely.
    unsafe { filled(conv.images * image, fill) }
}

/// The gradients of the weights `[out, in, k, k]` and of the biases `[out]`, from `x` `[n, h, w, in]` and `dy` `[n, oh,
/// ow, out]`. `y` is as in [`input_gradient`].
///
/// # Panics
/// If a slice does not have the length that `conv` gives.
pub fn weight_gradient(x: &[f32], dy: &[f32], y: Option<&[f32]>, conv: &Conv) -> (Vec<f32>, Vec<f32>) {
    weight_gradient_as(isa(), x, dy, y, conv)
}

fn weight_gradient_as(isa: Isa, x: &[f32], dy: &[f32], y: Option<&[f32]>, conv: &Conv) -> (Vec<f32>, Vec<f32>) {
    assert!(x.len() == conv.images * conv.image_len() && dy.len() == conv.images * conv.result_len());
    assert!(y.is_none_or(|y| y.len() == dy.len()));
    if is_faster_for_weights(isa, conv) {
        return weight_gradient_winograd(isa, x, dy, y, conv);
    }
    let lanes = isa.lanes();
    let (frame, geometry) = (conv.frame(), conv.geometry());
    // With few inputs a kernel row is too short for a vector, so im2col makes the whole kernel one row.
    let unfolds = conv.inputs < 4 && conv.kernel > 1;
    let row_len =
        if unfolds { conv.kernel * geometry.kernel_row_len } else { geometry.kernel_row_len }.next_multiple_of(lanes);
    let flat = Geometry {
        rows: 1,
        columns: geometry.pixels(),
        row_stride: 0,
        column_stride: row_len,
        kernel_rows: 1,
        kernel_row_len: row_len,
        frame_stride: 0,
    };
    let input_geometry = if unfolds { flat } else { geometry };
    let kernel_len = input_geometry.kernel_rows * row_len;
    let direct = !unfolds && frame.is_bare() && geometry.kernel_row_len == row_len;
    let outputs = conv.outputs.next_multiple_of(dense_gradients::outputs_at_once(isa));
    // `correlate` needs a multiple of `outputs_at_once` channels. The frame pads the channels of every pixel.
    let gradient = Frame {
        height: geometry.pixels(),
        width: 1,
        channels: outputs,
        offset: 0,
        rows: geometry.pixels(),
        columns: 1,
    };
    let parts = split(conv.images, conv.work(), |part| {
        let mut framed_x = Scratch::new(if direct { 0 } else { frame.len() + SLACK });
        let mut unfolded = Scratch::new(if unfolds { geometry.pixels() * row_len + SLACK } else { 0 });
        let mut framed_dy = Scratch::new(gradient.len());
        let mut all = vec![0.0; outputs * kernel_len + outputs];
        let (weights, biases) = all.split_at_mut(outputs * kernel_len);
        for at in part {
            let image = &x[at * conv.image_len()..][..conv.image_len()];
            let from = if direct {
                image
            } else {
                frame.put(image, &mut framed_x);
                &framed_x
            };
            let dy = with_padded_outputs(isa, dy, y, at, (conv.outputs, &gradient), &mut framed_dy);
            if unfolds {
                dense_gradients::unfold(isa, from, &mut unfolded, row_len, &geometry);
                dense_gradients::correlate(isa, &unfolded, dy, outputs, weights, &input_geometry);
            } else {
                dense_gradients::correlate(isa, from, dy, outputs, weights, &input_geometry);
            }
            dense_gradients::add_rows(isa, dy, biases);
        }
        all
    });
    let all = add_up(parts);
    if all.is_empty() {
        return (vec![0.0; conv.weight_len()], vec![0.0; conv.outputs]);
    }
    let rows = if unfolds { geometry.kernel_row_len } else { row_len };
    (conv.out_in_k_k(&all, kernel_len, rows), all[outputs * kernel_len..][..conv.outputs].to_vec())
}

/// The weight gradient by Winograd's algorithm.
fn weight_gradient_winograd(isa: Isa, x: &[f32], dy: &[f32], y: Option<&[f32]>, conv: &Conv) -> (Vec<f32>, Vec<f32>) {
    let winograd = WeightGradient::new(isa, conv);
    let parts = split(conv.images, conv.work(), |part| {
        let mut buffers = winograd.buffers();
        let mut framed_dy = Scratch::new(winograd.gradient.len());
        let mut all = vec![0.0; conv.weight_len() + conv.outputs];
        let (weights, biases) = all.split_at_mut(conv.weight_len());
        for at in part {
            winograd.frame.put(&x[at * conv.image_len()..][..conv.image_len()], &mut buffers.framed);
            let dy = framed((isa, &winograd.gradient), dy, y, at, &mut framed_dy);
            winograd.add(&mut buffers, dy);
            dense_gradients::add_rows(isa, dy, biases);
        }
        winograd.finish(&buffers, weights);
        all
    });
    let mut all = add_up(parts);
    all.resize(conv.weight_len() + conv.outputs, 0.0);
    let row_len = conv.kernel * conv.inputs;
    (conv.out_in_k_k(&all, conv.kernel * row_len, row_len), all.split_off(conv.weight_len()))
}

/// The output gradient of image `at`, masked by `y`, with its `outputs` channels padded to those of `frame`.
fn with_padded_outputs<'a>(
    isa: Isa,
    dy: &'a [f32],
    y: Option<&[f32]>,
    at: usize,
    (outputs, frame): (usize, &Frame),
    buffer: &'a mut Scratch,
) -> &'a [f32] {
    if outputs == frame.channels {
        return framed((isa, frame), dy, y, at, buffer);
    }
    let len = frame.height * outputs;
    let dy = &dy[at * len..][..len];
    for (row, to) in buffer.chunks_exact_mut(frame.channels).enumerate() {
        let (to, dy) = (&mut to[..outputs], &dy[row * outputs..][..outputs]);
        match y {
            Some(y) => relu_mask(isa, dy, &y[at * len + row * outputs..][..outputs], to),
            None => to.copy_from_slice(dy),
        }
    }
    buffer
}
