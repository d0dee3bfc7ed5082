//! 3 × 3 kernels with fewer multiplications, after Winograd: 2 × 2 pixels of the result are made from 4 × 4 of the
//! frame by 16 products instead of 36, between sums of pixels and sums of weights. Where arithmetic is the limit, as in
//! wasm, it takes little more than half the time of the plain tiles; its rounding is somewhat coarser.
//!
//! With `Bᵀ`, `G` and `Aᵀ` of F(2 × 2, 3 × 3): result = Aᵀ ((G g Gᵀ) ⊙ (Bᵀ d B)) A.
#![allow(clippy::needless_range_loop, reason = "tiles are indexed by row and column")]

use super::sums::{correlate, outputs_at_once};
use super::tile::{Panels, Walk, convolve, pool, store_bytes};
use super::{Conv, Frame};
use crate::lanes::{Isa, Lanes, dispatch};
use crate::scratch::Scratch;
use std::mem::MaybeUninit;
use std::ops::Range;

/// Windows to multiply at once at least, where an image has them.
const AT_ONCE: usize = 32;

/// Whether it is the faster way: the sums cost little beside the products where there are many channels for the lanes.
pub fn pays(isa: Isa, conv: &Conv) -> bool {
    let (inputs, outputs) = (conv.inputs, conv.outputs);
    let enough = inputs.min(outputs) >= 16 && inputs * outputs >= 32 * isa.lanes();
    conv.kernel == 3 && conv.stride == 1 && enough && inputs.is_multiple_of(4) && outputs.is_multiple_of(4)
}

/// Whether it is for the gradient of the weights, which wants whole vectors.
pub fn pays_for_weights(isa: Isa, conv: &Conv) -> bool {
    let whole = conv.inputs.is_multiple_of(isa.lanes()) && conv.outputs.is_multiple_of(outputs_at_once(isa));
    pays(isa, conv) && whole
}

/// The windows of one convolution's result: the pixels of the result, windows across and lines of them, and lines that
/// are taken at once.
#[derive(Clone, Copy)]
struct Windows {
    height: usize,
    width: usize,
    across: usize,
    lines: usize,
    at_once: usize,
}

impl Windows {
    fn of(conv: &Conv) -> Self {
        let (height, width) = (conv.out_height(), conv.out_width());
        let (lines, across) = (height.div_ceil(2), width.div_ceil(2));
        Self { height, width, across, lines, at_once: (AT_ONCE / across).clamp(1, lines) }
    }

    fn frame(&self, conv: &Conv) -> Frame {
        Frame { lines: 2 * self.lines + 2, across: 2 * self.across + 2, ..conv.frame() }
    }

    /// The groups of lines that are taken at once.
    fn groups(&self, lines: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let at_once = self.at_once;
        (0..lines).step_by(at_once).map(move |first| first..lines.min(first + at_once))
    }
}

/// A walk over windows that lie one after the other.
fn row(windows: usize, channels: usize) -> Walk {
    Walk { lines: 1, across: windows, down: 0, right: channels, rows: 1, columns: channels, line: 0 }
}

/// One convolution's transformed weights, and how it goes over an image.
pub struct Winograd {
    isa: Isa,
    weights: Vec<Panels>,
    bias: Vec<f32>,
    inputs: usize,
    outputs: usize,
    windows: Windows,
    pub frame: Frame,
}

/// What a part works in.
pub struct Memory {
    pub framed: Scratch,
    lines: Scratch,
    seen: Scratch,
    products: Scratch,
}

