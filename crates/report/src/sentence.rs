//! One plain sentence about a finished stage, made from the figures of its report.

use crate::{figure, noise::Noise, scene::Role, table::title};
use spec::{Catalogue, Report, Row, Stage};
use std::fmt;

/// Spans to be set one after the other, and a statement about uncertainty that stands behind them in a pill.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sentence {
    pub spans: Vec<Span>,
    pub pill: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    pub text: String,
    /// A key figure, in the colour of what it says; `Ink` is bold without a colour.
    pub role: Option<Role>,
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spans.iter().try_for_each(|span| f.write_str(&span.text))?;
        match &self.pill {
            Some(pill) => write!(f, " [{pill}]"),
            None => Ok(()),
        }
    }
}

impl Sentence {
    fn plain(mut self, text: impl Into<String>) -> Self {
        self.spans.push(Span { text: text.into(), role: None });
        self
    }

    fn key(mut self, text: impl Into<String>, role: Role) -> Self {
        self.spans.push(Span { text: text.into(), role: Some(role) });
        self
    }
}

/// What the stage at `index` came to; `None` where its report lacks the figures, or its family has no sentence.
pub fn finished(report: &Report, index: usize, catalogue: &Catalogue) -> Option<Sentence> {
    let stage = report.spec.stages.get(index)?;
    let told = Told { report, catalogue, index, stage, name: report.spec.stage_name(index) };
    match stage.id.split('.').next()? {
        "attack" => told.attack(),
        "defend" => told.defend(),
        "peft" => told.peft(),
        "train" | "transfer" => told.reads(),
        "unlearn" => told.forget(),
        _ => None,
    }
}

/// A stage and all that is known about it.
struct Told<'a> {
    report: &'a Report,
    catalogue: &'a Catalogue,
    index: usize,
    stage: &'a Stage,
    name: String,
}

