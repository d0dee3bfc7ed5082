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
    k("version", "Version of the file's form, which is 1. Every run file has to say it."),
    k("name", "Name of the run in reports and tables."),
    k("seed", "Seed of all random numbers: start weights, split, batches, attacks. The default is 1."),
    k("repeats", "Number of seeds to play with, counted from `seed`. Figures are then means with standard deviations."),
    k(
        "retrain_seeds",
        "Number of networks that are retrained as the reference of forgetting, 1 to 100. The default is 3.",
    ),
    k(
        "every",
        "Steps between two looks at a network in training, from which the curves of accuracy are made; 0 for none. By \
         default a training has about 30. No network and no figure of the tables depends on it.",
    ),
    k(
        "look",
        "Number of validation samples that a look is at, at least 1. The default is all of them. No network and no \
         figure of the tables depends on it.",
    ),
    k("device", "Device to compute on: auto, cpu, or a graphics device that the program was built for."),
    k("tasks.NAME", "Data set with its settings, such as `{ id = \"digits\", tilt = 30 }`. A file has at least one."),
    k(
        "tasks.NAME.validation",
        "Share of what is not for testing that is held out, 0 to 0.5, to watch training by and to choose settings; \
         with 0 all of it is trained on, and curves are of what is learned from. By default the set has its own split.",
    ),
    k("model", "Network that the first stages start from, such as `{ id = \"mlp\", widths = [64] }`."),
    k(
        "model.weights",
        "Weights of that network: the name of a shipped one (`letters-cnn`) or a safetensors file. By default they are \
         random.",
    ),
    k(
        "models.NAME",
        "Network beside `model`, such as `{ id = \"cnn\", weights = \"teacher\" }`, which stages name under `from` and \
         `with`. It has the settings of its kind, and the keys that follow.",
    ),
    k("models.NAME.weights", "Weights of that network, as of `model`."),
    k("models.NAME.on", "Task whose inputs and classes it is made for. The default is the first one."),
    k("models.NAME.draw", "Another number draws other random weights, as `draw` of a stage."),
    k(
        "forget",
        "What unlearning stages forget, such as `{ id = \"class\", class = 3 }`. A class goes by its number in the set \
         or file of labels, or by its name.",
    ),
    k(
        "grid.\"KEY\"",
        "List of values for another key, such as \"stage.fooled.epsilon\". Every combination of values is played.",
    ),
    k("stage", "List of stages in playing order. Each stage has the keys that follow."),
    k("stage.id", "Id of the method, such as `attack.pgd-linf`."),
    k("stage.as", "Name of the stage. The default is its place in the list, counted from 0."),
    k(
        "stage.from",
        "Stage whose network this one starts from, a network of `models`, or `start`. The default is the last stage \
         before it that leaves a network.",
    ),
    k("stage.on", "Task that the stage works on. The default is the task of the network that it starts from."),
    k(
        "stage.model",
        "Network of its own for this stage, in place of `from`: random, or of a file, as `model`. Only methods that \
         train take one.",
    ),
    k(
        "stage.with",
        "Earlier stages, networks of `models`, or `start`, whose networks the method takes as well, in this order. An \
         attack is crafted on them (on the mean of their logits) and measured on the stage's own network.",
    ),
    k(
        "stage.draw",
        "Another number draws other random numbers where all else is equal, as for the members of an ensemble. The \
         default is 0. Names and places of stages, their own methods and their settings change no random number.",
    ),
    k(
        "stage.forget",
        "What this stage forgets, in place of the run's `forget`. A stage that stands on one which has forgotten is a \
         further request: its retrained reference does without both. An audit is of what its network has forgotten \
         last.",
    ),
    k(
        "stage.take",
        "Number of test samples that an attack or a measure works on, the first of its task. The default is all of \
         them.",
    ),
    k(
        "stage.epsilons",
        "List of budgets that an attack is tried at beside its own, such as `[\"2/255\", \"8/255\"]`: a curve of the \
         accuracy that stands. A step size is scaled with the budget.",
    ),
    k("stage.SETTING", "Setting of the method. `palimpsest show METHOD` lists them with ranges and defaults."),
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
            every = 5
            look = 9
            device = "cpu"
            tasks.d = { id = "digits" }
            model = { id = "mlp" }
            models.other = { id = "mlp" }
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
