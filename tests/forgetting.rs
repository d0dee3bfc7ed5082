//! What is said of forgetting: its cost, its estimate, its references, and whether MIA says anything.

use crate::common::{Collect, play, session};
use engine::{Ended, Gate, Opened, Registry, Result, Session};
use kit::learn::{logits, sum_gradients, test};
use kit::run::{Unlearn, UnlearnJob};
use kit::{Cx, Entry, Method, nets::Net};
use report::RunView;
use report::noise::{Noise, is_silent};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use spec::{Card, Event, Family, Kind, Needs, Report, Row, RunSpec, Why};
use std::rc::Rc;

/// Asks the network, and forgets nothing. It has no `train` table.
struct Asks;

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Config {}

impl Unlearn for Asks {
    async fn unlearn(_: &Config, job: UnlearnJob<'_>, cx: &mut Cx) -> Result<Net> {
        logits(&job.net.frozen(), &job.split.forget, cx).await?;
        sum_gradients(&job.net, &job.split.forget, cx).await?;
        // Evaluation is nobody's cost.
        test(&job.net, &job.split.retain, cx).await?;
        Ok(job.net)
    }
}

impl Method for Asks {
    type Config = Config;
    const CARD: Card = Card {
        id: "unlearn.asks",
        title: "Asks",
        family: Family::Unlearn,
        authors: "",
        year: 2026,
        paper: "",
        equation: "",
        summary: "",
        notes: "",
        needs: Needs { kinds: &[Kind::Images], ..Needs::FORGET },
        metrics: &[],
    };
}

static ASKS: Entry = Entry::unlearn::<Asks>();

/// A session that knows the toy too.
fn with_toy() -> (Session, Rc<Collect>) {
    let host = Rc::new(Collect::default());
    let mut methods = vec![&ASKS];
    methods.extend(engine::entries());
    methods.sort_by_key(|entry| entry.id);
    let registry = Registry { methods: methods.leak(), ..Registry::shipped() };
    (Session::new(Opened::cpu(Why::Chosen), host.clone(), Rc::new(Gate::default()), registry), host)
}

const TOY: &str = r#"
    version = 1
    retrain_seeds = 2
    tasks.digits = { id = "digits" }
    model = { id = "mlp" }
    forget = { id = "class", class = 3 }
    stage = [
        { id = "train.scratch", as = "base", train = { epochs = 40, batch = 64 } },
        { id = "unlearn.asks", as = "asks" },
        { id = "unlearn.salun", as = "salun", from = "base", train = { epochs = 1, batch = 64 } },
        { id = "unlearn.retrain", as = "retrain", from = "base" },
    ]
"#;

fn finished(session: &mut Session, spec: RunSpec) -> Report {
    match pollster::block_on(session.play(1, spec, 0, None)).unwrap() {
        Ended::Finished(report) => *report,
        ended => panic!("{ended:?}"),
    }
}

/// Forward passes count one a sample, in whole chunks; gradients three; evaluation nothing. The share is one of a
/// retraining, so that steps of other batches compare.
#[test]
fn cost_is_counted_by_samples() {
    let (mut session, _) = with_toy();
    let report = finished(&mut session, RunSpec::read(TOY).unwrap());
    let task = &report.samples["digits"];
    let forgotten = report.rows.iter().find(|row| row.key == "ua").unwrap().n.unwrap();
    let kept = task.train - forgotten;
    let retraining = 3 * 64 * 40 * (kept / 64);
    let chunks = forgotten.div_ceil(64);
    let share = |asked: usize| 100.0 * asked as f64 / retraining as f64;
    let value = |stage: &str| report.value(stage, "rte_share").unwrap();
    assert_eq!(value("asks"), share(64 * chunks + 3 * forgotten));
    // A mask by the gradients of what is forgotten, then one epoch over it and one over the rest.
    assert_eq!(value("salun"), share(3 * forgotten + 3 * 64 * (forgotten / 64 + kept / 64)));
    assert_eq!(value("retrain"), 100.0);
}

/// A method without a `train` table is no retraining.
#[test]
fn a_method_without_training_is_estimated_by_its_own_steps() {
    let (mut session, host) = with_toy();
    let spec = RunSpec::read(TOY).unwrap();
    finished(&mut session, spec.clone());
    host.said.borrow_mut().clear();
    pollster::block_on(session.estimate(1, spec, Rc::default())).unwrap();
    let said = host.said.take();
    let [(spec::Said { event: Event::Estimate { seconds }, .. }, _)] = &said[..] else { panic!("{said:?}") };
    let [_, asks, _, retrain] = seconds[..] else { panic!("{seconds:?}") };
    // The references are known, so that this is their own time and that of evaluation.
    assert!(asks.unwrap() < 0.7 * retrain.unwrap(), "{seconds:?}");
}

/// How many networks were retrained since it was last asked.
fn retrained(host: &Collect) -> usize {
    let said = host.said.take();
    let begun = |event: &Event| matches!(event, Event::Phase { name, .. } if name.starts_with("Retraining without"));
    said.iter().filter(|(said, _)| begun(&said.event)).count()
}

