//! Every quick recipe against `tests/expected`: `BLESS=1 cargo test … recipes` writes the measured values anew.
//!
//! Bands, in the unit of the figure: accuracies and shares 4 points (360 test digits are ± 2), counts exactly, but a
//! twentieth of the queries, which an attack without gradients asks until it has won. Times,
//! and what hangs on the membership attack, are not compared: after a class is forgotten whole its support vector
//! machine is asked far from everything that it was trained on, and answers 0 or 100 by a handful of samples.

use crate::catalogue::recipes;
use crate::common::play;
use report::chart::GapPlane;
use report::view::{Outcomes, Played, hear};
use report::{Chart, Noise, RunView};
use serde_json::{Map, Value, json};
use spec::{Event, Family, Report, RunSpec, Said};
use std::sync::LazyLock;

const POINTS: f64 = 4.0;
const EXACT: [&str; 3] = ["gradients", "steps", "trainable"];
/// The recipe that retrains as often as it is written, so that its results are held against the noise of retraining.
const NOISY: &str = "unlearners";
const QUERIES: &str = "queries";
const SHARES: [&str; 10] = [
    "accuracy",
    "asr_correct",
    "clean_accuracy",
    "ra",
    "retrained_ra",
    "retrained_ta",
    "retrained_ua",
    "robust_accuracy",
    "ta",
    "ua",
];

/// A recipe that was played.
struct Run {
    id: String,
    spec: RunSpec,
    report: Report,
    said: Vec<Said>,
}

/// All recipes, played once for all tests.
static RUNS: LazyLock<Vec<Run>> = LazyLock::new(|| {
    let run = |(id, text): (String, String)| {
        // One retrained network is enough to see that it is the same one; what is said of noise takes three.
        let text = if id == NOISY { text } else { text.replace("retrain_seeds = 3", "retrain_seeds = 1") };
        let (report, said) = play(&text);
        let report = report.unwrap_or_else(|error| panic!("{id}: {error}"));
        let said = said.into_iter().map(|(said, _)| said).collect();
        Run { id, spec: RunSpec::read(&text).unwrap(), report, said }
    };
    recipes().into_iter().map(run).collect()
});

#[test]
fn recipes_measure_what_they_did() {
    for Run { id, report, .. } in RUNS.iter() {
        let kept = |key: &str| EXACT.contains(&key) || key == QUERIES || SHARES.contains(&key);
        let rows = report.rows.iter().filter(|row| kept(&row.key));
        let measured: Map<String, Value> =
            rows.map(|row| (format!("{}.{}", row.stage, row.key), json!((row.value * 1e3).round() / 1e3))).collect();
        let path = format!("{}/tests/expected/{id}.json", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, serde_json::to_string_pretty(&measured).unwrap() + "\n").unwrap();
        }
        let stored = std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{path} is missing: run with BLESS=1"));
        let expected: Map<String, Value> = serde_json::from_str(&stored).unwrap();
        assert_eq!(expected.keys().collect::<Vec<_>>(), measured.keys().collect::<Vec<_>>(), "{id}");
        for (key, expected) in &expected {
            let (expected, measured) = (expected.as_f64().unwrap(), measured[key].as_f64().unwrap());
            let band = match key.rsplit('.').next() {
                Some(QUERIES) => 0.05 * expected,
                Some(key) if EXACT.contains(&key) => 1e-9,
                _ => POINTS,
            };
            assert!((expected - measured).abs() <= band, "{id}, {key}: {measured}, expected {expected} ± {band}");
        }
    }
}

/// The terminal reads the run file as it is written, the page one in which names and origins stand; both hear the same
/// events. Whenever a stage has ended, and when all have, they say the same of every stage.
#[test]
fn page_and_terminal_say_the_same() {
    let catalogue = engine::catalogue(Vec::new(), |_| String::new());
    for Run { id, spec, report, said } in RUNS.iter() {
        let written_out = spec.explicit(|id| catalogue.is_layer(id));
        let (mut terminal, mut page) = (Outcomes::new(), Outcomes::new());
        let mut ended = 0;
        for said in said {
            hear(&mut terminal, said, &[]);
            let at = said.stage.as_ref().and_then(|stage| spec.find(stage));
            hear(&mut page, &Said { stage: at.map(|at| written_out.stage_name(at)), ..said.clone() }, &[]);
            if matches!(said.event, Event::StageDone { .. }) {
                ended += 1;
                let terminal = RunView { spec, catalogue: &catalogue, known: &terminal };
                let page = RunView { spec: &written_out, catalogue: &catalogue, known: &page };
                for (name, on_page) in terminal.names().iter().zip(page.names()).take(ended) {
                    let sentence = terminal.finished(name).unwrap_or_else(|| panic!("{id}: {name} has no sentence"));
                    assert_eq!(page.sentence(&on_page), sentence, "{id}: {name}");
                }
            }
        }
        assert_eq!(ended, spec.stages.len(), "{id}");
        // What report.html says, and what a report says that is read again: it has no answers and no curves, so a
        // forgotten class is counted on the forget set, and no saved steps are known.
        let played = Played::new(report.clone(), terminal);
        let last = RunView { spec, catalogue: &catalogue, known: &played.stages };
        let read = RunView::of(report, &catalogue);
        for (name, on_page) in last.names().iter().zip(written_out.stages.iter().map(|stage| stage.name.clone())) {
            let page = RunView { spec: &written_out, catalogue: &catalogue, known: &page };
            let (said, read) = (page.sentence(&on_page.unwrap()), read.sentence(name));
            assert_eq!(last.sentence(name), said, "{id}: {name}");
            let (said, read) = (said.to_string(), read.to_string());
            match last.family(name) {
                Some(Family::Unlearn) if last.forgotten(name, "").is_some() => {
                    let gap = |text: &str| text.split_once(" named.").map(|(_, rest)| rest.to_owned());
                    assert_eq!(gap(&said), gap(&read), "{id}: {name}");
                }
                Some(Family::Transfer) => assert!(said.starts_with(&read), "{id}: {name}: {said} {read}"),
                _ => assert_eq!(said, read, "{id}: {name}"),
            }
        }
    }
}

