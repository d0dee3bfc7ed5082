//! What of the catalogue is not a list of entries: recipes, and the sample of digits.

use kit::data::{SHOWN_PER_CLASS, digits, first_of_each_class};
use spec::{Leaf, Preset, RunSpec, Wrong};

/// A recipe from its file: the leading comment is its title (first line) and its description. `id` is the file's name.
pub fn preset(id: &str, text: &str) -> Result<Preset, Wrong> {
    let comment: Vec<&str> = text.lines().map_while(|line| line.strip_prefix('#')).map(str::trim).collect();
    let title = comment.first().filter(|title| !title.is_empty());
    let title = title.ok_or_else(|| Wrong::new(id, "a recipe starts with a comment line, its title"))?;
    let about = comment[1..].join(" ").trim().to_owned();
    Ok(Preset { id: id.into(), title: (*title).into(), about, spec: RunSpec::read(text)? })
}

/// The first test digits of each class, in the set's order: the page draws them before it has an engine.
pub(crate) fn digits_sample() -> Leaf {
    let raw = digits::load();
    let size = raw.shape[1] * raw.shape[2];
    let ids = first_of_each_class(&raw.test, |row| raw.labels[row as usize], SHOWN_PER_CLASS);
    let labels = ids.iter().map(|id| raw.labels[*id as usize]).collect();
    let pixels = ids.iter().flat_map(|id| &raw.inputs[*id as usize * size..][..size]);
    let character = |x: &f32| char::from_digit((x * 16.0).round() as u32, 17).unwrap_or('0');
    Leaf { labels, size: raw.shape[1], pixels: pixels.map(character).collect(), ids }
}
