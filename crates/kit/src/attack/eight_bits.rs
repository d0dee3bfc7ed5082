//! Images of eight bits inside a ball: what is left of an attack in a file of pictures.

use super::Ball;

/// How far beyond the radius an image may lie: the rounding of `f32`.
const SLACK: f64 = 1e-6;

/// The levels 0 to 255 of an image that lies in the ball around `clean` and near `changed`; both are in [0, 1]. Every
/// pixel is rounded, and where that leaves the ball, pixels go back towards `clean` by whole levels: in the ℓ∞ ball
/// those that are too far, in the ℓ2 ball first those that rounding has moved away the most.
///
/// `None` if no such image is found. Where `clean` has eight bits itself there always is one.
pub fn eight_bits(ball: Ball, clean: &[f32], changed: &[f32]) -> Option<Vec<u8>> {
    let distance = |at: usize, level: u8| (f64::from(level) / 255.0 - f64::from(clean[at])).abs();
    let nearer = |at: usize, level: u8| {
        let next = if f64::from(level) / 255.0 > f64::from(clean[at]) { level - 1 } else { level.checked_add(1)? };
        (distance(at, next) < distance(at, level)).then_some(next)
    };
    let mut levels: Vec<u8> = changed.iter().map(|x| (x * 255.0).round() as u8).collect();
    match ball {
        Ball::Linf(radius) => {
            for (at, level) in levels.iter_mut().enumerate() {
                while distance(at, *level) > radius + SLACK {
                    *level = nearer(at, *level)?;
                }
            }
        }
        Ball::L2(radius) => {
            let mut squares: f64 = levels.iter().enumerate().map(|(at, level)| distance(at, *level).powi(2)).sum();
            let mut order: Vec<usize> = (0..levels.len()).collect();
            while squares.sqrt() > radius + SLACK {
                let before = squares;
                let excess =
                    |at: &usize| distance(*at, levels[*at]) - (f64::from(changed[*at]) - f64::from(clean[*at])).abs();
                order.sort_by(|a, b| excess(b).total_cmp(&excess(a)));
                for at in &order {
                    if let Some(next) = nearer(*at, levels[*at]).filter(|_| squares.sqrt() > radius + SLACK) {
                        squares += distance(*at, next).powi(2) - distance(*at, levels[*at]).powi(2);
                        levels[*at] = next;
                    }
                }
                if squares >= before {
                    return None;
                }
            }
        }
    }
    Some(levels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Rng;

    fn length(ball: Ball, clean: &[f32], levels: &[u8]) -> f64 {
        let delta: Vec<f32> =
            clean.iter().zip(levels).map(|(clean, level)| f32::from(*level) / 255.0 - clean).collect();
        ball.length(&delta)
    }

    #[test]
    fn images_of_eight_bits_have_one_in_every_ball() {
        let mut rng = Rng::of(1, "test", &[]);
        for radius in [0.0, 0.003, 0.01, 8.0 / 255.0, 0.3] {
            for ball in [Ball::Linf(radius), Ball::L2(radius)] {
                let clean: Vec<f32> = (0..64).map(|_| rng.below(256) as f32 / 255.0).collect();
                let scale = match ball {
                    Ball::Linf(radius) => radius as f32,
                    Ball::L2(radius) => radius as f32 / 8.0,
                };
                // At the corners, where rounding leaves the ball.
                let sign = |rng: &mut Rng| if rng.below(2) == 0 { scale } else { -scale };
                let changed: Vec<f32> = clean.iter().map(|x| (x + sign(&mut rng)).clamp(0.0, 1.0)).collect();
                let levels = eight_bits(ball, &clean, &changed).unwrap();
                assert!(length(ball, &clean, &levels) <= radius + 2e-6, "{ball:?}");
                let far = levels
                    .iter()
                    .zip(&changed)
                    .filter(|(level, x)| (f32::from(**level) / 255.0 - **x).abs() > 1.0 / 255.0);
                assert_eq!(far.count(), 0, "{ball:?}");
            }
        }
    }

    #[test]
    fn what_has_eight_bits_and_lies_in_the_ball_stays() {
        let (clean, changed) = ([10.0, 20.0, 30.0].map(|x: f32| x / 255.0), [18.0, 12.0, 30.0].map(|x: f32| x / 255.0));
        assert_eq!(eight_bits(Ball::Linf(8.0 / 255.0), &clean, &changed), Some(vec![18, 12, 30]));
        assert_eq!(eight_bits(Ball::L2(12.0 / 255.0), &clean, &changed), Some(vec![18, 12, 30]));
    }

    #[test]
    fn between_two_levels_a_small_ball_is_empty() {
        let clean = [10.5 / 255.0, 20.5 / 255.0];
        for ball in [Ball::Linf(0.4 / 255.0), Ball::L2(0.6 / 255.0)] {
            assert_eq!(eight_bits(ball, &clean, &clean), None, "{ball:?}");
        }
        for ball in [Ball::Linf(0.6 / 255.0), Ball::L2(0.8 / 255.0)] {
            let levels = eight_bits(ball, &clean, &clean).unwrap();
            assert!(length(ball, &clean, &levels) <= ball.radius() + 2e-6, "{ball:?}");
        }
    }
}
