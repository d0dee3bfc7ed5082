//! The forget set: which training samples a run wants forgotten, and the split that follows.

use super::{Class, Task, View};
use crate::error::{Error, Result};
use crate::seed::Rng;
use crate::settings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Choice, Pick, Wrong};
use std::collections::BTreeSet;

/// One class, whole.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClassConfig {
    /// The class, by its number in the set or in a file of labels, or by its name.
    #[schemars(extend("x-source" = "class"))]
    pub class: Class,
}

/// Samples drawn from all classes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RandomConfig {
    /// Share of the training samples.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub fraction: f64,
}

impl Default for RandomConfig {
    fn default() -> Self {
        Self { fraction: 0.1 }
    }
}

/// Samples picked by hand.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PickedConfig {
    /// Numbers of training samples in their set.
    #[schemars(length(max = 100_000), inner(range(min = 0, max = 4_000_000_000_u32)))]
    pub ids: Vec<u32>,
}

/// What is to be forgotten and what stays. Methods read it and cannot change it, so it is the same for all of them.
pub struct Split {
    /// Training samples to forget.
    pub forget: View,
    /// Training samples that were forgotten before, one view for each request; they do not stay either.
    pub before: Vec<View>,
    /// Training samples that stay.
    pub retain: View,
    /// Unseen samples. A class that is forgotten whole is left out of them.
    pub test: View,
}

impl Split {
    /// The split of a task where the rows `chosen`, sorted, are to be forgotten, and `before` was forgotten already:
    /// what was is not forgotten again. Neither part may be empty. `at` is the key where the run file chooses.
    pub fn of(at: &str, chosen: &[u32], before: Vec<View>, task: &Task) -> Result<Self> {
        let left = before.iter().fold(task.clone(), |task, gone| task.without(gone)).train;
        let forget = left.filter(|row| chosen.binary_search(&row).is_ok());
        let retain = left.filter(|row| chosen.binary_search(&row).is_err());
        if forget.is_empty() {
            let why = match before.is_empty() {
                true => "nothing is chosen to forget; pick at least one sample or class",
                false => "all that is chosen was forgotten before; pick at least one other sample or class",
            };
            return Err(Error::input(at, why));
        }
        if retain.is_empty() {
            let why = format!("all {} training samples are chosen; at least one class must stay", left.len());
            return Err(Error::input(at, why));
        }
        let kept: Vec<u16> = retain.rows.iter().map(|row| left.label(*row)).collect();
        let test = task.test.filter(|row| kept.contains(&task.test.label(row)));
        Ok(Self { forget, before, retain, test })
    }

    /// All that does not stay, one view for each request; the newest is first.
    pub fn all(&self) -> impl Iterator<Item = &View> {
        std::iter::once(&self.forget).chain(&self.before)
    }

    /// Unseen samples to hold the forget set against: of the classes that are forgotten whole where there are such, as
    /// samples of other classes would differ anyway; else all that the split has.
    pub fn unseen(&self, task: &Task) -> View {
        let whole = classes_without([&self.forget].into_iter(), &self.retain);
        if whole.is_empty() { self.test.clone() } else { task.test.filter(|row| whole.contains(&task.test.label(row))) }
    }

    /// Classes of which nothing stays, ascending.
    pub fn gone(&self) -> Vec<u16> {
        let same = self.all().filter(|gone| gone.set.origin == self.retain.set.origin);
        classes_without(same, &self.retain)
    }
}

/// Classes of these samples of which none stays, ascending.
fn classes_without<'a>(gone: impl Iterator<Item = &'a View>, stays: &View) -> Vec<u16> {
    let classes = |view: &View| view.rows.iter().map(|row| view.label(*row)).collect::<BTreeSet<_>>();
    gone.flat_map(classes).collect::<BTreeSet<_>>().difference(&classes(stays)).copied().collect()
}

/// Every kind of forget set with its settings.
pub fn forget_choices() -> Vec<Choice> {
    let choice = |id: &str, title: &str, help: &str, controls| Choice {
        id: id.into(),
        title: title.into(),
        help: help.into(),
        licence: String::new(),
        controls,
        facts: None,
    };
    vec![
        choice("class", "Class", "every training sample of one class", settings::controls::<ClassConfig>()),
        choice("picked", "Picked", "training samples chosen by hand", settings::controls::<PickedConfig>()),
        choice(
            "random",
            "Random",
            "a share of the training samples of all classes",
            settings::controls::<RandomConfig>(),
        ),
    ]
}

/// Rows of the training split that `pick` chooses to forget, sorted. `seed` is the run's seed, for random choices, `at`
/// the key where the run file says it.
pub fn forget_rows(at: &str, pick: &Pick, task: &Task, seed: u32) -> Result<Vec<u32>> {
    let train = &task.train;
    let mut rows = match pick.id.as_str() {
        "class" => {
            let ClassConfig { class } = settings::resolve(at, &pick.params)?;
            let class = task.place(format!("{at}.class"), &class)?;
            train.filter(|row| train.label(row) == class).rows.to_vec()
        }
        "picked" => {
            let PickedConfig { ids } = settings::resolve(at, &pick.params)?;
            if let Some(id) = ids.iter().find(|id| !train.rows.contains(id)) {
                return Err(Error::input(format!("{at}.ids"), format!("{id} is not among the training samples")));
            }
            ids
        }
        "random" => {
            let RandomConfig { fraction } = settings::resolve(at, &pick.params)?;
            let mut rows = train.rows.to_vec();
            Rng::of(seed, "forget", &[]).shuffle(&mut rows);
            rows.truncate((fraction * rows.len() as f64).round() as usize);
            rows
        }
        other => {
            let known = forget_choices();
            return Err(Wrong::unknown("forget set", at, other, known.iter().map(|c| c.id.as_str())).into());
        }
    };
    rows.sort_unstable();
    rows.dedup();
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    /// Classes 0 to 3, two samples each: class 0 went before, now class 1 and half of class 2 go.
    #[test]
    fn a_class_is_gone_of_which_nothing_stays() {
        let all = View::of_pixels([1, 1, 1], vec![0.0; 8], vec![0, 0, 1, 1, 2, 2, 3, 3], &Device::flex());
        let view = |rows: Vec<u32>| all.at(rows);
        let split = Split {
            forget: view(vec![2, 3, 4]),
            before: vec![view(vec![0, 1])],
            retain: view(vec![5, 6, 7]),
            test: view(vec![4, 5, 6, 7]),
        };
        assert_eq!(split.gone(), [0, 1]);
        assert_eq!(classes_without([&split.forget].into_iter(), &split.retain), [1]);
    }
}
