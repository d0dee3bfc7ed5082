//! Random numbers and fingerprints.
//!
//! Random numbers are generated on the host, so that a seed means the same on every device. The distributions are
//! written here because `rand` does not promise that its values stay the same between versions, and a seed has to.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};
use spec::Digest;

/// A stream of random numbers. `ln`, `cos` and the like come from `libm`, because those of `std` differ in their last
/// bits between platforms.
#[derive(Clone)]
pub struct Rng(Option<ChaCha8Rng>);

impl Rng {
    /// The stream that belongs to this seed, purpose and list of numbers. Streams that differ in one of them are
    /// independent.
    pub fn of(seed: u32, purpose: &str, numbers: &[u32]) -> Self {
        let mut hash = Digest::default();
        hash.write(&seed.to_le_bytes());
        hash.write(purpose.as_bytes());
        for number in numbers {
            hash.write(&number.to_le_bytes());
        }
        Self(Some(ChaCha8Rng::seed_from_u64(hash.value())))
    }

    /// A stream of zeros: for weights that a file holds, which must take neither time nor memory before they are read.
    pub const fn none() -> Self {
        Self(None)
    }

    /// Whether this is the stream of zeros.
    pub const fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// 32 random bits.
    pub fn bits(&mut self) -> u32 {
        self.0.as_mut().map_or(0, |stream| stream.next_u32())
    }

    /// Uniform in [0, 1), with 24 bits, so that the value is exact in `f32`.
    pub fn unit(&mut self) -> f32 {
        (self.bits() >> 8) as f32 / 16_777_216.0
    }

    /// Uniform in [low, high).
    pub fn uniform(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// Standard normal, by the Box–Muller transform.
    pub fn normal(&mut self) -> f32 {
        let radius = libm::sqrtf(-2.0 * libm::logf(1.0 - self.unit()));
        radius * libm::cosf(std::f32::consts::TAU * self.unit())
    }

    /// Uniform in `0 .. below`.
    pub fn below(&mut self, below: usize) -> usize {
        ((u64::from(self.bits()) * below as u64) >> 32) as usize
    }

    /// Shuffles in place, by Fisher and Yates.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_fixed_and_independent() {
        let draw = |purpose: &str, turn| Rng::of(1, purpose, &[0, turn]).bits();
        assert_eq!(draw("batch", 0), draw("batch", 0));
        assert_ne!(draw("batch", 0), draw("batch", 1));
        assert_ne!(draw("batch", 0), draw("start", 0));
    }

    #[test]
    fn normal_has_mean_zero_and_variance_one() {
        let mut rng = Rng::of(3, "test", &[]);
        let samples: Vec<f64> = (0..20_000).map(|_| rng.normal().into()).collect();
        let mean = samples.iter().sum::<f64>() / samples.len() as f64;
        let var = samples.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / samples.len() as f64;
        assert!(mean.abs() < 0.03 && (var - 1.0).abs() < 0.05, "{mean} {var}");
    }

    #[test]
    fn shuffle_keeps_every_item() {
        let mut items: Vec<u32> = (0..100).collect();
        Rng::of(1, "shuffle", &[]).shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }
}
