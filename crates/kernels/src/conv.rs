//! Convolutions of channels-last images, without a matrix of what the kernels see: an image is copied into a frame of
//! zeros that stays in the cache, where the numbers that one row of a kernel sees lie one after the other.

mod frame;
mod sums;
mod terms;
#[cfg(test)]
mod tests;
mod tile;
mod winograd;

pub(crate) use {
    frame::Frame,
    terms::*,
    tile::*,
    winograd::{Winograd, pays},
};

use crate::lanes::{Isa, isa};
use crate::scratch::{SLACK, Scratch, filled};
use crate::threads::{Shared, add_up, split};
use frame::open;
use winograd::{WeightGradient, pays_for_weights};

/// Sizes of a convolution of channels-last images; zero padding `pad` on every side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv {
    pub images: usize,
    pub height: usize,
    pub width: usize,
    pub inputs: usize,
    pub outputs: usize,
    pub kernel: usize,
    pub stride: usize,
    pub pad: usize,
}

impl Conv {
    pub fn out_height(&self) -> usize {
        (self.height + 2 * self.pad - self.kernel) / self.stride + 1
    }

    pub fn out_width(&self) -> usize {
        (self.width + 2 * self.pad - self.kernel) / self.stride + 1
    }

    /// Numbers of an image, and of its result.
    pub(crate) fn image(&self) -> usize {
        self.height * self.width * self.inputs
    }

    fn result(&self) -> usize {
        self.out_height() * self.out_width() * self.outputs
    }

    /// Numbers of the weights.
    pub(crate) fn weights(&self) -> usize {
        self.outputs * self.inputs * self.kernel * self.kernel
    }

    /// Multiplications of all images.
    pub(crate) fn work(&self) -> usize {
        self.images * self.out_height() * self.out_width() * self.weights()
    }

    /// The frame that images are padded in.
    pub(crate) fn frame(&self) -> Frame {
        Frame::padded(self.height, self.width, self.inputs, self.pad)
    }

    fn walk(&self) -> Walk {
        let line = self.frame().line();
        Walk {
            lines: self.out_height(),
            across: self.out_width(),
            down: self.stride * line,
            right: self.stride * self.inputs,
            rows: self.kernel,
            columns: self.kernel * self.inputs,
            line,
        }
    }

    /// Calls `visit` with output, input, row and column of every weight, in their order.
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

    /// Weights as `[output][row][column, input]`, `row_len` numbers from row to row, zeros behind each.
    pub(crate) fn by_rows(&self, weight: &[f32], row_len: usize) -> Scratch {
        let mut rows = Scratch::new(self.outputs * self.kernel * row_len);
        let mut weight = weight.iter();
        self.each_weight(|output, input, row, column| {
            let at = (output * self.kernel + row) * row_len + column * self.inputs + input;
            rows[at] = *weight.next().expect("as many as there are");
        });
        rows
    }

    /// The reverse of [`Self::by_rows`], of sums that begin `kernel_len` numbers apart.
    pub(crate) fn in_order(&self, rows: &[f32], kernel_len: usize, row_len: usize) -> Vec<f32> {
        let mut weight = Vec::with_capacity(self.weights());
        self.each_weight(|output, input, row, column| {
            weight.push(rows[output * kernel_len + row * row_len + column * self.inputs + input]);
        });
        weight
    }

