//! Run files are read strictly: what serde's own [`Value`] takes in silence is refused here, with its key.

use crate::Wrong;
use crate::run::KEYS;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::cell::Cell;
use std::fmt;

/// How the `toml` crate names the one key of a date.
const DATE: &str = "$__toml_private_datetime";

/// The largest whole number up to which JavaScript, so the page's worker, knows every one.
const LARGEST: u64 = (1 << 53) - 1;

/// A text without the mark that some editors put before everything else.
pub fn unmarked(text: &str) -> &str {
    text.trim_start_matches('\u{feff}')
}

/// The most values that a run file may have, those in lists and tables included: a forget set of 100,000 picked images
/// fits. Read, so many take less than 64 MB.
pub const MOST: usize = 120_000;

/// Room for the values of a file that is being read.
pub struct Room(Cell<usize>);

impl Room {
    /// For so many values.
    pub const fn of(values: usize) -> Self {
        Self(Cell::new(values))
    }

    /// Takes the place of a value. A table takes two, for its keys need room too.
    fn take<E: Error>(&self, values: usize) -> Result<(), E> {
        self.0.set(self.0.get().checked_sub(values).ok_or_else(|| E::custom(too_many()))?);
        Ok(())
    }
}

fn too_many() -> String {
    format!("it has too many values; at most {MOST} are read")
}

/// An error if a TOML text may have more than [`MOST`] values, or words and lines, by the signs and spaces that its
/// reader keeps a note of: that one reads the whole text before it gives any value away.
pub fn fits(text: &str) -> Result<(), Wrong> {
    let bytes = text.as_bytes();
    let (mut values, mut words, mut before, mut at) = (0, 0, b' ', 0);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            _ if before == b'\r' && byte != b'\n' => values += 1,
            b',' | b']' | b'}' | b'"' | b'\'' => values += 1,
            b'[' | b'{' | b'=' | b'.' => values += 2,
            b'\n' => words += 1,
            b' ' | b'\t' => {}
            _ => words += usize::from(b" \t".contains(&before)),
        }
        before = byte;
        at = match byte {
            b'"' | b'\'' => behind_string(bytes, at),
            b'#' => bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length),
            _ => at + 1,
        };
    }
    match (values > MOST, words > MOST) {
        (true, _) => Err(Wrong::new("run file", too_many())),
        (_, true) => Err(Wrong::new("run file", format!("it has too many words and lines; at most {MOST} are read"))),
        _ => Ok(()),
    }
}