impl Winograd {
    /// `weight(output, input, place)` is the weight from an input to an output at one of the kernel's nine places.
    pub fn new(isa: Isa, conv: &Conv, bias: Option<&[f32]>, weight: impl Fn(usize, usize, usize) -> f32) -> Self {
        let mut weights: Vec<_> = (0..16).map(|_| Panels::new(isa, conv.outputs, conv.inputs, None)).collect();
        for output in 0..conv.outputs {
            for input in 0..conv.inputs {
                let kernel = std::array::from_fn(|place| weight(output, input, place));
                for (panels, value) in weights.iter_mut().zip(transformed(kernel)) {
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

    pub fn memory(&self) -> Memory {
        let windows = 16 * self.windows.at_once * self.windows.across;
        Memory {
            framed: Scratch::new(self.frame.len()),
            lines: Scratch::new(4 * self.frame.line()),
            seen: Scratch::new(windows * self.inputs),
            products: Scratch::new(windows * self.outputs),
        }
    }

    /// Multiplies the windows of some lines: the products are `[16, windows, outputs]`.
    fn multiply(&self, lines: Range<usize>, memory: &mut Memory) {
        let windows = lines.len() * self.windows.across;
        see_all(self.isa, &self.frame, lines, &memory.framed, &mut memory.lines, &mut memory.seen);
        let walk = row(windows, self.inputs);
        for (at, weights) in self.weights.iter().enumerate() {
            let seen = &memory.seen[at * windows * self.inputs..][..windows * self.inputs];
            let to = &mut memory.products.unwritten()[at * windows * self.outputs..][..windows * self.outputs];
            convolve(self.isa, seen, weights, false, to, &walk);
        }
    }

    /// Every window's pixels, of the image that is in the frame.
    pub fn convolve(&self, memory: &mut Memory, relu: bool, to: &mut [MaybeUninit<f32>]) {
        for lines in self.windows.groups(self.windows.lines) {
            self.multiply(lines.clone(), memory);
            show(self.isa, self, &memory.products, lines, relu, to);
        }
    }

    /// Every whole window's greatest pixel, and which it is.
    pub fn convolve_pooled(
        &self,
        memory: &mut Memory,
        relu: bool,
        to: &mut [MaybeUninit<f32>],
        winners: &mut [MaybeUninit<u8>],
    ) {
        for lines in self.windows.groups(self.windows.height / 2) {
            self.multiply(lines.clone(), memory);
            show_pooled(self.isa, self, &memory.products, lines, relu, to, winners);
        }
    }
}

/// Bᵀ d B of some lines of windows of the image in `framed`: `seen` `[16, windows, channels]`.
fn see_all(isa: Isa, frame: &Frame, lines: Range<usize>, framed: &[f32], memory: &mut [f32], seen: &mut [f32]) {
    let len = (frame.across / 2 - 1) * frame.channels;
    let next = lines.len() * len;
    for (at, line) in lines.enumerate() {
        let from = &framed[2 * line * frame.line()..][..4 * frame.line()];
        see(isa, from, frame.channels, memory, &mut seen[at * len..], next);
    }
}

/// The gradient of the weights, by the chain rule: Gᵀ (Σ over windows of (A dy Aᵀ) ⊙ (Bᵀ d B)) G.
pub struct WeightGradient {
    isa: Isa,
    inputs: usize,
    outputs: usize,
    windows: Windows,
    /// Of the image, and of the result's gradient.
    pub frame: Frame,
    pub gradient: Frame,
}

/// What a part works in.
pub struct WeightMemory {
    pub framed: Scratch,
    lines: Scratch,
    seen: Scratch,
    spread: Scratch,
    sums: Scratch,
}

impl WeightGradient {
    pub fn new(isa: Isa, conv: &Conv) -> Self {
        let windows = Windows::of(conv);
        let (height, width) = (windows.height, windows.width);
        let (lines, across) = (2 * windows.lines, 2 * windows.across);
        let gradient = Frame { height, width, channels: conv.outputs, before: 0, lines, across };
        let (inputs, outputs) = (conv.inputs, conv.outputs);
        Self { isa, inputs, outputs, windows, frame: windows.frame(conv), gradient }
    }

    pub fn memory(&self) -> WeightMemory {
        let windows = 16 * self.windows.at_once * self.windows.across;
        WeightMemory {
            framed: Scratch::new(self.frame.len()),
            lines: Scratch::new(4 * self.frame.line()),
            seen: Scratch::new(windows * self.inputs),
            spread: Scratch::new(windows * self.outputs),
            sums: Scratch::new(16 * self.outputs * self.inputs),
        }
    }

    /// Takes in the image in the frame, and `dy` in its own.
    pub fn add(&self, memory: &mut WeightMemory, dy: &[f32]) {
        let line = self.gradient.line();
        for lines in self.windows.groups(self.windows.lines) {
            let windows = lines.len() * self.windows.across;
            see_all(self.isa, &self.frame, lines.clone(), &memory.framed, &mut memory.lines, &mut memory.seen);
            let len = windows * self.outputs;
            for (at, pair) in dy[2 * lines.start * line..2 * lines.end * line].chunks_exact(2 * line).enumerate() {
                spread(self.isa, pair, self.outputs, &mut memory.spread[at * line / 2..], len);
            }
            let walk = row(windows, self.inputs);
            for (at, sums) in memory.sums.chunks_exact_mut(self.outputs * self.inputs).enumerate() {
                let seen = &memory.seen[at * windows * self.inputs..][..windows * self.inputs];
                let spread = &memory.spread[at * len..][..len];
                correlate(self.isa, seen, spread, self.outputs, sums, &walk);
            }
        }
    }

    /// `[output][row][column, input]` of all that was taken in.
    pub fn finish(&self, memory: &WeightMemory, to: &mut [f32]) {
        collect(self.isa, &memory.sums, self.inputs, to);
    }
}

dispatch! {
    /// A dy Aᵀ of a line of windows: from two lines of the gradient to `to[16][window][channel]`, the sixteen `next`
    /// apart.
    fn spread(from: &[f32], channels: usize, to: &mut [f32], next: usize) = spread_body
}

#[inline(always)]
unsafe fn spread_body<V: Lanes>(from: &[f32], channels: usize, to: &mut [f32], next: usize) {
    unsafe {
        match channels.is_multiple_of(V::N) {
            true => spread_in::<V>(from, channels, to, next),
            false => spread_in::<V::Four>(from, channels, to, next),
        }
    }
}

#[inline(always)]
unsafe fn spread_in<V: Lanes>(from: &[f32], channels: usize, to: &mut [f32], next: usize) {
    let line = from.len() / 2;
    assert!(line.is_multiple_of(2 * channels) && channels.is_multiple_of(V::N) && 15 * next + line / 2 <= to.len());
    for window in 0..line / channels / 2 {
        for channel in (0..channels).step_by(V::N) {
            unsafe {
                let from = from.as_ptr().add(2 * window * channels + channel);
                let to = to.as_mut_ptr().add(window * channels + channel);
                let left = four_of([V::load(from), V::load(from.add(line))]);
                let right = four_of([V::load(from.add(channels)), V::load(from.add(line + channels))]);
                for row in 0..4 {
                    for (column, value) in four_of([left[row], right[row]]).into_iter().enumerate() {
                        value.store(to.add((4 * row + column) * next));
                    }
                }
            }
        }
    }
}

/// A of two.
#[inline(always)]
unsafe fn four_of<V: Lanes>([a, b]: [V; 2]) -> [V; 4] {
    unsafe { [a, a.add(b), a.sub(b), V::splat(0.0).sub(b)] }
}

dispatch! {
    /// Gᵀ u G: from `[16][output][input]` to `[output][9][input]`.
    fn collect(from: &[f32], inputs: usize, to: &mut [f32]) = collect_body
}

#[inline(always)]
unsafe fn collect_body<V: Lanes>(from: &[f32], inputs: usize, to: &mut [f32]) {
    let next = from.len() / 16;
    assert!(to.len() == 9 * next && inputs.is_multiple_of(V::N) && next.is_multiple_of(inputs));
    for at in (0..next).step_by(V::N) {
        unsafe {
            let mut rows = [[V::splat(0.0); 4]; 3];
            for column in 0..4 {
                let three = three(load::<V>(from.as_ptr().add(at + column * next), 4 * next));
                (rows[0][column], rows[1][column], rows[2][column]) = (three[0], three[1], three[2]);
            }
            let to = to.as_mut_ptr().add(at / inputs * 9 * inputs + at % inputs);
            for (row, four) in rows.into_iter().enumerate() {
                for (column, sum) in three(four).into_iter().enumerate() {
                    sum.store(to.add((3 * row + column) * inputs));
                }
            }
        }
    }
}

/// Gᵀ of four.
#[inline(always)]
unsafe fn three<V: Lanes>(u: [V; 4]) -> [V; 3] {
    unsafe {
        let half = V::splat(0.5);
        let (sum, difference) = (u[1].add(u[2]).mul(half), u[1].sub(u[2]).mul(half));
        [u[0].add(sum), difference, sum.add(u[3])]
    }
}

/// G g Gᵀ.
fn transformed(kernel: [f32; 9]) -> [f32; 16] {
    let of = |a: f32, b: f32, c: f32| [a, 0.5 * (a + b + c), 0.5 * (a - b + c), c];
    let rows: [[f32; 4]; 3] = std::array::from_fn(|row| of(kernel[3 * row], kernel[3 * row + 1], kernel[3 * row + 2]));
    let columns: [[f32; 4]; 4] = std::array::from_fn(|column| of(rows[0][column], rows[1][column], rows[2][column]));
    std::array::from_fn(|at| columns[at % 4][at / 4])
}

/// Bᵀ of four.
#[inline(always)]
unsafe fn four<V: Lanes>(d: [V; 4]) -> [V; 4] {
    unsafe { [d[0].sub(d[2]), d[1].add(d[2]), d[2].sub(d[1]), d[1].sub(d[3])] }
}

/// Aᵀ of four.
#[inline(always)]
unsafe fn two<V: Lanes>(m: [V; 4]) -> [V; 2] {
    unsafe { [m[0].add(m[1]).add(m[2]), m[1].sub(m[2]).sub(m[3])] }
}

#[inline(always)]
unsafe fn load<V: Lanes>(from: *const f32, step: usize) -> [V; 4] {
    unsafe { [V::load(from), V::load(from.add(step)), V::load(from.add(2 * step)), V::load(from.add(3 * step))] }
}

dispatch! {
    /// Bᵀ d B of a line of windows: from four lines of the frame to `to[16][window][channel]`, the sixteen `next`
    /// apart.
    fn see(from: &[f32], channels: usize, lines: &mut [f32], to: &mut [f32], next: usize) = see_body
}

#[inline(always)]
unsafe fn see_body<V: Lanes>(from: &[f32], channels: usize, lines: &mut [f32], to: &mut [f32], next: usize) {
    unsafe {
        match channels.is_multiple_of(V::N) {
            true => see_in::<V>(from, channels, lines, to, next),
            false => see_in::<V::Four>(from, channels, lines, to, next),
        }
    }
}

#[inline(always)]
unsafe fn see_in<V: Lanes>(from: &[f32], channels: usize, lines: &mut [f32], to: &mut [f32], next: usize) {
    let line = from.len() / 4;
    let windows = line / channels / 2 - 1;
    assert!(lines.len() == 4 * line && channels.is_multiple_of(V::N) && line.is_multiple_of(2 * channels));
    assert!(15 * next + windows * channels <= to.len());
    for at in (0..line).step_by(V::N) {
        unsafe {
            let sums = four(load::<V>(from.as_ptr().add(at), line));
            for (row, sum) in sums.into_iter().enumerate() {
                sum.store(lines.as_mut_ptr().add(row * line + at));
            }
        }
    }
    for row in 0..4 {
        for window in 0..windows {
            for channel in (0..channels).step_by(V::N) {
                unsafe {
                    let from = lines.as_ptr().add(row * line + 2 * window * channels + channel);
                    let to = to.as_mut_ptr().add(4 * row * next + window * channels + channel);
                    for (column, sum) in four(load::<V>(from, channels)).into_iter().enumerate() {
                        sum.store(to.add(column * next));
                    }
                }
            }
        }
    }
}

/// Aᵀ m A of one window: its four pixels by rows.
#[inline(always)]
unsafe fn pixels<V: Lanes>(products: *const f32, next: usize, bias: *const f32) -> [V; 4] {
    unsafe {
        let mut rows = [[V::splat(0.0); 4]; 2];
        for column in 0..4 {
            let [above, below] = two(load::<V>(products.add(column * next), 4 * next));
            (rows[0][column], rows[1][column]) = (above, below);
        }
        let ([a, b], [c, d]) = (two(rows[0]), two(rows[1]));
        let bias = V::load(bias);
        [a.add(bias), b.add(bias), c.add(bias), d.add(bias)]
    }
}

dispatch! {
    /// The pixels of some lines of windows, from their products; those past the image's end are left out.
    fn show(of: &Winograd, products: &[f32], lines: Range<usize>, relu: bool, to: &mut [MaybeUninit<f32>])
        = show_body
}

#[inline(always)]
unsafe fn show_body<V: Lanes>(
    of: &Winograd,
    products: &[f32],
    lines: Range<usize>,
    relu: bool,
    to: &mut [MaybeUninit<f32>],
) {
    unsafe {
        match of.outputs.is_multiple_of(V::N) {
            true => show_in::<V>(of, products, lines, relu, to),
            false => show_in::<V::Four>(of, products, lines, relu, to),
        }
    }
}

#[inline(always)]
unsafe fn show_in<V: Lanes>(
    of: &Winograd,
    products: &[f32],
    lines: Range<usize>,
    relu: bool,
    to: &mut [MaybeUninit<f32>],
) {
    let next = lines.len() * of.windows.across * of.outputs;
    assert!(lines.end <= of.windows.lines && products.len() >= 16 * next && of.outputs.is_multiple_of(V::N));
    assert!(to.len() == of.windows.height * of.windows.width * of.outputs);
    let (mut from, to) = (products.as_ptr(), to.as_mut_ptr().cast::<f32>());
    for line in lines {
        for window in 0..of.windows.across {
            for output in (0..of.outputs).step_by(V::N) {
                unsafe {
                    let four = pixels::<V>(from.add(output), next, of.bias.as_ptr().add(output));
                    for (q, mut pixel) in four.into_iter().enumerate() {
                        let (y, x) = (2 * line + q / 2, 2 * window + q % 2);
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
    /// The greatest pixel of every whole window of some lines, and which it is, from their products.
    fn show_pooled(
        of: &Winograd, products: &[f32], lines: Range<usize>, relu: bool, to: &mut [MaybeUninit<f32>],
        winners: &mut [MaybeUninit<u8>],
    ) = show_pooled_body
}

#[inline(always)]
unsafe fn show_pooled_body<V: Lanes>(
    of: &Winograd,
    products: &[f32],
    lines: Range<usize>,
    relu: bool,
    to: &mut [MaybeUninit<f32>],
    winners: &mut [MaybeUninit<u8>],
) {
    unsafe {
        match of.outputs.is_multiple_of(V::N) {
            true => show_pooled_in::<V>(of, products, lines, relu, to, winners),
            false => show_pooled_in::<V::Four>(of, products, lines, relu, to, winners),
        }
    }
}

#[inline(always)]
unsafe fn show_pooled_in<V: Lanes>(
    of: &Winograd,
    products: &[f32],
    lines: Range<usize>,
    relu: bool,
    to: &mut [MaybeUninit<f32>],
    winners: &mut [MaybeUninit<u8>],
) {
    let next = lines.len() * of.windows.across * of.outputs;
    let whole = of.windows.width / 2;
    assert!(lines.end <= of.windows.height / 2 && products.len() >= 16 * next && of.outputs.is_multiple_of(V::N));
    assert!(to.len() == of.windows.height / 2 * whole * of.outputs && winners.len() == to.len());
    let (to, winners) = (to.as_mut_ptr().cast::<f32>(), winners.as_mut_ptr().cast::<u8>());
    for (at, line) in lines.enumerate() {
        for window in 0..whole {
            for output in (0..of.outputs).step_by(V::N) {
                unsafe {
                    let from = products.as_ptr().add((at * of.windows.across + window) * of.outputs + output);
                    let (best, winner) = pool(pixels::<V>(from, next, of.bias.as_ptr().add(output)), relu);
                    let place = (line * whole + window) * of.outputs + output;
                    best.store(to.add(place));
                    store_bytes([winner], V::N, winners.add(place));
                }
            }
        }
    }
}
