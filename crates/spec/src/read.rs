//! Reading types from JSON that is already parsed. serde's derived readers are made for any format, and twice for a
//! tagged enum: in the page they weighed more than its charts. Here a field is one call.

use indexmap::IndexMap;
use serde_json::{Map, Value};
use std::fmt;

/// Where and why a value is not of the type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable(String);

impl Unreadable {
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }

    fn must(be: &str, found: &Value) -> Self {
        let found = match found {
            Value::Array(_) => "a list".into(),
            Value::Object(_) => "a table".into(),
            other => other.to_string(),
        };
        Self(["must be ", be, ", not ", &found].concat())
    }

    fn at(self, place: &str) -> Self {
        Self([place, ": ", &self.0].concat())
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for Unreadable {}

/// A type that can be read from JSON.
pub trait Read: Sized {
    fn read(value: Value) -> Result<Self, Unreadable>;

    /// What stands for a key that is not there.
    fn missing() -> Option<Self> {
        None
    }
}

/// The value as a `T`.
pub fn read<T: Read>(value: Value) -> Result<T, Unreadable> {
    T::read(value)
}

/// A table whose entries are taken out one by one.
pub struct Fields(Map<String, Value>);

impl Fields {
    pub fn of(value: Value) -> Result<Self, Unreadable> {
        match value {
            Value::Object(table) => Ok(Self(table)),
            other => Err(Unreadable::must("a table", &other)),
        }
    }

    pub fn take<T: Read>(&mut self, key: &str) -> Result<T, Unreadable> {
        match self.0.shift_remove(key) {
            Some(value) => T::read(value).map_err(|wrong| wrong.at(key)),
            None => T::missing().ok_or_else(|| Unreadable(["there is no key `", key, "`"].concat())),
        }
    }

    pub fn take_or<T: Read>(&mut self, key: &str, default: T) -> Result<T, Unreadable> {
        if self.0.contains_key(key) { self.take(key) } else { Ok(default) }
    }

    /// What was not taken.
    pub fn rest(self) -> Map<String, Value> {
        self.0
    }
}

/// Lets serde read a type too, by way of JSON: one description of each type's form.
macro_rules! by_json {
    ($($type:ty),*) => {
        $(impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                $crate::read(serde::Deserialize::deserialize(from)?).map_err(serde::de::Error::custom)
            }
        })*
    };
}
pub(crate) use by_json;

/// Reads a struct by its fields; those behind the semicolon have a default.
#[macro_export]
macro_rules! fields {
    ($type:ident { $($field:ident),* $(; $($optional:ident),*)? }) => {
        impl $crate::Read for $type {
            fn read(value: serde_json::Value) -> Result<Self, $crate::Unreadable> {
                let mut fields = $crate::Fields::of(value)?;
                Ok(Self {
                    $($field: fields.take(stringify!($field))?,)*
                    $($($optional: fields.take_or(stringify!($optional), Default::default())?,)*)?
                })
            }
        }
    };
}

/// Reads an enum of tables by the name that one key of each table holds.
macro_rules! variants {
    ($type:ident by $tag:literal {
        $($name:literal => $variant:ident $({ $($field:ident),* $(; $optional:ident)? })?,)*
    }) => {
        impl $crate::Read for $type {
            fn read(value: serde_json::Value) -> Result<Self, $crate::Unreadable> {
                let mut fields = $crate::Fields::of(value)?;
                let name: String = fields.take($tag)?;
                Ok(match name.as_str() {
                    $($name => Self::$variant $({
                        $($field: fields.take(stringify!($field))?,)*
                        $($optional: fields.take_or(stringify!($optional), Default::default())?,)?
                    })?,)*
                    _ => return Err($crate::Unreadable::new([$tag, ": there is no \"", &name, "\""].concat())),
                })
            }
        }
    };
}
pub(crate) use variants;

/// Reads an enum of words.
macro_rules! words {
    ($type:ident { $($name:literal => $variant:ident,)* }) => {
        impl $crate::Read for $type {
            fn read(value: serde_json::Value) -> Result<Self, $crate::Unreadable> {
                let name = String::read(value)?;
                Ok(match name.as_str() {
                    $($name => Self::$variant,)*
                    _ => {
                        let known = [$($name),*].join(", ");
                        return Err($crate::Unreadable::new(["must be one of ", &known, ", not ", &name].concat()));
                    }
                })
            }
        }
    };
}
pub(crate) use words;

