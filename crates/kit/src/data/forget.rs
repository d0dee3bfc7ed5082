use super::Task;
use crate::control;
use crate::error::{Error, Result};
use crate::seed::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Choice, Pick, Wrong};

/// One class, whole.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClassConfig {
    /// Number of the class.
    #[schemars(range(min = 0, max = 1000), extend("x-source" = "class"))]
    pub class: u16,
}

/// Images drawn from all classes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RandomConfig {
    /// Share of the training images.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub fraction: f64,
}

impl Default for RandomConfig {
    fn default() -> Self {
        Self { fraction: 0.1 }
    }
}

/// Images picked by hand.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PickedConfig {
    /// Numbers of training images in their set.
    #[schemars(length(max = 100_000), inner(range(min = 0, max = 4_000_000_000_u32)))]
    pub ids: Vec<u32>,
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
        choice("class", "Class", "every training image of one class", control::controls::<ClassConfig>()),
        choice("picked", "Picked", "training images chosen by hand", control::controls::<PickedConfig>()),
        choice(
            "random",
            "Random",
            "a share of the training images of all classes",
            control::controls::<RandomConfig>(),
        ),
    ]
}

/// Rows of the training split that are to be forgotten, sorted.
pub fn forget_rows(pick: &Pick, task: &Task, seed: u32) -> Result<Vec<u32>> {
    let train = &task.train;
    let mut rows = match pick.id.as_str() {
        "class" => {
            let ClassConfig { class } = control::resolve("forget", &pick.params)?;
            if usize::from(class) >= task.classes.len() {
                let why = format!("there is no class {class}; there are 0 to {}", task.classes.len() - 1);
                return Err(Error::input("forget.class", why));
            }
            train.filter(|row| train.label(row) == class).rows.to_vec()
        }
        "picked" => {
            let PickedConfig { ids } = control::resolve("forget", &pick.params)?;
            if let Some(id) = ids.iter().find(|id| !train.rows.contains(id)) {
                return Err(Error::input("forget.ids", format!("{id} is not among the training images")));
            }
            ids
        }
        "random" => {
            let RandomConfig { fraction } = control::resolve("forget", &pick.params)?;
            let mut rows = train.rows.to_vec();
            Rng::of(seed, "forget", &[]).shuffle(&mut rows);
            rows.truncate((fraction * rows.len() as f64).round() as usize);
            rows
        }
        other => {
            let known = forget_choices();
            return Err(Wrong::unknown("forget set", "forget", other, known.iter().map(|c| c.id.as_str())).into());
        }
    };
    rows.sort_unstable();
    rows.dedup();
    Ok(rows)
}
