//! One value of every variant that crosses the worker's boundary, for tests of the way there and back.

use crate::{
    Answer, Answers, Cause, Command, Control, DeviceChoice, Event, Exhibit, Exhibited, FORMAT, Import, Pick, PointLine,
    Question, Report, Row, RunSpec, Said, Source, Why, Widget,
};
use serde_json::{Value, json};

/// A list of one value of each variant, and a match over the same variants: one that is not listed does not compile.
macro_rules! every {
    ($type:ident: $($variant:ident $({ $($field:tt)* })? $(($value:expr))?),* $(,)?) => {{
        let _ = |value: &$type| match value {
            $($type::$variant { .. } => (),)*
        };
        vec![$($type::$variant $({ $($field)* })? $(($value))?),*]
    }};
}

/// All that an engine may say: every event, every answer, a refusal.
pub fn said() -> Vec<Said> {
    let answers = answers().into_iter().map(Ok).chain([Err(text())]);
    let answers = answers.map(|answer| Event::Answer { ask: 7, answer });
    let failures = every!(Cause: Adapter, Diverged, Input, Lost, Panic, SelfTest).into_iter().map(|cause| {
        Event::Failed { cause, message: text(), step: None, kept: Some(0), cure: Some(("lr".into(), value())) }
    });
    let exhibits = exhibits().into_iter().map(Event::Exhibit);
    let whys = every!(Why: Chosen, Default, Faster).into_iter().map(ready);
    let all = events().into_iter().chain(answers).chain(failures).chain(exhibits).chain(whys);
    all.flat_map(|event| [None, Some(text())].map(|stage| Said { run: u32::MAX, stage, event: event.clone() }))
        .collect()
}

/// All that a page may ask for: every command, question, import and device.
pub fn commands() -> Vec<Command> {
    let asks = questions().into_iter();
    let asks = asks.map(|question| Command::Ask { ask: 7, stage: None, base: true, question });
    let imports = every!(Import: Weights, Source, Data).into_iter();
    let imports = imports.map(|what| Command::Import { name: text(), what });
    let devices = every!(DeviceChoice: Auto, Cpu, Webgpu, Vulkan, Metal, Cuda).into_iter();
    let devices = devices.map(|device| Command::Open { device, plain: true });
    let all = every!(Command:
        Run { run: 1, spec: spec(), first: 0, last: None, paused: true },
        Pause { run: 1 },
        Step { run: 1 },
        Resume { run: 1 },
        Cancel { run: 1 },
        Ask { ask: 1, stage: Some(text()), base: false, question: Question::Predict },
        Prepare { run: 1, spec: spec() },
        Import { name: text(), what: Import::Weights },
        Recall { run: 1, spec: spec(), stages: vec![0, 2] },
        Forget { spec: spec(), stage: 1 },
        Clear,
        Open { device: DeviceChoice::Cpu, plain: false },
    );
    all.into_iter().chain(asks).chain(imports).chain(devices).collect()
}

/// Every widget, inside a control.
pub fn controls() -> Vec<Control> {
    let widgets = every!(Widget:
        Slider { min: 0.0, max: 0.5, log: true },
        Count { min: 1, max: 9 },
        Toggle,
        Choice { options: vec![text()] },
        Text,
        Group { of: vec![control(Widget::Toggle)] },
        List { of: Box::new(Widget::Text), max: 3 },
        Maybe { of: Box::new(Widget::Toggle) },
        From { source: Source::Class, many: true },
    );
    let sources = every!(Source: Class, Layer, Stage).into_iter();
    let sources = sources.map(|source| Widget::From { source, many: false });
    widgets.into_iter().chain(sources).map(control).collect()
}

fn events() -> Vec<Event> {
    every!(Event:
        Alive { engine: text() },
        Ready {
            format: FORMAT,
            device: text(),
            adapter: String::new(),
            software: true,
            why: Why::Faster,
            times: Some(1.5),
        },
        Prepared { parameters: 9, layers: vec![(text(), 4)], classes: vec![(text(), vec![text()])] },
        Estimate { seconds: vec![None, Some(1.5)] },
        Stage { index: 0, of: 2, id: text(), classes: vec![text()] },
        Phase { name: text(), before: true },
        Step { done: 1, of: 2 },
        Scalar { series: text(), step: 1, value: 0.1, n: Some(144) },
        Answers { series: text(), answers: test() },
        Classes { series: text(), values: vec![None, Some(50.0)] },
        Exhibit(exhibits().remove(0)),
        Saved { step: 3 },
        Note { message: text() },
        Warning { message: text() },
        Paused { step: 3 },
        Resumed,
        Failed { cause: Cause::Lost, message: text(), step: Some(3), kept: None, cure: None },
        Skipped { on: text() },
        Cancelled { step: 3 },
        StageDone { rows: rows(), seconds: 1.0 },
        Finished { report: Box::new(report()) },
        Store { works: 2, bytes: 5e9, room: 1e10, left: 1, is_full: false },
        Answer { ask: 7, answer: Err(text()) },
    )
}

