//! A whole experiment in an address, and the same run as a command.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use miniz_oxide::{
    deflate::compress_to_vec_zlib,
    inflate::{TINFLStatus, decompress_to_vec_zlib_with_limit},
};
use report::difference::written;
use spec::{RunSpec, Wrong};

/// A run file is a few kilobytes; a link that unpacks to more is not one.
const LIMIT: usize = 1 << 20;

/// Small rather than quick.
const LEVEL: u8 = 9;

pub fn encode(spec: &RunSpec) -> String {
    packed(serde_json::to_value(spec).expect("a run file has string keys only").to_string().as_bytes())
}

pub(super) fn packed(json: &[u8]) -> String {
    BASE64.encode(compress_to_vec_zlib(json, LEVEL))
}

pub fn decode(link: &str) -> Result<RunSpec, Wrong> {
    let cut = || Wrong::new("link", "it is cut off or was changed on its way");
    let bytes = BASE64.decode(link.trim()).map_err(|_| cut())?;
    let json = decompress_to_vec_zlib_with_limit(&bytes, LIMIT).map_err(|error| match error.status {
        TINFLStatus::HasMoreOutput => Wrong::new("link", "it unpacks to more than 1 MB, which no run file is"),
        _ => cut(),
    })?;
    let json = String::from_utf8(json).map_err(|_| cut())?;
    RunSpec::read_json(&json)
}

/// The same run in a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    pub text: String,
    /// Whether it reads the run's own file, rather than a recipe that comes with the program.
    pub needs_file: bool,
}

/// `palimpsest run FILE` with what differs from the file, where stages are called by their names. Without a file of
/// the same stages, the run's own file is named.
pub fn command(spec: &RunSpec, recipes: &[(String, RunSpec)]) -> CommandLine {
    let near = recipes.iter().filter_map(|(id, recipe)| Some((id, differences(recipe, spec)?)));
    let Some((id, sets)) = near.min_by_key(|(_, sets)| sets.len()) else {
        return CommandLine { text: format!("palimpsest run {}", file_name(spec, "toml")), needs_file: true };
    };
    let sets: String =
        sets.iter().map(|(path, value)| format!(" --set {}", quote(&format!("{path}={value}")))).collect();
    CommandLine { text: format!("palimpsest run {id}{sets}"), needs_file: false }
}

pub fn file_name(spec: &RunSpec, ending: &str) -> String {
    let stem: String = spec.name.chars().filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
    format!("{}.{ending}", if stem.is_empty() { "run" } else { &stem })
}

/// Paths and values that turn one run into the other; `None` if no setting can.
pub fn differences(from: &RunSpec, to: &RunSpec) -> Option<Vec<(String, String)>> {
    let frame = |spec: &RunSpec| {
        let stages: Vec<_> = spec.stages.iter().map(|stage| (stage.id.clone(), stage.name.clone())).collect();
        (stages, spec.tasks.keys().cloned().collect::<Vec<_>>())
    };
    if frame(from) != frame(to) {
        return None;
    }
    let mut sets = Vec::new();
    for difference in report::differences(from, to).into_iter().filter(|difference| difference.path != "name") {
        // Something was taken away: no `--set` can say that.
        sets.push((difference.path, written(&difference.to?)));
    }
    Some(sets)
}

fn quote(text: &str) -> String {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "=._-+".contains(c));
    if plain { text.into() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> RunSpec {
        RunSpec::read(
            "version = 1\ntasks.digits = { id = \"digits\" }\nmodel = { id = \"cnn\" }\n\
             stage = [{ id = \"train.scratch\", as = \"base\" }, { id = \"attack.fgsm\", as = \"fooled\" }]",
        )
        .unwrap()
    }

    #[test]
    fn a_link_brings_the_run_back() {
        let spec = run().set("stage.fooled.epsilon", 0.3.into()).unwrap();
        let link = encode(&spec);
        assert!(link.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'));
        assert_eq!(decode(&link).unwrap(), spec);
    }

    #[test]
    fn a_link_of_an_earlier_build_opens() {
        let link = include_str!("../../../../tests/stored/link.txt");
        let spec = decode(link.strip_prefix("#r=").unwrap()).unwrap();
        assert_eq!((spec.name.as_str(), spec.seed, spec.stages.len()), ("four-labs", 7, 7));
        let lora = spec.stages.iter().find(|stage| stage.name.as_deref() == Some("lora")).unwrap();
        assert_eq!(lora.params["rank"], 3);
    }

    #[test]
    fn a_broken_link_is_refused() {
        let link = encode(&run());
        for broken in ["", "!", &link[..link.len() / 2], "H4sIAAAAAAAAA"] {
            assert!(decode(broken).is_err(), "{broken}");
        }
        let bomb = packed(&vec![b' '; 3 << 20]);
        assert!(decode(&bomb).unwrap_err().to_string().contains("more than 1 MB"));
    }

    #[test]
    fn the_command_says_only_what_differs() {
        let recipes = [("first".to_owned(), run())];
        assert_eq!(command(&run(), &recipes).text, "palimpsest run first");
        let spec = run().set("stage.fooled.epsilon", 0.3.into()).unwrap();
        let spec = spec.set("stage.base.train.optimizer", "sgd".into()).unwrap().set("seed", 4.into()).unwrap();
        let spec = spec.set("every", 20.into()).unwrap();
        let said = command(&spec, &recipes);
        assert_eq!(
            said.text,
            "palimpsest run first --set seed=4 --set stage.base.train.optimizer=sgd \
             --set stage.fooled.epsilon=0.3 --set every=20"
        );
        let mut other = run();
        other.stages.pop();
        let own = command(&other, &recipes);
        assert_eq!((own.text.as_str(), own.needs_file, said.needs_file), ("palimpsest run run.toml", true, false));
    }
}
