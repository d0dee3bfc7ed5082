//! Convolution, 2 × 2 max pooling and relu as one operation. Only the argmax pixel of every window has a gradient, and
//! about half of the windows have none because of the relu; the backward passes sum over those pixels only.

use crate::conv::{
    Conv, Geometry, PackedWeights, Pooled, Term, Winograd, convolve_pooled, gather, is_faster, row_lanes, scatter,
    scatter_patches,
};
use crate::lanes::{Isa, isa};
use crate::scratch::{SLACK, Scratch};
use crate::threads::{Shared, add_up, split};
use crate::uninit::filled;

/// The algorithm of a forward pass, with its packed weights.
enum Algorithm {
    Winograd(Winograd),
    Tiles(PackedWeights),
}

/// The geometry of the pooling windows of one image. An odd last row or column of pixels is in no window.
fn geometry(conv: &Conv) -> Geometry {
    assert!(conv.stride == 1);
    let frame_stride = conv.frame().row_stride();
    Geometry {
        rows: conv.out_height() / 2,
        columns: conv.out_width() / 2,
        row_stride: 2 * frame_stride,
        column_stride: 2 * conv.inputs,
        kernel_rows: conv.kernel,
        kernel_row_len: conv.kernel * conv.inputs,
        frame_stride,
    }
}

/// The convolution of `x` `[n, h, w, in]` with `weight` `[out, in, k, k]` plus `bias` `[out]` at stride 1, its maximum
/// over every 2 × 2 window `[n, oh/2, ow/2, out]`, clamped at 0 if `relu` is set, and the argmax of every window, of
/// the same shape: 0 to 3 in row-major order, the first of equal ones, or 4 where the relu masks the maximum.
///
/// # Panics
/// If a slice does not have the length that `conv` gives, or if the stride is not 1.
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
    assert!(x.len() == conv.images * conv.image_len() && weight.len() == conv.weight_len());
    let algorithm = if is_faster(isa, conv) {
        let kernels = |output: usize, input: usize, place: usize| weight[(output * conv.inputs + input) * 9 + place];
        Algorithm::Winograd(Winograd::new(isa, conv, bias, kernels))
    } else {
        Algorithm::Tiles(conv.panels(isa, weight, bias))
    };
    let (frame, geometry, image) = (conv.frame(), geometry(conv), conv.image_len());
    let result = geometry.pixels() * conv.outputs;
    let run = |y: Shared<_>, indices: Shared<_>| {
        split(conv.images, conv.work(), |part| {
            let results = part.clone().map(|at| {
                let range = at * result..(at + 1) * result;
                // SAFETY: every image has its own range.
                unsafe { (y.range(range.clone()), indices.range(range)) }
            });
            let images = x[part.start * image..part.end * image].chunks_exact(image).zip(results);
            match &algorithm {
                Algorithm::Winograd(winograd) => {
                    let mut buffers = winograd.buffers();
                    for (x, (y, indices)) in images {
                        winograd.frame.put(x, &mut buffers.framed);
                        winograd.convolve_pooled(&mut buffers, relu, y, indices);
                    }
                }
                Algorithm::Tiles(panels) => {
                    let mut framed = Scratch::new(frame.len());
                    for (x, (y, indices)) in images {
                        frame.put(x, &mut framed);
                        convolve_pooled(isa, &framed, panels, relu, y, indices, &geometry, conv.inputs);
                    }
                }
            }
        });
    };
    let mut y = Vec::new();
    // SAFETY: the images cover both results, and every window is written.
    let indices =
        unsafe { filled(conv.images * result, |indices| y = filled(conv.images * result, |y| run(y, indices))) };
    (y, indices)
}

/// The gradient of `x` `[n, h, w, in]`, from `dy` and the argmax `indices` of [`forward`], both `[n, oh/2, ow/2, out]`,
/// and `weight` `[out, in, k, k]`. An index of 4 or more passes on nothing.
///
/// # Panics
/// If a slice does not have the length that `conv` gives, or if the stride is not 1.
pub fn input_gradient(dy: &[f32], indices: &[u8], weight: &[f32], conv: &Conv) -> Vec<f32> {
    input_gradient_as(isa(), dy, indices, weight, conv)
}

