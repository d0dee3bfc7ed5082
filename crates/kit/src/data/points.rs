//! What the generated sets share: scattered points and bounds of their settings.

use super::{RawSet, stratified};
use crate::seed::Rng;
use spec::Wrong;
use std::fmt::Display;
use std::ops::RangeInclusive;

/// Points with normal noise around curves, in the box [0, 1]²: an attack that is clipped to the range of images is a
/// fair attack on them too.
///
/// Sample k belongs to class `k % classes` and lies near `curve(class, k / classes)`. `deviation` is the standard
/// deviation of the noise in each coordinate.
pub(super) fn scatter(
    id: &str,
    n: u32,
    classes: Vec<String>,
    deviation: f32,
    curve: impl Fn(u32, u32) -> [f32; 2],
) -> RawSet {
    let mut rng = Rng::of(0, id, &[]);
    let count = classes.len() as u32;
    let inputs = (0..n).flat_map(|row| around(curve(row % count, row / count), deviation, &mut rng)).collect();
    let labels: Vec<u16> = (0..n).map(|row| (row % count) as u16).collect();
    let [train, valid, test] = stratified(&labels, labels.len() / 10, labels.len() * 3 / 10);
    RawSet { shape: [2, 1, 1], inputs, labels, classes, train, valid, test, ..RawSet::default() }
}

/// A normal sample around a point of the box; one that would lie outside is drawn again.
fn around(centre: [f32; 2], deviation: f32, rng: &mut Rng) -> [f32; 2] {
    loop {
        let point = centre.map(|x| x + deviation * rng.normal());
        if point.iter().all(|x| (0.0..=1.0).contains(x)) {
            return point;
        }
    }
}

/// Checks the bounds of a setting again, for callers whose value did not pass through its control: a generator outside
/// its bounds might not end, or take all memory.
pub(super) fn within<T: PartialOrd + Display>(key: &str, value: T, bounds: RangeInclusive<T>) -> Result<(), Wrong> {
    if bounds.contains(&value) {
        return Ok(());
    }
    Err(Wrong::new(key, format!("must lie between {} and {}, not {value}", bounds.start(), bounds.end())))
}
