//! Golden pictures: every chart as the SVG that reports hold, against `tests/snapshots`.
//!
//! `INSTA_UPDATE=always cargo test -p report` writes the pictures anew.

use report::{
    Chart, Noise, Role,
    chart::{
        ClassBars, Confusion, Curve, Embedding, Epsilon, GapPlane, Line, PlanePoint, Rank, ReferenceLine, Ribbon,
        Sparkline, TradeOff, Walk,
    },
};

const WIDE: f64 = 720.0;
const NARROW: f64 = 340.0;

/// The chart on a desk and on a phone.
fn both<C: Chart>(name: &str, chart: &C) {
    at(name, WIDE, chart);
    at(name, NARROW, chart);
}

/// One element a line, so that a difference can be read.
fn at<C: Chart>(name: &str, width: f64, chart: &C) {
    let svg = chart.scene(width, C::HEIGHT).svg().replace("><", ">\n<");
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(format!("{name}-{width}"), svg));
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).into()).collect()
}

fn digits() -> Vec<String> {
    (0..10).map(|digit| digit.to_string()).collect()
}

#[test]
fn class_bars() {
    let known = |values: [f64; 10]| values.map(Some).to_vec();
    let chart = ClassBars {
        names: digits(),
        values: known([97.2, 98.6, 91.7, 2.8, 94.4, 88.9, 97.2, 94.4, 80.6, 91.7]),
        before: known([97.2, 97.2, 94.4, 91.7, 97.2, 94.4, 100.0, 97.2, 88.9, 94.4]),
        forgotten: vec![3],
        reference: Some(ReferenceLine {
            name: "Retrained without 3".into(),
            values: known([98.1, 97.2, 95.4, 0.0, 97.2, 95.4, 99.1, 97.2, 92.6, 93.5]),
        }),
    };
    both("class-bars", &chart);

    let letters = ClassBars {
        names: ('a'..='z').map(String::from).collect(),
        values: (0..26).map(|class| Some(f64::from(70 + class * 37 % 30))).collect(),
        before: vec![Some(95.0); 26],
        forgotten: vec![0, 25],
        reference: None,
    };
    at("class-bars-letters", NARROW, &letters);

    let values = vec![Some(60.0), None, Some(f64::NAN), Some(f64::INFINITY), Some(120.0), Some(-5.0)];
    let odd = ClassBars {
        names: names(&["cat", "none", "NaN", "∞", "120", "−5"]),
        before: values.clone(),
        forgotten: vec![1, 4],
        reference: Some(ReferenceLine { name: "Retrained".into(), values: values.clone() }),
        values,
    };
    at("class-bars-odd", NARROW, &odd);

    let none = ClassBars { names: vec![], values: vec![], before: vec![], forgotten: vec![], reference: None };
    at("class-bars-empty", NARROW, &none);
    at("class-bars-one", NARROW, &ClassBars { names: names(&["3"]), values: vec![Some(50.0)], ..none });
}

/// A ribbon has one width, in the head of a layer.
#[test]
fn ribbon() {
    let values = [97.0, 98.0, 91.0, 2.0, 94.0, 88.0, 97.0, 94.0, 80.0, 91.0].map(Some).to_vec();
    let chart = Ribbon { values, before: vec![Some(92.0); 10], classes: 10, role: Role::Keep };
    at("ribbon", Ribbon::WIDTH, &chart);
    let odd = vec![Some(f64::NAN), Some(f64::INFINITY), None, Some(50.0)];
    at("ribbon-odd", Ribbon::WIDTH, &Ribbon { values: odd, ..chart.clone() });
    at("ribbon-planned", Ribbon::WIDTH, &Ribbon { values: vec![], role: Role::Pencil, ..chart });
}

/// A learning curve that ends near `end`, with a little noise.
fn learned(name: &str, role: Role, rank: Rank, end: f64) -> Line {
    let value = |step: u32| {
        let step = f64::from(step);
        10.0 + (end - 10.0) * step / (step + 30.0) + (step * 7.3 % 5.0) - 2.5
    };
    Line { name: name.into(), role, rank, points: (0..=40).map(|at| [f64::from(at * 20), value(at * 20)]).collect() }
}

fn curve(lines: Vec<Line>) -> Curve {
    let (subject, unit) = ("Accuracy".into(), "%".into());
    Curve { subject, unit, steps: 800.0, lines, goal: Some(95.0), now: None, kept: None, failed: None }
}

fn points(points: &[[f64; 2]]) -> Vec<Line> {
    vec![Line { name: "Unseen".into(), role: Role::Keep, rank: Rank::Selected, points: points.to_vec() }]
}

