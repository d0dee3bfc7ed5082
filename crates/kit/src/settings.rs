//! From a `Config` to its controls, and from a run file's values back to a `Config`. The config is the only declaration
//! of a method's settings: page, command line, docs and law tests all read it.

use crate::error::{Error, Result};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use spec::{Control, Source, Widget};

/// A method's settings: the doc comments of the fields are the help, `range` gives the bounds, `Default` the paper's
/// values.
pub trait Config: Clone + Default + Serialize + DeserializeOwned + JsonSchema {}
impl<T: Clone + Default + Serialize + DeserializeOwned + JsonSchema> Config for T {}

/// `C::json_schema`. Functions that take it instead of `C` are compiled once and not for each config, which keeps the
/// CPU engine small.
type Describe = fn(&mut SchemaGenerator) -> Schema;

/// The settings in a run file, over the config's defaults. `at` is their key path, for errors.
///
/// Tables are merged: `train = { epochs = 5 }` keeps the method's learning rate, which serde alone would replace by the
/// default of `Training`. Each value is checked against its control first.
pub fn resolve<C: Config>(at: &str, params: &Map<String, Value>) -> Result<C> {
    resolve_over(at, params, C::default(), &[])
}

/// Like [`resolve`], over other defaults. Keys in `fixed` are not settings.
pub fn resolve_over<C: Config>(at: &str, params: &Map<String, Value>, defaults: C, fixed: &[&str]) -> Result<C> {
    let value = complete(at, params, C::json_schema, json(&defaults), fixed)?;
    C::deserialize(value).map_err(|error| Error::input(at, error.to_string()))
}

fn complete(
    at: &str,
    params: &Map<String, Value>,
    describe: Describe,
    mut value: Value,
    fixed: &[&str],
) -> Result<Value> {
    spec::check_all(at, params, &lower_all(describe, &value, fixed))?;
    over(&mut value, params);
    Ok(value)
}

/// A config as JSON.
pub fn json(config: &impl Config) -> Value {
    serde_json::to_value(config).expect("a config has string keys and finite numbers")
}

fn over(base: &mut Value, top: &Map<String, Value>) {
    for (key, value) in top {
        let place = &mut base[key.as_str()];
        match value {
            Value::Object(table) if place.is_object() => over(place, table),
            _ => *place = value.clone(),
        }
    }
}

/// The controls of a config, in the order of its fields.
pub fn controls<C: Config>() -> Vec<Control> {
    controls_over(&C::default(), &[])
}

/// Like [`controls`], with other defaults, and without the keys in `fixed`.
pub fn controls_over<C: Config>(defaults: &C, fixed: &[&str]) -> Vec<Control> {
    lower_all(C::json_schema, &json(defaults), fixed)
}

/// The keys of a config, in the order of its fields.
pub fn keys<C: Config>() -> Vec<String> {
    controls::<C>().into_iter().map(|control| control.key).collect()
}

fn lower_all(describe: Describe, defaults: &Value, fixed: &[&str]) -> Vec<Control> {
    let mut generator = SchemaGenerator::default();
    let mut schema = describe(&mut generator).to_value();
    schema["$defs"] = generator.take_definitions(true).into();
    let mut controls = lower_fields(&schema, &schema, defaults);
    controls.retain(|control| !fixed.contains(&control.key.as_str()));
    controls
}

fn lower_fields(root: &Value, table: &Value, defaults: &Value) -> Vec<Control> {
    let Some(fields) = table["properties"].as_object() else { return Vec::new() };
    fields.iter().map(|(key, field)| lower(root, key, field, &defaults[key.as_str()])).collect()
}

fn lower(root: &Value, key: &str, field: &Value, default: &Value) -> Control {
    let text = |name: &str| field[name].as_str().map(str::to_owned);
    let needs = field["x-needs"].as_object().and_then(|needs| needs.iter().next());
    Control {
        key: key.into(),
        label: text("x-label").unwrap_or_else(|| key.replace('_', " ")),
        help: text("description").unwrap_or_default().replace('\n', " "),
        symbol: text("x-symbol"),
        unit: text("x-unit"),
        needs: needs.map(|(key, value)| (key.clone(), value.clone())),
        advanced: field["x-advanced"] == true,
        default: default.clone(),
        widget: widget(root, field, default),
    }
}

