//! Convolution, 2 × 2 max-pooling and relu as one. Of every window and output only one pixel has a gradient, and about
//! half have none at all: the backward passes add up just those.

use crate::conv::{
    Conv, Panels, Pooled, Term, Walk, Winograd, convolve_pooled, gather, lanes, pays, scatter, scatter_patches,
};
use crate::lanes::{Isa, isa};
use crate::scratch::{SLACK, Scratch, filled};
use crate::threads::{Shared, add_up, split};

/// How a forward pass multiplies.
enum Way {
    Winograd(Winograd),
    Tiles(Panels),
}

/// Windows of one image; an odd last line or column is left out.
fn walk(conv: &Conv) -> Walk {
    assert!(conv.stride == 1);
    let line = conv.frame().line();
    Walk {
        lines: conv.out_height() / 2,
        across: conv.out_width() / 2,
        down: 2 * line,
        right: 2 * conv.inputs,
        rows: conv.kernel,
        columns: conv.kernel * conv.inputs,
        line,
    }
}

/// `x` `[n, h, w, in]` with `weight` `[out, in, k, k]` and `bias` `[out]` -> the greatest of every 2 × 2 pixels
/// `[n, oh/2, ow/2, out]`, clamped at 0 with `relu`, and which it was: 0 to 3 by rows, the first of equals, or 4 where
/// the relu closed it.
pub fn forward(x: &[f32], weight: &[f32], bias: Option<&[f32]>, relu: bool, conv: &Conv) -> (Vec<f32>, Vec<u8>) {
    forward_as(isa(), x, weight, bias, relu, conv)
}

pub(crate) fn forward_as(
    isa: Isa,
    x: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    relu: bool,
    conv: &Conv,
) -> (Vec<f32>, Vec<u8>) {
    assert!(x.len() == conv.images * conv.image() && weight.len() == conv.weights());
    let way = if pays(isa, conv) {
        let kernels = |output: usize, input: usize, place: usize| weight[(output * conv.inputs + input) * 9 + place];
        Way::Winograd(Winograd::new(isa, conv, bias, kernels))
    } else {
        Way::Tiles(conv.panels(isa, weight, bias))
    };
    let (frame, walk, image) = (conv.frame(), walk(conv), conv.image());
    let result = walk.pixels() * conv.outputs;
    let run = |y: Shared<_>, winners: Shared<_>| {
        split(conv.images, conv.work(), |part| {
            let results = part.clone().map(|at| {
                let range = at * result..(at + 1) * result;
                // SAFETY: every image has its own.
                unsafe { (y.range(range.clone()), winners.range(range)) }
            });
            let images = x[part.start * image..part.end * image].chunks_exact(image).zip(results);
            match &way {
                Way::Winograd(winograd) => {
                    let mut memory = winograd.memory();
                    for (x, (y, winners)) in images {
                        winograd.frame.put(x, &mut memory.framed);
                        winograd.convolve_pooled(&mut memory, relu, y, winners);
                    }
                }
                Way::Tiles(panels) => {
                    let mut framed = Scratch::new(frame.len());
                    for (x, (y, winners)) in images {
                        frame.put(x, &mut framed);
                        convolve_pooled(isa, &framed, panels, relu, y, winners, &walk, conv.inputs);
                    }
                }
            }
        });
    };
    let mut y = Vec::new();
    // SAFETY: the images' results are all of both, and every window is written.
    let winners =
        unsafe { filled(conv.images * result, |winners| y = filled(conv.images * result, |y| run(y, winners))) };
    (y, winners)
}

/// `dy` and `winners` `[n, oh/2, ow/2, out]` -> the gradient of `x` `[n, h, w, in]`.
pub fn input_gradient(dy: &[f32], winners: &[u8], weight: &[f32], conv: &Conv) -> Vec<f32> {
    input_gradient_as(isa(), dy, winners, weight, conv)
}