#[test]
fn curves() {
    let lines = vec![
        learned("Fine-tune", Role::Pencil, Rank::Earlier, 80.0),
        learned("From nothing", Role::Series(4), Rank::Other, 60.0),
        learned("Seen digits", Role::Keep, Rank::Seen, 100.0),
        learned("Unseen digits", Role::Keep, Rank::Selected, 97.0),
    ];
    both("curve", &curve(lines));

    let together = (1..=6).map(|at| {
        let end = 99.0 - 2.0 * f64::from(at);
        learned(&format!("{at} Fine-tune"), Role::Series(at), Rank::Other, end)
    });
    both("curve-together", &Curve { goal: None, ..curve(together.collect()) });

    let running = points(&[[0.0, 10.0], [100.0, 55.0], [200.0, 78.0], [300.0, 84.0]]);
    at("curve-running", NARROW, &Curve { now: Some(310.0), steps: 2000.0, ..curve(running) });

    let loss = points(&[[0.0, 2.3], [100.0, 0.8], [200.0, 0.31], [400.0, 0.09], [800.0, 0.012]]);
    let loss = Curve { subject: "Loss".into(), unit: String::new(), goal: None, ..curve(loss) };
    at("curve-loss", NARROW, &loss);
    let diverging = points(&[[0.0, 2.3], [1.0, 31.0], [2.0, 1900.0], [3.0, 24_000.0]]);
    at("curve-diverging", NARROW, &Curve { lines: diverging, steps: 3.0, ..loss });
}

#[test]
fn curves_that_end_oddly() {
    let rising = [[0.0, 10.0], [200.0, 70.0], [400.0, 82.0]];
    let failed = Some((420.0, "the loss is infinite".to_owned()));
    both("curve-failed", &Curve { kept: Some(400.0), failed, ..curve(points(&rising)) });
    for (name, value) in [("curve-nan", f64::NAN), ("curve-infinite", f64::INFINITY)] {
        let broken = points(&[rising[0], rising[1], rising[2], [760.0, 85.0], [780.0, value], [800.0, 90.0]]);
        at(name, NARROW, &curve(broken));
    }
    at("curve-empty", NARROW, &curve(vec![]));
    at("curve-without-points", NARROW, &curve(points(&[])));
    at("curve-one", NARROW, &curve(points(&[[0.0, 11.0]])));
    let unbounded = Curve { unit: String::new(), goal: None, ..curve(points(&[[0.0, f64::NAN]])) };
    at("curve-only-nan", NARROW, &unbounded);
}

#[test]
fn epsilon() {
    let line = |name: &str, role, rank, values: [f64; 6]| Line {
        name: name.into(),
        role,
        rank,
        points: values.iter().enumerate().map(|(at, value)| [0.08 * at as f64, *value]).collect(),
    };
    let lines = vec![
        line("2 Fine-tune", Role::Lose, Rank::Other, [97.0, 70.0, 31.0, 8.0, 1.0, 0.0]),
        line("3 Hardened", Role::Hard, Rank::Selected, [94.0, 90.0, 83.0, 71.0, 55.0, 38.0]),
    ];
    let chart = Epsilon { lines, epsilon: 0.2, max: 0.4 };
    both("epsilon", &chart);
    at("epsilon-end", NARROW, &Epsilon { epsilon: 1.0, ..chart.clone() });
    at("epsilon-empty", NARROW, &Epsilon { lines: vec![], ..chart.clone() });
    let one = points(&[[0.2, 40.0]]);
    at("epsilon-one", NARROW, &Epsilon { lines: one, ..chart.clone() });
    let odd = points(&[[0.0, 97.0], [0.1, 80.0], [0.2, 50.0], [0.3, f64::NAN], [0.4, f64::INFINITY]]);
    at("epsilon-odd", NARROW, &Epsilon { lines: odd, ..chart });
}

#[test]
fn walk() {
    let confidences = vec![96.4, 93.0, 85.1, 70.2, 49.0, 30.8, 17.5, 9.1, 4.4, 2.0, 1.1];
    both("walk", &Walk { confidences, at: 4 });
    at("walk-empty", NARROW, &Walk { confidences: vec![], at: 0 });
    at("walk-one-step", NARROW, &Walk { confidences: vec![96.4, 12.0], at: 1 });
    at("walk-one", NARROW, &Walk { confidences: vec![96.4], at: 0 });
    at("walk-odd", NARROW, &Walk { confidences: vec![96.4, 80.0, f64::NAN, 40.0, 20.0, f64::INFINITY, 10.0], at: 3 });
}

/// A small curve has one width, in the row of a table.
#[test]
fn sparkline() {
    let draw = |name: &str, values: Vec<f64>| at(name, Sparkline::WIDTH, &Sparkline { values, role: Role::Keep });
    draw("sparkline", learned("", Role::Keep, Rank::Other, 95.0).points.iter().map(|point| point[1]).collect());
    draw("sparkline-flat", vec![50.0; 10]);
    draw("sparkline-empty", vec![]);
    draw("sparkline-one", vec![50.0]);
    draw("sparkline-odd", vec![10.0, 40.0, 60.0, 70.0, f64::NAN]);
}

