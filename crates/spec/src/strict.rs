//! Run files are read strictly: what serde's own [`Value`] takes in silence is refused here, with its key.

use crate::Wrong;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// How the `toml` crate names the one key of a date.
const DATE: &str = "$__toml_private_datetime";

/// The largest whole number up to which JavaScript, so the page's worker, knows every one.
const LARGEST: u64 = (1 << 53) - 1;

/// A text without the mark that some editors put before everything else.
pub fn unmarked(text: &str) -> &str {
    text.trim_start_matches('\u{feff}')
}

/// Reads JSON as [`Strict`] does. `what` names the file.
pub fn json(what: &str, text: &str) -> Result<Value, Wrong> {
    let mut json = serde_json::Deserializer::from_str(unmarked(text));
    let read = Strict(what).deserialize(&mut json).and_then(|value| json.end().map(|()| value));
    read.map_err(|error| match error.is_eof() {
        true => Wrong::new(what, format!("it ends too early, in line {}; is it whole?", error.line())),
        false => Wrong::new(what, error.to_string()),
    })
}

/// Reads JSON or TOML into a [`Value`]. A key that stands twice in a table, a number that is not finite or too large,
/// and a date are errors that name the key they stand at.
pub struct Strict<'a>(pub &'a str);

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "a smaller number at {}", self.0)
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(truth.into())
    }
    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        self.visit_u64(number.unsigned_abs()).map(|_| number.into())
    }
    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        match number <= LARGEST {
            true => Ok(number.into()),
            false => Err(E::custom(format!("{}: {number} is too large a number", self.0))),
        }
    }
    fn visit_i128<E: Error>(self, number: i128) -> Result<Value, E> {
        Err(E::custom(format!("{}: {number} is too large a number", self.0)))
    }
    fn visit_u128<E: Error>(self, number: u128) -> Result<Value, E> {
        Err(E::custom(format!("{}: {number} is too large a number", self.0)))
    }
    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        let finite = serde_json::Number::from_f64(number).map(Value::Number);
        finite.ok_or_else(|| E::custom(format!("{}: {number} is not a finite number", self.0)))
    }
    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element_seed(Strict(self.0))? {
            all.push(item);
        }
        Ok(all.into())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut table = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if key == DATE {
                return Err(A::Error::custom(format!("{}: a run file has no dates", self.0)));
            }
            let value = entries.next_value_seed(Strict(&key))?;
            if table.insert(key.clone(), value).is_some() {
                return Err(A::Error::custom(format!("the key \"{key}\" stands twice in one table")));
            }
        }
        Ok(table.into())
    }
}
