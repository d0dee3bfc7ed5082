//! The runs of a grid.

use crate::run::fractions;
use crate::{RunSpec, Wrong};
use indexmap::IndexMap;
use serde_json::Value;

/// One combination of the values of a grid.
#[derive(Clone, Debug, PartialEq)]
pub struct GridRun {
    /// What the grid sets, in its order; empty where there is no grid.
    pub point: Point,
    /// The run with these values, and without a grid.
    pub run: RunSpec,
}

/// The values that a grid sets in one of its runs, by their keys.
pub type Point = IndexMap<String, Value>;

/// What a point is called: `tasks.it.tilt=30, model=mlp(widths=[64])`; empty for a run without a grid.
pub fn point_name(point: &Point) -> String {
    point.iter().map(|(key, value)| format!("{key}={}", shortly(value))).collect::<Vec<_>>().join(", ")
}

/// A table by its id and its other keys, `mlp(widths=[64])`; any other value as JSON.
fn shortly(value: &Value) -> String {
    let Value::Object(table) = value else { return value.to_string() };
    let id = table.get("id").and_then(Value::as_str);
    let others = table.iter().filter(|(key, _)| id.is_none() || *key != "id");
    let others: Vec<String> = others.map(|(key, value)| format!("{key}={}", shortly(value))).collect();
    match (id, &others[..]) {
        (Some(id), []) => id.into(),
        (id, others) => format!("{}({})", id.unwrap_or_default(), others.join(", ")),
    }
}

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

    /// The product of all axes of `grid`.
    pub fn grid_runs(&self) -> Result<Vec<GridRun>, Wrong> {
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
        let mut runs = vec![GridRun { point: Point::new(), run: Self { grid: IndexMap::new(), ..self.clone() } }];
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
            for GridRun { point, run } in &runs {
                for value in values {
                    let run = run.set(path, value.clone()).map_err(|wrong| match wrong.what.as_str() {
                        "run file" => Wrong { what: format!("grid.{path}"), ..wrong },
                        _ => wrong,
                    })?;
                    let mut point = point.clone();
                    point.insert(path.clone(), value.clone());
                    next.push(GridRun { point, run });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_has_a_short_name() {
        let read = |text: &str| serde_json::from_str::<Point>(text).unwrap();
        for (point, name) in [
            ("{}", ""),
            (r#"{"seed":2,"stage.1.epsilon":"8/255"}"#, r#"seed=2, stage.1.epsilon="8/255""#),
            (r#"{"model":{"id":"mlp"}}"#, "model=mlp"),
            (r#"{"model":{"id":"mlp","widths":[64,32]}}"#, "model=mlp(widths=[64,32])"),
            (r#"{"model":{"widths":[64],"id":"mlp","weights":"a"}}"#, r#"model=mlp(widths=[64], weights="a")"#),
            (r#"{"stage.0.train":{"epochs":2,"lr":0.1}}"#, "stage.0.train=(epochs=2, lr=0.1)"),
            (r#"{"forget":{"id":"class","class":"B"}}"#, r#"forget=class(class="B")"#),
        ] {
            assert_eq!(point_name(&read(point)), name);
        }
    }
}
