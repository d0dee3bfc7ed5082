//! A data set that only this test knows reaches the list, the page, the check of a run file and a run.

use crate::common::Collect;
use engine::{Ended, Gate, Host, Opened, Registry, Result, Session};
use kit::data::{DataSet, RawSet, SetEntry, stratified};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Answer, Event, Kind, Noun, Question, RunSpec, Why};
use std::rc::Rc;

/// Points on either side of a line.
struct Halves;

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// Number of points.
    #[schemars(range(min = 20, max = 1000))]
    n: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { n: 200 }
    }
}

impl DataSet for Halves {
    type Config = Config;
    const ID: &str = "halves";
    const TITLE: &str = "Halves";
    const HELP: &str = "Points on either side of a line";
    const LICENCE: &str = "Made for a test";
    const KIND: Kind = Kind::Points;

    fn nouns() -> Vec<Noun> {
        vec![Noun::new("half", "halves", false)]
    }

    async fn load(_: &str, config: &Config, _: &dyn Host) -> Result<RawSet> {
        let points = (0..config.n).map(|at| [at as f32 / config.n as f32, (at * 7 % 20) as f32 / 20.0]);
        let labels: Vec<u16> = points.clone().map(|[x, _]| u16::from(x >= 0.5)).collect();
        let [train, valid, test] = stratified(&labels, labels.len() / 10, labels.len() / 5);
        let classes = vec!["left".into(), "right".into()];
        let inputs = points.flatten().collect();
        Ok(RawSet { shape: [2, 1, 1], inputs, labels, classes, train, valid, test, ..RawSet::default() })
    }
}

static SETS: &[SetEntry] = &[SetEntry::of::<Halves>()];

fn registry() -> Registry {
    Registry { sets: SETS, ..Registry::shipped() }
}

const RUN: &str = r#"
    version = 1
    tasks.sides = { id = "halves", n = 300 }
    model = { id = "linear" }
    stage = [{ id = "train.scratch", as = "base", train = { epochs = 60, lr = 0.05 } }]
"#;

#[test]
fn a_data_set_is_listed_with_its_settings() {
    let tasks = registry().catalogue([], Vec::new(), |_| String::new()).tasks;
    let [halves] = &tasks[..] else { panic!("{tasks:?}") };
    assert_eq!((halves.id.as_str(), halves.title.as_str()), ("halves", "Halves"));
    assert_eq!((halves.help.as_str(), halves.licence.as_str()), (Halves::HELP, Halves::LICENCE));
    // The page with the lab `toy` reads it from here: `toy.spec.js`.
    let (path, json) = ("tests/expected/toy_set.json", serde_json::to_string_pretty(halves).unwrap() + "\n");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &json).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), json, "run BLESS=1 cargo test toy_set");
    let facts = halves.facts.as_ref().unwrap();
    assert_eq!((facts.kind, facts.nouns[0].things.as_str()), (Kind::Points, "halves"));
    assert!(facts.adjectives.is_empty());
    // Points have no views of images beside their own settings, and every set can be split anew.
    let keys: Vec<&str> = halves.controls.iter().map(|control| control.key.as_str()).collect();
    assert_eq!(keys, ["n", "validation"]);
    assert_eq!(engine::catalogue(Vec::new(), |_| String::new()).tasks.len(), kit::data::SETS.len());
}

#[test]
fn a_run_file_that_names_a_data_set_is_checked_against_the_list() {
    let check = |text: &str, registry: Registry| registry.check(&RunSpec::read(text).unwrap());
    check(RUN, registry()).unwrap();
    let wrong = check(RUN, Registry::shipped()).unwrap_err().to_string();
    assert!(wrong.contains("halves"), "{wrong}");
    let wrong = check(&RUN.replace("halves", "halfs"), registry()).unwrap_err().to_string();
    assert!(wrong.contains("did you mean \"halves\""), "{wrong}");
    let wrong = check(&RUN.replace("300", "3"), registry()).unwrap_err().to_string();
    assert!(wrong.contains("between 20 and 1000"), "{wrong}");
}

#[test]
fn a_run_trains_on_a_data_set_and_answers_questions_about_it() {
    let host = Rc::new(Collect::default());
    let mut session = Session::new(Opened::cpu(Why::Chosen), host.clone(), Rc::new(Gate::default()), registry());
    let spec = RunSpec::read(RUN).unwrap();
    let Ended::Finished(report) = pollster::block_on(session.play(1, spec.clone(), 0, None)).unwrap() else {
        panic!("the run did not finish")
    };
    assert!(report.value("base", "accuracy").unwrap() > 90.0);
    let question = Question::Samples { task: "sides".into(), ids: vec![0, 299] };
    let (answer, buffers) = pollster::block_on(session.asker().answer(None, false, &question, &[])).unwrap();
    let Answer::Samples { labels, .. } = answer else { panic!("{answer:?}") };
    assert_eq!((&labels[..], buffers[0].len()), (&[0, 1][..], 2 * 2 * 4));
    pollster::block_on(session.prepare(2, spec)).unwrap();
    let said = host.said.borrow();
    let classes = said.iter().find_map(|(said, _)| match &said.event {
        Event::Prepared { classes, .. } => classes.iter().find(|(name, _)| name == "sides").cloned(),
        _ => None,
    });
    assert_eq!(classes.unwrap().1, ["left", "right"]);
}
