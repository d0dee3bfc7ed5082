use crate::Wrong;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One setting of a method, made from its `Config` by the engine's schema lowering; page and command line render it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Control {
    /// The key in a run file.
    pub key: String,
    /// The words beside the control: "largest change".
    pub label: String,
    /// What the setting does, for a tooltip.
    pub help: String,
    /// As in the equation: ε, η, k.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// Unit of the value, shown behind it: `steps`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Key of another control of the same table, and the value that it must have for this one to matter; the page greys
    /// this one out otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs: Option<(String, Value)>,
    /// Under "More settings" instead of at once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub advanced: bool,
    /// The method's own value, which holds where a run file gives none.
    pub default: Value,
    /// How the value is set, and which values are allowed.
    pub widget: Widget,
}

/// Kind of a setting: the input that the page draws for it, and the values that a run file may give.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Widget {
    /// A number within bounds.
    Slider {
        /// The smallest value, itself allowed.
        min: f64,
        /// The largest value, itself allowed.
        max: f64,
        /// Whether the slider's track is logarithmic.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        log: bool,
    },
    /// A whole number within bounds.
    Count {
        /// The smallest value, itself allowed.
        min: u64,
        /// The largest value, itself allowed.
        max: u64,
    },
    /// True or false.
    Toggle,
    /// One of several words.
    Choice {
        /// The words, in the order in which they are shown.
        options: Vec<String>,
    },
    /// A text of any length.
    Text,
    /// A nested table, such as every trained method's `train = { … }`.
    Group {
        /// The table's settings. Each may be left out of a run file; other keys are errors.
        of: Vec<Control>,
    },
    /// A list of values of one kind.
    List {
        /// The kind of each entry.
        of: Box<Widget>,
        /// The most entries that the list may have.
        max: usize,
    },
    /// `null` is allowed, and means "none" or "chosen by the method".
    Maybe {
        /// The kind of a value that is not `null`.
        of: Box<Widget>,
    },
    /// Options that are known only at run time.
    From {
        /// Where the options come from.
        source: Source,
        /// Whether the value is a list of options instead of one.
        many: bool,
    },
}

/// Where the options of [`Widget::From`] come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Classes of the stage's task, by their numbers in its set or file, or by their names.
    Class,
    /// Layers of the network, by their names.
    Layer,
    /// Stages of the run, by their names.
    Stage,
}

/// A setting that is no table, with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting<'a> {
    /// Its key behind those of the tables that it is in: `["train", "epochs"]`.
    pub path: Vec<&'a str>,
    /// The setting itself.
    pub control: &'a Control,
    /// Whether it or a table that it is in is an advanced one.
    pub advanced: bool,
}

impl Setting<'_> {
    /// Its path as a run file and a grid write it: `train.epochs`.
    pub fn key(&self) -> String {
        self.path.join(".")
    }
}

impl Control {
    /// All settings among these, in their order; those of a table stand in its place.
    pub fn flat(controls: &[Self]) -> impl Iterator<Item = Setting<'_>> {
        controls.iter().flat_map(Self::settings)
    }

    fn settings(&self) -> Vec<Setting<'_>> {
        let Widget::Group { of } = &self.widget else {
            return vec![Setting { path: vec![&self.key], control: self, advanced: self.advanced }];
        };
        let inner = Self::flat(of).map(|Setting { path, control, advanced }| {
            let path = [vec![self.key.as_str()], path].concat();
            Setting { path, control, advanced: advanced || self.advanced }
        });
        inner.collect()
    }

    /// An error if the value does not fit this control: what it must be. `at` is the value's key path in the run file.
    pub fn check(&self, at: &str, value: &Value) -> Result<(), Wrong> {
        self.widget.check(at, &self.label, value)
    }

    /// Whether it is a table with this key.
    fn has(&self, key: &str) -> bool {
        matches!(&self.widget, Widget::Group { of } if of.iter().any(|control| control.key == key))
    }
}

