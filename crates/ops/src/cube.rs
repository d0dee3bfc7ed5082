//! Helpers of the implementations for graphics devices: tensor layout, launch sizes, and device functions.
//!
//! Kernels are launched without bounds checks, so every kernel keeps its indices in range itself. Sizes of layers are
//! compile-time constants of a kernel; the number of images is not, so that the shorter last batch needs no new
//! compilation.
//!
//! Unlike on the CPU, images are row-major `[n, c, h, w]` in memory: neighbouring threads take neighbouring pixels of
//! one channel with the same weights, and a linear layer before or after reads and writes the same memory without a
//! transposition. Channels-last was measured and takes as long (`tests/bench/README.md`). Inputs of any other layout
//! are read through their strides.

use crate::graph::COPIES;
use burn::tensor::{DType, Shape};
use burn_cubecl::kernel::{cast, into_contiguous};
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;
use std::sync::atomic::Ordering;

/// Threads of a workgroup.
pub(crate) const THREADS: usize = 64;

/// The launch size for at least `n` threads.
pub(crate) fn threads(like: &CubeTensor, n: usize) -> (CubeCount, CubeDim) {
    let dim = CubeDim::new_1d(THREADS as u32);
    (cubecl::calculate_cube_count_elemwise(&like.client, n, dim), dim)
}

/// The launch size for at least `n` workgroups; there may be a few more, because a device limits the size of one
/// dimension.
pub(crate) fn workgroups(like: &CubeTensor, n: usize) -> CubeCount {
    cubecl::calculate_cube_count_elemwise(&like.client, n, CubeDim::new_single())
}

/// One workgroup for each of `n` channels or columns, whose elements its threads add up.
pub(crate) fn columns(n: usize) -> (CubeCount, CubeDim) {
    (CubeCount::Static(n as u32, 1, 1), CubeDim::new_1d(THREADS as u32))
}

/// `x` in contiguous row-major layout, copied only if it is not.
pub(crate) fn row_major(x: CubeTensor) -> CubeTensor {
    into_contiguous(x)
}

/// `x` in contiguous row-major layout and safe to overwrite: copied if another tensor shares its memory. Copies are
/// counted, because a recorded step must write in place.
pub(crate) fn owned(x: CubeTensor) -> CubeTensor {
    let x = row_major(x);
    if x.can_mut() {
        return x;
    }
    COPIES.fetch_add(1, Ordering::Relaxed);
    x.copy()
}

/// Labels or row indices as 32-bit integers in row-major layout, whatever the width of the tensor's integers.
pub(crate) fn as_i32(x: CubeTensor) -> CubeTensor {
    row_major(if x.dtype == DType::I32 { x } else { cast(x, DType::I32) })
}

/// An uninitialised row-major tensor on the device of `like`.
pub(crate) fn empty<const D: usize>(like: &CubeTensor, shape: [usize; D], dtype: DType) -> CubeTensor {
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), Shape::new(shape), dtype)
}

/// An uninitialised row-major tensor with the shape, type and device of `like`.
pub(crate) fn empty_like(like: &CubeTensor) -> CubeTensor {
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), like.meta.shape().clone(), like.dtype)
}

/// The shape of `x`.
pub(crate) fn shape<const D: usize>(x: &CubeTensor) -> [usize; D] {
    x.meta.shape().dims()
}

/// The strides of `[n, c, h, w]`, in elements.
pub(crate) fn strides(x: &CubeTensor) -> [usize; 4] {
    let strides = x.meta.strides();
    std::array::from_fn(|side| strides[side])
}

/// min(i, n − 1): keeps a load in range whose value is not used.
#[cube]
pub(crate) fn clamped(i: usize, #[comptime] n: usize) -> usize {
    select(i < n, i, comptime!(n - 1))
}

/// `a && b` without a branch. Thirty branches in an unrolled loop are paths that one compiler (of Chrome's software
/// device) explores one by one, without ever finishing.
#[cube]
pub(crate) fn both(a: bool, b: bool) -> bool {
    select(a, b, false.runtime())
}

/// An offset that means "outside the image", beyond every tensor. The sum of two does not overflow.
pub(crate) const OUTSIDE: usize = 1 << 30;

/// The offset of row (or column) `i − pad` of `n`, in steps of `stride` elements, or [`OUTSIDE`] if there is no such
/// row.
#[cube]
pub(crate) fn offset(i: usize, #[comptime] pad: usize, #[comptime] n: usize, #[comptime] stride: usize) -> usize {
    let inside = both(i >= pad, i < comptime!(pad + n));
    // The subtraction comes after the selection: with a constant `i` it would otherwise be a negative constant.
    let from = select(inside, i, pad.runtime()) - pad;
    select(inside, from * stride, OUTSIDE)
}

/// The element at `at`, or 0 if that is [`OUTSIDE`].
#[cube]
pub(crate) fn load_or_zero(x: &[f32], at: usize) -> f32 {
    select(at < OUTSIDE, x[select(at < OUTSIDE, at, 0usize)], 0.0f32)
}

/// Sizes that a convolution kernel is compiled for; the padding is kernel / 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Conv {
    /// Input channels.
    pub(crate) inputs: usize,
    /// Output channels.
    pub(crate) outputs: usize,
    /// Rows of an input image, in pixels.
    pub(crate) height: usize,
    /// Columns of an input image, in pixels.
    pub(crate) width: usize,
    /// Side of the square kernel, in pixels.
    pub(crate) kernel: usize,
}

impl Conv {
    /// The sizes of a convolution of `x` `[n, in, h, w]`.
    pub(crate) fn new([_, inputs, height, width]: [usize; 4], outputs: usize, kernel: usize) -> Self {
        Self { inputs, outputs, height, width, kernel }
    }
}

/// Writes the `n` values of every thread of a workgroup into shared memory for all of them. Barriers cost more than
/// sums, so this is the only barrier, and [`sum_of`] then adds the values up, always in the same order.
#[cube]
pub(crate) fn publish(values: &Array<f32>, #[comptime] n: usize, #[comptime] threads: usize) -> Shared<[f32]> {
    let mut shared = Shared::<[f32]>::new_slice(comptime!(n * threads));
    #[unroll]
    for i in 0..n {
        shared[i * threads + UNIT_POS as usize] = values[i];
    }
    sync_cube();
    shared
}

/// The sum of value `i` over all threads of the workgroup.
#[cube]
pub(crate) fn sum_of(shared: &Shared<[f32]>, i: usize, #[comptime] threads: usize) -> f32 {
    let mut sum = 0.0f32;
    for other in 0..threads {
        sum += shared[i * threads + other];
    }
    sum
}

/// The sum of `value` over all threads of the workgroup, returned to each of them.
#[cube]
pub(crate) fn total(value: f32) -> f32 {
    let mut own = Array::<f32>::new(1usize);
    own[0] = value;
    let all = publish(&own, 1usize, THREADS);
    sum_of(&all, 0usize, THREADS)
}
