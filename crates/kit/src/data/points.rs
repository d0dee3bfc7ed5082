use super::{Raw, stratified};
use crate::seed::Rng;

/// A set of points around curves in the box [0, 1]², so that an attack that is clipped to the box of images is a fair
/// one here too: the classes in turn, each at the next place of its curve, normal noise around it.
pub(super) fn scatter(
    id: &str,
    n: u32,
    classes: Vec<String>,
    deviation: f32,
    curve: impl Fn(u32, u32) -> [f32; 2],
) -> Raw {
    let mut rng = Rng::of(0, id, &[]);
    let count = classes.len() as u32;
    let inputs = (0..n).flat_map(|row| around(curve(row % count, row / count), deviation, &mut rng)).collect();
    let labels: Vec<u16> = (0..n).map(|row| (row % count) as u16).collect();
    let [train, valid, test] = stratified(&labels, labels.len() / 10, labels.len() * 3 / 10);
    Raw { shape: [2, 1, 1], points: true, inputs, labels, classes, train, valid, test, ..Raw::default() }
}

/// A normal draw around a point of the box; one that would lie outside is drawn again.
fn around(centre: [f32; 2], deviation: f32, rng: &mut Rng) -> [f32; 2] {
    loop {
        let point = centre.map(|x| x + deviation * rng.normal());
        if point.iter().all(|x| (0.0..=1.0).contains(x)) {
            return point;
        }
    }
}