/// More seeds, or the next seed of a run, retrain only what is new.
#[test]
fn a_network_is_retrained_once() {
    let text = TOY.replace("epochs = 40", "epochs = 1").replace(r#"{ id = "unlearn.asks", as = "asks" },"#, "");
    let spec = RunSpec::read(&text).unwrap();
    let (mut session, host) = session();
    let mut played = |key: &str, value: u32| {
        finished(&mut session, spec.set(key, json!(value)).unwrap());
        retrained(&host)
    };
    assert_eq!([played("retrain_seeds", 2), played("retrain_seeds", 3), played("seed", 2)], [2, 1, 0]);
    assert_eq!(played("seed", 3), 1);
}

/// The case of two figures that differed by the names of their stages alone: MIA 0 and 100 of a reference in which the
/// attack finds nothing, and gaps of 0.4 and 25.2 points.
const COIN: &str = r#"
    version = 1
    tasks.d = { id = "digits" }
    model = { id = "mlp", widths = [128] }
    forget = { id = "class", class = 3 }
    stage = [
        { id = "train.scratch", as = "base" },
        { id = "unlearn.salun", as = "salun", from = "base" },
        { id = "unlearn.salun", as = "su", from = "base", draw = 1 },
    ]
"#;

fn of(report: &Report, stage: &str) -> Vec<Row> {
    report.rows.iter().filter(|row| row.stage == stage).cloned().collect()
}

#[test]
fn mia_that_tosses_a_coin_is_left_out_of_the_gap() {
    let report = play(COIN).0.unwrap();
    let value = |stage: &str, key: &str| report.value(stage, key).unwrap();
    for stage in ["salun", "su"] {
        assert!(is_silent(&of(&report, stage), "retrained_"), "{:?}", of(&report, stage));
        let far = |key: &str| (value(stage, key) - value(stage, &format!("retrained_{key}"))).abs();
        let gap = (far("ua") + far("ra") + far("ta")) / 3.0;
        assert!((value(stage, "gap") - gap).abs() < 1e-9);
        // One draw says anything from 0 to 100.
        assert!(value(stage, "retrained_mia_spread") > 10.0);
    }
    assert!((value("salun", "gap") - value("su", "gap")).abs() < 2.0);
    // The terminal's table and the report's page mark it and say why.
    let catalogue = engine::catalogue(Vec::new(), |_| String::new());
    let results = report::Results::new(std::slice::from_ref(&report), &catalogue);
    let unlearning = &results.tables()[1].1;
    let mia = unlearning.head.iter().position(|head| head == "MIA, %").unwrap();
    for (at, row) in unlearning.rows.iter().enumerate() {
        assert!(row[mia].starts_with('(') && unlearning.muted.contains(&[at, mia]), "{row:?}");
    }
    assert!(results.silence().is_some_and(|silence| silence.contains("right no more often than a coin")));
    let played = report::view::Played::new(report, Default::default());
    let page = report::html(&[played], &catalogue);
    assert!(page.contains("<td class=\"n mute\">(") && page.contains("right no more often than a coin"));
}

/// It reads all that it has seen, and is surer of it than of the rest.
#[test]
fn an_overfitted_network_has_a_signal() {
    let text = COIN.replace(r#"as = "base""#, r#"as = "base", train = { epochs = 100, lr = 0.003 }"#);
    let text = text.replace(r#"{ id = "class", class = 3 }"#, r#"{ id = "random", fraction = 0.1 }"#);
    let report = play(&text).0.unwrap();
    let rows = of(&report, "salun");
    assert!(!is_silent(&rows, "retrained_") && !is_silent(&rows, "original_"), "{rows:?}");
    let value = |key: &str| report.value("salun", key).unwrap();
    assert!(value("original_mia") < value("retrained_mia") && value("retrained_mia_spread") < 5.0, "{rows:?}");
    let far = |key: &str| (value(key) - value(&format!("retrained_{key}"))).abs();
    assert!((value("gap") - (far("ua") + far("ra") + far("ta") + far("mia")) / 4.0).abs() < 1e-9);
    let catalogue = engine::catalogue(Vec::new(), |_| String::new());
    assert!(Noise::of(&RunView::of(&report, &catalogue), "salun").is_some());
}

/// Alone, the retrained network is its own reference: there is no gap, and a word for it.
#[test]
fn a_network_that_was_retrained_alone_has_no_gap() {
    let text = r#"
        version = 1
        retrain_seeds = 1
        tasks.d = { id = "digits" }
        model = { id = "linear" }
        forget = { id = "class", class = 3 }
        stage = [{ id = "train.scratch", as = "base", train = { epochs = 1 } }, { id = "unlearn.retrain", as = "x" }]
    "#;
    let catalogue = engine::catalogue(Vec::new(), |_| String::new());
    for seeds in [1, 2] {
        let text = text.replace("retrain_seeds = 1", &format!("retrain_seeds = {seeds}"));
        let report = play(&text).0.unwrap();
        assert_eq!(report.value("x", "gap").is_some(), seeds > 1);
        let table = &report::Results::new(std::slice::from_ref(&report), &catalogue).tables()[1].1;
        let cells = table.rows.iter().flatten().filter(|cell| cell.as_str() == "– its own reference").count();
        assert_eq!(cells, usize::from(seeds == 1), "{table:?}");
        if seeds > 1 {
            // Two networks, each as far from the other: neither is nearer by being its own reference.
            assert_eq!(report.value("x", "gap"), report.value("x", "retrained_gap"));
        }
    }
}