fn answers() -> Vec<Answer> {
    every!(Answer:
        Predict { probabilities: vec![vec![0.1, 0.9]] },
        Attack {
            labels: vec![1],
            shape: [1, 3, 4, 5],
            clean: vec![vec![0.1, 0.9]],
            attacked: vec![vec![0.7, 0.3]],
            classes: vec![[1, 0]],
            walk: vec![vec![0.9, 0.3]],
        },
        Curve { accuracy: vec![97.5, 0.0] },
        Boundary { low: [0.0, 0.0], high: [1.0, 1.5], size: 96 },
        Embed { labels: vec![1], xy: vec![[0.1, -0.2]] },
        Samples { ids: vec![3], labels: vec![1], shape: [1, 3, 4, 5] },
        Test(test()),
        Merge { largest: 1e-7, changed: 0, n: 360 },
        Export { name: text(), parameters: 9 },
        Adapter { config: Some(value()) },
    )
    .into_iter()
    .chain([Answer::Adapter { config: None }])
    .collect()
}

fn questions() -> Vec<Question> {
    let method = || Pick { id: text(), params: params() };
    every!(Question:
        Predict,
        Attack { method: method(), task: text(), samples: vec![u32::MAX], labels: vec![u16::MAX], with: vec![text()] },
        Curve { method: method(), task: text(), epsilons: vec![0.0, 0.1, 1.0], n: 3, with: vec![] },
        Boundary { size: 96 },
        Embed { task: text() },
        Samples { task: text(), ids: vec![] },
        Nearest { task: text(), id: 3, n: 5 },
        Test { task: text() },
        Merge { task: text() },
        Export,
        Adapter,
    )
}

fn ready(why: Why) -> Event {
    let device = text();
    Event::Ready { format: FORMAT, device, adapter: text(), software: false, why, times: None }
}

fn report() -> Report {
    Report {
        warnings: vec!["stage.base: nothing serious".into()],
        unfinished: vec!["stage.base: it was stopped".into()],
        format: FORMAT,
        spec: spec(),
        point: [(text(), 1.into())].into(),
        engine: text(),
        device: text(),
        seed: u32::MAX,
        played_seeds: vec![u32::MAX],
        files: vec![text()],
        seconds: 2.5,
        hashes: [("z".into(), text()), ("a".into(), text())].into(),
        samples: [("zebra".into(), crate::Samples { train: 8, valid: 1, test: 2 })].into(),
        rows: rows(),
        exhibits: vec![Exhibited { stage: text(), exhibit: exhibits().remove(0), seeds: 2 }],
    }
}

/// Every exhibit; a value that is not finite is none.
fn exhibits() -> Vec<Exhibit> {
    let band = vec![Some(0.5), None];
    let line = PointLine { band, ..PointLine::new(text(), [[0.0, 0.25], [1.0, f64::NAN]]) };
    every!(Exhibit:
        Points { series: text(), axes: [text(), text()], lines: vec![line] },
        Matrix {
            series: text(),
            rows: vec![text()],
            columns: vec![text(), text()],
            values: vec![vec![Some(-1.5), None]],
            unit: "%".into(),
            diverging: true,
        },
        Scores { series: text(), ids: vec![u32::MAX, 0], values: vec![Some(0.1), None] },
        Images { series: text(), shape: [1, 3, 2, 2], ids: vec![9], captions: vec![text()], signed: true },
        Cloud { series: text(), ids: vec![9], labels: vec![0], groups: vec![text()], xy: vec![[0.5, -1.0]] },
        Forgotten { series: text(), task: text(), ids: vec![9], kept: vec![true] },
    )
}

fn rows() -> Vec<Row> {
    let values = vec![Some(0.1), None];
    let spread = Row { spread: Some(0.5), seeds: Some(3), values, ..Row::new("a", "ua", 0.1) };
    vec![Row::share("a", "accuracy", 97.5, 360), Row::new("a", "steps", -3.0), spread]
}

fn test() -> Answers {
    Answers { ids: vec![1], labels: vec![2], classes: vec![3], confidences: vec![0.5], runners_up: vec![0.1] }
}

fn control(widget: Widget) -> Control {
    Control {
        key: "lr".into(),
        label: text(),
        help: String::new(),
        symbol: Some("η".into()),
        unit: None,
        needs: Some(("many".into(), true.into())),
        advanced: true,
        default: value(),
        widget,
    }
}

/// A run file with every key.
fn spec() -> RunSpec {
    let file = r#"
        version = 1
        name = "all"
        seed = 7
        repeats = 2
        retrain_seeds = 3
        every = 20
        look = 100
        device = "cpu"
        tasks.zebra = { id = "digits", tilt = 30 }
        tasks.ant = { id = "digits" }
        model = { id = "mlp" }
        forget = { id = "class" }
        grid.seed = [1, 2]
        stage = [
            { id = "train.scratch", as = "a", on = "zebra" },
            { id = "merge", from = "a", with = ["a"] },
            { id = "x", model = { id = "cnn", n = 1 } },
        ]
    "#;
    let mut spec = RunSpec::read(file).expect("the file is right");
    spec.stages[2].params = params();
    spec
}

/// Settings of every kind: a whole number must come back whole.
fn params() -> serde_json::Map<String, Value> {
    let largest = (1_u64 << 53) - 1;
    let params = json!({
        "whole": 3, "below": -3, "largest": largest, "share": 0.1, "truth": false, "none": null, "text": "a",
        "list": [1, 2.5, []], "table": { "z": { "deep": 1 }, "a": {} },
    });
    params.as_object().expect("it is a table").clone()
}

fn value() -> Value {
    params().into()
}

/// Longer than an identifier, and beyond ASCII.
fn text() -> String {
    "a 𝛿 \"text\"\n".into()
}
