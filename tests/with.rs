//! Other networks beside the one in hand: what a stage names under `with`.

use crate::common::{Collect, hash, play};
use engine::{Ended, Gate, Opened, Registry, Session};
use kit::nets::Net;
use kit::run::{Tune, TuneJob};
use kit::{Cx, Entry, Method, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Card, Family, Needs, Report, RunSpec, Why};
use std::rc::Rc;
use std::sync::LazyLock;

fn chain(stages: &str) -> String {
    format!(
        "version = 1\nretrain_seeds = 1\ntasks.digits = {{ id = \"digits\" }}\n\
         tasks.five = {{ id = \"digits\", classes = [0, 1, 2, 3, 4] }}\n\
         model = {{ id = \"mlp\", widths = [16] }}\n\
         forget = {{ id = \"class\", class = 3 }}\nstage = [{stages}]"
    )
}

const TWO: &str = r#"
    { id = "train.scratch", as = "a", train = { epochs = 3, lr = 0.01 } },
    { id = "train.scratch", as = "b", from = "start", draw = 1, train = { epochs = 3, lr = 0.01 } },
"#;

fn robust(report: &Report, stage: &str) -> f64 {
    report.rows.iter().find(|row| row.stage == stage && row.key == "robust_accuracy").unwrap().value
}

