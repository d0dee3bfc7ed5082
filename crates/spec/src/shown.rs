//! Which of many samples are drawn one by one.

use std::collections::BTreeMap;

/// Samples of each class that are shown side by side.
pub const SHOWN: usize = 7;

/// Places of the first [`SHOWN`] samples of every class, in their order.
pub fn first_of_each_class(labels: impl IntoIterator<Item = u16>) -> Vec<usize> {
    let mut counts = BTreeMap::new();
    let mut is_shown = |label| {
        let count = counts.entry(label).or_insert(0);
        *count += 1;
        *count <= SHOWN
    };
    labels.into_iter().enumerate().filter(|(_, label)| is_shown(*label)).map(|(place, _)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seven_of_each_class_are_shown() {
        let labels = (0..30).map(|at| if at % 3 == 0 { 4 } else { 9 });
        let places = first_of_each_class(labels);
        assert_eq!(
            places.iter().filter(|place| **place % 3 == 0).copied().collect::<Vec<_>>(),
            [0, 3, 6, 9, 12, 15, 18]
        );
        assert_eq!((places.len(), places.is_sorted()), (14, true));
    }
}
