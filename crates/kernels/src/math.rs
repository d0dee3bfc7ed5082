//! Elementary functions without branches and calls, so that the compiler vectorises loops over them, and reductions in
//! SIMD lanes.

use crate::lanes::Lanes;

/// e^x with a relative error below 2e-7. `x` is clamped to −87 to 88, so the result is between 1.6e-38 and 1.7e38.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    /// Adding this to a small number leaves the nearest integer in the low bits of the sum.
    const ROUND: f32 = 12_582_912.0;
    let x = if x > 88.0 { 88.0 } else { x };
    let x = if x < -87.0 { -87.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    // ln 2 is split into two parts; the first has few digits, so that n times it is exact.
    let r = (x - n * 0.693_359_4) - n * -2.121_944_4e-4;
    let p = 1.987_569_1e-4;
    let p = p * r + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let p = p * r * r + r + 1.0;
    p * f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000))
}

/// Φ(x) and φ(x) of the standard normal distribution.
///
/// The relative error is below 1e-6 for |x| ≤ 6, where the argument of exp is x²/2. Φ(−|x|) / exp(−x²/2) is
/// approximated by a polynomial in 1 / (1 + 0.34·|x|) with an error of 3e-7.
#[inline(always)]
pub fn normal(x: f32) -> (f32, f32) {
    let t = 1.0 / (1.0 + 0.34 * x.abs());
    let e = exp(-0.5 * x * x);
    let p = -0.026_626_352;
    let p = p * t + 0.141_877_43;
    let p = p * t - 0.277_864_66;
    let p = p * t + 0.207_373_28;
    let p = p * t - 0.048_140_37;
    let p = p * t + 0.116_743_065;
    let p = p * t + 0.114_863_37;
    let p = p * t + 0.136_156_19;
    let p = p * t + 0.135_618_09;
    let below = p * t * e;
    (if x > 0.0 { 1.0 - below } else { below }, 0.398_942_3 * e)
}

/// `x` if `keep` is set, else 0. It is a bit mask, because the compiler turns a selection into a branch around reading
/// `x`.
#[inline(always)]
pub fn mask(keep: bool, x: f32) -> f32 {
    f32::from_bits(x.to_bits() & u32::from(keep).wrapping_neg())
}

/// The sum of all elements, in SIMD lanes.
#[inline(always)]
pub unsafe fn sum<V: Lanes>(x: &[f32]) -> f32 {
    unsafe {
        let mut sums = V::splat(0.0);
        let whole = x.chunks_exact(V::N);
        let rest: f32 = whole.remainder().iter().sum();
        for x in whole {
            sums = sums.add(V::load(x.as_ptr()));
        }
        total(sums) + rest
    }
}

/// The largest element; NaN is ignored.
#[inline(always)]
pub unsafe fn largest<V: Lanes>(x: &[f32]) -> f32 {
    let larger = |most: f32, x: &f32| if *x > most { *x } else { most };
    unsafe {
        let mut all = [f32::NEG_INFINITY; 16];
        let whole = x.chunks_exact(V::N);
        let rest = whole.remainder().iter().fold(f32::NEG_INFINITY, larger);
        let mut most = V::splat(f32::NEG_INFINITY);
        for x in whole {
            most = V::load(x.as_ptr()).max(most);
        }
        most.store(all.as_mut_ptr());
        for half in [8, 4, 2, 1] {
            let (low, high) = all.split_at_mut(half);
            low.iter_mut().zip(high).for_each(|(low, high)| *low = larger(*low, high));
        }
        larger(all[0], &rest)
    }
}

/// The dot product of two slices of equal length, in SIMD lanes.
#[inline(always)]
pub unsafe fn dot<V: Lanes>(a: &[f32], b: &[f32]) -> f32 {
    unsafe {
        let mut sums = V::splat(0.0);
        let (whole, others) = (a.chunks_exact(V::N), b.chunks_exact(V::N));
        let rest: f32 = whole.remainder().iter().zip(others.remainder()).map(|(a, b)| a * b).sum();
        for (a, b) in whole.zip(others) {
            sums = sums.mul_add(V::load(a.as_ptr()), V::load(b.as_ptr()));
        }
        total(sums) + rest
    }
}

/// The sum of the lanes, added pairwise to keep the chains of dependent additions short.
#[inline(always)]
unsafe fn total<V: Lanes>(sums: V) -> f32 {
    let mut all = [0.0; 16];
    unsafe { sums.store(all.as_mut_ptr()) };
    for half in [8, 4, 2, 1] {
        let (low, high) = all.split_at_mut(half);
        low.iter_mut().zip(high).for_each(|(low, high)| *low += *high);
    }
    all[0]
}
