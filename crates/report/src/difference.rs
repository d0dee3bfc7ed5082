//! In what two run files differ.

use serde_json::Value;
use spec::RunSpec;

/// One setting that two run files give differently, or that only one of them gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// As `--set` takes it: `stage.base.train.lr`, with a stage by its name.
    pub path: String,
    /// The value in the first run file; `None` where only the second gives one.
    pub from: Option<Value>,
    /// The value in the second run file; `None` where only the first gives one.
    pub to: Option<Value>,
}

/// Every setting in which two run files differ, in the order of the first; what only the second has comes after what
/// stands beside it.
pub fn differences(from: &RunSpec, to: &RunSpec) -> Vec<Difference> {
    let [from, to] = [from, to].map(|spec| serde_json::to_value(spec).expect("a run file has string keys only"));
    let mut all = Vec::new();
    walk("", Some(&from), Some(&to), &mut all);
    all
}

/// A value as a person writes it: texts without quotes.
pub fn written(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn walk(at: &str, from: Option<&Value>, to: Option<&Value>, all: &mut Vec<Difference>) {
    let entries = [from, to].map(|value| value.and_then(|value| entries(at, value)));
    match entries {
        [None, None] => {
            if from != to {
                all.push(Difference { path: at.into(), from: from.cloned(), to: to.cloned() });
            }
        }
        [a, b] => {
            // A table against a plain value, or none: the plain value goes, and the table's settings come.
            for (value, is_from) in [(from.filter(|_| a.is_none()), true), (to.filter(|_| b.is_none()), false)] {
                if let Some(value) = value.cloned().filter(|value| !value.is_null()) {
                    let (from, to) = if is_from { (Some(value), None) } else { (None, Some(value)) };
                    all.push(Difference { path: at.into(), from, to });
                }
            }
            let (a, b) = (a.unwrap_or_default(), b.unwrap_or_default());
            let of = |list: &[(String, &Value)], key: &str| list.iter().position(|(other, _)| other == key);
            let new = b.iter().filter(|(key, _)| of(&a, key).is_none());
            for (key, _) in a.iter().chain(new) {
                let path = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                let find = |list: &[(String, &'_ Value)]| of(list, key).map(|place| list[place].1.clone());
                walk(&path, find(&a).as_ref(), find(&b).as_ref(), all);
            }
        }
    }
}

/// The settings of a table, or the stages of a run file by their names.
fn entries<'a>(at: &str, value: &'a Value) -> Option<Vec<(String, &'a Value)>> {
    match value {
        Value::Object(table) => Some(table.iter().map(|(key, value)| (key.clone(), value)).collect()),
        Value::Array(stages) if at == "stage" => {
            let name = |index: usize, stage: &Value| {
                stage.get("as").and_then(Value::as_str).map_or_else(|| index.to_string(), str::to_owned)
            };
            Some(stages.iter().enumerate().map(|(index, stage)| (name(index, stage), stage)).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_compared_one_by_one() {
        let run = RunSpec::read(
            "version = 1\nname = \"a\"\ntasks.digits = { id = \"digits\" }\nmodel = { id = \"cnn\", widths = [5] }\n\
             stage = [{ id = \"train.scratch\", as = \"base\", train = { lr = 0.1 } }, { id = \"attack.fgsm\" }]",
        )
        .unwrap();
        assert_eq!(differences(&run, &run), []);
        let to = run.set("stage.base.train.epochs", 3.into()).unwrap().set("stage.1.epsilon", 0.5.into()).unwrap();
        let to = to.set("model.widths", vec![5, 6].into()).unwrap().set("name", "b".into()).unwrap();
        let said: Vec<String> = differences(&run, &to)
            .iter()
            .map(|Difference { path, from, to }| {
                let [from, to] = [from, to].map(|value| value.as_ref().map_or_else(|| "–".into(), written));
                format!("{path}: {from} {to}")
            })
            .collect();
        let expected =
            ["name: a b", "model.widths: [5] [5,6]", "stage.base.train.epochs: – 3", "stage.1.epsilon: – 0.5"];
        assert_eq!(said, expected);
        let back = differences(&to, &run);
        assert_eq!((back[2].from.clone(), back[2].to.clone()), (Some(3.into()), None));
    }
}
