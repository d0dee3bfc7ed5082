//! What of a JSON file is read to play the run in it: of a report not its figures, which may be many.

use crate::strict::{Room, Strict};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// A run file or a report without its figures.
#[derive(Default)]
pub struct Outline {
    /// All keys but those of [`FIGURES`].
    pub table: Map<String, Value>,
    /// Whether it is a report.
    pub is_report: bool,
    /// How many reports it is a list of.
    pub reports: usize,
    /// The run file of the first of them.
    pub first: Option<Value>,
}

/// Keys of a report that are passed over.
const FIGURES: [&str; 4] = ["hashes", "rows", "samples", "warnings"];

/// Reads an [`Outline`]; what it keeps goes by the rules of [`Strict`].
pub struct Reader<'a>(pub &'a Room);

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Outline;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Outline, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Outline;
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "a table of keys")
    }
    /// A list of reports, as earlier builds wrote it.
    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Outline, A::Error> {
        let (reports, first) = List(self.0).visit_seq(items)?;
        Ok(Outline { table: Map::new(), is_report: true, reports, first })
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Outline, A::Error> {
        let mut read = Outline::default();
        while let Some(key) = entries.next_key::<String>()? {
            if key == "reports" {
                (read.reports, read.first) = entries.next_value_seed(List(self.0))?;
            } else if FIGURES.contains(&key.as_str()) {
                entries.next_value::<IgnoredAny>()?;
            } else {
                let value = entries.next_value_seed(Strict { at: &key, room: self.0 })?;
                if read.table.insert(key.clone(), value).is_some() {
                    return Err(A::Error::custom(format!("the key \"{key}\" stands twice in one table")));
                }
                continue;
            }
            read.is_report = true;
        }
        Ok(read)
    }
}

/// Reads how many reports a list has, and the run file of the first one.
struct List<'a>(&'a Room);

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = (usize, Option<Value>);
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = (usize, Option<Value>);
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "a list of reports")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let first = items.next_element_seed(Reader(self.0))?;
        let mut reports = usize::from(first.is_some());
        while items.next_element::<IgnoredAny>()?.is_some() {
            reports += 1;
        }
        Ok((reports, first.and_then(|mut first| first.table.shift_remove("spec"))))
    }
}
