//! Forget sets of single stages, and requests to forget one after another.

use crate::common::{play, refused, session};
use serde_json::json;
use spec::{Report, RunSpec};

const HEAD: &str = r#"
    version = 1
    retrain_seeds = 1
    tasks.digits = { id = "digits" }
    model = { id = "linear" }
    forget = { id = "class", class = 3 }
"#;

fn played(head: &str, stages: &str) -> Report {
    play(&format!("{head}\nstage = [{stages}]")).0.unwrap()
}

const BASE: &str = r#"{ id = "train.scratch", as = "base", train = { epochs = 4, lr = 0.01 } },"#;

fn value(report: &Report, stage: &str, key: &str) -> f64 {
    report.value(stage, key).unwrap_or_else(|| panic!("{stage} {key}"))
}

/// One base serves three forget sets: each as it is alone.
#[test]
fn a_stage_s_own_forget_set_is_as_the_run_s() {
    let all = played(
        HEAD,
        &format!(
            r#"{BASE}
            {{ id = "unlearn.retrain", as = "threes", from = "base" }},
            {{ id = "unlearn.retrain", as = "fives", from = "base", forget = {{ id = "class", class = 5 }} }},
            {{ id = "unlearn.retrain", as = "some", from = "base", forget = {{ id = "random", fraction = 0.1 }} }},
            {{ id = "measure.zrf", as = "of-some" }},"#
        ),
    );
    for (stage, forget) in [
        ("threes", r#"{ id = "class", class = 3 }"#),
        ("fives", r#"{ id = "class", class = 5 }"#),
        ("some", r#"{ id = "random", fraction = 0.1 }"#),
    ] {
        let head = HEAD.replace(r#"{ id = "class", class = 3 }"#, forget);
        let alone = played(&head, &format!(r#"{BASE} {{ id = "unlearn.retrain", as = "{stage}" }}"#));
        let rows = |report: &Report| -> Vec<(String, f64)> {
            let rows = report.rows.iter().filter(|row| row.stage == stage && !row.key.contains("rte"));
            rows.map(|row| (row.key.clone(), row.value)).collect()
        };
        assert_eq!(rows(&all), rows(&alone), "{stage}");
    }
    assert!(value(&all, "threes", "ua") > 99.0 && value(&all, "fives", "ua") > 99.0);
}

/// A request that stands on another one: its reference does without both, and so do what stays and the unseen samples.
#[test]
fn a_second_request_forgets_beside_the_first() {
    let stages = format!(
        r#"{BASE}
        {{ id = "unlearn.finetune", as = "first", train = {{ epochs = 1 }} }},
        {{ id = "unlearn.finetune", as = "second", forget = {{ id = "class", class = 5 }}, train = {{ epochs = 1 }} }},
        {{ id = "measure.mia-loss", as = "asked" }},
        {{ id = "unlearn.finetune", as = "alone", from = "base", forget = {{ id = "class", class = 5 }},
           train = {{ epochs = 1 }} }},"#
    );
    let (report, said) = play(&format!("{HEAD}\nstage = [{stages}]"));
    let report = report.unwrap();
    let n = |stage: &str, key: &str| {
        report.rows.iter().find(|row| row.stage == stage && row.key == key).and_then(|row| row.n).unwrap()
    };
    // Training samples of three and of five.
    let [threes, fives] = [n("first", "ua"), n("second", "ua")];
    assert_eq!(n("alone", "ua"), fives);
    assert_eq!(n("first", "ra") + threes, n("second", "ra") + threes + fives);
    assert_eq!(n("alone", "ra"), n("first", "ra") + threes - fives);
    assert!(n("second", "ta") < n("alone", "ta"));
    // Neither class is named by the reference of the second; the other one is by that of the request alone.
    let classes = |stage: &str| -> Vec<f32> {
        let found = said.iter().filter(|(said, _)| said.stage.as_deref() == Some(stage));
        let mut classes = found.filter_map(|(said, _)| match &said.event {
            spec::Event::Classes { series, values } if series == "retrained" => {
                Some(values.iter().map(|value| value.unwrap_or(-1.0)).collect())
            }
            _ => None,
        });
        classes.next_back().unwrap()
    };
    let (second, alone) = (classes("second"), classes("alone"));
    assert_eq!([second[3], second[5], alone[5]], [0.0; 3]);
    assert!(alone[3] > 50.0, "{alone:?}");
}

/// Work that is kept is told apart by what was forgotten before.
#[test]
fn the_same_stage_after_other_requests_is_other_work() {
    let mut session = session().0;
    let identity = |session: &mut engine::Session, first: &str| {
        let stages = format!(
            r#"{BASE}
            {{ id = "unlearn.finetune", as = "first", forget = {first}, train = {{ epochs = 1 }} }},
            {{ id = "unlearn.finetune", as = "second", train = {{ epochs = 1 }} }}"#
        );
        let spec = RunSpec::read(&format!("{HEAD}\nstage = [{stages}]")).unwrap();
        pollster::block_on(session.fits(spec)).unwrap().identity
    };
    let five = identity(&mut session, r#"{ id = "class", class = 5 }"#);
    assert_eq!(five, identity(&mut session, r#"{ class = 5, id = "class" }"#));
    assert_ne!(five, identity(&mut session, r#"{ id = "class", class = 6 }"#));
}

#[test]
fn a_forget_set_of_a_stage_that_cannot_be_is_refused() {
    let mut session = session().0;
    for (stage, why) in [
        (
            r#"{ id = "train.scratch", as = "x", forget = { id = "class" } }"#,
            "stage.x.forget: this method forgets nothing",
        ),
        (
            r#"{ id = "attack.fgsm", as = "x", forget = { id = "class" } }"#,
            "stage.x.forget: this method forgets nothing",
        ),
        (
            r#"{ id = "unlearn.retrain", as = "x", forget = { id = "clas" } }"#,
            "stage.x.forget: there is no forget set \"clas\"",
        ),
        (r#"{ id = "unlearn.retrain", as = "x", forget = { id = "class", class = 12 } }"#, "stage.x.forget.class: "),
        (
            r#"{ id = "unlearn.retrain", as = "x", forget = { id = "class", clas = 1 } }"#,
            "stage.x.forget: there is no key \"clas\"",
        ),
        (
            r#"{ id = "unlearn.retrain", as = "x", forget = { id = "picked", ids = [] } }"#,
            "stage.x.forget: nothing is chosen",
        ),
        (r#"{ id = "unlearn.retrain", as = "x", forget = 3 }"#, "stage[1].forget: must be"),
    ] {
        let said = refused(&mut session, &format!("{HEAD}\nstage = [{BASE} {stage}]"));
        assert!(said.starts_with(why), "{said}");
    }
    // The run need not say any.
    let head = HEAD.replace("forget = { id = \"class\", class = 3 }", "");
    let stage =
        r#"{ id = "unlearn.finetune", as = "x", forget = { id = "class", class = 3 }, train = { epochs = 1 } }"#;
    let report = played(&head, &format!("{BASE} {stage}, {{ id = \"measure.zrf\", as = \"audit\" }}"));
    assert!(report.value("audit", "zrf").is_some());
    assert_eq!(RunSpec::read(&json!(report.spec).to_string()).unwrap(), report.spec);
}

/// What is forgotten already is not drawn again: the two requests and what stays are apart.
#[test]
fn a_second_request_draws_from_what_is_left() {
    let stages = format!(
        r#"{BASE}
        {{ id = "unlearn.finetune", as = "first", train = {{ epochs = 1 }} }},
        {{ id = "unlearn.finetune", as = "same", forget = {{ class = 3, id = "class" }}, train = {{ epochs = 1 }} }},
        {{ id = "unlearn.finetune", as = "second", forget = {{ id = "random", fraction = 0.5 }},
           train = {{ epochs = 1 }} }},
        {{ id = "unlearn.finetune", as = "third", forget = {{ id = "class", class = 3 }}, train = {{ epochs = 1 }} }},"#
    );
    let n = |report: &Report, stage: &str, key: &str| {
        report.rows.iter().find(|row| row.stage == stage && row.key == key).and_then(|row| row.n).unwrap()
    };
    let report = played(HEAD, &stages);
    assert_eq!(n(&report, "same", "ra"), n(&report, "first", "ra"), "one request, however it is written");
    assert_eq!(n(&report, "second", "ua") + n(&report, "second", "ra"), n(&report, "first", "ra"));
    assert_eq!(n(&report, "third", "ra"), n(&report, "second", "ra"));
}

/// An audit of a network that was made to forget asks for those samples, whatever task it is played on.
#[test]
fn an_audit_asks_for_what_its_network_has_forgotten() {
    let head = HEAD.replace("forget = {", "tasks.moons = { id = \"moons\" }\n    forget = {");
    let forgot =
        r#"{ id = "unlearn.finetune", as = "forgot", forget = { id = "class", class = 1 }, train = { epochs = 1 } }"#;
    let twin = head.replace("tasks.moons", "tasks.glyphs = { id = \"glyphs\", shapes = \"digits\" }\n    tasks.moons");
    let audit = r#"{ id = "measure.mia-loss", as = "audit", on = "glyphs" }"#;
    let mut session = session().0;
    let said = refused(&mut session, &format!("{twin}\nstage = [{BASE} {forgot}, {audit}]"));
    assert_eq!(said, "stage.audit.on: its network has forgotten samples of \"digits\", and \"glyphs\" has others");

    // The files of indices have what stages forget, not what they are asked about.
    let head = head.replace("{ id = \"class\", class = 3 }", "{ id = \"picked\", ids = [900] }");
    let stages = r#"
        { id = "train.scratch", as = "plane", on = "moons", model = { id = "mlp" }, train = { epochs = 1 } },
        { id = "unlearn.finetune", as = "forgot", forget = { id = "class", class = 1 }, train = { epochs = 1 } },
        { id = "measure.zrf", as = "audit" },"#;
    let spec = RunSpec::read(&format!("{head}\nstage = [{stages}]")).unwrap();
    pollster::block_on(session.prepare(1, spec.clone())).unwrap();
    let indices = session.indices(&spec).unwrap();
    assert!(indices["forget"].as_object().unwrap().is_empty(), "{}", indices["forget"]);
    assert_eq!(indices["stages"].as_object().unwrap().keys().collect::<Vec<_>>(), ["forgot"]);
}