/// The place behind the string of TOML that begins at `at`: one value, whatever is in it. One without an end goes to
/// the end of its line, or with three quotation marks to that of the text.
fn behind_string(bytes: &[u8], at: usize) -> usize {
    let quote = bytes[at];
    let marks = if bytes[at..].starts_with(&[quote; 3]) { 3 } else { 1 };
    let mut at = at + marks;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' if quote == b'"' => at += 1,
            b'\n' if marks == 1 => return at,
            _ if bytes[at..].starts_with(&[quote; 3][..marks]) => return at + marks,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// Whether a text is JSON rather than TOML, by its beginning: a brace, or a bracket that opens no table's head such as
/// `[tasks.a]` or `[[stage]]`.
pub fn is_json(text: &str) -> bool {
    let text = unmarked(text).trim_start();
    let Some(inside) = text.strip_prefix('[') else { return text.starts_with('{') };
    let inside = inside.strip_prefix('[').unwrap_or(inside).trim_start();
    let end = inside.find(|character: char| !(character.is_alphanumeric() || "_-".contains(character)));
    let word = &inside[..end.unwrap_or(inside.len())];
    let is_name = word.starts_with(|first: char| first.is_alphabetic() || first == '_');
    match inside.strip_prefix(['"', '\'']) {
        Some(quoted) => !KEYS.iter().any(|key| quoted.starts_with(key)),
        None => !is_name || ["true", "false", "null"].contains(&word),
    }
}

/// Reads JSON as [`Strict`] does. `what` names the file.
pub fn json(what: &str, text: &str, room: &Room) -> Result<Value, Wrong> {
    json_by(what, text, Strict { at: what, room })
}

/// Reads JSON by a seed. `what` names the file.
pub fn json_by<T>(what: &str, text: &str, seed: impl for<'de> DeserializeSeed<'de, Value = T>) -> Result<T, Wrong> {
    let mut json = serde_json::Deserializer::from_str(unmarked(text));
    let read = seed.deserialize(&mut json).and_then(|value| json.end().map(|()| value));
    read.map_err(|error| match error.is_eof() {
        true => Wrong::new(what, format!("it ends too early, in line {}; is it whole?", error.line())),
        false => Wrong::new(what, error.to_string()),
    })
}

/// Reads JSON or TOML into a [`Value`]. A key that stands twice in a table, a number that is not finite or too large,
/// and a date are errors that name the key they stand at; so are more values than there is room for.
#[derive(Clone, Copy)]
pub struct Strict<'a> {
    /// The key that the value stands at.
    pub at: &'a str,
    /// What is left for it and all that follows.
    pub room: &'a Room,
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        self.room.take(1)?;
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "a smaller number at {}", self.at)
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
            false => Err(E::custom(format!("{}: {number} is too large a number", self.at))),
        }
    }
    fn visit_i128<E: Error>(self, number: i128) -> Result<Value, E> {
        Err(E::custom(format!("{}: {number} is too large a number", self.at)))
    }
    fn visit_u128<E: Error>(self, number: u128) -> Result<Value, E> {
        Err(E::custom(format!("{}: {number} is too large a number", self.at)))
    }
    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        let finite = serde_json::Number::from_f64(number).map(Value::Number);
        finite.ok_or_else(|| E::custom(format!("{}: {number} is not a finite number", self.at)))
    }
    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            all.push(item);
        }
        Ok(all.into())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut table = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if key == DATE {
                return Err(A::Error::custom(format!("{}: a run file has no dates", self.at)));
            }
            self.room.take(1)?;
            let value = entries.next_value_seed(Strict { at: &key, room: self.room })?;
            if table.insert(key.clone(), value).is_some() {
                return Err(A::Error::custom(format!("the key \"{key}\" stands twice in one table")));
            }
        }
        Ok(table.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Reports, RunSpec};

    const HEAD: &str = "version = 1\ntasks.d = { id = \"digits\" }\nmodel = { id = \"linear\" }\n";

    fn read(text: &str) -> Result<RunSpec, String> {
        Reports::run_of(text).map_err(|wrong| wrong.to_string())
    }

    #[test]
    fn broken_json_is_told_of_in_the_words_of_json() {
        for text in ["[{\"version\": 1}", "[", "{\"version\": 1", "\u{feff} [ {", "{\"version\": [1, 2"] {
            let why = read(text).unwrap_err();
            assert_eq!(why, "run file: it ends too early, in line 1; is it whole?", "{text}");
        }
        for (text, said) in [
            ("[1, 2", "expected a table of keys at line 1 column 2"),
            ("[[1,2],[3]]", "expected a table of keys"),
            ("[\"a\"", "expected a table of keys at line 1 column 4"),
            ("[true, 2]", "expected a table of keys"),
            ("[{\"version\": 1},]", "trailing comma at line 1 column 17"),
            ("{\"version\": 1]", "at line 1 column 14"),
        ] {
            let why = read(text).unwrap_err();
            assert!(why.contains(said), "{text}: {why}");
        }
        // A table's head comes first in these.
        for head in ["[tasks.d]", "[[stage]]", "  [ tasks . d ]", "[\"tasks\".d]", "# [1\n[tasks.d]", "[forget]"] {
            assert!(!is_json(head), "{head}");
        }
        let tables = "[tasks.d]\nid = \"digits\"\n[[stage]]\nid = \"train.scratch\"\n[model]\nid = \"linear\"\n";
        assert!(read(tables).unwrap_err().contains("must say `version = 1`"));
        assert!(read("[tasks.d\nid = 1").unwrap_err().contains("line 1"));
    }

    #[test]
    fn values_are_counted_before_they_take_memory() {
        let toml = |inside: &str, n: usize| {
            let list = inside.repeat(n);
            read(&format!(
                "{HEAD}forget = {{ id = \"picked\", ids = [{list}] }}\nstage = [{{ id = \"train.scratch\" }}]"
            ))
        };
        let json = |inside: &str, n: usize| {
            let list = inside.repeat(n) + "1";
            read(&format!(
                "{{\"version\": 1, \"tasks\": {{\"d\": {{\"id\": \"digits\"}}}}, \"model\": {{\"id\": \"linear\"}}, \
                 \"forget\": {{\"id\": \"picked\", \"ids\": [{list}]}}, \"stage\": [{{\"id\": \"train.scratch\"}}]}}"
            ))
        };
        for inside in ["1,", "12,\n"] {
            assert!(toml(inside, 100_000).is_ok() && json(inside, 100_000).is_ok(), "{inside:?}");
        }
        let many = "run file: it has too many values; at most 120000 are read";
        for (inside, n) in [("1,", 120_001), ("[],", 60_000), ("{a=1},", 40_000), ("[[1]],", 40_000)] {
            assert_eq!(toml(inside, n).unwrap_err(), many, "{inside}");
        }
        for (inside, n) in [("1,", 120_001), ("[],", 120_001), ("{\"a\":1},", 50_000), ("[[1]],", 50_000)] {
            assert!(json(inside, n).unwrap_err().contains("it has too many values; at most 120000"), "{inside}");
        }
        assert_eq!(
            read(&"\n".repeat(120_001)).unwrap_err(),
            "run file: it has too many words and lines; at most 120000 are read"
        );
    }

    /// What is written in a string or behind a # takes no more memory than its length.
    #[test]
    fn texts_and_comments_are_not_counted() {
        for (quote, inside) in [("\"", "[[,, \\\" '"), ("'", "[=.\" "), ("\"\"\"", "\n[,=' \""), ("'''", "a, b\n [")] {
            let long = format!("{quote}{}{quote}", inside.repeat(70_000) + ".");
            let comment = "[,".repeat(70_000);
            let file = format!("{HEAD}name = {long} # {comment}\nstage = [{{ id = \"train.scratch\" }}]");
            let spec = read(&file).unwrap_or_else(|why| panic!("{quote}: {why}"));
            assert!(RunSpec::read(&spec.to_toml()).as_ref() == Ok(&spec), "{quote}");
        }
        for many in ["'' ", "\"\"\n", "''''''", "\"a\" "] {
            let why = read(&format!("{HEAD}name = [{}]", many.repeat(120_001))).unwrap_err();
            assert!(why.contains("it has too many"), "{many}: {why}");
        }
    }

    /// Figures of a report are passed over, however many there are.
    #[test]
    fn the_run_of_a_long_report_is_read() {
        let run =
            serde_json::to_string(&RunSpec::read(&format!("{HEAD}stage = [{{ id = \"train.scratch\" }}]")).unwrap());
        let (run, rows) = (run.unwrap(), "{\"stage\": \"0\", \"value\": 1},".repeat(200_000) + "1");
        let report = format!("{{\"spec\": {run}, \"rows\": [{rows}]}}");
        for text in [
            format!("{{\"format\": 3, \"reports\": [{report}], \"run\": {run}}}"),
            format!("[{report}]"),
            report.clone(),
        ] {
            assert_eq!(read(&text).unwrap().stages.len(), 1);
        }
        assert!(read(&format!("[{report}, {report}]")).unwrap_err().contains("left the grid out"));
        assert!(read(&format!("{{\"format\": 4, \"reports\": [{report}]}}")).unwrap_err().contains("its format is 4"));
        assert_eq!(read("[]").unwrap_err(), "report: it holds no run");
        assert!(
            read(&report.replacen("\"version\":1", "\"version\":1,\"version\":1", 1)).unwrap_err().contains("twice")
        );
    }
}
