//! Results that are no single figures: a method describes them, and finds them everywhere. Three toys, each one file
//! and one line where they were methods of the product.

use crate::common::{Collect, Keeping};
use burn::module::Module;
use burn::tensor::Tensor;
use engine::{Ended, Gate, Opened, Registry, Session, summary};
use kit::attack::Ball;
use kit::data::Class;
use kit::learn::{CrossEntropy, Mode, Training, descend, test};
use kit::nets::Net;
use kit::run::{Attack, AttackJob, Measure, MeasureJob, Threat, Unlearn, UnlearnJob};
use kit::{Cx, Entry, Method, Result};
use report::Chart;
use report::chart::{ExhibitChart, exhibit_table};
use report::view::{Outcomes, Played};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Access, Card, Direction, Event, Exhibit, Family, Metric, Needs, PointLine, Report, Row, RunSpec, Why};
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

/// None of them has settings.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Config {}

const CARD: Card = Card {
    id: "",
    title: "",
    family: Family::Measure,
    authors: "",
    year: 2026,
    paper: "",
    equation: "",
    summary: "",
    notes: "",
    needs: Needs::ANY,
    metrics: &[],
};

/// An attack that changes nothing, and shows a matrix and a contact sheet.
struct Still;

impl Threat for Config {
    fn ball(&self) -> Ball {
        Ball::Linf(0.1)
    }
    fn target(&self) -> Option<&Class> {
        None
    }
}

impl Attack for Still {
    async fn perturb(_: &Config, job: &AttackJob<'_>, cx: &mut Cx) -> Result<Tensor<4>> {
        let [n, channels, height, width] = job.batch.x.dims();
        let (rows, columns) = (vec!["before".into(), "after".into()], vec!["a".into(), "b".into()]);
        let values = vec![vec![Some(1.0), None], vec![spec::finite(f64::NAN), Some(-0.5)]];
        let unit = String::new();
        cx.show(Exhibit::Matrix { series: "answers".into(), rows, columns, values, unit, diverging: true });
        let pixels = cx.read(job.batch.x.clone()).await?;
        let (ids, shape) = (job.batch.ids.to_vec(), [n, channels, height, width]);
        let captions = ids.iter().map(|id| format!("no. {id}")).collect();
        cx.show_images(Exhibit::Images { series: "sheet".into(), shape, ids, captions, signed: false }, &pixels);
        Ok(job.batch.x.clone())
    }
}

impl Method for Still {
    type Config = Config;
    const CARD: Card = Card { id: "attack.still", family: Family::Attack, needs: Needs::ATTACK, ..CARD };
}

/// Learns from the network under `with` in place of its own.
struct Student;

impl Unlearn for Student {
    async fn unlearn(_: &Config, job: UnlearnJob<'_>, cx: &mut Cx) -> Result<Net> {
        let teacher = job.beside.others[0].net.clone().unfreeze();
        let training = Training { epochs: 1, ..Training::default() };
        descend(teacher, &training, Mode::Train, &[&job.split.retain], &CrossEntropy, cx).await
    }
}

impl Method for Student {
    type Config = Config;
    const CARD: Card =
        Card { id: "unlearn.student", family: Family::Unlearn, needs: Needs { with: [1, 1], ..Needs::FORGET }, ..CARD };
}

/// A measure with a figure of its own, without anything to forget.
struct Sure;

impl Measure for Sure {
    async fn measure(_: &Config, job: &MeasureJob<'_>, cx: &mut Cx) -> Result<Vec<Row>> {
        let tested = test(job.net, &job.task.test, cx).await?;
        let values: Vec<f32> = tested.confidence_in_label();
        let mean = values.iter().map(|value| f64::from(*value)).sum::<f64>() / values.len() as f64;
        let points = values.iter().take(5).enumerate().map(|(at, value)| [at as f64, f64::from(*value)]);
        let axes = ["sample".to_owned(), "confidence".to_owned()];
        cx.show(Exhibit::Points { series: "sure".into(), axes, lines: vec![PointLine::new("it", points)] });
        let values = values.iter().map(|value| spec::finite((*value).into())).collect();
        cx.show(Exhibit::Scores { series: "confidence".into(), ids: tested.ids.clone(), values });
        Ok(vec![Row::new(&cx.stage, "surety", 100.0 * mean)])
    }
}

impl Method for Sure {
    type Config = Config;
    const CARD: Card = Card {
        id: "measure.sure",
        title: "Sure",
        needs: Needs { access: Access::Scores, ..Needs::ANY },
        metrics: &[Metric::new("surety", "Surety", "%", Direction::Up, "mean confidence in the right answer")],
        ..CARD
    };
}

fn registry() -> Registry {
    static STILL: Entry = Entry::attack::<Still>();
    static STUDENT: Entry = Entry::unlearn::<Student>();
    static SURE: Entry = Entry::measure::<Sure>();
    static METHODS: LazyLock<Vec<&'static Entry>> = LazyLock::new(|| {
        let mut all: Vec<&Entry> = engine::entries().chain([&STILL, &STUDENT, &SURE]).collect();
        all.sort_unstable_by_key(|entry| entry.id);
        all
    });
    Registry { methods: &METHODS, ..Registry::shipped() }
}

