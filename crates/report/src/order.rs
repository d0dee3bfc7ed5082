//! Sorting, with one copy of the standard library's sort for all lists: each kind of element would bring its own.

/// Sorts by a number, the smallest first; equal ones stay in their order.
pub(crate) fn sort<T>(items: &mut Vec<T>, key: impl Fn(&T) -> f64) {
    let order = rising(&items.iter().map(key).collect::<Vec<_>>());
    let mut taken: Vec<Option<T>> = items.drain(..).map(Some).collect();
    items.extend(order.into_iter().filter_map(|at| taken[at].take()));
}

/// The places of the keys, from the smallest key on.
pub(crate) fn rising(keys: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by(|a, b| keys[*a].total_cmp(&keys[*b]));
    order
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
