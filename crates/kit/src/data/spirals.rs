//! Spirals: points on arms that wind around a common centre.

use super::points::{scatter, within};
use super::{DataSet, RawSet};
use crate::error::Result;
use crate::host::Host;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Kind, Noun, Wrong};
use std::f32::consts::TAU;

/// Arms that wind around a common centre.
pub struct Spirals;

impl DataSet for Spirals {
    type Config = Config;
    const ID: &str = "spirals";
    const TITLE: &str = "Spirals";
    const HELP: &str = "Points on arms that wind around a common centre";
    const LICENCE: &str = "Generated; after the two spirals of K. J. Lang and M. J. Witbrock, 1988";
    const KIND: Kind = Kind::Points;

    fn nouns() -> Vec<Noun> {
        let arms: Vec<[String; 2]> =
            (1..=ARMS).map(|arm| [format!("arm {arm}"), format!("points of arm {arm}")]).collect();
        let words: Vec<(&str, &str)> = arms.iter().map(|[one, many]| (one.as_str(), many.as_str())).collect();
        vec![Noun::new("point", "points", false).classes(&words)]
    }

    async fn load(_: &str, config: &Config, _: &dyn Host) -> Result<RawSet> {
        Ok(generate(config)?)
    }
}

/// The most arms.
const ARMS: u32 = 8;

/// How the points are drawn.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Number of points, the same on every arm.
    #[schemars(range(min = 20, max = 20_000))]
    pub n: u32,
    /// Standard deviation of the points around their arm; the spiral's radius is 1.
    #[schemars(range(min = 0.0, max = 0.2))]
    pub noise: f64,
    /// Number of arms; each is a class.
    #[schemars(range(min = 2, max = 8))]
    pub arms: u32,
    /// How often an arm winds around the centre.
    #[schemars(range(min = 0.25, max = 4.0))]
    pub turns: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { n: 1000, noise: 0.02, arms: 2, turns: 1.5 }
    }
}

/// Draws the points. The spiral is centred in the box [0, 1]² and its radius is 0.4.
pub fn generate(config: &Config) -> std::result::Result<RawSet, Wrong> {
    const RADIUS: f32 = 0.4;
    within("n", config.n, 20..=20_000)?;
    within("noise", config.noise, 0.0..=0.2)?;
    within("arms", config.arms, 2..=ARMS)?;
    within("turns", config.turns, 0.25..=4.0)?;
    let on_arm = config.n.div_ceil(config.arms);
    let curve = |arm, place| {
        // With the square root the points are about as dense at the rim as at the centre.
        let radius = libm::sqrtf((place as f32 + 0.5) / on_arm as f32);
        let angle = TAU * (config.turns as f32 * radius + arm as f32 / config.arms as f32);
        let (sin, cos) = libm::sincosf(angle);
        [0.5 + RADIUS * radius * cos, 0.5 + RADIUS * radius * sin]
    };
    let arms = (1..=config.arms).map(|arm| format!("arm {arm}")).collect();
    Ok(scatter(Spirals::ID, config.n, arms, RADIUS * config.noise as f32, curve))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spirals_lie_in_the_box() {
        for arms in 2..=8 {
            let raw = generate(&Config { n: 1001, noise: 0.2, arms, turns: 4.0 }).unwrap();
            assert_eq!((raw.inputs.len(), raw.classes.len()), (2002, arms as usize));
            assert!(raw.inputs.iter().all(|x| (0.0..=1.0).contains(x)));
            assert_eq!([raw.train.len(), raw.valid.len(), raw.test.len()], [601, 100, 300]);
        }
    }

    /// Two arms without noise are each other's mirror image through the centre.
    #[test]
    fn two_arms_are_symmetric() {
        let raw = generate(&Config { noise: 0.0, ..Config::default() }).unwrap();
        for pair in raw.inputs.chunks_exact(4) {
            assert!((pair[0] + pair[2] - 1.0).abs() < 1e-6 && (pair[1] + pair[3] - 1.0).abs() < 1e-6, "{pair:?}");
        }
    }

    #[test]
    fn what_is_out_of_bounds_is_refused() {
        for config in [
            Config { n: 0, ..Config::default() },
            Config { arms: 1, ..Config::default() },
            Config { turns: f64::INFINITY, ..Config::default() },
            Config { noise: -1.0, ..Config::default() },
        ] {
            assert!(generate(&config).is_err(), "{config:?}");
        }
    }
}