impl Widget {
    fn check(&self, at: &str, label: &str, value: &Value) -> Result<(), Wrong> {
        let wrong = |must: String| Err(Wrong::new(at, format!("{label} must {must}, not {value}")));
        match self {
            Self::Slider { min, max, .. } => match value.as_f64() {
                Some(x) if (*min..=*max).contains(&x) => Ok(()),
                _ => wrong(format!("lie between {min} and {max}")),
            },
            Self::Count { min, max } => match value.as_u64() {
                Some(x) if (*min..=*max).contains(&x) => Ok(()),
                _ => wrong(format!("be a whole number between {min} and {max}")),
            },
            Self::Toggle if !value.is_boolean() => wrong("be true or false".into()),
            Self::Choice { options } if !value.as_str().is_some_and(|x| options.iter().any(|o| o == x)) => {
                wrong(format!("be one of {}", options.join(", ")))
            }
            Self::Text if !value.is_string() => wrong("be a text".into()),
            Self::Group { of } => match value.as_object() {
                Some(table) => check_all(at, table, of),
                None => wrong("be a table".into()),
            },
            Self::List { of, max } => match value.as_array() {
                Some(items) if items.len() > *max => {
                    let why = format!("{label} must have at most {max} entries, not {}", items.len());
                    Err(Wrong::new(at, why))
                }
                Some(items) => items.iter().try_for_each(|item| of.check(at, label, item)),
                None => wrong("be a list".into()),
            },
            // How `palimpsest show` and the page write it that nothing is chosen.
            Self::Maybe { .. } if value.as_str().is_some_and(|text| text.is_empty() || text == "none") => {
                wrong("be left out where there is to be none".into())
            }
            Self::Maybe { of } if !value.is_null() => of.check(at, label, value),
            Self::From { source, many } => {
                let (fits, one): (fn(&Value) -> bool, _) = match source {
                    Source::Class => (
                        |value| value.as_u64().is_some_and(|x| x <= u16::MAX.into()) || value.is_string(),
                        "number or name of a class",
                    ),
                    Source::Layer => (Value::is_string, "name of a layer"),
                    Source::Stage => (Value::is_string, "name of a stage"),
                };
                match value.as_array() {
                    Some(items) if *many && items.iter().all(fits) => Ok(()),
                    _ if *many => wrong(format!("be a list, each entry the {one}")),
                    _ if fits(value) => Ok(()),
                    _ => wrong(format!("be the {one}")),
                }
            }
            _ => Ok(()),
        }
    }
}

/// Checks that each key of a table is known and each value fits its control. `at` is the table's key path in the run
/// file.
pub fn check_all(at: &str, table: &Map<String, Value>, controls: &[Control]) -> Result<(), Wrong> {
    table.iter().try_for_each(|(key, value)| match controls.iter().find(|control| control.key == *key) {
        Some(control) => control.check(&format!("{at}.{key}"), value),
        None => Err(match controls.iter().find(|control| control.has(key)) {
            Some(Control { key: table, .. }) => {
                Wrong::new(at, format!("there is no key \"{key}\"; did you mean \"{table}.{key}\"?"))
            }
            None => Wrong::unknown("key", at, key, controls.iter().map(|control| control.key.as_str())),
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_a_table_stand_in_its_place() {
        let control = |key: &str, advanced, widget| Control {
            key: key.into(),
            label: String::new(),
            help: String::new(),
            symbol: None,
            unit: None,
            needs: None,
            advanced,
            default: Value::Null,
            widget,
        };
        let inner = vec![control("epochs", false, Widget::Toggle), control("batch", true, Widget::Toggle)];
        let deep = control("deep", true, Widget::Group { of: inner.clone() });
        let train = Widget::Group { of: [inner, vec![deep]].concat() };
        let all =
            [control("k", false, Widget::Text), control("train", false, train), control("last", true, Widget::Text)];
        let found: Vec<_> = Control::flat(&all).map(|setting| (setting.key(), setting.advanced)).collect();
        let wanted = [
            ("k", false),
            ("train.epochs", false),
            ("train.batch", true),
            ("train.deep.epochs", true),
            ("train.deep.batch", true),
            ("last", true),
        ];
        assert_eq!(found, wanted.map(|(key, advanced)| (key.to_owned(), advanced)));
    }
}
