//! Sorting, with one sort for all lists: each instance of the standard library's weighs as much as a chart.

use std::cmp::Ordering;

/// The places of `n` things in their order, equal ones as they came.
pub fn order(n: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = Vec::with_capacity(n);
    for place in 0..n {
        let at = places.partition_point(|&other| compare(other, place) != Ordering::Greater);
        places.insert(at, place);
    }
    places
}

/// Sorts by a number, the smallest first; equal ones stay in their order.
pub(crate) fn sort<T>(items: &mut Vec<T>, key: impl Fn(&T) -> f64) {
    let order = rising(&items.iter().map(key).collect::<Vec<_>>());
    let mut taken: Vec<Option<T>> = items.drain(..).map(Some).collect();
    items.extend(order.into_iter().filter_map(|at| taken[at].take()));
}

/// The places of the keys, from the smallest key on.
pub(crate) fn rising(keys: &[f64]) -> Vec<usize> {
    order(keys.len(), &|a, b| keys[a].total_cmp(&keys[b]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_ones_stay_in_their_order() {
        let mut items = vec![(2.0, 'a'), (1.0, 'b'), (2.0, 'c'), (-1.0, 'd'), (1.0, 'e')];
        sort(&mut items, |(key, _)| *key);
        assert_eq!(items.iter().map(|(_, name)| *name).collect::<String>(), "dbeac");
        assert_eq!(rising(&[3.0, f64::NEG_INFINITY, 0.0]), [1, 2, 0]);
    }
}