pub(crate) fn input_gradient_as(isa: Isa, dy: &[f32], winners: &[u8], weight: &[f32], conv: &Conv) -> Vec<f32> {
    let (frame, mut walk) = (conv.frame(), walk(conv));
    let result = walk.pixels() * conv.outputs;
    assert!(dy.len() == conv.images * result && winners.len() == dy.len() && weight.len() == conv.weights());
    let few = conv.inputs < 4;
    let weights = if few {
        let patches = patches(weight, conv);
        walk.rows += 1;
        walk.columns = (walk.columns + conv.inputs).next_multiple_of(4);
        patches
    } else {
        conv.by_rows(weight, walk.columns.next_multiple_of(lanes(isa, walk.columns)))
    };
    let image = conv.image();
    let fill = |dx: Shared<_>| {
        split(conv.images, conv.work() / 4, |part| {
            let mut sums = Scratch::new(frame.len() + frame.line() + 2 * SLACK);
            let mut terms = vec![Term::default(); 5 * conv.outputs];
            for at in part {
                let range = at * result..(at + 1) * result;
                let (dy, winners) = (&dy[range.clone()], &winners[range]);
                let of = Pooled { dy, winners, outputs: conv.outputs, next: conv.inputs };
                sums.fill(0.0);
                match few {
                    true => scatter_patches(isa, of, &weights, &mut sums, &walk),
                    false => scatter(isa, of, &weights, &mut sums, &mut terms, &walk),
                }
                frame.take(&sums, unsafe { dx.range(at * image..(at + 1) * image) });
            }
        });
    };
    // SAFETY: the images are all of it, and each is copied whole.
    unsafe { filled(conv.images * image, fill) }
}

/// Weights `[output][winner][row][column, input]` among the pixels that a window's four kernels see, zeros elsewhere
/// and for winner 4; rows are made a multiple of 4 long.
fn patches(weight: &[f32], conv: &Conv) -> Scratch {
    let side = conv.kernel + 1;
    let row_len = (side * conv.inputs).next_multiple_of(4);
    let mut patches = Scratch::new(conv.outputs * 5 * side * row_len);
    let mut weight = weight.iter();
    conv.each_weight(|output, input, row, column| {
        let weight = weight.next().expect("as many as there are");
        for winner in 0..4 {
            let (row, column) = (row + winner / 2, column + winner % 2);
            patches[((output * 5 + winner) * side + row) * row_len + column * conv.inputs + input] = *weight;
        }
    });
    patches
}

/// `x` `[n, h, w, in]`, `dy` and `winners` `[n, oh/2, ow/2, out]` -> the gradients of the weights `[out, in, k, k]` and
/// of the biases `[out]`.
pub fn weight_gradient(x: &[f32], dy: &[f32], winners: &[u8], conv: &Conv) -> (Vec<f32>, Vec<f32>) {
    weight_gradient_as(isa(), x, dy, winners, conv)
}

pub(crate) fn weight_gradient_as(isa: Isa, x: &[f32], dy: &[f32], winners: &[u8], conv: &Conv) -> (Vec<f32>, Vec<f32>) {
    let (frame, walk) = (conv.frame(), walk(conv));
    let result = walk.pixels() * conv.outputs;
    assert!(x.len() == conv.images * conv.image() && dy.len() == conv.images * result && winners.len() == dy.len());
    let row_len = walk.columns.next_multiple_of(lanes(isa, walk.columns));
    let kernel_len = conv.kernel * row_len;
    let parts = split(conv.images, conv.work() / 4, |part| {
        let mut framed = Scratch::new(frame.len() + frame.line() + 2 * SLACK);
        let mut terms = vec![Term::default(); walk.pixels() + 1];
        let mut all = vec![0.0; conv.outputs * kernel_len + conv.outputs];
        let (weights, biases) = all.split_at_mut(conv.outputs * kernel_len);
        for at in part {
            let range = at * result..(at + 1) * result;
            let (dy, winners) = (&dy[range.clone()], &winners[range]);
            let of = Pooled { dy, winners, outputs: conv.outputs, next: conv.inputs };
            frame.put(&x[at * conv.image()..][..conv.image()], &mut framed);
            gather(isa, of, &framed, weights, biases, &mut terms, &walk);
        }
        all
    });
    let all = add_up(parts);
    if all.is_empty() {
        return (vec![0.0; conv.weights()], vec![0.0; conv.outputs]);
    }
    (conv.in_order(&all, kernel_len, row_len), all[conv.outputs * kernel_len..].to_vec())
}