pub(crate) fn input_gradient_as(isa: Isa, dy: &[f32], indices: &[u8], weight: &[f32], conv: &Conv) -> Vec<f32> {
    let (frame, mut geometry) = (conv.frame(), geometry(conv));
    let result = geometry.pixels() * conv.outputs;
    assert!(dy.len() == conv.images * result && indices.len() == dy.len() && weight.len() == conv.weight_len());
    let few = conv.inputs < 4;
    let weights = if few {
        let patches = patches(weight, conv);
        geometry.kernel_rows += 1;
        geometry.kernel_row_len = (geometry.kernel_row_len + conv.inputs).next_multiple_of(4);
        patches
    } else {
        conv.kernel_rows_of(weight, geometry.kernel_row_len.next_multiple_of(row_lanes(isa, geometry.kernel_row_len)))
    };
    let image = conv.image_len();
    let fill = |dx: Shared<_>| {
        split(conv.images, conv.work() / 4, |part| {
            let mut sums = Scratch::new(frame.len() + frame.row_stride() + 2 * SLACK);
            let mut terms = vec![Term::default(); 5 * conv.outputs];
            for at in part {
                let range = at * result..(at + 1) * result;
                let (dy, indices) = (&dy[range.clone()], &indices[range]);
                let of = Pooled { dy, indices, outputs: conv.outputs, pixel_stride: conv.inputs };
                sums.fill(0.0);
                match few {
                    true => scatter_patches(isa, of, &weights, &mut sums, &geometry),
                    false => scatter(isa, of, &weights, &mut sums, &mut terms, &geometry),
                }
                frame.take(&sums, unsafe { dx.range(at * image..(at + 1) * image) });
            }
        });
    };
    // SAFETY: the images cover the whole result, and each is copied completely.
    unsafe { filled(conv.images * image, fill) }
}

/// Weights `[output][index][row][column, input]`, moved to where pixel `index` lies within the area that the window's
/// four kernels cover; zeros elsewhere and for index 4. Rows are padded to a multiple of 4 elements.
fn patches(weight: &[f32], conv: &Conv) -> Scratch {
    let side = conv.kernel + 1;
    let row_len = (side * conv.inputs).next_multiple_of(4);
    let mut patches = Scratch::new(conv.outputs * 5 * side * row_len);
    let mut weight = weight.iter();
    conv.each_weight(|output, input, row, column| {
        let weight = weight.next().expect("as many as there are");
        for index in 0..4 {
            let (row, column) = (row + index / 2, column + index % 2);
            patches[((output * 5 + index) * side + row) * row_len + column * conv.inputs + input] = *weight;
        }
    });
    patches
}

/// The gradients of the weights `[out, in, k, k]` and of the biases `[out]`, from `x` `[n, h, w, in]`, and `dy` and
/// `indices` as in [`input_gradient`].
///
/// # Panics
/// If a slice does not have the length that `conv` gives, or if the stride is not 1.
pub fn weight_gradient(x: &[f32], dy: &[f32], indices: &[u8], conv: &Conv) -> (Vec<f32>, Vec<f32>) {
    weight_gradient_as(isa(), x, dy, indices, conv)
}

pub(crate) fn weight_gradient_as(isa: Isa, x: &[f32], dy: &[f32], indices: &[u8], conv: &Conv) -> (Vec<f32>, Vec<f32>) {
    let (frame, geometry) = (conv.frame(), geometry(conv));
    let result = geometry.pixels() * conv.outputs;
    assert!(x.len() == conv.images * conv.image_len() && dy.len() == conv.images * result && indices.len() == dy.len());
    let row_len = geometry.kernel_row_len.next_multiple_of(row_lanes(isa, geometry.kernel_row_len));
    let kernel_len = conv.kernel * row_len;
    let parts = split(conv.images, conv.work() / 4, |part| {
        let mut framed = Scratch::new(frame.len() + frame.row_stride() + 2 * SLACK);
        let mut terms = vec![Term::default(); geometry.pixels() + 1];
        let mut all = vec![0.0; conv.outputs * kernel_len + conv.outputs];
        let (weights, biases) = all.split_at_mut(conv.outputs * kernel_len);
        for at in part {
            let range = at * result..(at + 1) * result;
            let (dy, indices) = (&dy[range.clone()], &indices[range]);
            let of = Pooled { dy, indices, outputs: conv.outputs, pixel_stride: conv.inputs };
            frame.put(&x[at * conv.image_len()..][..conv.image_len()], &mut framed);
            gather(isa, of, &framed, weights, biases, &mut terms, &geometry);
        }
        all
    });
    let all = add_up(parts);
    if all.is_empty() {
        return (vec![0.0; conv.weight_len()], vec![0.0; conv.outputs]);
    }
    (conv.out_in_k_k(&all, kernel_len, row_len), all[conv.outputs * kernel_len..].to_vec())
}