impl Told<'_> {
    /// "It reads 96.1 % of digits it has never seen."
    fn reads(&self) -> Option<Sentence> {
        let accuracy = self.row("accuracy")?;
        let (verb, things) = (self.verb(), self.things());
        Some(
            Sentence::default()
                .plain(format!("It {verb} "))
                .key(figure::words(accuracy), Role::Keep)
                .plain(format!(" of {things} it has never seen.")),
        )
    }

    /// "LoRA trained 2.3 % of the weights and reads 93.6 % of tilted digits. Training all of them gives 94.9 ± 0.8."
    fn peft(&self) -> Option<Sentence> {
        let (accuracy, title) = (self.row("accuracy")?, title(self.catalogue, &self.stage.id));
        let (verb, things) = (self.verb(), self.things());
        let start = match self.row("trainable_share") {
            Some(share) => Sentence::default()
                .plain(format!("{title} trained "))
                .key(figure::words(share), Role::Ink)
                .plain(format!(" of the weights and {verb} ")),
            None => Sentence::default().plain(format!("{title} {verb} ")),
        };
        let sentence = start.key(figure::words(accuracy), Role::Keep).plain(format!(" of {things}."));
        Some(match self.full() {
            Some(full) => sentence.plain(format!(" Training all of them gives {}.", figure::words(full))),
            None => sentence,
        })
    }

    /// The accuracy of a stage that trained every weight from the same network on the same task.
    fn full(&self) -> Option<&Row> {
        let same = |at: usize| {
            at != self.index
                && self.layer(&self.report.spec.stages[at].id)
                && self.parent(at) == self.parent(self.index)
                && self.task(at) == self.task(self.index)
        };
        let names = (0..self.report.spec.stages.len()).filter(|at| same(*at)).map(|at| self.report.spec.stage_name(at));
        names
            .filter(|name| self.report.value(name, "trainable_share").is_some_and(|share| share >= 100.0))
            .find_map(|name| self.report.rows.iter().find(|row| row.stage == name && row.key == "accuracy"))
    }

    /// "At ε 0.20, PGD fools it on 94 % of the digits it had right."
    fn attack(&self) -> Option<Sentence> {
        let (fooled, title) = (self.row("asr_correct")?, title(self.catalogue, &self.stage.id));
        let start = match self.epsilon() {
            Some(epsilon) => format!("At ε {}, {title} fools it on ", budget(epsilon)),
            None => format!("{title} fools it on "),
        };
        let end = format!(" of the {} it had right.", self.things());
        Some(Sentence::default().plain(start).key(figure::words(fooled), Role::Lose).plain(end))
    }

    /// "Hardened, it holds 61 % under attack instead of 6 %, and pays with 2.9 points on clean digits."
    fn defend(&self) -> Option<Sentence> {
        let robust = |name: &str| self.report.rows.iter().find(|row| row.stage == name && row.key == "robust_accuracy");
        let spec = &self.report.spec;
        let attacks = |parent: Option<usize>| {
            let of = move |at: &usize| !self.layer(&spec.stages[*at].id) && self.parent(*at) == parent;
            (0..spec.stages.len()).filter(of)
        };
        let attacked = |at: usize| robust(&spec.stage_name(at)).map(|row| (at, row));
        let Some((attack, after)) = attacks(Some(self.index)).find_map(attacked) else { return self.reads() };
        let sentence = Sentence::default()
            .plain("Hardened, it holds ")
            .key(figure::words(after), Role::Hard)
            .plain(" under attack");
        // Only the same attack with the same settings compares.
        let same = |at: &usize| {
            let (one, other) = (&spec.stages[*at], &spec.stages[attack]);
            one.id == other.id && one.params == other.params && self.task(*at) == self.task(attack)
        };
        let parent = self.parent(self.index);
        let Some((earlier, before)) = attacks(parent).filter(same).find_map(attacked) else {
            return Some(sentence.plain("."));
        };
        let sentence = sentence.plain(" instead of ").key(figure::words(before), Role::Lose);
        let clean = |at: usize| self.report.value(&spec.stage_name(at), "clean_accuracy");
        let Some(cost) = clean(earlier).zip(clean(attack)).map(|(before, after)| before - after) else {
            return Some(sentence.plain("."));
        };
        let things = self.things();
        Some(if cost >= 0.05 {
            let points = figure::fixed(cost, 1);
            sentence.plain(format!(", and pays with {points} points on clean {things}."))
        } else {
            sentence.plain(format!(", and pays nothing on clean {things}."))
        })
    }

    /// "It has lost its threes: 1 of 36 named. Over four measures it is 1.5 points from a network that never saw one."
    fn forget(&self) -> Option<Sentence> {
        let lost = self.row("ua")?;
        // UA counts what was lost; people ask what is left.
        let named = Row { value: 100.0 - lost.value, key: "accuracy".into(), ..lost.clone() };
        let left = figure::words(&named);
        let class = self.class();
        let sentence = if self.stage.id == "unlearn.retrain" {
            let what = class.as_ref().map_or("what it was to forget".into(), |class| format!("its {class}"));
            return Some(
                Sentence::default()
                    .plain(format!("Trained again without {what}, it names "))
                    .key(left, Role::Ink)
                    .plain(" of them: the reference for all others."),
            );
        } else if let Some(class) = &class {
            let start = if named.value < 30.0 { "It has lost its " } else { "It still knows its " };
            Sentence::default().plain(format!("{start}{class}: ")).key(left, Role::Lose).plain(" named.")
        } else {
            let twin = self.row("retrained_ua").map(|row| {
                let row = Row { value: 100.0 - row.value, key: "accuracy".into(), ..row.clone() };
                format!(", its retrained twin {}", figure::words(&row))
            });
            Sentence::default()
                .plain("Of what it was to forget it names ")
                .key(left, Role::Lose)
                .plain(twin.unwrap_or_default() + ".")
        };
        let Some(gap) = self.row("gap") else { return Some(sentence) };
        let them = if class.is_some() { "one" } else { "them" };
        let gap = figure::words(gap);
        Some(Sentence {
            pill: Noise::of(self.report, &self.name).and_then(Noise::words),
            ..sentence.plain(format!(" Over four measures it is {gap} from a network that never saw {them}."))
        })
    }

    fn row(&self, key: &str) -> Option<&Row> {
        self.report.rows.iter().find(|row| row.stage == self.name && row.key == key)
    }

    fn layer(&self, id: &str) -> bool {
        match self.catalogue.method(id) {
            Some(method) => method.shape.is_layer(),
            None => !id.starts_with("attack.") && !id.starts_with("measure."),
        }
    }

    fn parent(&self, index: usize) -> Option<usize> {
        self.report.spec.parent(index, |id| self.layer(id))
    }

    fn task(&self, index: usize) -> String {
        self.report.spec.task_of(index, |id| self.layer(id))
    }

    /// The budget of the run file, else the method's own.
    fn epsilon(&self) -> Option<f64> {
        let given = self.stage.params.get("epsilon");
        let control = || {
            let controls = &self.catalogue.method(&self.stage.id)?.controls;
            controls.iter().find(|control| control.key == "epsilon").map(|control| &control.default)
        };
        given.or_else(control)?.as_f64()
    }

    /// What the network is asked: "tilted digits".
    fn things(&self) -> String {
        let Some(task) = self.report.spec.tasks.get(&self.task(self.index)) else { return "images".into() };
        // Glyphs are letters unless the run file says otherwise.
        let is = |key: &str, value: &str| task.params.get(key).is_none_or(|given| given == value);
        let things = match task.id.as_str() {
            "digits" => "digits",
            "glyphs" if is("label", "shape") && is("shapes", "letters") => "letters",
            "moons" => "points",
            _ => "images",
        };
        let tilt = task.params.get("tilt").and_then(|tilt| tilt.as_f64());
        if tilt.is_some_and(|tilt| tilt != 0.0) { format!("tilted {things}") } else { things.into() }
    }

    fn verb(&self) -> &'static str {
        let things = self.things();
        if things.ends_with("digits") || things.ends_with("letters") { "reads" } else { "names" }
    }

    /// The plural of the one class to forget; `None` for other forget sets.
    fn class(&self) -> Option<String> {
        const DIGITS: [&str; 10] =
            ["zeros", "ones", "twos", "threes", "fours", "fives", "sixes", "sevens", "eights", "nines"];
        let forget = self.report.spec.forget.as_ref().filter(|forget| forget.id == "class")?;
        let class = forget.params.get("class")?.as_u64()?;
        // In a choice of classes, the third class need not be the digit 3.
        let task = self.report.spec.tasks.get(&self.task(self.index));
        let digits = task.is_some_and(|task| task.id == "digits" && !task.params.contains_key("classes"));
        let word = DIGITS.get(usize::try_from(class).ok()?).filter(|_| digits);
        Some(word.map_or_else(|| format!("images of class {class}"), |word| (*word).into()))
    }
}

