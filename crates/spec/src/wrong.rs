//! What is wrong with an input, in one sentence.

use crate::SEEDS;
use crate::run::{AT_LEAST_ONE, short};

/// Something in a run file that cannot be: where and why, in one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Where: the path of a key, such as `stage.base.epsilon`, or `run file`.
    pub what: String,
    /// What is wrong there, and what would be right.
    pub why: String,
    /// Whether it was made by a newer Palimpsest, which knows it.
    pub is_newer: bool,
}

impl Wrong {
    /// An error at `what`, for the reason `why`.
    pub fn new(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into(), is_newer: false }
    }
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", line(&self.what, 240), line(&self.why, 340))
    }
}
impl std::error::Error for Wrong {}

/// One line of at most `most` characters, whatever a stranger's file brings into it: control characters are replaced,
/// and a long text loses its middle, because its end says what would be right.
fn line(text: &str, most: usize) -> String {
    let shown = |character: char| match character {
        '\n' | '\r' | '\t' => ' ',
        character if character.is_control() => char::REPLACEMENT_CHARACTER,
        character => character,
    };
    let length = text.chars().count();
    let (start, end) = if length > most { (most * 2 / 3, length - most / 3 + 1) } else { (length, length) };
    let gap = (length > most).then_some('…');
    text.chars().take(start).chain(gap).chain(text.chars().skip(end)).map(shown).collect()
}

/// An error of serde in plain words, such as "seed: must be a whole number, not \"many\"".
pub(crate) fn typed(path: &str, error: &serde_json::Error) -> Wrong {
    let what = if path == "." { "run file" } else { path };
    let message = error.to_string();
    if let Some((found, wanted)) =
        message.strip_prefix("unknown variant `").and_then(|rest| rest.split_once("`, expected one of "))
    {
        return Wrong::new(what, format!("must be one of {}, not \"{found}\"", wanted.replace('`', "")));
    }
    if let Some(key) = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        let example = match key {
            "tasks" => "`tasks.digits = { id = \"digits\" }`",
            "model" => "`model = { id = \"mlp\" }`",
            "stage" => "`stage = [{ id = \"train.scratch\" }]`",
            _ => return Wrong::new(what, format!("`{key}` is missing")),
        };
        return Wrong::new(what, format!("`{key}` is missing; {example} would be right"));
    }
    let parts = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "));
    let Some((found, wanted)) = parts.and_then(|parts| parts.rsplit_once(", expected ")) else {
        return Wrong::new(what, message);
    };
    let found = ["string ", "integer `", "floating point `", "boolean `"]
        .iter()
        .find_map(|kind| found.strip_prefix(kind))
        .map_or_else(|| found.replace("sequence", "a list").replace("map", "a table"), |value| value.replace('`', ""));
    let wanted = match wanted {
        "u32" if ["repeats", "retrain_seeds"].contains(&what) => {
            format!("a whole number between {} and {}", SEEDS.start(), SEEDS.end())
        }
        "u32" if what == "look" => AT_LEAST_ONE.into(),
        "u32" => format!("a whole number from 0 to {}", u32::MAX),
        "string or map" | "map with a single key" => "a text".into(),
        "a string" => "a text".into(),
        "a sequence" => "a list".into(),
        "a map" => "a table".into(),
        _ if wanted.starts_with("struct ") => "a table with an `id`".into(),
        other => other.into(),
    };
    Wrong::new(what, format!("must be {wanted}, not {found}"))
}

/// Most bytes of a name that may be a misspelt one. Longer ones are a stranger's, and comparing them takes long.
const LONGEST: usize = 200;

/// The closest of the known names, if one is close.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST {
        return None;
    }
    known
        .into_iter()
        .map(|other| {
            let score = strsim::jaro_winkler(name, other).max(strsim::jaro_winkler(short(name), short(other)) - 0.01);
            (other, score)
        })
        .filter(|(_, score)| *score > 0.7)
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(other, _)| other)
}

/// The known names that begin with this word, or whose last part does: `attack.pgd-l2` and others for `pgd`.
fn begun<'a>(word: &str, known: &[&'a str]) -> impl Iterator<Item = &'a str> {
    let begins = move |id: &&str| id.starts_with(word) || short(id).starts_with(word);
    known.iter().copied().filter(move |id| word.len() > 1 && begins(id))
}

impl Wrong {
    /// "There is no … did you mean …?"
    pub fn unknown<'a>(kind: &str, at: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        let begun: Vec<String> = begun(name, &known).map(|id| format!("\"{id}\"")).collect();
        let hint = match nearest(name, known.iter().copied()) {
            _ if begun.len() > 1 => format!("; did you mean one of {}?", begun.join(", ")),
            Some(near) => format!("; did you mean \"{near}\"?"),
            None if known.is_empty() => String::new(),
            None => format!("; there are: {}", known.join(", ")),
        };
        Self::new(at, format!("there is no {kind} \"{name}\"{hint}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_knows_the_tail() {
        let known = ["unlearn.salun", "attack.fgsm"];
        assert_eq!(nearest("salum", known), Some("unlearn.salun"));
        assert_eq!(nearest("xyzzy", known), None);
        assert_eq!(nearest(&format!("unlearn.{}", "s".repeat(LONGEST)), known), None);
    }

    #[test]
    fn all_names_that_begin_with_a_word_are_offered() {
        let known = ["attack.pgd-linf", "attack.pgd-l2", "attack.fgsm"];
        let said = Wrong::unknown("method", "show", "pgd", known).to_string();
        assert!(said.ends_with("did you mean one of \"attack.pgd-linf\", \"attack.pgd-l2\"?"), "{said}");
        assert!(
            Wrong::unknown("method", "show", "attack", known).to_string().contains("\"attack.pgd-l2\", \"attack.f")
        );
        assert!(Wrong::unknown("method", "show", "fg", known).to_string().contains("did you mean \"attack.fgsm\"?"));
    }
}