/// An attack that is crafted on another network changes the inputs as an attack on that one does, and is measured on
/// the network that the stage asks.
#[test]
fn an_attack_is_crafted_on_with_and_measured_on_from() {
    let attack = |name: &str, more: &str| {
        format!(r#"{{ id = "attack.pgd-linf", as = "{name}", epsilon = 0.2, alpha = 0.05, steps = 5, {more} }},"#)
    };
    let stages = [
        TWO.to_owned(),
        attack("on-a", r#"from = "a""#),
        attack("on-b", r#"from = "b""#),
        attack("moved", r#"from = "a", with = ["b"]"#),
        attack("itself", r#"from = "a", with = ["a"]"#),
        attack("both", r#"from = "a", with = ["a", "b"]"#),
    ];
    let (report, said) = play(&chain(&stages.concat()));
    let report = report.unwrap();
    let changed = |stage: &str| {
        let of = said.iter().filter(|(said, _)| said.stage.as_deref() == Some(stage));
        of.flat_map(|(_, buffers)| buffers.iter().flatten()).copied().collect::<Vec<u8>>()
    };
    assert!(!changed("moved").is_empty());
    assert_eq!(changed("moved"), changed("on-b"));
    assert_eq!((changed("itself"), robust(&report, "itself")), (changed("on-a"), robust(&report, "on-a")));
    // It transfers, but an attack on the network itself is the stronger one.
    let [own, moved, both] = ["on-a", "moved", "both"].map(|stage| robust(&report, stage));
    assert!(own < both && both < moved && moved < 90.0, "{own} {both} {moved}");
}

#[test]
fn networks_that_do_not_fit_are_refused_before_anything_is_played() {
    let attack = |more: &str| format!(r#"{TWO} {{ id = "attack.fgsm", from = "a", {more} }},"#);
    let five = r#"{ id = "train.scratch", as = "five", on = "five", model = { id = "mlp" } },"#;
    for (stages, sentence) in [
        (attack(r#"with = ["c"]"#), r#"stage.2: there is no stage "c"; there are: a, b"#),
        (attack(r#"with = ["a", "a"]"#), r#"stage.2.with: "a" stands there twice"#),
        (
            format!(r#"{TWO}{five} {{ id = "attack.fgsm", from = "a", with = ["five"] }}"#),
            "stage.3: digits: it has 10 classes, but the network knows 5",
        ),
        (
            format!(r#"{} {{ id = "attack.fgsm", from = "a", with = ["2"] }}"#, attack("")),
            r#"stage.3.with: "2" leaves no network; there are: a, b, start"#,
        ),
        (
            format!(r#"{TWO} {{ id = "unlearn.finetune", from = "a", with = ["b"] }}"#),
            "stage.2.with: this method takes no further networks",
        ),
    ] {
        let fits = match RunSpec::read(&chain(&stages)) {
            Ok(spec) => pollster::block_on(session().fits(spec)).err().map(|error| error.to_string()),
            Err(wrong) => Some(wrong.to_string()),
        };
        assert!(fits.as_ref().is_some_and(|told| told.starts_with(sentence)), "{sentence}\n{fits:?}");
    }
}

/// A method that takes the one network under `with` in place of its own.
struct Copy;

/// It has no settings.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Config {}

impl Tune for Copy {
    async fn tune(_: &Config, job: TuneJob<'_>, _: &mut Cx) -> Result<Net> {
        Ok(job.beside.others[0].net.clone())
    }
}

impl Method for Copy {
    type Config = Config;
    const CARD: Card = Card {
        id: "transfer.copy",
        title: "Copy",
        family: Family::Transfer,
        authors: "",
        year: 2026,
        paper: "",
        equation: "",
        summary: "",
        notes: "",
        needs: Needs { with: [1, 1], ..Needs::ANY },
        metrics: &[],
    };
}

fn registry() -> Registry {
    static COPY: Entry = Entry::tune::<Copy>();
    static METHODS: LazyLock<Vec<&'static Entry>> = LazyLock::new(|| {
        let mut all: Vec<&Entry> = engine::entries().chain([&COPY]).collect();
        all.sort_unstable_by_key(|entry| entry.id);
        all
    });
    Registry { methods: &METHODS, ..Registry::shipped() }
}

fn session() -> Session {
    let host = Rc::new(Collect::default());
    Session::new(Opened::cpu(Why::Chosen), host, Rc::new(Gate::default()), registry())
}

fn run(stages: &str) -> (Report, Session) {
    let mut session = session();
    let spec = RunSpec::read(&chain(stages)).unwrap();
    match pollster::block_on(session.play(1, spec, 0, None)).unwrap() {
        Ended::Finished(report) => (*report, session),
        ended => panic!("{ended:?}"),
    }
}

/// What a network is made from by `with` is retrained as what it starts from is: the reference has not seen what is to
/// be forgotten by either way.
#[test]
fn a_reference_follows_with() {
    let retrain = r#"{ id = "unlearn.retrain", as = "again" },"#;
    let alone = r#"{ id = "train.scratch", as = "b", draw = 1, train = { epochs = 3, lr = 0.01 } },"#;
    let copy = r#"{ id = "transfer.copy", from = "a", with = ["b"] },"#;
    let (_, session) = run(&format!("{alone}{retrain}"));
    let right = hash(&session.model("again").unwrap());
    let (report, session) = run(&format!("{TWO}{copy}{retrain}"));
    assert_eq!(hash(&session.model("again").unwrap()), right);
    let ua = report.rows.iter().find(|row| row.stage == "again" && row.key == "retrained_ua").unwrap().value;
    assert_eq!(ua, 100.0);
    // And over the run's start, and over what only changed what was trained.
    let start = format!(r#"{TWO} {{ id = "unlearn.finetune", as = "c", from = "b", train = {{ epochs = 1 }} }},"#);
    let start = format!(r#"{start} {{ id = "transfer.copy", from = "a", with = ["c"] }}, {retrain}"#);
    assert_eq!(hash(&run(&start).1.model("again").unwrap()), right);
}

/// Another network under `with` is another result: of the stage, and of its reference.
#[test]
fn with_is_part_of_what_a_stage_is() {
    let copy = |with: &str| format!(r#"{{ id = "transfer.copy", from = "a", with = ["{with}"] }},"#);
    let stages = format!("{TWO}{}{}{}", copy("b"), copy("b"), copy("start"));
    let fits = pollster::block_on(session().fits(RunSpec::read(&chain(&stages)).unwrap())).unwrap();
    assert_eq!(fits.twins, [["2", "3"]]);
    let none = format!(r#"{TWO} {{ id = "transfer.copy", from = "a" }}"#);
    let wrong = pollster::block_on(session().fits(RunSpec::read(&chain(&none)).unwrap())).err().unwrap().to_string();
    assert_eq!(wrong, "stage.2.with: this method takes one further network");
}

/// The run's start under `with` is part of what a stage is, though the stage's own line begins with another network;
/// and what a measure shows by name is of these names.
#[test]
fn what_is_named_is_part_of_the_key() {
    let own = r#"{ id = "train.scratch", as = "own", model = { id = "mlp", widths = [24] }, train = { epochs = 1 } },"#;
    let identity = |stages: &str, width: &str| {
        let text = chain(&format!("{own}{stages}")).replace("widths = [16]", width);
        pollster::block_on(session().fits(RunSpec::read(&text).unwrap())).unwrap().identity
    };
    let moved = r#"{ id = "attack.fgsm", with = ["start"] }"#;
    assert_ne!(identity(moved, "widths = [16]"), identity(moved, "widths = [32]"));
    let alone = r#"{ id = "attack.fgsm" }"#;
    assert_eq!(identity(alone, "widths = [16]"), identity(alone, "widths = [32]"));
    let two = |first: &str, second: &str, named: &str| {
        let stage = |name: &str, epochs: u32| {
            format!(r#"{{ id = "train.scratch", as = "{name}", from = "start", train = {{ epochs = {epochs} }} }},"#)
        };
        let measure = format!(r#"{{ id = "measure.cka", from = "own", with = ["{named}"] }}"#);
        identity(&format!("{}{}{measure}", stage(first, 1), stage(second, 2)), "widths = [16]")
    };
    assert_ne!(two("short", "long", "long"), two("long", "short", "short"));
}

#[test]
fn what_cannot_be_measured_is_refused_before_anything_is_played() {
    for (stages, sentence) in [
        (
            format!(r#"{TWO} {{ id = "measure.cka", from = "a", with = ["a"] }}"#),
            r#"stage.2.with: "a" is the network that it measures; other ones are right"#,
        ),
        (
            r#"{ id = "measure.activation-distance" }"#.to_owned(),
            "stage.0: no stage before it has trained the network; there is nothing to forget",
        ),
        (
            format!(r#"{TWO} {{ id = "attack.fgsm" }}, {{ id = "measure.norm-union" }}"#),
            "stage.3: it reads what attacks before it have left, at least 2, and there are 1",
        ),
    ] {
        let fits = pollster::block_on(session().fits(RunSpec::read(&chain(&stages)).unwrap()));
        let told = fits.err().map(|error| error.to_string());
        assert!(told.as_ref().is_some_and(|told| told.starts_with(sentence)), "{sentence}\n{told:?}");
    }
}
