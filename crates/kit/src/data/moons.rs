//! Two moons: points on two half circles that reach into each other.

use super::points::{scatter, within};
use super::{DataSet, RawSet};
use crate::error::Result;
use crate::host::Host;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Kind, Noun, Wrong};
use std::f32::consts::PI;

/// Two interleaving half circles.
pub struct Moons;

impl DataSet for Moons {
    type Config = Config;
    const ID: &str = "moons";
    const TITLE: &str = "Two moons";
    const HELP: &str = "Points on two half circles that reach into each other";
    const LICENCE: &str = "Generated; the shape is that of scikit-learn's make_moons";
    const KIND: Kind = Kind::Points;

    fn nouns() -> Vec<Noun> {
        vec![Noun::new("point", "points", false)]
    }

    async fn load(_: &str, config: &Config, _: &dyn Host) -> Result<RawSet> {
        Ok(generate(config)?)
    }
}

/// How the points are drawn.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Number of points, half of them on each moon.
    #[schemars(range(min = 10, max = 20_000))]
    pub n: u32,
    /// Standard deviation of the points around their moon, whose radius is 1.
    #[schemars(range(min = 0.0, max = 0.5))]
    pub noise: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { n: 1000, noise: 0.15 }
    }
}

/// Draws the points. Both moons together are 3 wide and 1.5 high; they are scaled by a quarter and centred in the box
/// [0, 1]².
pub fn generate(config: &Config) -> std::result::Result<RawSet, Wrong> {
    within("n", config.n, 10..=20_000)?;
    within("noise", config.noise, 0.0..=0.5)?;
    // The place of the last point on a moon.
    let on_moon = config.n.div_ceil(2) - 1;
    let curve = |moon, place| {
        let (sin, cos) = libm::sincosf(PI * place as f32 / on_moon as f32);
        let [x, y] = if moon == 0 { [cos, sin] } else { [1.0 - cos, 0.5 - sin] };
        [0.5 + (x - 0.5) / 4.0, 0.5 + (y - 0.25) / 4.0]
    };
    Ok(scatter(Moons::ID, config.n, vec!["upper".into(), "lower".into()], config.noise as f32 / 4.0, curve))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moons_lie_in_the_box() {
        for (n, noise) in [(10, 0.0), (11, 0.0), (1000, 0.15), (5000, 0.5)] {
            let raw = generate(&Config { n, noise }).unwrap();
            assert_eq!(raw.inputs.len(), 2 * n as usize);
            assert!(raw.inputs.iter().all(|x| (0.0..=1.0).contains(x)));
            assert_eq!(raw.test.len(), raw.len() * 3 / 10);
            assert_eq!(raw.train.len() + raw.valid.len() + raw.test.len(), raw.len());
        }
    }

    /// Without noise the ends of the moons are known: (1, 0), (-1, 0), (0, 0.5), (2, 0.5) before scaling.
    #[test]
    fn moons_are_those_of_scikit_learn() {
        let raw = generate(&Config { n: 100, noise: 0.0 }).unwrap();
        let ends = [[1.0, 0.0], [0.0, 0.5], [-1.0, 0.0], [2.0, 0.5]]
            .map(|[x, y]: [f32; 2]| [0.5 + (x - 0.5) / 4.0, 0.5 + (y - 0.25) / 4.0]);
        for (row, end) in [0, 1, 98, 99].into_iter().zip(ends) {
            for (got, want) in raw.inputs[2 * row..2 * row + 2].iter().zip(end) {
                assert!((got - want).abs() < 1e-6, "row {row}: {got} for {want}");
            }
        }
    }

    #[test]
    fn what_is_out_of_bounds_is_refused() {
        for config in [Config { n: 9, noise: 0.1 }, Config { n: 100, noise: f64::NAN }, Config { n: 100, noise: 1e9 }] {
            assert!(generate(&config).is_err(), "{config:?}");
        }
    }
}
