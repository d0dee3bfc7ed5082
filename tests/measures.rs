//! Figures of measures on drawn logits and features, against scikit-learn, scipy and numpy (`goldens/measures.json`).

use crate::common::golden;
use kit::stats::{
    Bins, Calibration, Gaussians, Tested, auroc, energy, fpr_at_95, jensen_shannon, jensen_shannon_of_code, linear_cka,
    mean, softmax, temperature, tpr_at, unsureness,
};
use serde_json::Value;

const CLASSES: usize = 5;
const WIDTH: usize = 6;

struct Given {
    values: Value,
}

impl Given {
    fn new() -> Self {
        Self { values: serde_json::from_slice(&golden("measures.json")).unwrap() }
    }

    fn floats(&self, name: &str) -> Vec<f32> {
        self.values["given"][name].as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32).collect()
    }

    fn labels(&self) -> Vec<u16> {
        self.values["given"]["labels"].as_array().unwrap().iter().map(|value| value.as_u64().unwrap() as u16).collect()
    }

    fn tested(&self, name: &str) -> Tested {
        let labels = self.labels();
        Tested::of((0..labels.len() as u32).collect(), labels, CLASSES, self.floats(name)).unwrap()
    }

    /// A figure, or several, by its keys.
    fn figures(&self, keys: &[&str]) -> Vec<f64> {
        match keys.iter().fold(&self.values["golden"], |at, key| &at[*key]) {
            Value::Array(values) => values.iter().map(|value| value.as_f64().unwrap()).collect(),
            value => vec![value.as_f64().unwrap()],
        }
    }

    fn hold(&self, keys: &[&str], found: &[f64], tolerance: f64) {
        let right = self.figures(keys);
        assert_eq!(right.len(), found.len(), "{keys:?}");
        for (found, right) in found.iter().zip(&right) {
            assert!((found - right).abs() <= tolerance * right.abs().max(1.0), "{keys:?}: {found} for {right}");
        }
    }
}

#[test]
fn calibration_is_numpys() {
    let given = Given::new();
    let tested = given.tested("logits");
    let right: Vec<bool> = (0..tested.len()).map(|at| tested.right(at)).collect();
    let of = |bins| Calibration::of(&tested.confidences(), &right, bins).unwrap();
    let Calibration { ece, mce, rmsce, gap, .. } = of(Bins::EqualWidth(15));
    for (key, found) in [
        ("ece", ece),
        ("mce", mce),
        ("rmsce", rmsce),
        ("overconfidence", gap),
        ("adaptive_ece", of(Bins::EqualMass(7)).ece),
        ("brier", tested.brier().unwrap()),
        ("nll", mean(&tested.losses()).value),
    ] {
        given.hold(&[key], &[found], 1e-6);
    }
}

#[test]
fn scores_are_told_apart_as_by_scikit_learn() {
    let given = Given::new();
    let scores =
        |name: &str, of: &dyn Fn(&[f32]) -> f64| -> Vec<f64> { given.floats(name).chunks(CLASSES).map(of).collect() };
    for (key, of) in [("energy", &(|z: &[f32]| energy(z, 2.0)) as &dyn Fn(&[f32]) -> f64), ("msp", &unsureness)] {
        let (inside, outside) = (scores("logits", of), scores("others", of));
        given.hold(&[key, "auroc"], &[auroc(&inside, &outside).unwrap()], 1e-12);
        given.hold(&[key, "tpr_at_5"], &[tpr_at(&inside, &outside, 0.05).unwrap()], 1e-12);
        given.hold(&[key, "fpr_at_95"], &[fpr_at_95(&inside, &outside).unwrap()], 1e-12);
    }
}

#[test]
fn distances_from_classes_are_scikit_learns() {
    let given = Given::new();
    let fit = Gaussians::fit(&given.floats("features"), &given.labels(), 0.1).unwrap();
    let found: Vec<f64> = given.floats("far").chunks(WIDTH).map(|features| fit.distance(features)).collect();
    given.hold(&["mahalanobis"], &found, 1e-9);
}

#[test]
fn answers_differ_as_scipy_says() {
    let given = Given::new();
    let [p, q] = ["logits", "others"].map(|name| softmax(given.floats(name), CLASSES).unwrap());
    let pairs = || p.chunks(CLASSES).zip(q.chunks(CLASSES));
    let found: Vec<f64> = pairs().map(|(p, q)| jensen_shannon(p, q)).collect();
    given.hold(&["jensen_shannon"], &found, 1e-6);
    let found: Vec<f64> = pairs().map(|(p, q)| jensen_shannon_of_code(p, q)).collect();
    given.hold(&["jensen_shannon_of_code"], &[mean(&found).value], 1e-6);
    let [a, b] = ["logits", "others"].map(|name| given.tested(name));
    given.hold(&["overlap"], &[a.overlap(&b).unwrap()], 1e-12);
    given.hold(&["distance"], &[a.distance(&b).unwrap()], 1e-6);
    let features = given.floats("features");
    given.hold(&["cka"], &[linear_cka(&features, &given.floats("wide"), features.len() / WIDTH)], 1e-9);
}

#[test]
fn the_best_temperature_is_scipys() {
    let given = Given::new();
    let found = temperature(&given.floats("logits"), CLASSES, &given.labels()).unwrap();
    given.hold(&["temperature", "value"], &[found.value], 1e-7);
    given.hold(&["temperature", "loss"], &[found.loss], 1e-9);
}
