//! Every quick recipe against `tests/expected`: `BLESS=1 cargo test … recipes` writes the measured values anew.
//!
//! Bands, in the unit of the figure: accuracies and shares 4 points (360 test digits are ± 2), counts exactly, but a
//! twentieth of the queries, which an attack without gradients asks until it has won. Times,
//! and what hangs on the membership attack, are not compared: after a class is forgotten whole its support vector
//! machine is asked far from everything that it was trained on, and answers 0 or 100 by a handful of samples.

use crate::catalogue::recipes;
use crate::common::play;
use serde_json::{Map, Value, json};

const POINTS: f64 = 4.0;
const EXACT: [&str; 3] = ["gradients", "steps", "trainable"];
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

#[test]
fn recipes_measure_what_they_did() {
    for (id, text) in recipes() {
        // One retrained network is enough to see that it is the same one.
        let text = text.replace("retrain_seeds = 3", "retrain_seeds = 1");
        let report = play(&text).0.unwrap_or_else(|error| panic!("{id}: {error}"));
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
