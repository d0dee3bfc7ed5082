//! The parts of the catalogue besides methods, networks and data sets: recipes, names of families, source networks, and
//! the sample of digits.

use kit::data::{DataSet, digits};
use spec::{Family, FamilyInfo, Leaf, Recipe, RunSpec, SourceFacts, Wrong};

/// A recipe from its file: the leading comment is its title (first line) and its description. `id` is the file's name.
pub fn recipe(id: &str, text: &str) -> Result<Recipe, Wrong> {
    // The first line may name a schema to editors.
    let comment = text.lines().skip_while(|line| line.starts_with("#:"));
    let comment: Vec<&str> = comment.map_while(|line| line.strip_prefix('#')).map(str::trim).collect();
    let title = comment.first().filter(|title| !title.is_empty());
    let title = title.ok_or_else(|| Wrong::new(id, "a recipe starts with a comment line, its title"))?;
    let about = comment[1..].join(" ").trim().to_owned();
    Ok(Recipe { id: id.into(), title: (*title).into(), about, spec: RunSpec::read(text)? })
}

/// Words for each family of methods (label, menu entry, verb, buttons). The families that most visitors come for are
/// first.
pub(crate) fn families() -> Vec<FamilyInfo> {
    let info = |family, [label, menu, verb, press, next]: [&str; 5]| FamilyInfo {
        family,
        label: label.into(),
        menu: menu.into(),
        verb: verb.into(),
        press: press.into(),
        next: next.into(),
    };
    vec![
        info(Family::Unlearn, ["Unlearning", "Forget", "Forget", "Make it forget", "forget"]),
        info(Family::Attack, ["Attacks", "Attack", "Attack", "Attack it", "attack it"]),
        info(Family::Defend, ["Defences", "Defend", "Harden", "Harden it", "harden it"]),
        info(Family::Transfer, ["Transfer", "Transfer", "Transfer", "Teach it", "teach it"]),
        info(Family::Peft, ["LoRA and PEFT", "Adapt cheaply", "Adapt", "Adapt it", "adapt it"]),
        info(Family::Train, ["Training", "Train", "Train", "Teach it", "teach it"]),
        info(Family::Measure, ["Audits", "Measure", "Audit", "Audit it", "audit it"]),
    ]
}

/// The networks of `static/weights`.
pub(crate) fn sources() -> Vec<SourceFacts> {
    vec![SourceFacts { weights: "letters-cnn".into(), title: "Letters cnn".into(), knows: "letters".into() }]
}

/// The first test digits of each class, in the set's order: the page draws them before it has an engine.
pub(crate) fn digits_sample() -> Leaf {
    let raw = digits::load();
    let size = raw.shape[1] * raw.shape[2];
    let label = |row: &u32| raw.labels[*row as usize];
    let ids: Vec<u32> =
        spec::first_of_each_class(raw.test.iter().map(label)).into_iter().map(|place| raw.test[place]).collect();
    let images = ids.iter().flat_map(|row| &raw.inputs[*row as usize * size..][..size]);
    let pixels = images.map(|x| char::from_digit((x * 16.0).round() as u32, 17).unwrap_or('0')).collect();
    Leaf {
        data: digits::Digits::ID.into(),
        train: raw.train.len() as u64,
        labels: ids.iter().map(label).collect(),
        ids,
        size: raw.shape[1],
        pixels,
    }
}