fn widget(root: &Value, field: &Value, default: &Value) -> Widget {
    if let Some(source) = field["x-source"].as_str() {
        let source = match source {
            "class" => Source::Class,
            "layer" => Source::Layer,
            "stage" => Source::Stage,
            other => panic!("there is no source \"{other}\""),
        };
        let from = Widget::From { source, many: field["type"] == "array" };
        let is_null = |option: &Value| option["type"] == "null";
        let may_lack = field["anyOf"].as_array().is_some_and(|options| options.iter().any(is_null));
        return if may_lack { Widget::Maybe { of: Box::new(from) } } else { from };
    }
    if let Some(path) = field["$ref"].as_str() {
        let name = path.rsplit('/').next().expect("a path has an end");
        return widget(root, &root["$defs"][name], default);
    }
    if let Some(options) = field["anyOf"].as_array() {
        let some = options.iter().find(|option| option["type"] != "null").expect("an option has a value");
        return Widget::Maybe { of: Box::new(widget(root, some, default)) };
    }
    if let Some(options) = choices(field) {
        return Widget::Choice { options };
    }
    let number = |key: &str| field[key].as_f64();
    let of_type = |wanted: &str| match &field["type"] {
        Value::Array(types) => types.iter().any(|kind| kind == wanted),
        kind => kind == wanted,
    };
    let plain = if of_type("boolean") {
        Widget::Toggle
    } else if of_type("integer") {
        Widget::Count {
            min: field["minimum"].as_u64().unwrap_or(0),
            max: field["maximum"].as_u64().unwrap_or(u32::MAX.into()),
        }
    } else if of_type("number") {
        let (min, max) = (number("minimum").unwrap_or(f64::MIN), number("maximum").unwrap_or(f64::MAX));
        Widget::Slider { min, max, log: field["x-log"] == true }
    } else if of_type("string") {
        Widget::Text
    } else if of_type("array") {
        let max = field["maxItems"].as_u64().map_or(usize::MAX, |max| max as usize);
        Widget::List { of: Box::new(widget(root, &field["items"], &Value::Null)), max }
    } else {
        Widget::Group { of: lower_fields(root, field, default) }
    };
    if of_type("null") { Widget::Maybe { of: Box::new(plain) } } else { plain }
}

/// The values of an enum: its schema is `enum` without doc comments on the values and `oneOf` with them. (With comments
/// on some values only, schemars puts these last.)
fn choices(field: &Value) -> Option<Vec<String>> {
    let word = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(values) = field["enum"].as_array() {
        return Some(values.iter().filter_map(word).collect());
    }
    let options = field["oneOf"].as_array()?;
    let flat = options.iter().flat_map(|option| match option["enum"].as_array() {
        Some(values) => values.iter().filter_map(word).collect::<Vec<_>>(),
        None => word(&option["const"]).into_iter().collect(),
    });
    Some(flat.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    enum Mode {
        /// One.
        #[default]
        Plain,
        /// Two.
        Other,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
    #[serde(default, deny_unknown_fields)]
    struct Inner {
        /// How often.
        #[schemars(range(min = 1, max = 9))]
        count: u32,
        #[schemars(range(min = 0.0, max = 1.0), extend("x-log" = true, "x-symbol" = "η"))]
        rate: f64,
    }
    impl Default for Inner {
        fn default() -> Self {
            Self { count: 3, rate: 0.5 }
        }
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
    #[serde(default, deny_unknown_fields)]
    struct Outer {
        zeta: bool,
        inner: Inner,
        mode: Mode,
        #[schemars(range(min = 0, max = 5))]
        maybe: Option<u32>,
        #[schemars(length(max = 2), inner(range(min = 1, max = 4)))]
        list: Vec<usize>,
    }
    impl Default for Outer {
        fn default() -> Self {
            Self { zeta: true, inner: Inner { count: 7, rate: 0.1 }, mode: Mode::Plain, maybe: None, list: vec![1] }
        }
    }

    fn outer(params: Value) -> std::result::Result<Outer, String> {
        resolve("stage.x", params.as_object().unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn fields_become_controls_in_order_with_the_parents_defaults() {
        let controls = controls::<Outer>();
        let keys: Vec<&str> = controls.iter().map(|control| control.key.as_str()).collect();
        assert_eq!(keys, ["zeta", "inner", "mode", "maybe", "list"]);
        let Widget::Group { of } = &controls[1].widget else { panic!("{:?}", controls[1]) };
        assert_eq!(of[0].default, json!(7));
        assert_eq!(of[0].help, "How often.");
        assert_eq!(of[1].widget, Widget::Slider { min: 0.0, max: 1.0, log: true });
        assert_eq!(controls[2].widget, Widget::Choice { options: vec!["plain".into(), "other".into()] });
        assert_eq!(controls[3].widget, Widget::Maybe { of: Box::new(Widget::Count { min: 0, max: 5 }) });
        let of = Box::new(Widget::Count { min: 1, max: 4 });
        assert_eq!(controls[4].widget, Widget::List { of, max: 2 });
    }

    #[test]
    fn one_leaf_changes_nothing_else() {
        let set = outer(json!({ "inner": { "count": 5 } })).unwrap();
        assert_eq!(set, Outer { inner: Inner { count: 5, rate: 0.1 }, ..Outer::default() });
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (params, said) in [
            (json!({ "zetta": true }), "did you mean \"zeta\""),
            (json!({ "inner": { "cuont": 1 } }), "did you mean \"count\""),
            (json!({ "inner": { "count": 10 } }), "between 1 and 9"),
            (json!({ "mode": "plane" }), "one of plain, other"),
            (json!({ "maybe": 6 }), "between 0 and 5"),
            (json!({ "list": [1, 2, 3] }), "at most 2"),
        ] {
            let error = outer(params.clone()).unwrap_err();
            assert!(error.contains(said), "{params}: {error}");
        }
    }
}
