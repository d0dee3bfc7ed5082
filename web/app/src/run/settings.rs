//! Settings against their controls: an untouched one is not in the file.

use serde_json::{Map, Value};
use spec::{Control, Widget};

/// The control at a path of keys: `["train", "lr"]`.
pub fn find<'a>(controls: &'a [Control], path: &[String]) -> Option<&'a Control> {
    let (key, rest) = path.split_first()?;
    let control = controls.iter().find(|control| control.key == *key)?;
    match (&control.widget, rest) {
        (_, []) => Some(control),
        (Widget::Group { of }, rest) => find(of, rest),
        _ => None,
    }
}

pub fn written<'a>(params: &'a Map<String, Value>, path: &[String]) -> Option<&'a Value> {
    let (key, rest) = path.split_first()?;
    rest.iter().try_fold(params.get(key)?, |at, key| at.get(key))
}

pub fn set(controls: &[Control], params: &mut Map<String, Value>, path: &[String], value: Value) {
    let Some((key, rest)) = path.split_first() else { return };
    let is_default = find(controls, path).is_some_and(|control| same(&control.default, &value));
    if rest.is_empty() {
        if is_default {
            params.shift_remove(key);
        } else {
            params.insert(key.clone(), value);
        }
        return;
    }
    let Some(Widget::Group { of }) = controls.iter().find(|c| c.key == *key).map(|control| &control.widget) else {
        return;
    };
    let entry = params.entry(key.clone()).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(table) = entry {
        set(of, table, rest, value);
        if table.is_empty() {
            params.shift_remove(key);
        }
    }
}

/// Removes what equals its default, so that equal runs are equal files.
pub fn drop_defaults(controls: &[Control], params: &mut Map<String, Value>) {
    for control in controls {
        match (&control.widget, params.get_mut(&control.key)) {
            (Widget::Group { of }, Some(Value::Object(table))) => {
                drop_defaults(of, table);
                if table.is_empty() {
                    params.shift_remove(&control.key);
                }
            }
            (_, Some(value)) if same(&control.default, value) => {
                params.shift_remove(&control.key);
            }
            _ => {}
        }
    }
}

/// The first value that does not fit, in words.
pub fn wrong(controls: &[Control], params: &Map<String, Value>) -> Option<String> {
    params.iter().find_map(|(key, value)| {
        let control = controls.iter().find(|control| control.key == *key)?;
        control.check(key, value).err().map(|wrong| wrong.why)
    })
}

/// 2 and 2.0 are one value.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn controls() -> Vec<Control> {
        serde_json::from_value(json!([
            {
                "key": "epsilon", "label": "ε", "help": "", "default": 0.2,
                "widget": { "slider": { "min": 0, "max": 0.5 } },
            },
            {
                "key": "train", "label": "training", "help": "", "default": { "lr": 0.01, "epochs": 5 },
                "widget": { "group": { "of": [
                    {
                        "key": "lr", "label": "η", "help": "", "default": 0.01,
                        "widget": { "slider": { "min": 1e-5, "max": 1, "log": true } },
                    },
                    {
                        "key": "epochs", "label": "epochs", "help": "", "default": 5,
                        "widget": { "count": { "min": 1, "max": 100 } },
                    },
                ] } },
            },
        ]))
        .unwrap()
    }

    fn path(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn a_default_is_not_written() {
        let (controls, mut params) = (controls(), Map::new());
        set(&controls, &mut params, &path("train.lr"), json!(0.1));
        assert_eq!(json!(params), json!({ "train": { "lr": 0.1 } }));
        set(&controls, &mut params, &path("train.lr"), json!(0.01));
        set(&controls, &mut params, &path("epsilon"), json!(0.20));
        assert!(params.is_empty());
        let mut params = json!({ "epsilon": 0.2, "train": { "epochs": 5.0 } }).as_object().unwrap().clone();
        drop_defaults(&controls, &mut params);
        assert!(params.is_empty());
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let params = json!({ "train": { "epochs": 0 } }).as_object().unwrap().clone();
        assert!(wrong(&controls(), &params).unwrap().contains("between 1 and 100"));
    }
}
