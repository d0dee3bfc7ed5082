//! Names that stand twice in one table of a JSON text. Of these serde would take the last one in silence.

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::collections::HashSet;
use std::fmt;

/// The first name that stands twice in one of the tables of a JSON text; `None` if there is no such name, or the text
/// is no JSON.
pub(super) fn doubled(text: &[u8]) -> Option<String> {
    Names.deserialize(&mut serde_json::Deserializer::from_slice(text)).ok().flatten()
}

struct Names;

impl<'de> DeserializeSeed<'de> for Names {
    type Value = Option<String>;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Names {
    type Value = Option<String>;
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "JSON")
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(inside) = items.next_element_seed(Self)? {
            found = found.or(inside);
        }
        Ok(found)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let (mut names, mut found) = (HashSet::new(), None);
        while let Some(name) = entries.next_key::<String>()? {
            let inside = entries.next_value_seed(Self)?;
            found = found.or(inside).or_else(|| names.contains(&name).then(|| name.clone()));
            names.insert(name);
        }
        Ok(found)
    }
}
