//! What the page knows, without a browser: everything here is tested natively.

pub mod choice;
pub mod controls;
pub mod link;
pub mod outcome;
pub mod runs;
pub mod strip;

use std::cmp::Ordering;

/// The places of `n` things in their order, equal ones as they came. One sort for all types: each instance of the
/// standard one weighs as much as a component of the page.
pub fn order(n: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = Vec::with_capacity(n);
    for place in 0..n {
        let at = places.partition_point(|&other| compare(other, place) != Ordering::Greater);
        places.insert(at, place);
    }
    places
}

#[cfg(test)]
mod tests {
    #[test]
    fn order_is_stable() {
        let things = [3, 1, 2, 1, 0];
        assert_eq!(super::order(5, &|a, b| things[a].cmp(&things[b])), [4, 1, 3, 2, 0]);
    }
}
