//! Rotated images.

/// Images rotated counter-clockwise about their centre by `degrees`, with bilinear interpolation; pixels from outside
/// the image are zero. `inputs` is `[n, channels, height, width]` and `shape` its last three sizes. `sin` and `cos` are
/// `libm`'s, so that every platform gives the same bits.
pub fn rotate(inputs: &[f32], shape: [usize; 3], degrees: f32) -> Vec<f32> {
    let [_, height, width] = shape;
    if height * width == 0 {
        return inputs.to_vec();
    }
    let (sin, cos) = libm::sincos(f64::from(degrees).to_radians());
    let centre = [(width - 1) as f64 / 2.0, (height - 1) as f64 / 2.0];
    let taps: Vec<[Tap; 4]> = (0..height * width)
        .map(|at| {
            let [x, y] = [(at % width) as f64 - centre[0], (at / width) as f64 - centre[1]];
            taps([centre[0] + x * cos - y * sin, centre[1] + x * sin + y * cos], width, height)
        })
        .collect();
    let mut out = Vec::with_capacity(inputs.len());
    for plane in inputs.chunks_exact(height * width) {
        out.extend(taps.iter().map(|taps| taps.iter().map(|tap| plane[tap.at] * tap.weight).sum::<f32>()));
    }
    out
}

/// A source pixel and its weight.
#[derive(Clone, Copy, Default)]
struct Tap {
    at: usize,
    weight: f32,
}

/// The four pixels around a point `[x, y]`; those outside the image have weight zero.
fn taps([x, y]: [f64; 2], width: usize, height: usize) -> [Tap; 4] {
    let (left, top) = (x.floor(), y.floor());
    let (right, below) = (x - left, y - top);
    [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)].map(|(dx, dy)| {
        let (column, row) = (left + dx, top + dy);
        if !(0.0..width as f64).contains(&column) || !(0.0..height as f64).contains(&row) {
            return Tap::default();
        }
        let share = |d: f64, part: f64| if d == 0.0 { 1.0 - part } else { part };
        Tap { at: row as usize * width + column as usize, weight: (share(dx, right) * share(dy, below)) as f32 }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Rng;

    fn noise(shape: [usize; 3], n: usize) -> Vec<f32> {
        let mut rng = Rng::of(0, "test", &[]);
        (0..n * shape.iter().product::<usize>()).map(|_| rng.unit()).collect()
    }

    #[test]
    fn no_degrees_change_no_bit() {
        for shape in [[1, 8, 8], [3, 5, 7], [1, 1, 1], [2, 1, 1]] {
            let inputs = noise(shape, 3);
            let bits = |x: &[f32]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&rotate(&inputs, shape, 0.0)), bits(&inputs), "{shape:?}");
        }
    }

    /// Counter-clockwise: what was at the right comes to the top, so a row of the result is a column from the right.
    #[test]
    fn ninety_degrees_are_a_transposed_flip() {
        let [n, side] = [2, 9];
        let inputs = noise([3, side, side], n);
        let out = rotate(&inputs, [3, side, side], 90.0);
        for (plane, turned) in inputs.chunks_exact(side * side).zip(out.chunks_exact(side * side)) {
            for (at, got) in turned.iter().enumerate() {
                let want = plane[at % side * side + (side - 1 - at / side)];
                assert!((got - want).abs() < 1e-6, "pixel {at}: {got} for {want}");
            }
        }
    }

    #[test]
    fn rotating_back_keeps_the_middle() {
        let mut ramp = vec![0.0; 256];
        for (at, pixel) in ramp.iter_mut().enumerate() {
            *pixel = (at % 16) as f32 / 16.0;
        }
        let back = rotate(&rotate(&ramp, [1, 16, 16], 30.0), [1, 16, 16], -30.0);
        for at in [7 * 16 + 7, 8 * 16 + 8, 6 * 16 + 9] {
            // A bilinear ramp is exact; only rounding is left.
            assert!((back[at] - ramp[at]).abs() < 1e-6, "{} for {}", back[at], ramp[at]);
        }
    }
}
