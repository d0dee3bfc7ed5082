use crate::{cards, entries};
use kit::{data, nets};
use spec::{Catalogue, Leaf, MethodInfo, Preset, RunSpec, VERSION, Wrong};

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
        methods: methods.collect(),
        tasks: data::choices(),
        nets: nets::choices(),
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

/// Seven test digits of each class, the first in the set's order.
fn leaf() -> Leaf {
    let raw = data::digits::load();
    let (mut ids, mut labels, mut pixels) = (Vec::new(), Vec::new(), String::new());
    let size = raw.shape[1] * raw.shape[2];
    for &row in &raw.test {
        let label = raw.labels[row as usize];
        if labels.iter().filter(|other| **other == label).count() < 7 {
            ids.push(row);
            labels.push(label);
            let image = &raw.inputs[row as usize * size..][..size];
            pixels.extend(image.iter().map(|x| char::from_digit((x * 16.0).round() as u32, 17).unwrap_or('0')));
        }
    }
    Leaf { ids, labels, size: raw.shape[1], pixels }
}
