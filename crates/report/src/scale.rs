//! From values to pixels, and the values worth a tick.
//!
//! Written here because the crates that have scales bring whole drawing stacks with them, and none has a square root.

use crate::figure;

/// A mapping from `domain` (values) to `range` (pixels). The range may run backwards, as that of a y axis does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// How values are spread over the pixels.
    pub kind: ScaleKind,
    /// The values at the two ends of the range.
    pub domain: [f64; 2],
    /// The pixels of the two ends of the domain.
    pub range: [f64; 2],
}

/// How a scale spreads values over pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaleKind {
    /// Equal differences are equal distances.
    Linear,
    /// Equal ratios are equal distances; values above zero only.
    Log,
    /// Signed: -4 lies as far left of zero as 4 lies right of it.
    Sqrt,
}

/// A value on an axis and how it is printed there.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Where the tick stands.
    pub value: f64,
    /// The value as text: `2.5`, `10 k`.
    pub label: String,
}

impl Scale {
    /// A domain without extent, or with an end that is not finite, is widened to one that can be drawn.
    pub fn new(kind: ScaleKind, domain: [f64; 2], range: [f64; 2]) -> Self {
        let [mut low, mut high] = domain;
        if !(low.is_finite() && high.is_finite()) {
            (low, high) = (0.0, 1.0);
        }
        if kind == ScaleKind::Log {
            high = if high > 0.0 { high } else { 1.0 };
            low = if low > 0.0 { low } else { high / 1000.0 };
        }
        if low == high {
            (low, high) = if kind == ScaleKind::Log { (low / 2.0, high * 2.0) } else { (low - 0.5, high + 0.5) };
        }
        Self { kind, domain: [low, high], range }
    }

    /// The pixel of a value; values outside the domain land outside the range.
    pub fn at(&self, value: f64) -> f64 {
        let [low, high] = self.domain.map(|end| self.bend(end));
        let [start, end] = self.range;
        start + (self.bend(value) - low) / (high - low) * (end - start)
    }

    /// About `count` round values of the domain, in order.
    pub fn ticks(&self, count: usize) -> Vec<Tick> {
        let [low, high] = self.domain;
        let (low, high) = (low.min(high), low.max(high));
        match self.kind {
            ScaleKind::Linear => {
                let step = nice_step(high - low, count);
                let decimals = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
                steps(low, high, step).map(|value| Tick { value, label: figure::fixed(value, decimals) }).collect()
            }
            ScaleKind::Log => {
                let (first, last) = (low.log10().ceil() as i32, high.log10().floor() as i32);
                let leap = (last - first).max(0) as usize / count.max(2) + 1;
                // Less than two decades need the steps in between.
                let factors: &[f64] = if last - first < 1 { &[1.0, 2.0, 5.0] } else { &[1.0] };
                let inside = low * (1.0 - 1e-9)..=high * (1.0 + 1e-9);
                (first - 1..=last)
                    .filter(|power| (power - first).rem_euclid(leap as i32) == 0 || factors.len() > 1)
                    .flat_map(|power| factors.iter().map(move |factor| factor * 10f64.powi(power)))
                    .filter(|value| inside.contains(value))
                    .map(|value| Tick { value, label: figure::short(value) })
                    .collect()
            }
            ScaleKind::Sqrt => {
                let (low, high) = (self.bend(low), self.bend(high));
                steps(low, high, nice_step(high - low, count).max(f64::MIN_POSITIVE))
                    .map(|root| root * root.abs())
                    .map(|value| Tick { value, label: figure::short(value) })
                    .collect()
            }
        }
    }

    fn bend(&self, value: f64) -> f64 {
        match self.kind {
            ScaleKind::Linear => value,
            ScaleKind::Log => value.max(f64::MIN_POSITIVE).log10(),
            ScaleKind::Sqrt => value.abs().sqrt().copysign(value),
        }
    }
}

/// The smallest of 1, 2, 2.5, 5 and 10 times a power of ten that cuts `extent` into at most `count` pieces.
fn nice_step(extent: f64, count: usize) -> f64 {
    let rough = extent / count.max(1) as f64;
    let power = 10f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 2.5, 5.0].into_iter().find(|factor| factor * power >= rough * (1.0 - 1e-9));
    // 2.5 has a digit more than its power of ten: only where it is a whole number of units.
    match factor {
        Some(2.5) if power < 10.0 => 5.0 * power,
        Some(factor) => factor * power,
        None => 10.0 * power,
    }
}

/// The multiples of `step` between `low` and `high`; at most a hundred, whatever the numbers.
fn steps(low: f64, high: f64, step: f64) -> impl Iterator<Item = f64> {
    let first = (low / step - 1e-9).ceil();
    let count = ((high / step + 1e-9).floor() - first).clamp(-1.0, 99.0) as i64;
    // Adding zero turns -0 into 0.
    (0..=count).map(move |at| (first + at as f64) * step + 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(kind: ScaleKind, low: f64, high: f64, count: usize) -> String {
        let ticks = Scale::new(kind, [low, high], [0.0, 1.0]).ticks(count);
        ticks.into_iter().map(|tick| tick.label).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(labels(ScaleKind::Linear, 0.0, 100.0, 4), "0 25 50 75 100");
        assert_eq!(labels(ScaleKind::Linear, 0.0, 800.0, 4), "0 200 400 600 800");
        assert_eq!(labels(ScaleKind::Linear, 0.0, 0.4, 4), "0.0 0.1 0.2 0.3 0.4");
        assert_eq!(labels(ScaleKind::Linear, 0.0, 10.0, 4), "0 5 10");
        assert_eq!(labels(ScaleKind::Linear, -1.0, 1.0, 4), "−1.0 −0.5 0.0 0.5 1.0");
        assert_eq!(labels(ScaleKind::Log, 100.0, 1e5, 5), "100 1\u{202f}k 10\u{202f}k 100\u{202f}k");
        assert_eq!(labels(ScaleKind::Log, 20.0, 90.0, 5), "20 50");
        assert_eq!(labels(ScaleKind::Log, 1e-4, 1.0, 5), "0.0001 0.001 0.01 0.1 1");
        assert_eq!(labels(ScaleKind::Sqrt, 0.0, 16.0, 4), "0 1 4 9 16");
        assert_eq!(labels(ScaleKind::Sqrt, 0.0, 100.0, 5), "0 4 16 36 64 100");
        assert_eq!(labels(ScaleKind::Sqrt, -4.0, 4.0, 4), "−4 −1 0 1 4");
    }

    #[test]
    fn nothing_hangs_on_odd_domains() {
        for kind in [ScaleKind::Linear, ScaleKind::Log, ScaleKind::Sqrt] {
            for domain in [[0.0, 0.0], [f64::NAN, 1.0], [0.0, f64::INFINITY], [-5.0, -5.0], [1e-300, 1e300], [7.0, 3.0]]
            {
                let scale = Scale::new(kind, domain, [0.0, 100.0]);
                assert!(scale.ticks(5).len() <= 100, "{kind:?} {domain:?}");
                assert!(scale.at(scale.domain[1]).is_finite(), "{kind:?} {domain:?}");
            }
        }
    }

    #[test]
    fn a_square_root_stretches_what_is_near_zero() {
        assert_eq!(Scale::new(ScaleKind::Sqrt, [0.0, 16.0], [0.0, 100.0]).at(4.0), 50.0);
    }
}