    /// Weights as the panels of a forward pass.
    pub(crate) fn panels(&self, isa: Isa, weight: &[f32], bias: Option<&[f32]>) -> Panels {
        let mut panels = Panels::new(isa, self.outputs, self.kernel * self.kernel * self.inputs, bias);
        for (output, weight) in weight.chunks_exact(self.weights() / self.outputs).enumerate() {
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

/// `x` `[n, h, w, in]` with `weight` `[out, in, k, k]` and `bias` `[out]` -> `[n, oh, ow, out]`; `relu` clamps it at 0.
pub fn forward(x: &[f32], weight: &[f32], bias: Option<&[f32]>, relu: bool, conv: &Conv) -> Vec<f32> {
    forward_as(isa(), x, weight, bias, relu, conv)
}

fn forward_as(isa: Isa, x: &[f32], weight: &[f32], bias: Option<&[f32]>, relu: bool, conv: &Conv) -> Vec<f32> {
    assert!(x.len() == conv.images * conv.image() && weight.len() == conv.weights());
    if pays(isa, conv) {
        let kernels = |output: usize, input: usize, place: usize| weight[(output * conv.inputs + input) * 9 + place];
        let winograd = Winograd::new(isa, conv, bias, kernels);
        return convolved(
            &winograd,
            conv,
            |at, framed| {
                winograd.frame.put(&x[at * conv.image()..][..conv.image()], framed);
            },
            relu,
        );
    }
    let panels = conv.panels(isa, weight, bias);
    let (frame, walk, result) = (conv.frame(), conv.walk(), conv.result());
    let fill = |y: Shared<_>| {
        split(conv.images, conv.work(), |part| {
            let mut framed = Scratch::new(if frame.is_bare() { 0 } else { frame.len() });
            for at in part {
                let image = &x[at * conv.image()..][..conv.image()];
                let y = unsafe { y.range(at * result..(at + 1) * result) };
                let from = if frame.is_bare() {
                    image
                } else {
                    frame.put(image, &mut framed);
                    &framed
                };
                convolve(isa, from, &panels, relu, y, &walk);
            }
        });
    };
    // SAFETY: the images' results are all of it, and a convolution writes every pixel.
    unsafe { filled(conv.images * result, fill) }
}

/// A convolution after Winograd of the images that `put` puts into its frame.
fn convolved(winograd: &Winograd, conv: &Conv, put: impl Fn(usize, &mut [f32]) + Sync, relu: bool) -> Vec<f32> {
    let result = conv.result();
    let fill = |y: Shared<_>| {
        split(conv.images, conv.work(), |part| {
            let mut memory = winograd.memory();
            for at in part {
                put(at, &mut memory.framed);
                winograd.convolve(&mut memory, relu, unsafe { y.range(at * result..(at + 1) * result) });
            }
        });
    };
    // SAFETY: the images' results are all of it, and every pixel lies in a window.
    unsafe { filled(conv.images * result, fill) }
}

/// `dy` `[n, oh, ow, out]` -> the gradient of `x` `[n, h, w, in]`. With `y`, the result of a forward pass with relu,
/// only where that is above 0.
pub fn input_gradient(dy: &[f32], y: Option<&[f32]>, weight: &[f32], conv: &Conv) -> Vec<f32> {
    input_gradient_as(isa(), dy, y, weight, conv)
}

fn input_gradient_as(isa: Isa, dy: &[f32], y: Option<&[f32]>, weight: &[f32], conv: &Conv) -> Vec<f32> {
    assert!(dy.len() == conv.images * conv.result() && weight.len() == conv.weights());
    assert!(y.is_none_or(|y| y.len() == dy.len()));
    if conv.stride == 1 && conv.pad < conv.kernel && conv.inputs >= 4 {
        input_gradient_flipped(isa, dy, y, weight, conv)
    } else {
        input_gradient_folded(isa, dy, y, weight, conv)
    }
}

/// One image's gradient in its frame, masked by `y`.
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
        Some(y) => frame.put_open(isa, dy, &y[at * len..][..len], framed),
        None if frame.is_bare() => return dy,
        None => frame.put(dy, framed),
    }
    framed
}

/// At stride 1: a convolution of the gradient with the kernel turned round.
fn input_gradient_flipped(isa: Isa, dy: &[f32], y: Option<&[f32]>, weight: &[f32], conv: &Conv) -> Vec<f32> {
    let places = conv.kernel * conv.kernel;
    let turned = Conv {
        height: conv.out_height(),
        width: conv.out_width(),
        inputs: conv.outputs,
        outputs: conv.inputs,
        pad: conv.kernel - 1 - conv.pad,
        ..*conv
    };
    if pays(isa, &turned) {
        let kernels =
            |input: usize, output: usize, place: usize| weight[(output * conv.inputs + input) * 9 + 8 - place];
        let winograd = Winograd::new(isa, &turned, None, kernels);
        return convolved(
            &winograd,
            &turned,
            |at, memory| {
                let dy = &dy[at * turned.image()..][..turned.image()];
                match y {
                    Some(y) => winograd.frame.put_open(isa, dy, &y[at * turned.image()..][..turned.image()], memory),
                    None => winograd.frame.put(dy, memory),
                }
            },
            false,
        );
    }
    let mut panels = Panels::new(isa, turned.outputs, places * turned.inputs, None);
    for input in 0..conv.inputs {
        let (to, step) = panels.column(input);
        for output in 0..conv.outputs {
            for (place, &weight) in weight[(output * conv.inputs + input) * places..][..places].iter().enumerate() {
                to[((places - 1 - place) * conv.outputs + output) * step] = weight;
            }
        }
    }
    let (frame, walk, image) = (turned.frame(), turned.walk(), conv.image());
    let fill = |dx: Shared<_>| {
        split(conv.images, conv.work(), |part| {
            let mut memory = Scratch::new(frame.len());
            for at in part {
                let dx = unsafe { dx.range(at * image..(at + 1) * image) };
                let from = framed((isa, &frame), dy, y, at, &mut memory);
                convolve(isa, from, &panels, false, dx, &walk);
            }
        });
    };
    // SAFETY: the images are all of it, and a convolution writes every pixel.
    unsafe { filled(conv.images * image, fill) }
}

/// At any stride: every pixel of the gradient, or 2 × 2 of them where the inputs are few, makes a patch of what its
/// kernel sees, and the patches are added up where they overlap.
fn input_gradient_folded(isa: Isa, dy: &[f32], y: Option<&[f32]>, weight: &[f32], conv: &Conv) -> Vec<f32> {
    let group = if conv.inputs < 4 { 2 } else { 1 };
    let side = (group - 1) * conv.stride + conv.kernel;
    let row_len = (side * conv.inputs).next_multiple_of(4);
    let mut panels = Panels::new(isa, side * row_len, group * group * conv.outputs, None);
    for row in 0..conv.kernel {
        for column in 0..conv.kernel {
            for (y, x) in [(0, 0), (0, 1), (1, 0), (1, 1)].into_iter().filter(|&(y, x)| y < group && x < group) {
                for input in 0..conv.inputs {
                    let number = (y * conv.stride + row) * row_len + (x * conv.stride + column) * conv.inputs + input;
                    let (to, step) = panels.column(number);
                    for output in 0..conv.outputs {
                        let from = ((output * conv.inputs + input) * conv.kernel + row) * conv.kernel + column;
                        to[((y * group + x) * conv.outputs + output) * step] = weight[from];
                    }
                }
            }
        }
    }
    let (height, width) = (conv.out_height(), conv.out_width());
    let (lines, across) = (height.next_multiple_of(group), width.next_multiple_of(group));
    let gradient = Frame { height, width, channels: conv.outputs, before: 0, lines, across };
    let columns = group * conv.outputs;
    let pixels =
        Walk { lines: 1, across: across / group, down: 0, right: columns, rows: group, columns, line: gradient.line() };
    let mut frame = conv.frame();
    frame.lines = frame.lines.max((lines - 1) * conv.stride + conv.kernel);
    frame.across = frame.across.max((across - 1) * conv.stride + conv.kernel);
    let places = Walk {
        right: group * conv.stride * conv.inputs,
        rows: side,
        columns: side * conv.inputs,
        line: frame.line(),
        ..pixels
    };
    let image = conv.image();
    let fill = |dx: Shared<_>| {
        split(conv.images, conv.work(), |part| {
            let mut memory = Scratch::new(gradient.len());
            let mut patches = Scratch::new(pixels.across * side * row_len);
            let mut sums = Scratch::new(frame.len() + SLACK);
            for at in part {
                let from = framed((isa, &gradient), dy, y, at, &mut memory);
                sums.fill(0.0);
                for line in 0..lines / group {
                    let from = &from[line * group * gradient.line()..];
                    convolve(isa, from, &panels, false, patches.unwritten(), &pixels);
                    let to = &mut sums[line * group * conv.stride * frame.line()..];
                    sums::fold(isa, &patches, row_len, to, &places);
                }
                frame.take(&sums, unsafe { dx.range(at * image..(at + 1) * image) });
            }
        });
    };
    // SAFETY: the images are all of it, and each is copied whole.
    unsafe { filled(conv.images * image, fill) }
}

/// `x` `[n, h, w, in]` and `dy` `[n, oh, ow, out]` -> the gradients of the weights `[out, in, k, k]` and of the biases
/// `[out]`. With `y`, the result of a forward pass with relu, only where that is above 0.
pub fn weight_gradient(x: &[f32], dy: &[f32], y: Option<&[f32]>, conv: &Conv) -> (Vec<f32>, Vec<f32>) {
    weight_gradient_as(isa(), x, dy, y, conv)
}

fn weight_gradient_as(isa: Isa, x: &[f32], dy: &[f32], y: Option<&[f32]>, conv: &Conv) -> (Vec<f32>, Vec<f32>) {
    assert!(x.len() == conv.images * conv.image() && dy.len() == conv.images * conv.result());
    assert!(y.is_none_or(|y| y.len() == dy.len()));
    if pays_for_weights(isa, conv) {
        return weight_gradient_multiplied(isa, x, dy, y, conv);
    }
    let lanes = isa.lanes();
    let (frame, walk) = (conv.frame(), conv.walk());
    // Rows of few inputs are too short for a vector: there the whole kernel is made one row.
    let unfolds = conv.inputs < 4 && conv.kernel > 1;
    let row_len = if unfolds { conv.kernel * walk.columns } else { walk.columns }.next_multiple_of(lanes);
    let flat = Walk { lines: 1, across: walk.pixels(), down: 0, right: row_len, rows: 1, columns: row_len, line: 0 };
    let seen = if unfolds { flat } else { walk };
    let kernel_len = seen.rows * row_len;
    let direct = !unfolds && frame.is_bare() && walk.columns == row_len;
    let outputs = conv.outputs.next_multiple_of(sums::outputs_at_once(isa));
    // As many outputs as are taken at once: each pixel a line, so that it can be lengthened.
    let gradient =
        Frame { height: walk.pixels(), width: 1, channels: outputs, before: 0, lines: walk.pixels(), across: 1 };
    let parts = split(conv.images, conv.work(), |part| {
        let mut framed_x = Scratch::new(if direct { 0 } else { frame.len() + SLACK });
        let mut unfolded = Scratch::new(if unfolds { walk.pixels() * row_len + SLACK } else { 0 });
        let mut framed_dy = Scratch::new(gradient.len());
        let mut all = vec![0.0; outputs * kernel_len + outputs];
        let (weights, biases) = all.split_at_mut(outputs * kernel_len);
        for at in part {
            let image = &x[at * conv.image()..][..conv.image()];
            let from = if direct {
                image
            } else {
                frame.put(image, &mut framed_x);
                &framed_x
            };
            let dy = lengthened(isa, dy, y, at, (conv.outputs, &gradient), &mut framed_dy);
            if unfolds {
                sums::unfold(isa, from, &mut unfolded, row_len, &walk);
                sums::correlate(isa, &unfolded, dy, outputs, weights, &seen);
            } else {
                sums::correlate(isa, from, dy, outputs, weights, &seen);
            }
            sums::add_rows(isa, dy, biases);
        }
        all
    });
    let all = add_up(parts);
    if all.is_empty() {
        return (vec![0.0; conv.weights()], vec![0.0; conv.outputs]);
    }
    let rows = if unfolds { walk.columns } else { row_len };
    (conv.in_order(&all, kernel_len, rows), all[outputs * kernel_len..][..conv.outputs].to_vec())
}

/// After Winograd.
fn weight_gradient_multiplied(isa: Isa, x: &[f32], dy: &[f32], y: Option<&[f32]>, conv: &Conv) -> (Vec<f32>, Vec<f32>) {
    let winograd = WeightGradient::new(isa, conv);
    let parts = split(conv.images, conv.work(), |part| {
        let mut memory = winograd.memory();
        let mut framed_dy = Scratch::new(winograd.gradient.len());
        let mut all = vec![0.0; conv.weights() + conv.outputs];
        let (weights, biases) = all.split_at_mut(conv.weights());
        for at in part {
            winograd.frame.put(&x[at * conv.image()..][..conv.image()], &mut memory.framed);
            let dy = framed((isa, &winograd.gradient), dy, y, at, &mut framed_dy);
            winograd.add(&mut memory, dy);
            sums::add_rows(isa, dy, biases);
        }
        winograd.finish(&memory, weights);
        all
    });
    let mut all = add_up(parts);
    all.resize(conv.weights() + conv.outputs, 0.0);
    let row_len = conv.kernel * conv.inputs;
    (conv.in_order(&all, conv.kernel * row_len, row_len), all.split_off(conv.weights()))
}

/// One image's gradient, masked by `y`, with as many outputs as `frame` has channels.
fn lengthened<'a>(
    isa: Isa,
    dy: &'a [f32],
    y: Option<&[f32]>,
    at: usize,
    (outputs, frame): (usize, &Frame),
    memory: &'a mut Scratch,
) -> &'a [f32] {
    if outputs == frame.channels {
        return framed((isa, frame), dy, y, at, memory);
    }
    let len = frame.height * outputs;
    let dy = &dy[at * len..][..len];
    for (row, to) in memory.chunks_exact_mut(frame.channels).enumerate() {
        let (to, dy) = (&mut to[..outputs], &dy[row * outputs..][..outputs]);
        match y {
            Some(y) => open(isa, dy, &y[at * len + row * outputs..][..outputs], to),
            None => to.copy_from_slice(dy),
        }
    }
    memory
}
