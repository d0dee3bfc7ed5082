//! Mean, standard deviation and median.

/// A mean and how far the values scatter around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// The arithmetic mean; NaN for no values.
    pub value: f64,
    /// Sample standard deviation (divided by n − 1); `None` for fewer than two values.
    pub deviation: Option<f64>,
}

/// Mean and sample standard deviation of some values.
pub fn mean(values: &[f64]) -> Mean {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    Mean { value: mean, deviation: (values.len() > 1).then(|| (squares / (n - 1.0)).sqrt()) }
}

/// The mean of some values; `None` of none.
pub fn mean_of(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.into_iter().collect();
    (!values.is_empty()).then(|| mean(&values).value)
}

/// The middle value, or the mean of the two middle ones. `values` must not be empty.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) { (values[middle - 1] + values[middle]) / 2.0 } else { values[middle] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deviation_is_the_sample_standard_deviation() {
        assert_eq!(mean(&[1.0, 2.0, 3.0]), Mean { value: 2.0, deviation: Some(1.0) });
        assert_eq!(mean(&[5.0]), Mean { value: 5.0, deviation: None });
        assert_eq!((mean_of([1.0, 2.0]), mean_of([])), (Some(1.5), None));
    }

    #[test]
    fn median_of_even_and_odd() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}
