//! The runs of a grid.

use crate::run::fractions;
use crate::{RunSpec, Wrong};
use indexmap::IndexMap;
use serde_json::Value;

impl RunSpec {
    /// Whether writing one path can change what the other one says: they are the same, or one lies inside the other,
    /// whether they name a stage by its name or by its place.
    pub fn overlap(&self, one: &str, other: &str) -> bool {
        let parts = |path: &str| -> Vec<String> {
            let mut parts: Vec<String> = path.split('.').map(str::to_owned).collect();
            if let [first, stage, ..] = &mut parts[..]
                && first == "stage"
                && let Some(index) = self.find(stage)
            {
                *stage = index.to_string();
            }
            parts
        };
        parts(one).iter().zip(&parts(other)).all(|(one, other)| one == other)
    }

    /// The product of all axes of `grid`: what was set, and the run that it makes.
    pub fn grid_runs(&self) -> Result<Vec<(String, Self)>, Wrong> {
        if let Some(key) =
            ["device", "grid", "name", "repeats", "version"].into_iter().find(|key| self.grid.contains_key(*key))
        {
            return Err(Wrong::new(
                format!("grid.{key}"),
                "it has no effect on a single run, so it cannot differ between runs",
            ));
        }
        if let Some(key) = ["every", "look"].into_iter().find(|key| self.grid.contains_key(*key)) {
            return Err(Wrong::new(
                format!("grid.{key}"),
                "no figure of the tables depends on it, so it cannot differ between runs",
            ));
        }
        if self.grid.contains_key("seed") && self.repeats.is_some_and(|repeats| repeats > 1) {
            let why = "`repeats` counts seeds from `seed`, so runs would be played twice; leave one of the two out";
            return Err(Wrong::new("grid.seed", why));
        }
        let mut runs = vec![(String::new(), Self { grid: IndexMap::new(), ..self.clone() })];
        for (at, (path, values)) in self.grid.iter().enumerate() {
            if let Some(other) = self.grid.keys().take(at).find(|other| self.overlap(path, other)) {
                let why = format!("it sets what \"{other}\" sets too; a value has one place in the grid");
                return Err(Wrong::new(format!("grid.{path}"), why));
            }
            if values.is_empty() {
                return Err(Wrong::new(format!("grid.{path}"), "the list is empty; give at least one value"));
            }
            let plain: Vec<Value> = values.iter().map(comparable).collect();
            if let Some(twice) = (1..plain.len()).find(|at| plain[..*at].contains(&plain[*at])) {
                let why = format!("{} stands twice, so the same run would be played twice", values[twice]);
                return Err(Wrong::new(format!("grid.{path}"), why));
            }
            let mut next = Vec::with_capacity(runs.len() * values.len());
            for (label, run) in &runs {
                for value in values {
                    let comma = if label.is_empty() { "" } else { ", " };
                    let set = run.set(path, value.clone()).map_err(|wrong| match wrong.what.as_str() {
                        "run file" => Wrong { what: format!("grid.{path}"), ..wrong },
                        _ => wrong,
                    })?;
                    next.push((format!("{label}{comma}{path}={value}"), set));
                }
            }
            runs = next;
        }
        Ok(runs)
    }
}

/// A value in which 0, 0.0 and "0/1" are the same.
fn comparable(value: &Value) -> Value {
    let mut value = value.clone();
    fractions(&mut value);
    match value.as_f64() {
        Some(number) => (number + 0.0).into(),
        None => value,
    }
}
