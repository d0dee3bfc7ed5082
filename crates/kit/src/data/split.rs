//! The fixed split into train, valid and test.

use crate::seed::Rng;
use std::collections::BTreeMap;

/// Splits the rows of `labels` into train, valid and test (each sorted), the same way at every call.
///
/// `valid` and `test` rows are held out, the rest is train. Each class has its share of each part, rounded down or up.
/// If more rows are asked for than there are, `test` is reduced first, then `valid`.
pub fn stratified(labels: &[u16], valid: usize, test: usize) -> [Vec<u32>; 3] {
    let n = labels.len();
    let valid = valid.min(n);
    let test = test.min(n - valid);
    let parts = [n - valid - test, valid, test];

    let mut classes: BTreeMap<u16, Vec<u32>> = BTreeMap::new();
    for (row, label) in (0..).zip(labels) {
        classes.entry(*label).or_default().push(row);
    }

    let share = |rows: &[u32]| parts.map(|part| (rows.len() as u64 * part as u64 / n as u64) as usize);
    let mut lacking = parts;
    for rows in classes.values() {
        for (lack, count) in lacking.iter_mut().zip(share(rows)) {
            *lack -= count;
        }
    }

    let mut split = [const { Vec::new() }; 3];
    for (label, mut rows) in classes {
        Rng::of(0, "split", &[label.into()]).shuffle(&mut rows);
        // Rounding down leaves at most two rows of a class. If they go to the parts that lack most, all sums come out
        // right (Ryser, 1957: this fills a matrix of zeros and ones with given row and column sums).
        let mut counts = share(&rows);
        let left = rows.len() - counts.iter().sum::<usize>();
        let mut order = [0, 1, 2];
        order.sort_by_key(|part| std::cmp::Reverse(lacking[*part]));
        for part in &order[..left] {
            counts[*part] += 1;
            lacking[*part] -= 1;
        }
        for (part, count) in split.iter_mut().zip(counts) {
            part.extend(rows.drain(..count));
        }
    }
    for part in &mut split {
        part.sort_unstable();
    }
    split
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Disjoint, complete, sorted, of the asked sizes, and every class within one row of its share.
    fn check(labels: &[u16], valid: usize, test: usize) {
        let n = labels.len();
        let split = stratified(labels, valid, test);
        assert_eq!(split.each_ref().map(Vec::len), [n - valid - test, valid, test]);
        assert!(split.iter().all(|part| part.is_sorted()));
        let mut all = split.concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..n as u32));
        for class in 0..=labels.iter().copied().max().unwrap_or(0) {
            let count = |rows: &mut dyn Iterator<Item = usize>| rows.filter(|row| labels[*row] == class).count();
            let of = count(&mut (0..n)) as f64;
            for part in &split {
                let share = of * part.len() as f64 / n as f64;
                let got = count(&mut part.iter().map(|row| *row as usize)) as f64;
                assert!((got - share).abs() <= 1.0, "class {class}: {got} of {share}");
            }
        }
        assert_eq!(split, stratified(labels, valid, test));
    }

    #[test]
    fn every_class_has_its_share() {
        let mut rng = Rng::of(0, "test", &[]);
        for n in [1, 2, 7, 50, 100, 333, 1797] {
            for classes in [1, 2, 3, 10, 43] {
                let labels: Vec<u16> = (0..n).map(|_| rng.below(classes) as u16).collect();
                for (valid, test) in [(0, 0), (n / 10, n / 10), (n / 7, n / 3), (n / 2, n - n / 2), (0, n)] {
                    check(&labels, valid, test);
                }
            }
        }
    }

    #[test]
    fn too_much_held_out_is_cut() {
        assert_eq!(stratified(&[0, 1], 5, 5).map(|part| part.len()), [0, 2, 0]);
        assert_eq!(stratified(&[], 1, 1).map(|part| part.len()), [0, 0, 0]);
    }
}
