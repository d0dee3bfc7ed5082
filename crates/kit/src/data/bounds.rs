use spec::Wrong;
use std::fmt::Display;
use std::ops::RangeInclusive;

/// The bounds of a control once more, for callers that did not come by way of one: what lies outside would be a
/// generator without end or memory.
pub(super) fn within<T: PartialOrd + Display>(key: &str, value: T, bounds: RangeInclusive<T>) -> Result<(), Wrong> {
    if bounds.contains(&value) {
        return Ok(());
    }
    Err(Wrong::new(key, format!("must lie between {} and {}, not {value}", bounds.start(), bounds.end())))
}