fn catalogue() -> spec::Catalogue {
    let mut cards = engine::cards();
    static OWN: [Card; 3] = [Still::CARD, Student::CARD, Sure::CARD];
    cards.extend(&OWN);
    cards.sort_unstable_by_key(|card| card.id);
    registry().catalogue(cards, Vec::new(), |_| String::new())
}

const RUN: &str = r#"
    version = 1
    name = "toys"
    retrain_seeds = 1
    tasks.digits = { id = "digits" }
    model = { id = "linear" }
    forget = { id = "class", class = 3 }
    stage = [
        { id = "train.scratch", as = "base", train = { epochs = 5, lr = 0.01 } },
        { id = "attack.still", as = "still" },
        { id = "measure.sure", as = "sure" },
        { id = "train.scratch", as = "teacher", from = "start", draw = 1, train = { epochs = 5, lr = 0.01 } },
        { id = "unlearn.student", as = "student", from = "base", with = ["teacher"] },
    ]
"#;

fn run(seed: u32) -> (Report, Outcomes) {
    let host = Rc::new(Collect::default());
    let mut session = Session::new(Opened::cpu(Why::Chosen), host.clone(), Rc::new(Gate::default()), registry());
    let spec = RunSpec::read(RUN).unwrap().set("seed", seed.into()).unwrap();
    let Ended::Finished(report) = pollster::block_on(session.play(1, spec, 0, None)).unwrap() else { panic!() };
    let mut outcomes = Outcomes::new();
    for (said, buffers) in host.said.take() {
        let Some(stage) = said.stage else { continue };
        let floats =
            |bytes: &Vec<u8>| bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
        let pixels = matches!(said.event, Event::Exhibit(_)).then(|| buffers.first().map(floats)).flatten();
        Arc::make_mut(outcomes.entry(stage).or_default()).take(said.event, pixels);
    }
    (*report, outcomes)
}

