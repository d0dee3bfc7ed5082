//! Networks beside the run's own: by name, of files, and of single stages.

use crate::common::{hash, play, refused, session};
use engine::{Ended, Session};
use kit::nets::weights;
use report::{Outcome, RunView};
use serde_json::json;
use spec::{Import, Report, RunSpec};
use std::collections::BTreeMap;
use std::sync::Arc;

const HEAD: &str = r#"
    version = 1
    retrain_seeds = 1
    tasks.digits = { id = "digits" }
    tasks.tilted = { id = "digits", tilt = 20 }
    model = { id = "linear" }
"#;

fn run(session: &mut Session, rest: &str) -> Report {
    run_on(session, HEAD, rest)
}

fn run_on(session: &mut Session, head: &str, rest: &str) -> Report {
    let spec = RunSpec::read(&format!("{head}{rest}")).unwrap();
    match pollster::block_on(session.play(1, spec, 0, None)).unwrap() {
        Ended::Finished(report) => *report,
        ended => panic!("{ended:?}"),
    }
}

/// A session with the file of a network that knows digits.
fn with_teacher() -> Session {
    let mut session = session().0;
    run(&mut session, r#"stage = [{ id = "train.scratch", as = "base", train = { epochs = 6, lr = 0.01 } }]"#);
    let file = pollster::block_on(weights::save(&session.model("base").unwrap())).unwrap();
    session.import("teacher", Import::Source, file).unwrap();
    session
}

#[test]
fn a_file_s_network_is_attacked_by_its_name_and_is_what_another_is_crafted_on() {
    let mut session = with_teacher();
    let report = run(
        &mut session,
        r#"
        models.teacher = { id = "linear", weights = "teacher" }
        stage = [
            { id = "train.scratch", as = "other", model = { id = "mlp" }, train = { epochs = 9, lr = 0.01 } },
            { id = "attack.fgsm", as = "own", from = "teacher", epsilon = 0.1 },
            { id = "attack.fgsm", as = "moved", from = "other", with = ["teacher"], epsilon = 0.1 },
            { id = "measure.accuracy", as = "both", from = "teacher", with = ["other"] },
        ]"#,
    );
    let value = |stage: &str, key: &str| report.value(stage, key).unwrap();
    let [clean, own, moved] =
        [("own", "clean_accuracy"), ("own", "robust_accuracy"), ("moved", "robust_accuracy")].map(|(a, b)| value(a, b));
    assert!(own < clean - 20.0 && own < moved, "{clean} {own} {moved}");
    assert_eq!(value("both", "accuracy"), value("own", "clean_accuracy"));
    assert_eq!(report.hashes.keys().take(2).collect::<Vec<_>>(), ["start", "teacher"]);
}

/// The same network under a name and as a stage's own is the same beginning.
#[test]
fn a_stage_s_own_network_may_be_of_a_file() {
    let mut session = with_teacher();
    let (own, rest) =
        (r#"model = { id = "linear", weights = "teacher" }"#, r#"on = "tilted", train = { epochs = 1, lr = 0.01 }"#);
    run(
        &mut session,
        &format!(
            r#"
            models.teacher = {{ id = "linear", weights = "teacher" }}
            stage = [
                {{ id = "transfer.full-finetune", as = "named", from = "teacher", {rest} }},
                {{ id = "transfer.full-finetune", as = "own", {own}, {rest} }},
                {{ id = "transfer.full-finetune", as = "fresh", model = {{ id = "linear" }}, {rest} }},
            ]"#
        ),
    );
    let [named, own, fresh] = ["named", "own", "fresh"].map(|name| hash(&session.model(name).unwrap()));
    assert_eq!(named, own);
    assert_ne!(own, fresh);
}

#[test]
fn random_networks_are_told_apart_by_their_draw_alone() {
    let (report, _) = play(&format!(
        r#"{HEAD}
        models.same = {{ id = "linear" }}
        models.another = {{ id = "linear", draw = 1 }}
        stage = [
            {{ id = "train.scratch", as = "a", train = {{ epochs = 1 }} }},
            {{ id = "train.scratch", as = "b", from = "same", train = {{ epochs = 1 }} }},
            {{ id = "train.scratch", as = "c", from = "another", train = {{ epochs = 1 }} }},
        ]"#
    ));
    let report = report.unwrap();
    assert_eq!(report.hashes["start"], report.hashes["same"]);
    assert_ne!(report.hashes["start"], report.hashes["another"]);
    assert_eq!(report.warnings.len(), 1, "{:?}", report.warnings);
    assert!(report.warnings[0].starts_with("stage.b: It leaves the same network as stage.a"));
}

/// A reference that begins with a file's network has seen what that one has seen.
#[test]
fn a_reference_from_a_file_is_void_whichever_name_it_has() {
    let mut session = with_teacher();
    for (rest, word) in [
        (r#"from = "teacher""#, "The network \"teacher\" already knows 99 %"),
        (r#"model = { id = "linear", weights = "teacher" }"#, "The network that stage \"more\" begins with already"),
    ] {
        let report = run(
            &mut session,
            &format!(
                r#"
                models.teacher = {{ id = "linear", weights = "teacher" }}
                models.unused = {{ id = "linear", weights = "teacher" }}
                forget = {{ id = "class", class = 0 }}
                stage = [
                    {{ id = "transfer.full-finetune", as = "more", {rest}, train = {{ epochs = 1 }} }},
                    {{ id = "unlearn.finetune", as = "forgot", train = {{ epochs = 1 }} }},
                ]"#
            ),
        );
        assert!(report.value("forgot", "start_knows").is_some());
        assert!(report.warnings.iter().any(|said| said.contains(word)), "{:?}", report.warnings);
    }
}

/// A method that draws every weight anew goes back to no file.
#[test]
fn what_is_trained_from_scratch_has_seen_nothing_before() {
    let mut session = with_teacher();
    let head = HEAD.replace(r#"{ id = "linear" }"#, r#"{ id = "linear", weights = "teacher" }"#);
    for (id, knows) in [("train.scratch", false), ("transfer.full-finetune", true)] {
        for from in ["start", "teacher"] {
            let report = run_on(
                &mut session,
                &head,
                &format!(
                    r#"
                    models.teacher = {{ id = "linear", weights = "teacher" }}
                    forget = {{ id = "class", class = 0 }}
                    stage = [
                        {{ id = "{id}", as = "base", from = "{from}", train = {{ epochs = 1 }} }},
                        {{ id = "unlearn.finetune", as = "forgot", train = {{ epochs = 1 }} }},
                    ]"#
                ),
            );
            let warned = report.warnings.iter().any(|said| said.contains("already knows"));
            assert_eq!((report.value("forgot", "start_knows").is_some(), warned), (knows, knows), "{id} {from}");
        }
    }
}

/// A network of another shape is refused by `check`, before anything is trained.
#[test]
fn a_measure_says_early_which_network_it_cannot_take() {
    for id in ["measure.cka", "measure.gradient-cosine"] {
        let file = format!(
            r#"{HEAD}
            tasks.plane = {{ id = "moons" }}
            models.m = {{ id = "linear", on = "plane" }}
            stage = [{{ id = "train.scratch", as = "base" }}, {{ id = "{id}", as = "x", with = ["m"] }}]"#
        );
        let spec = RunSpec::read(&file).unwrap();
        let said = pollster::block_on(session().0.fits(spec)).err().unwrap().to_string();
        assert_eq!(said, "stage.x.with: m: digits: its inputs are 1 × 8 × 8, but the network takes 2 × 1 × 1");
    }
}

#[test]
fn names_that_cannot_be_are_refused_with_a_sentence() {
    let mut session = with_teacher();
    for (models, stage, why) in [
        ("models.3 = { id = \"linear\" }", "", "models.3: \"3\" cannot be a name"),
        ("models.start = { id = \"linear\" }", "", "models.start: \"start\" cannot be a name"),
        ("models.base = { id = \"linear\" }", "", "stage.base: the name \"base\" is taken by `models.base`"),
        ("models.x = { id = \"linear\", on = \"digts\" }", "", "models.x: there is no task \"digts\"; did you mean"),
        ("models.x = { id = \"linea\" }", "", "models.x: there is no network \"linea\"; did you mean \"linear\"?"),
        ("models.x = { id = \"linear\", weights = 3 }", "", "models.x.weights: must be the name of a weight file"),
        ("models.x = { id = \"linear\", draw = -1 }", "", "models.x.draw: must be a whole number"),
        (
            "models.teacher = { id = \"linear\" }",
            "from = \"teaher\"",
            "stage.base: there is no stage \"teaher\"; did you",
        ),
        ("models.x = { id = \"mlp\", weights = \"teacher\" }", "", "models.x.weights: teacher: "),
        ("models.x = { id = \"linear\", weights = \"nowhere\" }", "", "models.x.weights: nowhere"),
    ] {
        let stages = format!("stage = [{{ id = \"train.scratch\", as = \"base\", {stage} }}]").replace(",  }", " }");
        let said = refused(&mut session, &format!("{HEAD}\n{models}\n{stages}"));
        assert!(said.starts_with(why), "{said}");
    }
}

#[test]
fn a_run_file_with_models_comes_back_as_it_was() {
    let spec = RunSpec::read(&format!(
        r#"{HEAD}
        models.teacher = {{ id = "linear", weights = "teacher", on = "tilted", draw = 2 }}
        stage = [{{ id = "train.scratch", from = "teacher" }}]"#
    ))
    .unwrap();
    assert_eq!(RunSpec::read(&spec.to_toml()).unwrap(), spec);
    assert_eq!(RunSpec::read(&json!(spec).to_string()).unwrap(), spec);
    assert_eq!(spec.task_of(0, |_| true), "tilted");
    let teacher = spec.source("teacher").unwrap();
    assert_eq!((teacher.draw, teacher.pick().weights()), (2, Some("teacher")));
    assert_eq!(spec.explicit(|_| true).stages[0].from.as_deref(), Some("teacher"));
}

/// Layers from different networks are no versions of each other, and each is told by its own.
#[test]
fn layers_from_different_networks_are_told_apart() {
    let spec = RunSpec::read(&format!(
        r#"{HEAD}
        models.teacher = {{ id = "linear", weights = "teacher", on = "tilted" }}
        stage = [
            {{ id = "transfer.full-finetune", as = "plain" }},
            {{ id = "transfer.full-finetune", as = "taught", from = "teacher" }},
            {{ id = "train.scratch", as = "again", from = "start" }},
        ]"#
    ))
    .unwrap();
    assert_eq!((spec.versions(0, |_| true), spec.versions(1, |_| true)), (vec![0, 2], vec![1]));
    assert_eq!(spec.weights().into_iter().collect::<Vec<_>>(), ["teacher"]);
    let catalogue = engine::catalogue(Vec::new(), |_| String::new());
    let view = RunView { spec: &spec, catalogue: &catalogue, known: &BTreeMap::<String, Arc<Outcome>>::new() };
    assert_eq!((view.task("teacher"), view.title("teacher")), ("tilted".to_owned(), "teacher".to_owned()));
}

/// What was to be kept is the classes that no request has taken.
#[test]
fn all_requests_count_in_what_was_to_be_kept() {
    let spec = RunSpec::read(&format!(
        r#"{HEAD}
        forget = {{ id = "class", class = 3 }}
        stage = [
            {{ id = "train.scratch", as = "base" }},
            {{ id = "unlearn.finetune", as = "first" }},
            {{ id = "unlearn.finetune", as = "second", forget = {{ id = "class", class = 5 }} }},
        ]"#
    ))
    .unwrap();
    let catalogue = engine::catalogue(Vec::new(), |_| String::new());
    let view = RunView { spec: &spec, catalogue: &catalogue, known: &BTreeMap::<String, Arc<Outcome>>::new() };
    let classes = ["base", "first", "second"].map(|name| view.forgotten_classes(name, "digits"));
    assert_eq!(classes, [vec![], vec![3], vec![5, 3]]);
}
