//! Views that every image set can be given.

use super::class::listed;
use super::{RawSet, rotate};
use crate::error::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::Adjective;

/// Views of an image set: settings that every image set has beside its own.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ImageViews {
    /// Keep only these classes, by their numbers in the set or in a file of labels, in this order; empty keeps all. Of
    /// a file one without images may be kept.
    #[schemars(length(max = 1000), inner(range(min = 0, max = 1000)))]
    pub classes: Vec<u16>,
    /// Turn every image by this angle.
    #[schemars(range(min = -180.0, max = 180.0), extend("x-unit" = "°"))]
    pub tilt: f64,
}

impl ImageViews {
    /// What they add to the noun of a set.
    pub(super) fn adjectives() -> Vec<Adjective> {
        vec![Adjective { key: "tilt".into(), word: "tilted".into(), act: "Tilt".into() }]
    }

    /// Changes a set accordingly. `at` is the key path of the task, for errors.
    pub(super) fn apply(&self, at: &str, raw: &mut RawSet) -> Result {
        if self.tilt != 0.0 {
            raw.inputs = rotate(&raw.inputs, raw.shape, self.tilt as f32);
        }
        if !self.classes.is_empty() {
            keep_classes(at, raw, &self.classes)?;
        }
        Ok(())
    }
}

/// Drops the samples of all other classes and renumbers the labels in the order of `keep`.
fn keep_classes(at: &str, raw: &mut RawSet, keep: &[u16]) -> Result {
    let wrong = |why: String| Err(Error::input(format!("{at}.classes"), why));
    // The new number of each class that is kept.
    let mut places = vec![None; raw.classes.len()];
    let (numbers, mut names) = (raw.numbers_of_classes(), Vec::with_capacity(keep.len()));
    for (place, class) in (0..).zip(keep) {
        if keep[..usize::from(place)].contains(class) {
            return wrong(format!("class {class} is named twice"));
        }
        match numbers.iter().position(|known| known == class) {
            Some(found) => {
                places[found] = Some(place);
                names.push(raw.classes[found].clone());
            }
            // Nobody has seen it in the file, but it is asked for.
            None if raw.by_number => names.push(class.to_string()),
            None => return wrong(format!("there is no class {class}; there are {}", listed(&numbers))),
        }
    }
    if keep.len() < 2 {
        return wrong("one class is too few; at least two are needed".into());
    }
    let place = |label: u16| places[usize::from(label)];
    for split in [&mut raw.train, &mut raw.valid, &mut raw.test] {
        split.retain(|row| place(raw.labels[*row as usize]).is_some());
    }
    for label in &mut raw.labels {
        *label = place(*label).unwrap_or(0);
    }
    (raw.classes, raw.class_numbers) = (names, keep.to_vec());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::SETS;
    use spec::Kind;

    #[test]
    fn facts_name_settings_that_there_are() {
        let keys = crate::settings::keys::<ImageViews>();
        assert!(keys.iter().any(|key| key == spec::CLASSES), "{keys:?}");
        assert!(ImageViews::adjectives().iter().all(|adjective| keys.contains(&adjective.key)), "{keys:?}");
        for set in SETS {
            let views = set.choice().facts.unwrap().views;
            assert_eq!(keys.iter().all(|key| views.contains(key)), set.kind == Kind::Images, "{}: {views:?}", set.id);
            assert!(views.iter().all(|key| set.choice().controls.iter().any(|control| control.key == *key)));
        }
    }
}