#[test]
fn what_a_method_shows_stands_in_page_report_and_terminal() {
    let (report, outcomes) = run(1);
    let series = |stage: &str| -> Vec<String> {
        outcomes[stage].exhibits.iter().map(|exhibit| exhibit.series().to_owned()).collect()
    };
    // The same series again takes the place of the one before: each chunk of the attack has shown both.
    assert_eq!(
        (series("still"), series("sure")),
        (
            ["answers", "sheet", "attacked"].map(String::from).to_vec(),
            ["sure", "confidence"].map(String::from).to_vec(),
        )
    );
    // In the report there is all but images, and null for what is not finite.
    let kept: Vec<(&str, &str)> =
        report.exhibits.iter().map(|shown| (shown.stage.as_str(), shown.exhibit.series())).collect();
    assert_eq!(kept, [("still", "answers"), ("sure", "sure"), ("sure", "confidence")]);
    let json = serde_json::to_string(&report).unwrap();
    assert!(json.contains(r#""values":[[1.0,null],[null,-0.5]]"#), "{json}");
    assert_eq!(serde_json::from_str::<Report>(&json).unwrap().exhibits, report.exhibits);

    let page = report::html(&[Played::new(report.clone(), outcomes.clone())], &catalogue());
    for words in ["<h4>Answers</h4>", "<h4>Sheet</h4>", "<h4>Confidence</h4>", "no. ", "Surety, %"] {
        assert!(page.contains(words), "{words}");
    }
    assert!(page.contains("src=\"data:image/png;base64,") && page.contains("mean confidence in the right answer"));

    let of = |stage: &str, series: &str| {
        outcomes[stage].exhibits.iter().find(|exhibit| exhibit.series() == series).unwrap().clone()
    };
    let table = exhibit_table(&of("still", "answers"));
    assert_eq!(
        (table.head, &table.rows),
        (
            ["", "a", "b"].map(String::from).to_vec(),
            &vec![["before", "1", ""].map(String::from).to_vec(), ["after", "", "−0.5"].map(String::from).to_vec()],
        )
    );
    // The lowest and the highest ten of 360.
    assert_eq!(exhibit_table(&of("sure", "confidence")).rows.len(), 20);
    let drawn = ExhibitChart::of(&of("sure", "sure")).unwrap();
    assert!(drawn.scene(600.0, ExhibitChart::HEIGHT).title.starts_with("Sure: it "));
    assert!(ExhibitChart::of(&of("still", "sheet")).is_none());
}

#[test]
fn several_seeds_have_one_exhibit() {
    let all = summary(&[run(1).0, run(2).0]).unwrap();
    let [answers, sure, confidence] = &all.exhibits[..] else { panic!("{:?}", all.exhibits) };
    assert_eq!([answers.seeds, sure.seeds, confidence.seeds], [2, 2, 2]);
    let Exhibit::Points { lines, .. } = &sure.exhibit else { panic!("{sure:?}") };
    assert!(lines[0].band.iter().all(|band| band.is_some_and(|half| half > 0.0)));
}

/// The teacher is trained from another start, so that its pupil answers otherwise than one of its own base would.
#[test]
fn an_unlearner_finds_its_teacher_under_with() {
    let (report, _) = run(1);
    let ta = report.rows.iter().find(|row| row.stage == "student" && row.key == "ta").unwrap();
    assert!(ta.value > 50.0, "{ta:?}");
    let missing = RUN.replace(", with = [\"teacher\"]", "");
    let told = registry().check(&RunSpec::read(&missing).unwrap()).unwrap_err().to_string();
    assert_eq!(told, "stage.student.with: this method takes one further network");
}

/// What a stage has shown is said again when it is taken from the store.
#[test]
fn exhibits_are_kept() {
    let keeping = Rc::new(Keeping::default());
    let spec = RunSpec::read(RUN).unwrap();
    let play = || {
        let mut session = Session::new(Opened::cpu(Why::Chosen), keeping.clone(), keeping.gate.clone(), registry());
        let Ended::Finished(report) = pollster::block_on(session.play(1, spec.clone(), 0, None)).unwrap() else {
            panic!()
        };
        let said = keeping.heard.said.take();
        let shown = said.into_iter().filter(|(said, _)| matches!(said.event, Event::Exhibit(_)));
        let mut shown: Vec<_> = shown.map(|(said, buffers)| (said.stage, said.event, buffers.concat())).collect();
        // Each chunk of the attack has shown its own.
        let last = |at: &usize| {
            let of = |at: usize| match &shown[at] {
                (stage, Event::Exhibit(exhibit), _) => (stage.clone(), exhibit.series().to_owned()),
                _ => unreachable!("filtered"),
            };
            (at + 1..shown.len()).all(|later| of(later) != of(*at))
        };
        let last: Vec<usize> = (0..shown.len()).filter(last).collect();
        let mut at = 0;
        shown.retain(|_| {
            at += 1;
            last.contains(&(at - 1))
        });
        (report.exhibits, shown)
    };
    let (exhibits, shown) = play();
    assert_eq!(play(), (exhibits, shown));
}

/// Of a linear network the gradient of a logit is its weights, wherever the input is: an integrated gradient is weight
/// times pixel, and complete.
#[test]
fn a_linear_networks_map_is_weight_times_pixel() {
    let run = r#"
        version = 1
        tasks.digits = { id = "digits" }
        model = { id = "linear" }
        stage = [
            { id = "train.scratch", as = "base", train = { epochs = 2, lr = 0.01 } },
            { id = "measure.saliency-map", as = "map", steps = 3 },
            { id = "measure.saliency-map", as = "plain", map = "gradient" },
        ]
    "#;
    let host = Rc::new(Collect::default());
    let mut session = Session::new(Opened::cpu(Why::Chosen), host.clone(), Rc::new(Gate::default()), registry());
    let ended = pollster::block_on(session.play(1, RunSpec::read(run).unwrap(), 0, None)).unwrap();
    let Ended::Finished(report) = ended else { panic!("{ended:?}") };
    assert!(report.value("map", "completeness_gap").unwrap() < 0.01, "{:?}", report.rows);
    let shown = |stage: &str| {
        let said = host.said.borrow();
        let of = |(said, buffers): &(spec::Said, Vec<Vec<u8>>)| match &said.event {
            Event::Exhibit(Exhibit::Images { ids, captions, .. }) if said.stage.as_deref() == Some(stage) => {
                let pixels = buffers[0].chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
                Some((ids.clone(), captions.clone(), pixels))
            }
            _ => None,
        };
        let found: Option<(Vec<u32>, Vec<String>, Vec<f32>)> = said.iter().find_map(of);
        found.unwrap()
    };
    let ((ids, captions, maps), (_, _, gradients)) = (shown("map"), shown("plain"));
    assert!(ids.len() >= 10 && captions.iter().all(|caption| !caption.contains("complete")), "{captions:?}");
    let weights = crate::common::state(&session.model("base").unwrap());
    let weight = &weights.iter().find(|item| item.name == "head.weight").unwrap().values;
    let bench = crate::common::digits(&crate::common::cx());
    for (at, (id, caption)) in ids.iter().zip(&captions).enumerate() {
        let class: usize = caption.parse().unwrap();
        let (weight, pixels) = (&weight[class * 64..][..64], bench.test.pixels(*id));
        let right: Vec<f32> = weight.iter().zip(pixels).map(|(w, x)| w * x).collect();
        for (map, right) in [(&maps[at * 64..][..64], &right[..]), (&gradients[at * 64..][..64], weight)] {
            // Each map is drawn on a scale of its own, up to its 99th percentile.
            let mut sizes: Vec<f32> = right.iter().map(|value| value.abs()).collect();
            sizes.sort_unstable_by(f32::total_cmp);
            for (map, right) in map.iter().zip(right) {
                assert!((map - (right / sizes[63]).clamp(-1.0, 1.0)).abs() < 1e-4, "{id}: {map} for {right}");
            }
        }
    }
}