/// With three retrained networks: the sentence and the plane say the same of the noise, on the page and in a report.
#[test]
fn noise_is_judged_alike() {
    let catalogue = engine::catalogue(Vec::new(), |_| String::new());
    let Run { spec, report, said, .. } = RUNS.iter().find(|run| run.id == NOISY).unwrap();
    let mut heard = Outcomes::new();
    said.iter().for_each(|said| hear(&mut heard, said, &[]));
    let page = RunView { spec, catalogue: &catalogue, known: &heard };
    let read = RunView::of(report, &catalogue);
    let plane = GapPlane::of(&page, &page.names(), None);
    assert_eq!(plane, GapPlane::of(&read, &read.names(), None));
    assert!(plane.noise.is_some());
    let forgets = |name: &String| page.family(name) == Some(Family::Unlearn) && name != "retrain";
    let judged: Vec<String> = page.names().into_iter().filter(forgets).collect();
    assert_eq!(plane.points.len(), judged.len());
    for ((point, row), name) in plane.points.iter().zip(plane.table().rows).zip(&judged) {
        let noise = point.noise.expect("it was held against retrained networks");
        assert!(!matches!(noise, Noise::Unknown(_)), "{name}");
        assert_eq!(row[3], noise.words(), "{name}");
        let pill = (noise != Noise::Beyond).then(|| noise.words());
        for said in [page.sentence(name), read.sentence(name)] {
            assert_eq!(said.pill.map(|pill| pill.words), pill, "{name}");
        }
    }
}

/// Only what comes before a stage's own work is said to, also where that work is to retrain.
#[test]
fn phases_say_what_they_are() {
    let run = RUNS.iter().find(|run| run.id == NOISY).unwrap();
    let phases = run.said.iter().filter(|said| said.stage.as_deref() == Some("retrain"));
    let phases = phases.filter_map(|said| match &said.event {
        Event::Phase { name, before } => Some((name.as_str(), *before)),
        _ => None,
    });
    let phases: Vec<(&str, bool)> = phases.collect();
    assert_eq!(phases.iter().map(|(_, before)| *before).collect::<Vec<_>>(), [true, true, true, false]);
    assert_eq!(phases[3].0, "Retrain");
}

/// In a choice of classes the engine numbers them anew: what the leaf shows of such a task has the engine's labels.
#[test]
fn half_of_the_digits_are_called_by_their_names() {
    let catalogue = engine::catalogue(Vec::new(), |_| String::new());
    let run = RUNS.iter().find(|run| run.id == "half-digits").unwrap();
    let mut outcomes = Outcomes::new();
    run.said.iter().for_each(|said| hear(&mut outcomes, said, &[]));
    let view = RunView { spec: &run.spec, catalogue: &catalogue, known: &outcomes };
    assert!(!view.has_all_classes("high") && !view.has_all_classes("low"));
    let many: Vec<String> = (0..5).map(|class| view.many_of("high", class)).collect();
    assert_eq!(many, ["fives", "sixes", "sevens", "eights", "nines"]);
    let answers = view.answers("all", "high").unwrap();
    assert_eq!(answers.labels.iter().max(), Some(&4));
    let leaf = &catalogue.leaf;
    for place in spec::first_of_each_class(answers.labels.iter().copied()) {
        let (id, label) = (answers.ids[place], answers.labels[place]);
        let at =
            leaf.ids.iter().position(|other| *other == id).expect("the same images stand on the leaf of all digits");
        assert_eq!(leaf.labels[at], view.class_of_set("high", label));
    }
}
