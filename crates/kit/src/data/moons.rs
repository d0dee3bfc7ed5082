use super::bounds::within;
use super::{Raw, stratified};
use crate::seed::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::Wrong;
use std::f32::consts::PI;

pub const ID: &str = "moons";
pub const TITLE: &str = "Two moons";
pub const HELP: &str = "Points on two half circles that reach into each other";
pub const LICENCE: &str = "Generated; the shape is that of scikit-learn's make_moons";

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

/// Points in the box [0, 1]², so that an attack that is clipped to the box of images is a fair one here too: both moons
/// (3 wide, 1.5 high) keep their proportions at a quarter of their size, centred. A point that its noise would carry
/// out of the box is drawn again.
pub fn generate(config: &Config) -> Result<Raw, Wrong> {
    within("n", config.n, 10..=20_000)?;
    within("noise", config.noise, 0.0..=0.5)?;
    let mut rng = Rng::of(0, ID, &[]);
    let on_moon = config.n.div_ceil(2) - 1;
    let mut inputs = Vec::with_capacity(2 * config.n as usize);
    for row in 0..config.n {
        let angle = PI * (row / 2) as f32 / on_moon as f32;
        let (sin, cos) = libm::sincosf(angle);
        let [x, y] = if row % 2 == 0 { [cos, sin] } else { [1.0 - cos, 0.5 - sin] };
        let [x, y] = [0.5 + (x - 0.5) / 4.0, 0.5 + (y - 0.25) / 4.0];
        inputs.extend(around([x, y], config.noise as f32 / 4.0, &mut rng));
    }
    let labels: Vec<u16> = (0..config.n).map(|row| (row % 2) as u16).collect();
    let [train, valid, test] = stratified(&labels, labels.len() / 10, labels.len() * 3 / 10);
    Ok(Raw {
        name: TITLE.into(),
        licence: LICENCE.into(),
        shape: [2, 1, 1],
        points: true,
        inputs,
        labels,
        classes: vec!["upper".into(), "lower".into()],
        train,
        valid,
        test,
        ..Raw::default()
    })
}

/// A normal draw around a point of the box that lies in the box.
pub(super) fn around(centre: [f32; 2], deviation: f32, rng: &mut Rng) -> [f32; 2] {
    loop {
        let point = centre.map(|x| x + deviation * rng.normal());
        if point.iter().all(|x| (0.0..=1.0).contains(x)) {
            return point;
        }
    }
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
