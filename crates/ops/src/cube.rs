//! What the bodies for graphics devices share: how tensors come in and go out, and how a kernel is begun.
//!
//! Every kernel is launched without checks of its indices, so it has to keep them inside by itself. Sizes of layers are
//! fixed when a kernel is built; the number of images is not, so the last batch builds nothing anew.
//!
//! Unlike on the CPU, images lie in memory as their shape says, row by row: neighbouring threads take neighbouring
//! pixels of one channel, all with the same weights, and a linear layer behind or before them reads and writes the same
//! memory without a pass in between. Channels last was measured and takes as long (`tests/bench/README.md`); images
//! that lie otherwise are read as they are.

use crate::graph::COPIES;
use burn::tensor::{DType, Shape};
use burn_cubecl::kernel::{cast, into_contiguous};
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;
use std::sync::atomic::Ordering;

/// Threads of a workgroup.
pub(crate) const THREADS: usize = 64;

/// So many threads in one line.
pub(crate) fn threads(like: &CubeTensor, n: usize) -> (CubeCount, CubeDim) {
    let dim = CubeDim::new_1d(THREADS as u32);
    (cubecl::calculate_cube_count_elemwise(&like.client, n, dim), dim)
}

/// So many workgroups; a few more where a device does not take as many in one line.
pub(crate) fn workgroups(like: &CubeTensor, n: usize) -> CubeCount {
    cubecl::calculate_cube_count_elemwise(&like.client, n, CubeDim::new_single())
}

/// A workgroup for each of `n` channels or columns, whose numbers its threads add up.
pub(crate) fn columns(n: usize) -> (CubeCount, CubeDim) {
    (CubeCount::Static(n as u32, 1, 1), CubeDim::new_1d(THREADS as u32))
}

/// Row by row in memory.
pub(crate) fn in_rows(x: CubeTensor) -> CubeTensor {
    into_contiguous(x)
}

/// Row by row in memory, and written to by nobody else.
pub(crate) fn owned(x: CubeTensor) -> CubeTensor {
    let x = in_rows(x);
    if x.can_mut() {
        return x;
    }
    COPIES.fetch_add(1, Ordering::Relaxed);
    x.copy()
}

/// Labels and row numbers, as whatever integers they travel.
pub(crate) fn in_i32(x: CubeTensor) -> CubeTensor {
    in_rows(if x.dtype == DType::I32 { x } else { cast(x, DType::I32) })
}

/// A new tensor beside `like`, row by row in memory.
pub(crate) fn new<const D: usize>(like: &CubeTensor, shape: [usize; D], dtype: DType) -> CubeTensor {
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), Shape::new(shape), dtype)
}

/// A new tensor like `like`, row by row in memory.
pub(crate) fn beside(like: &CubeTensor) -> CubeTensor {
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), like.meta.shape().clone(), like.dtype)
}

pub(crate) fn shape<const D: usize>(x: &CubeTensor) -> [usize; D] {
    x.meta.shape().dims()
}

/// The strides of `[n, c, h, w]` in memory.
pub(crate) fn strides(x: &CubeTensor) -> [usize; 4] {
    let strides = x.meta.strides();
    std::array::from_fn(|side| strides[side])
}

/// `i`, or the last of `n` where there is no such one: what is read there is not used.
#[cube]
pub(crate) fn clamped(i: usize, #[comptime] n: usize) -> usize {
    select(i < n, i, comptime!(n - 1))
}

/// `a && b` without a branch. Thirty branches in an unrolled loop are paths that one compiler (of Chrome's emulated
/// device) follows one by one, and never ends.
#[cube]
pub(crate) fn both(a: bool, b: bool) -> bool {
    select(a, b, false.runtime())
}

/// An index of nothing, beyond every tensor; two of them do not overflow.
pub(crate) const NOWHERE: usize = 1 << 30;

/// The distance of line `i` of `n` from the first, where `pad` lines of nothing go before it.
#[cube]
pub(crate) fn line(i: usize, #[comptime] pad: usize, #[comptime] n: usize, #[comptime] stride: usize) -> usize {
    let inside = both(i >= pad, i < comptime!(pad + n));
    // In this order: a line that is known beforehand would be a number below zero.
    let from = select(inside, i, pad.runtime()) - pad;
    select(inside, from * stride, NOWHERE)
}

/// The number at `at`, 0 where that is nowhere.
#[cube]
pub(crate) fn number(x: &[f32], at: usize) -> f32 {
    select(at < NOWHERE, x[select(at < NOWHERE, at, 0usize)], 0.0f32)
}

/// What a kernel of a convolution is built for; pad is kernel / 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Conv {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) kernel: usize,
}

impl Conv {
    pub(crate) fn new([_, inputs, height, width]: [usize; 4], outputs: usize, kernel: usize) -> Self {
        Self { inputs, outputs, height, width, kernel }
    }
}

/// What each of `threads` threads of a workgroup brings, `n` numbers, for all of them to see. Barriers cost more than
/// sums: this is the only one, and [`sum_of`] adds up what lies there, always in the same order.
#[cube]
pub(crate) fn together(numbers: &Array<f32>, #[comptime] n: usize, #[comptime] threads: usize) -> Shared<[f32]> {
    let mut shared = Shared::<[f32]>::new_slice(comptime!(n * threads));
    #[unroll]
    for i in 0..n {
        shared[i * threads + UNIT_POS as usize] = numbers[i];
    }
    sync_cube();
    shared
}

/// Of number `i` what all threads brought.
#[cube]
pub(crate) fn sum_of(shared: &Shared<[f32]>, i: usize, #[comptime] threads: usize) -> f32 {
    let mut sum = 0.0f32;
    for other in 0..threads {
        sum += shared[i * threads + other];
    }
    sum
}

/// The sum of what all threads of a workgroup bring, for each of them.
#[cube]
pub(crate) fn total(value: f32) -> f32 {
    let mut own = Array::<f32>::new(1usize);
    own[0] = value;
    let all = together(&own, 1usize, THREADS);
    sum_of(&all, 0usize, THREADS)
}
