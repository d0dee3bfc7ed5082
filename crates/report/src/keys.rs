//! The keys of a run file, for `palimpsest data`, `palimpsest run --help` and the README.

/// A key of a run file, and what it says.
pub struct Key {
    /// As it stands in the file; capitals stand for a name that the user chooses.
    pub key: &'static str,
    /// What it is, and what holds without it.
    pub help: &'static str,
}

const fn k(key: &'static str, help: &'static str) -> Key {
    Key { key, help }
}

/// All of them, in the order in which a file has them.
pub const KEYS: &[Key] = &[
    k("version", "The version of the file's form: 1. The only number that a file must have."),
    k("name", "What reports and tables call the run."),
    k("seed", "Of all random numbers: start weights, split, batches, attacks. 1 without it."),
    k("repeats", "Plays with this many seeds, from `seed` on. Figures become means, with standard deviations."),
    k("retrain_seeds", "How many networks are retrained as the reference of forgetting: 1 to 100, 3 without it."),
    k("device", "Where to compute: auto, cpu, or a graphics device that the program was built for."),
    k("tasks.NAME", "A data set, `{ id = \"digits\", tilt = 30 }`, under a name for `on`. At least one."),
    k("model", "The network that the first stages start from: `{ id = \"mlp\", widths = [64] }`."),
    k(
        "model.weights",
        "Its weights: the name of a shipped network (`letters-cnn`), or a safetensors file. Random without it.",
    ),
    k("forget", "What unlearning stages forget: `{ id = \"class\", class = 3 }`."),
    k(
        "grid.\"KEY\"",
        "A list of values for a key of this file, such as \"stage.fooled.epsilon\". Every combination is played.",
    ),
    k("stage", "The list of stages, in playing order. The keys below stand in each of them."),
    k("stage.id", "The method: `attack.pgd-linf`."),
    k("stage.as", "The stage's name. Without one it goes by its place in the list, counted from 0."),
    k(
        "stage.from",
        "The stage whose network it starts from, or `start`. Without it the last one before it that leaves a network.",
    ),
    k("stage.on", "The task that it works on. Without it that of the network it starts from, else the first task."),
    k("stage.model", "A new network for this stage, in place of `from`. Only for methods that train."),
    k("stage.with", "Other stages whose networks the method takes as well. No method of this version takes any."),
    k("stage.SETTING", "A setting of the method: `palimpsest show METHOD` lists them, with ranges and defaults."),
];

#[cfg(test)]
mod tests {
    use super::KEYS;
    use spec::{RESERVED, RunSpec};

    /// A file with every key is written by serde; each of its keys stands in the list.
    #[test]
    fn every_key_is_listed() {
        let file = r#"
            version = 1
            name = "a"
            seed = 2
            repeats = 2
            retrain_seeds = 2
            device = "cpu"
            tasks.d = { id = "digits" }
            model = { id = "mlp" }
            forget = { id = "class" }
            grid.seed = [1, 2]
            stage = [{ id = "train.scratch" }]
        "#;
        let keys: Vec<String> = match serde_json::to_value(RunSpec::read(file).unwrap()).unwrap() {
            serde_json::Value::Object(table) => table.keys().cloned().collect(),
            _ => unreachable!("a run file is a table"),
        };
        let mut listed: Vec<&str> = KEYS.iter().map(|key| key.key.split('.').next().unwrap()).collect();
        listed.dedup();
        assert_eq!(listed, keys);
        for key in RESERVED {
            assert!(KEYS.iter().any(|listed| listed.key == format!("stage.{key}")), "{key}");
        }
    }
}