/// At least two digits after the point: 0.20, but 0.0314.
fn budget(epsilon: f64) -> String {
    let hundredths = epsilon * 100.0;
    if (hundredths - hundredths.round()).abs() < 1e-9 { figure::fixed(epsilon, 2) } else { figure::short(epsilon) }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use spec::RunSpec;

    pub(crate) fn catalogue() -> Catalogue {
        Catalogue {
            version: 1,
            methods: vec![],
            tasks: vec![],
            nets: vec![],
            forget: vec![],
            presets: vec![],
            leaf: spec::Leaf { ids: vec![], labels: vec![], size: 8, pixels: String::new() },
        }
    }

    /// Figures of the design's samples: they test words, and are no results.
    pub(crate) fn sample() -> Report {
        let spec = RunSpec::read(
            r#"
            version = 1
            name = "Sample <run>"
            tasks.digits = { id = "digits" }
            tasks.tilted = { id = "digits", tilt = 30 }
            model = { id = "cnn" }
            forget = { id = "class", class = 3 }
            stage = [
                { id = "transfer.fine-tune", as = "taught" },
                { id = "transfer.fine-tune", as = "full", on = "tilted" },
                { id = "peft.lora", as = "lora", from = "taught", on = "tilted" },
                { id = "attack.pgd", as = "before", epsilon = 0.2, on = "digits" },
                { id = "defend.pgd-at", as = "hard", on = "digits" },
                { id = "attack.pgd", as = "after", epsilon = 0.2 },
                { id = "unlearn.salun", as = "salun", from = "hard" },
                { id = "attack.fgsm" },
            ]
            "#,
        )
        .unwrap();
        let mean = |stage: &str, key: &str, value: f64, spread: f64| Row {
            spread: Some(spread),
            seeds: Some(3),
            ..Row::new(stage, key, value)
        };
        let rows = vec![
            Row::share("taught", "accuracy", 96.11, 360),
            Row::share("taught", "trainable_share", 100.0, 62410),
            mean("full", "accuracy", 94.93, 0.81),
            Row::new("full", "trainable_share", 100.0),
            Row::share("lora", "accuracy", 93.61, 360),
            Row::new("lora", "trainable_share", 2.31),
            Row::share("before", "asr_correct", 94.2, 346),
            Row::share("before", "robust_accuracy", 5.6, 360),
            Row::share("before", "clean_accuracy", 95.5, 360),
            Row::share("after", "robust_accuracy", 61.1, 360),
            Row::share("after", "clean_accuracy", 92.6, 360),
            Row::share("salun", "ua", 3500.0 / 36.0, 36),
            Row::share("salun", "ra", 98.9, 1291),
            Row::share("salun", "ta", 93.1, 324),
            Row::share("salun", "mia", 97.8, 36),
            Row::new("salun", "gap", 1.52),
            mean("salun", "retrained_ua", 100.0, 0.0),
            mean("salun", "retrained_ra", 98.9, 0.9),
            mean("salun", "retrained_ta", 94.0, 1.4),
            mean("salun", "retrained_mia", 99.1, 0.9),
        ];
        Report {
            format: spec::FORMAT,
            spec,
            engine: "0.1.0".into(),
            device: "cpu".into(),
            seed: 1,
            seconds: 33.9,
            hashes: [("split".to_string(), "a1b2".to_string())].into_iter().collect(),
            rows,
        }
    }

    fn said(report: &Report, index: usize) -> Option<String> {
        finished(report, index, &catalogue())
            .map(|sentence| sentence.to_string().replace([figure::NARROW, '\u{a0}'], " "))
    }

    #[test]
    fn every_stage_has_its_sentence() {
        let report = sample();
        let expected = [
            Some("It reads 96.1 % of digits it has never seen."),
            Some("It reads 94.9 ± 0.8 % of tilted digits it has never seen."),
            Some(
                "lora trained 2.3 % of the weights and reads 93.6 % of tilted digits. Training all of them gives \
                 94.9 ± 0.8 %.",
            ),
            Some("At ε 0.20, pgd fools it on 94.2 % of the digits it had right."),
            Some("Hardened, it holds 61.1 % under attack instead of 5.6 %, and pays with 2.9 points on clean digits."),
            None,
            Some(
                "It has lost its threes: 1 of 36 named. Over four measures it is 1.5 points from a network that never \
                 saw one. [inside the noise of retraining]",
            ),
            None,
        ];
        for (index, expected) in expected.into_iter().enumerate() {
            assert_eq!(said(&report, index).as_deref(), expected, "stage {index}");
        }
        assert_eq!(said(&report, 99), None);
        let spans = finished(&report, 0, &catalogue()).unwrap().spans;
        assert_eq!(spans[1], Span { text: "96.1\u{202f}%".into(), role: Some(Role::Keep) });
    }

    #[test]
    fn missing_rows_shorten_the_sentence() {
        let mut report = sample();
        report.rows.retain(|row| !["gap", "clean_accuracy", "trainable_share"].contains(&row.key.as_str()));
        assert_eq!(said(&report, 2).unwrap(), "lora reads 93.6 % of tilted digits.");
        assert_eq!(said(&report, 4).unwrap(), "Hardened, it holds 61.1 % under attack instead of 5.6 %.");
        assert_eq!(said(&report, 6).unwrap(), "It has lost its threes: 1 of 36 named.");
        report.rows.clear();
        assert!((0..8).all(|index| said(&report, index).is_none()));
    }

    #[test]
    fn other_forget_sets_are_held_against_the_twin() {
        let mut report = sample();
        report.spec.forget.as_mut().unwrap().id = "random".into();
        let sentence = said(&report, 6).unwrap();
        assert!(
            sentence.starts_with("Of what it was to forget it names 1 of 36, its retrained twin 0.0 ± 0.0 %."),
            "{sentence}"
        );
        assert!(sentence.contains("never saw them."), "{sentence}");
    }
}