#[test]
fn embedding() {
    // Three clouds of twelve.
    let point = |at: u16| {
        let (class, turn) = (f32::from(at / 12), f32::from(at % 12));
        [4.0 * class + turn * 5.0 % 7.0 / 3.0, 3.0 * (class - 1.0).abs() + turn * 3.0 % 8.0 / 3.0]
    };
    let chart = Embedding {
        xy: (0..36).map(point).collect(),
        labels: (0..36).map(|at| at / 12).collect(),
        names: names(&["0", "3", "cat"]),
    };
    both("embedding", &chart);
    let one = Embedding { xy: vec![[1.0, 2.0]], labels: vec![0], ..chart.clone() };
    at("embedding-one", NARROW, &one);
    let odd = vec![[f32::NAN, 0.0], [0.0, f32::INFINITY], [1.0, 1.0], [2.0, 2.0]];
    at("embedding-odd", NARROW, &Embedding { xy: odd, labels: vec![0, 0, 0, 1], ..chart.clone() });
    at("embedding-empty", NARROW, &Embedding { xy: vec![], labels: vec![], ..chart });
}

#[test]
fn confusion() {
    let count = |row: u32, column: u32| match (row, column) {
        _ if row == column => 30 + row % 7,
        (3, 5) | (8, 1) => 4,
        (4, 9) | (7, 9) | (9, 3) => 2,
        (5, 6) | (2, 8) => 1,
        _ => 0,
    };
    let counts = (0..10).map(|row| (0..10).map(|column| count(row, column)).collect()).collect();
    both("confusion", &Confusion { names: digits(), counts });
    let words = names(&["aeroplane", "car", "a very long name of a class"]);
    at("confusion-words", NARROW, &Confusion { names: words, counts: vec![vec![9, 1, 0], vec![0, 812, 3]] });
    at("confusion-one", NARROW, &Confusion { names: names(&["0"]), counts: vec![vec![5]] });
    at("confusion-empty", NARROW, &Confusion { names: vec![], counts: vec![] });
}

fn point(name: &str, role: Role, at: [f64; 2], spreads: Option<[f64; 2]>) -> PlanePoint {
    let ([x, y], selected) = (at, role == Role::Keep);
    let [x_spread, y_spread] = spreads.map_or([None; 2], |spreads| spreads.map(Some));
    PlanePoint { name: name.into(), role, x, y, x_spread, y_spread, selected, noise: None }
}

#[test]
fn gap_plane() {
    let judged = |noise, point| PlanePoint { noise: Some(noise), ..point };
    let chart = GapPlane {
        points: vec![
            judged(Noise::Inside, point("SalUn", Role::Keep, [0.9, 2.6], Some([0.5, 1.4]))),
            judged(Noise::Beyond, point("Fine-tune", Role::Series(3), [0.5, 87.0], None)),
            point("Gradient ascent", Role::Series(4), [21.0, 5.0], Some([6.0, 3.0])),
            point("Random labels", Role::Series(5), [1.4, 4.0], Some([0.4, 2.0])),
            point("SSD", Role::Series(6), [3.0, 0.0], None),
        ],
        noise: Some([0.95, 1.8]),
    };
    both("gap-plane", &chart);
    at("gap-plane-without-noise", NARROW, &GapPlane { noise: None, ..chart.clone() });
    let one = vec![point("Retrained twin", Role::Keep, [0.0, 0.0], None)];
    at("gap-plane-one", NARROW, &GapPlane { points: one, ..chart.clone() });
    let odd = vec![
        point("NaN", Role::Keep, [f64::NAN, 1.0], None),
        point("Infinite", Role::Series(3), [1.0, f64::INFINITY], None),
        point("Spread", Role::Series(4), [4.0, 9.0], Some([f64::NAN, f64::INFINITY])),
    ];
    at("gap-plane-odd", NARROW, &GapPlane { points: odd, ..chart });
    at("gap-plane-empty", NARROW, &GapPlane { points: vec![], noise: None });
}

#[test]
fn trade_off() {
    let lora = |name: &str, x, y| point(name, Role::Series(2), [x, y], None);
    let chart = TradeOff {
        x_title: "Weights trained →".into(),
        y_title: "Accuracy on tilted digits, %".into(),
        points: vec![
            point("LoRA 4", Role::Keep, [1440.0, 93.6], Some([0.0, 0.8])),
            lora("LoRA 1", 360.0, 84.0),
            lora("LoRA 2", 720.0, 90.2),
            lora("LoRA 8", 2880.0, 94.1),
            point("BitFit", Role::Series(3), [226.0, 69.0], Some([0.0, 2.1])),
            point("Head only", Role::Series(4), [650.0, 60.0], None),
            point("Everything", Role::Series(5), [62410.0, 94.9], None),
        ],
        baseline: Some(("no adapter".into(), 56.0)),
    };
    both("trade-off", &chart);

    at("trade-off-one", NARROW, &TradeOff { points: chart.points[..1].to_vec(), ..chart.clone() });
    let odd = vec![
        point("Zero", Role::Keep, [0.0, 50.0], None),
        point("NaN", Role::Series(3), [100.0, f64::NAN], None),
        point("Infinite", Role::Series(4), [f64::INFINITY, 80.0], None),
        point("Many", Role::Series(5), [1e6, 90.0], Some([f64::NAN, f64::INFINITY])),
    ];
    at("trade-off-odd", NARROW, &TradeOff { points: odd, ..chart.clone() });
    at("trade-off-empty", NARROW, &TradeOff { points: vec![], baseline: None, ..chart });
}
