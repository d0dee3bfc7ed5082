//! Principal component analysis in two dimensions.

/// The first two principal components of `n` rows `[n, d]`: two coordinates a row.
///
/// Each axis is found by power iteration on the covariance, the second one orthogonal to the first. The sign of an axis
/// is chosen so that its largest entry is positive.
pub fn principal_components(features: &[f32], n: usize) -> Vec<[f32; 2]> {
    let d = features.len() / n.max(1);
    let mut centred: Vec<f64> = features.iter().map(|x| f64::from(*x)).collect();
    for column in 0..d {
        let mean = (0..n).map(|row| centred[row * d + column]).sum::<f64>() / n as f64;
        (0..n).for_each(|row| centred[row * d + column] -= mean);
    }
    let mut axes: Vec<Vec<f64>> = Vec::new();
    for _ in 0..2 {
        let mut axis: Vec<f64> = (0..d).map(|at| 1.0 + at as f64 / d as f64).collect();
        for _ in 0..60 {
            for other in &axes {
                let along: f64 = axis.iter().zip(other).map(|(a, b)| a * b).sum();
                axis.iter_mut().zip(other).for_each(|(a, b)| *a -= along * b);
            }
            let mut next = vec![0.0; d];
            for row in centred.chunks(d) {
                let score: f64 = row.iter().zip(&axis).map(|(a, b)| a * b).sum();
                next.iter_mut().zip(row).for_each(|(a, b)| *a += score * b);
            }
            let length = next.iter().map(|x| x * x).sum::<f64>().sqrt();
            if length < 1e-12 {
                break;
            }
            axis = next.into_iter().map(|x| x / length).collect();
        }
        let largest = axis.iter().copied().fold(0.0_f64, |best, x| if x.abs() > best.abs() { x } else { best });
        axis.iter_mut().for_each(|x| *x *= largest.signum());
        axes.push(axis);
    }
    let score = |row: &[f64], axis: &[f64]| row.iter().zip(axis).map(|(a, b)| a * b).sum::<f64>() as f32;
    centred.chunks(d).map(|row| [score(row, &axes[0]), score(row, &axes[1])]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principal_components_of_a_line_and_its_noise() {
        let points: Vec<f32> =
            (0..20).flat_map(|i| [i as f32, 2.0 * i as f32, if matches!(i % 4, 0 | 3) { 0.1 } else { -0.1 }]).collect();
        let xy = principal_components(&points, 20);
        let step = xy[1][0] - xy[0][0];
        assert!((step - 5.0_f32.sqrt()).abs() < 1e-3, "{step}");
        assert!((xy[0][1].abs() - 0.1).abs() < 1e-2, "{xy:?}");
    }
}