impl Read for Value {
    fn read(value: Value) -> Result<Self, Unreadable> {
        Ok(value)
    }
}

impl Read for bool {
    fn read(value: Value) -> Result<Self, Unreadable> {
        value.as_bool().ok_or_else(|| Unreadable::must("true or false", &value))
    }
}

impl Read for f64 {
    fn read(value: Value) -> Result<Self, Unreadable> {
        value.as_f64().ok_or_else(|| Unreadable::must("a number", &value))
    }
}

impl Read for f32 {
    fn read(value: Value) -> Result<Self, Unreadable> {
        f64::read(value).map(|x| x as Self)
    }
}

impl Read for u64 {
    fn read(value: Value) -> Result<Self, Unreadable> {
        value.as_u64().ok_or_else(|| Unreadable::must("a whole number from 0 on", &value))
    }
}

macro_rules! whole {
    ($($type:ident)*) => {
        $(impl Read for $type {
            fn read(value: Value) -> Result<Self, Unreadable> {
                let whole = u64::read(value)?;
                let large = |_| Unreadable(format!("{whole} is too large; the most is {}", Self::MAX));
                Self::try_from(whole).map_err(large)
            }
        })*
    };
}
whole!(u16 u32 usize);

impl Read for String {
    fn read(value: Value) -> Result<Self, Unreadable> {
        match value {
            Value::String(text) => Ok(text),
            other => Err(Unreadable::must("a text", &other)),
        }
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(value: Value) -> Result<Self, Unreadable> {
        let Value::Array(items) = value else { return Err(Unreadable::must("a list", &value)) };
        let mut all = Self::with_capacity(items.len());
        for (at, item) in items.into_iter().enumerate() {
            all.push(T::read(item).map_err(|wrong| wrong.at(&at.to_string()))?);
        }
        Ok(all)
    }
}

impl<T: Read, const N: usize> Read for [T; N] {
    fn read(value: Value) -> Result<Self, Unreadable> {
        let all = Vec::read(value)?;
        Self::try_from(all).map_err(|all: Vec<T>| Unreadable(format!("must have {N} entries, not {}", all.len())))
    }
}

impl<A: Read, B: Read> Read for (A, B) {
    fn read(value: Value) -> Result<Self, Unreadable> {
        let [a, b] = <[Value; 2]>::read(value)?;
        Ok((A::read(a)?, B::read(b)?))
    }
}

impl<T: Read> Read for Option<T> {
    fn read(value: Value) -> Result<Self, Unreadable> {
        if value.is_null() { Ok(None) } else { T::read(value).map(Some) }
    }

