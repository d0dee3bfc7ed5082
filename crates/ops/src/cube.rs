//! What the bodies for graphics devices share: how tensors come in and go out, and how a kernel is begun.
//!
//! Every kernel is launched without checks of its indices, so it has to keep them inside by itself. Sizes of layers are
//! fixed when a kernel is built; the number of images is not, so the last batch builds nothing anew.
//!
//! Unlike on the CPU, images lie in memory as their shape says, row by row: neighbouring threads take neighbouring
//! pixels of one channel, all with the same weights, and a linear layer behind or before them reads and writes the same
//! memory without a pass in between. Images that lie otherwise are read as they are.

use crate::graph::COPIES;
use burn::tensor::{DType, Shape};
use burn_cubecl::kernel::{cast, into_contiguous};
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;
use std::sync::atomic::Ordering;

/// Threads of a workgroup where nothing is shared between them.
const THREADS: u32 = 64;

/// So many threads in one line.
pub(crate) fn threads(like: &CubeTensor, n: usize) -> (CubeCount, CubeDim) {
    let dim = CubeDim::new_1d(THREADS);
    (cubecl::calculate_cube_count_elemwise(&like.client, n, dim), dim)
}

/// So many workgroups; a few more where a device does not take as many in one line.
pub(crate) fn workgroups(like: &CubeTensor, n: usize) -> CubeCount {
    cubecl::calculate_cube_count_elemwise(&like.client, n, CubeDim::new_single())
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

/// The sum of what all threads of a workgroup bring, for each of them; always added up in the same order. Barriers cost
/// more than sums: there is one, and every thread adds up what all have.
#[cube]
pub(crate) fn total(value: f32, #[comptime] threads: usize) -> f32 {
    let mut shared = Shared::<[f32]>::new_slice(threads);
    shared[UNIT_POS as usize] = value;
    sync_cube();
    let mut sum = 0.0f32;
    for other in 0..threads {
        sum += shared[other];
    }
    sum
}
