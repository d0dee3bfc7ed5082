use crate::{cards, entries};
use kit::{data, nets};
use spec::{Catalogue, Family, FamilyInfo, Leaf, MethodInfo, Preset, RunSpec, SourceFacts, VERSION, Wrong};

/// What page, command line and documents know of this engine. `presets` are the quick recipes; `mathml` turns an
/// equation in LaTeX into the inside of `<math>`.
pub fn catalogue(presets: Vec<Preset>, mathml: impl Fn(&str) -> String) -> Catalogue {
    let methods = entries().zip(cards()).map(|(entry, card)| MethodInfo {
        card: card.data(mathml(card.equation)),
        shape: entry.shape,
        first: entry.first,
        controls: (entry.controls)(),
    });
    Catalogue {
        version: VERSION,
        families: families(),
        methods: methods.collect(),
        tasks: data::choices(),
        nets: nets::choices(),
        sources: sources(),
        forget: data::forget_choices(),
        presets,
        leaf: leaf(),
    }
}

/// A recipe file: its leading comment is its title (first line) and what it says of itself.
pub fn preset(id: &str, text: &str) -> Result<Preset, Wrong> {
    let comment: Vec<&str> = text.lines().map_while(|line| line.strip_prefix('#')).map(str::trim).collect();
    let title = comment.first().filter(|title| !title.is_empty());
    let title = title.ok_or_else(|| Wrong::new(id, "a recipe starts with a comment line, its title"))?;
    let about = comment[1..].join(" ").trim().to_owned();
    Ok(Preset { id: id.into(), title: (*title).into(), about, spec: RunSpec::read(text)? })
}

/// What every family of methods is called, in the order of its key.
fn families() -> Vec<FamilyInfo> {
    let info = |family, [label, menu, verb, press, next]: [&str; 5]| FamilyInfo {
        family,
        label: label.into(),
        menu: menu.into(),
        verb: verb.into(),
        press: press.into(),
        next: next.into(),
    };
    vec![
        info(Family::Train, ["Training", "Train", "Train", "Teach it", "teach it"]),
        info(Family::Transfer, ["Transfer", "Transfer", "Transfer", "Teach it", "teach it"]),
        info(Family::Peft, ["LoRA and PEFT", "Adapt cheaply", "Adapt", "Adapt it", "adapt it"]),
        info(Family::Attack, ["Attacks", "Attack", "Attack", "Attack it", "attack it"]),
        info(Family::Defend, ["Defences", "Defend", "Harden", "Harden it", "harden it"]),
        info(Family::Unlearn, ["Unlearning", "Forget", "Forget", "Make it forget", "forget"]),
        info(Family::Measure, ["Audits", "Measure", "Audit", "Audit it", "audit it"]),
    ]
}

/// The networks of `static/weights`.
fn sources() -> Vec<SourceFacts> {
    vec![SourceFacts { weights: "letters-cnn".into(), title: "Letters cnn".into(), knows: "letters".into() }]
}

/// The first test digits of each class, in the set's order.
fn leaf() -> Leaf {
    let raw = data::digits::load();
    let size = raw.shape[1] * raw.shape[2];
    let label = |row: &u32| raw.labels[*row as usize];
    let ids: Vec<u32> = Leaf::places(raw.test.iter().map(label)).into_iter().map(|place| raw.test[place]).collect();
    let images = ids.iter().flat_map(|row| &raw.inputs[*row as usize * size..][..size]);
    let pixels = images.map(|x| char::from_digit((x * 16.0).round() as u32, 17).unwrap_or('0')).collect();
    Leaf { labels: ids.iter().map(label).collect(), ids, size: raw.shape[1], pixels }
}