    fn missing() -> Option<Self> {
        Some(None)
    }
}

impl<T: Read> Read for Box<T> {
    fn read(value: Value) -> Result<Self, Unreadable> {
        T::read(value).map(Self::new)
    }
}

impl<T: Read> Read for IndexMap<String, T> {
    fn read(value: Value) -> Result<Self, Unreadable> {
        let mut all = Self::new();
        for (key, value) in Fields::of(value)?.rest() {
            let value = T::read(value).map_err(|wrong| wrong.at(&key))?;
            all.insert(key, value);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cause, Control, Event, Pick, Report, Row, RunSpec, Said, Source, Why, Widget};
    use serde_json::{json, to_value};

    const FILE: &str = r#"
        version = 1
        name = "all"
        seed = 7
        repeats = 2
        retrain_seeds = 3
        device = "cpu"
        tasks.digits = { id = "digits", tilt = 30 }
        model = { id = "mlp" }
        forget = { id = "class" }
        grid.seed = [1, 2]
        stage = [
            { id = "train.scratch", as = "a", on = "digits" },
            { id = "merge", from = "a", with = ["a"] },
            { id = "x", model = { id = "cnn", n = 1 }, k = 2 },
        ]
    "#;

    #[test]
    fn what_is_written_is_read() {
        let text = || "text".to_owned();
        let rows = vec![Row::share("a", "accuracy", 97.5, 360), Row::new("a", "steps", -3.0)];
        let report = Report {
            spec: RunSpec::read(FILE).unwrap(),
            engine: text(),
            device: text(),
            seed: 1,
            seconds: 2.5,
            hashes: [(text(), text())].into_iter().collect(),
            rows: rows.clone(),
        };
        let answers = Event::Answers {
            series: text(),
            ids: vec![1],
            labels: vec![2],
            classes: vec![3],
            confidences: vec![0.5],
            runners_up: vec![0.25],
        };
        let cure = Some((text(), json!([null, true, { "a": 1.5 }])));
        for event in [
            answers,
            Event::Alive { engine: text() },
            Event::Answer { ask: 1, body: json!({ "a": [1] }), error: Some(text()) },
            Event::Cancelled { step: 3 },
            Event::Classes { series: text(), values: vec![None, Some(50.0)] },
            Event::Estimate { seconds: vec![None, Some(1.5)] },
            Event::Failed { cause: Cause::Diverged, message: text(), step: None, kept: Some(3), cure },
            Event::Finished { report: Box::new(report) },
            Event::Images { series: text(), shape: [1, 2, 3, 4], ids: vec![] },
            Event::Note { message: text() },
            Event::Paused { step: 3 },
            Event::Phase { name: text() },
            Event::Prepared { parameters: 9, layers: vec![(text(), 4)], classes: vec![(text(), vec![text()])] },
            Event::Ready {
                device: text(),
                adapter: text(),
                software: true,
                why: Why::Faster,
                times: Some(1.5),
                message: text(),
            },
            Event::Resumed,
            Event::Saved { step: 3 },
            Event::Scalar { series: text(), step: 1, value: 0.1 },
            Event::Stage { index: 0, of: 2, id: text() },
            Event::StageDone { rows, seconds: 1.0 },
            Event::Step { done: 1, of: 2 },
            Event::Warning { message: text() },
        ] {
            let said = Said { run: 1, stage: Some("a".into()), event };
            assert_eq!(read::<Said>(to_value(&said).unwrap()), Ok(said.clone()));
            assert_eq!(serde_json::from_str::<Said>(&serde_json::to_string(&said).unwrap()).unwrap(), said);
        }
        for cause in [Cause::Adapter, Cause::Diverged, Cause::Input, Cause::Lost, Cause::Panic, Cause::SelfTest] {
            assert_eq!(read::<Cause>(to_value(cause).unwrap()), Ok(cause));
        }
        for why in [Why::Chosen, Why::Default, Why::Faster] {
            assert_eq!(read::<Why>(to_value(why).unwrap()), Ok(why));
        }
        let inside = Control {
            key: "lr".into(),
            label: "η".into(),
            help: String::new(),
            symbol: Some("η".into()),
            unit: None,
            needs: Some(("many".into(), true.into())),
            advanced: true,
            default: json!(0.1),
            widget: Widget::Slider { min: 0.0, max: 1.0, log: true },
        };
        for widget in [
            Widget::Choice { options: vec!["a".into()] },
            Widget::Count { min: 1, max: 9 },
            Widget::From { source: Source::Layer, many: true },
            Widget::Group { of: vec![inside] },
            Widget::List { of: Box::new(Widget::Text), max: 3 },
            Widget::Maybe { of: Box::new(Widget::Toggle) },
            Widget::Slider { min: 0.0, max: 1.0, log: false },
        ] {
            assert_eq!(read::<Widget>(to_value(&widget).unwrap()), Ok(widget));
        }
    }

    #[test]
    fn what_does_not_fit_is_said() {
        for (value, why) in [
            (json!({ "run": -1, "event": {} }), "run: must be a whole number from 0 on, not -1"),
            (json!({ "run": 4294967296_u64, "event": {} }), "run: 4294967296 is too large; the most is 4294967295"),
            (json!({ "run": 1 }), "there is no key `event`"),
            (json!({ "run": 1, "event": { "event": "step", "done": 1 } }), "event: there is no key `of`"),
            (json!({ "run": 1, "event": { "event": "leap" } }), "event: event: there is no \"leap\""),
            (
                json!({ "run": 1, "event": { "event": "estimate", "seconds": [1, "a"] } }),
                "event: seconds: 1: must be a number, not \"a\"",
            ),
            (json!([1, null, {}]), "must be a table, not a list"),
        ] {
            assert_eq!(read::<Said>(value).unwrap_err().to_string(), why);
        }
        assert_eq!(read::<Pick>(json!({ "widths": [5] })).unwrap_err().to_string(), "there is no key `id`");
        assert_eq!(read::<[f64; 2]>(json!([1, 2, 3])).unwrap_err().to_string(), "must have 2 entries, not 3");
        assert_eq!(read::<Source>(json!("a")).unwrap_err().to_string(), "must be one of class, layer, stage, not a");
    }
}
