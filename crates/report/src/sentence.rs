//! One plain sentence about a stage, whatever its state, made from its figures; where a figure is missing, the sentence
//! does without.

mod finished;
mod unfinished;

use crate::{figure::percent, outcome::Status, scene::Role, view::RunView};
use finished::Finished;
use std::fmt;

/// Spans to be set one after the other, and a statement about uncertainty that stands behind them in a pill.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sentence {
    /// The text in pieces, with its spaces and full stops.
    pub spans: Vec<Span>,
    /// How certain it is, where that can be said.
    pub pill: Option<Pill>,
}

/// A statement about uncertainty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pill {
    /// A few words without a full stop: "inside the noise of retraining".
    pub words: String,
    /// How that was judged, for a tooltip.
    pub why: String,
}

/// A piece of a sentence.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// The words, with the spaces to what stands around them.
    pub text: String,
    /// A key figure, in the colour of what it says; `Ink` is bold without a colour.
    pub role: Option<Role>,
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spans.iter().try_for_each(|span| f.write_str(&span.text))?;
        match &self.pill {
            Some(Pill { words, .. }) => write!(f, " [{words}]"),
            None => Ok(()),
        }
    }
}

impl Sentence {
    /// A sentence that begins with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self::default().plain(text)
    }

    /// With this text after it.
    pub fn plain(mut self, text: impl Into<String>) -> Self {
        self.spans.push(Span { text: text.into(), role: None });
        self
    }

    /// With this key figure after it, in the colour of what it says.
    pub fn key(mut self, text: impl Into<String>, role: Role) -> Self {
        self.spans.push(Span { text: text.into(), role: Some(role) });
        self
    }
}

impl RunView<'_> {
    /// What is to be said of a stage now.
    pub fn sentence(&self, name: &str) -> Sentence {
        let outcome = self.outcome(name);
        match outcome.as_deref().map(|outcome| (outcome, &outcome.status)) {
            None | Some((_, Status::Waiting)) => unfinished::idle(self, name),
            Some((outcome, Status::Running | Status::Paused)) => unfinished::running(self, name, outcome),
            Some((_, Status::Done)) => {
                self.finished(name).unwrap_or_else(|| Sentence::new(format!("{} is done.", self.method_title(name))))
            }
            Some((outcome, Status::Cancelled)) => unfinished::cancelled(self, name, outcome),
            Some((_, Status::Failed(failure))) => unfinished::failed(self, name, failure),
            Some((_, Status::Skipped(on))) => {
                Sentence::new(format!("It was skipped: it stands on {}, which failed.", self.title(on)))
            }
        }
    }

    /// What a stage came to; `None` where it is not finished, or lacks the figures.
    pub fn finished(&self, name: &str) -> Option<Sentence> {
        let outcome = self.outcome(name).filter(|outcome| outcome.is_done())?;
        let task = self.task(name);
        Finished { view: self, name, outcome: &outcome, things: self.things(&task), task }.sentence()
    }

    /// Screen-reader text for the beginning of a stage.
    pub fn begun(&self, name: &str) -> String {
        format!("{} has begun.", self.title(name))
    }

    /// Screen-reader text for a stage that has come so many percent of its way: "Layer 4 at 50 %. It still names 18 of
    /// 36 threes."
    pub fn passed(&self, name: &str, share: usize) -> String {
        format!("{} at {}. {}", self.subject(name), percent(share as f64, 0), self.sentence(name))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{
        figure,
        outcome::{Answers, Failure, Outcome},
        view::{Outcomes, Played},
    };
    use serde_json::json;
    use spec::{Catalogue, Cause, Event, Report, Row, RunSpec};

    pub(crate) fn catalogue() -> Catalogue {
        Catalogue {
            version: 1,
            families: vec![],
            methods: vec![],
            tasks: ["digits", "glyphs", "spirals"].map(data).into(),
            nets: vec![],
            sources: vec![spec::SourceFacts {
                weights: "letters-cnn".into(),
                title: "Letters cnn".into(),
                knows: "letters".into(),
            }],
            forget: vec![],
            recipes: vec![],
            leaf: spec::Leaf {
                data: "digits".into(),
                train: 0,
                ids: vec![],
                labels: vec![],
                size: 8,
                pixels: String::new(),
            },
        }
    }

    /// A data set with the facts that matter here.
    fn data(id: &str) -> spec::Choice {
        const DIGITS: [&str; 10] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
        let words =
            DIGITS.map(|word| (word.to_owned(), if word == "six" { "sixes".into() } else { format!("{word}s") }));
        let digit = spec::Noun { classes: words.into(), ..spec::Noun::new("digit", "digits", true) };
        let (kind, nouns) = match id {
            "digits" => (spec::Kind::Images, vec![digit]),
            "spirals" => (spec::Kind::Points, vec![spec::Noun::new("point", "points", false)]),
            _ => {
                let letter = spec::Noun::new("letter", "letters", true).when("shapes", "letters");
                (spec::Kind::Images, vec![letter, spec::Noun::new("image", "images", false)])
            }
        };
        let adjectives = vec![spec::Adjective { key: "tilt".into(), word: "tilted".into(), act: "Tilt".into() }];
        let shapes = json!({
            "key": "shapes", "label": "", "help": "", "default": "letters",
            "widget": { "choice": { "options": ["letters", "simple"] } },
        });
        spec::Choice {
            id: id.into(),
            title: String::new(),
            help: String::new(),
            licence: String::new(),
            controls: if id == "glyphs" { vec![serde_json::from_value(shapes).unwrap()] } else { vec![] },
            facts: Some(spec::DataFacts { kind, nouns, adjectives, views: ["classes", "tilt"].map(Into::into).into() }),
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
            point: Default::default(),
            engine: "0.1.0".into(),
            device: "cpu".into(),
            seed: 1,
            played_seeds: vec![1, 2, 3],
            files: Vec::new(),
            seconds: 33.9,
            hashes: [("split".to_string(), "a1b2".to_string())].into_iter().collect(),
            samples: [("digits".to_string(), spec::Samples { train: 1293, valid: 144, test: 360 })].into(),
            rows,
            warnings: Vec::new(),
            exhibits: Vec::new(),
            unfinished: Vec::new(),
        }
    }

    fn plain(sentence: &Sentence) -> String {
        sentence.to_string().replace([figure::NARROW, '\u{a0}'], " ")
    }

    fn said(report: &Report, index: usize) -> Option<String> {
        let name = RunView::of(report, &catalogue()).names().get(index)?.clone();
        RunView::of(report, &catalogue()).finished(&name).as_ref().map(plain)
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
            Some(
                "Hardened, it holds 61.1 % under attack at ε 0.20 instead of 5.6 %, and pays with 2.9 points on clean \
                 digits.",
            ),
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
        let spans = RunView::of(&report, &catalogue()).finished("taught").unwrap().spans;
        assert_eq!(spans[1], Span { text: "96.1\u{202f}%".into(), role: Some(Role::Keep) });
    }

    #[test]
    fn an_attack_that_could_not_begin_is_said_wherever_it_is_told() {
        let mut report = sample();
        report.rows.push(Row::share("after", "zero_gradients", 12.5, 360));
        let pill = " [12.5 % held by a zero gradient]";
        assert!(said(&report, 4).unwrap().ends_with(pill), "{:?}", said(&report, 4));
        assert!(!said(&report, 3).unwrap().contains("zero gradient"));
        report.rows.push(Row::share("before", "zero_gradients", 12.5, 360));
        assert!(said(&report, 3).unwrap().ends_with(pill), "{:?}", said(&report, 3));
    }

    /// What is measured of an attack with a target is that the network answers with it.
    #[test]
    fn attacks_with_a_target_are_told_by_it() {
        let mut report = sample();
        for (stage, target) in [(3, json!(8)), (5, json!("6"))] {
            report.spec.stages[stage].params.insert("target".into(), target);
        }
        let view = |report: &Report, name: &str| RunView::of(report, &catalogue()).title(name);
        assert_eq!(view(&report, "before"), "pgd ε 0.20 towards eight");
        assert_eq!(
            said(&report, 3).unwrap(),
            "At ε 0.20, pgd makes it read 94.2 % of the digits it had right as eight."
        );
        // Another target is another attack.
        assert_eq!(said(&report, 4).unwrap(), "Hardened, it holds 61.1 % under attack towards 6 at ε 0.20.");
        report.spec.stages[5].params.insert("target".into(), 8.into());
        assert!(
            said(&report, 4).unwrap().starts_with("Hardened, it holds 61.1 % under attack towards eight at ε 0.20 in")
        );
        report.rows.retain(|row| row.key != "asr_correct");
        report.rows.push(Row::share("before", "asr_correct", 50.0, 8));
        assert_eq!(said(&report, 3).unwrap(), "At ε 0.20, pgd makes it read 4 of 8 digits it had right as eight.");
        let titles: Vec<String> =
            crate::Results::new(&[report], &catalogue()).lines.into_iter().map(|line| line.title).collect();
        assert!(titles.contains(&"pgd towards eight".to_owned()), "{titles:?}");
        // Before and while it is played.
        let spec = file(
            r#"
            tasks.digits = { id = "digits" }
            model = { id = "cnn" }
            stage = [{ id = "attack.pgd", as = "fool", target = 8 }, { id = "defend.pgd-at", as = "hard" }]
            "#,
        );
        let (catalogue, mut known) = (catalogue(), Outcomes::new());
        let now = |known: &Outcomes| plain(&super::tests::view(&spec, &catalogue, known).sentence("fool"));
        assert_eq!(now(&known), "Changes too small to notice may make it read eight. Press play to look for them.");
        let mut outcome = Outcome { status: Status::Running, ..Outcome::default() };
        known.insert("fool".into(), outcome.clone().into());
        assert_eq!(now(&known), "Attacking: it looks for the smallest changes that make it read digits as eight.");
        let answers = Answers {
            ids: vec![0, 1, 2],
            labels: vec![0, 1, 2],
            classes: vec![8, 3, 2],
            confidences: vec![0.9; 3],
            runners_up: vec![0.0; 3],
        };
        outcome.answers.insert("attacked".into(), answers.into());
        known.insert("fool".into(), outcome.into());
        assert_eq!(now(&known), "Attacking: 1 digits are read as eight so far.");
    }

    /// A class goes by its number in its set or file, or by its name; answers count its place.
    #[test]
    fn the_class_to_forget_is_found_among_those_of_its_task() {
        let said = |task: &str, class: serde_json::Value, names: &[&str]| {
            let mut report = sample();
            let pick = json!({ "id": task, "classes": if task == "digits" { json!([7, 6, 3]) } else { json!([]) } });
            report.spec.tasks["digits"] = serde_json::from_value(pick).unwrap();
            report.spec.forget.as_mut().unwrap().params.insert("class".into(), class);
            let n = 12;
            let answers = Answers {
                ids: (0..n).collect(),
                labels: (0..n as u16).map(|at| at % 3).collect(),
                // One of the four of the class in the middle is named.
                classes: (0..n as u16).map(|at| if at == 1 { 1 } else { 0 }).collect(),
                confidences: vec![0.0; n as usize],
                runners_up: vec![0.0; n as usize],
            };
            let mut outcome =
                Outcome { class_names: names.iter().map(|name| (*name).to_owned()).collect(), ..Outcome::default() };
            outcome.answers.insert("test".into(), answers.into());
            let played = Played::new(report, [("salun".to_owned(), outcome.into())].into_iter().collect());
            let catalogue = catalogue();
            let sentence = view(&played.report.spec, &catalogue, &played.stages).finished("salun").unwrap();
            plain(&sentence).split_once(" named").unwrap().0.to_owned()
        };
        for (class, names) in [(json!(6), vec![]), (json!(6), vec!["7", "6", "3"]), (json!("6"), vec!["7", "6", "3"])] {
            assert_eq!(said("digits", class, &names), "It has lost its sixes: 1 of 4");
        }
        for class in [json!(9), json!("9")] {
            assert_eq!(said("idx", class, &["5", "9", "26"]), "It has lost its images of class 9: 1 of 4");
        }
        for class in [json!(1), json!("B")] {
            assert_eq!(said("glyphs", class, &["A", "B", "C"]), "It has lost its letters of class B: 1 of 4");
        }
    }

    #[test]
    fn missing_rows_shorten_the_sentence() {
        let mut report = sample();
        report.rows.retain(|row| !["gap", "clean_accuracy", "trainable_share"].contains(&row.key.as_str()));
        assert_eq!(said(&report, 2).unwrap(), "lora reads 93.6 % of tilted digits.");
        assert_eq!(said(&report, 4).unwrap(), "Hardened, it holds 61.1 % under attack at ε 0.20 instead of 5.6 %.");
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

    /// A run of the given tasks, model and stages of which nothing is known yet.
    fn file(rest: &str) -> RunSpec {
        RunSpec::read(&format!("version = 1\nforget = {{ id = \"class\", class = 0 }}\n{rest}")).unwrap()
    }

    fn view<'a>(spec: &'a RunSpec, catalogue: &'a Catalogue, known: &'a Outcomes) -> RunView<'a> {
        RunView { spec, catalogue, known }
    }

    /// With `attack.pgd` and its own settings.
    fn with_pgd() -> Catalogue {
        let card = json!({
            "id": "attack.pgd", "title": "PGD", "family": "attack", "authors": "", "year": 2018, "paper": "",
            "equation": "", "summary": "", "notes": "",
            "needs": { "kinds": ["images"], "access": "gradients", "min_classes": 2 },
        });
        let control = |key: &str, default: f64| {
            let widget = json!({ "slider": { "min": 0, "max": 50 } });
            json!({ "key": key, "label": key, "help": "", "default": default, "widget": widget })
        };
        let controls = [control("epsilon", 0.2), control("steps", 10.0)];
        let method = serde_json::from_value(json!({ "card": card, "shape": "attack", "controls": controls })).unwrap();
        Catalogue { methods: vec![method], ..catalogue() }
    }

    #[test]
    fn hardening_is_compared_under_the_same_attack_only() {
        let (mut report, catalogue) = (sample(), with_pgd());
        let said = |report: &Report| plain(&RunView::of(report, &catalogue).finished("hard").unwrap());
        let all = "Hardened, it holds 61.1 % under attack at ε 0.20 instead of 5.6 %, and pays with 2.9 points on \
                   clean digits.";
        assert_eq!(said(&report), all);
        // A default that is written out is the same setting.
        report.spec.stages[3].params.insert("steps".into(), 10.into());
        report.spec.stages[5].params.shift_remove("epsilon");
        assert_eq!(said(&report), all);
        // Another budget is another attack, and so is one on other data.
        report.spec.stages[3].params.insert("epsilon".into(), 0.1.into());
        assert_eq!(said(&report), "Hardened, it holds 61.1 % under attack at ε 0.20.");
        report.spec.stages[3].params.insert("epsilon".into(), 0.2.into());
        report.spec.stages[3].on = Some("tilted".into());
        assert_eq!(said(&report), "Hardened, it holds 61.1 % under attack at ε 0.20.");
        report.rows.retain(|row| row.stage != "after");
        report.rows.push(Row::share("hard", "accuracy", 92.5, 360));
        assert_eq!(said(&report), "Hardened, it reads 92.5 % of clean digits.");
        // Nothing asks it any more.
        report.spec.stages.retain(|stage| !stage.id.starts_with("attack."));
        assert_eq!(said(&report), "Hardened, it reads 92.5 % of clean digits. Attack it to see what it holds.");
    }

    #[test]
    fn what_a_forgetter_destroys_is_said() {
        let mut report = sample();
        let says_so = |report: &Report| said(report, 6).unwrap().contains("much of the rest");
        assert!(!says_so(&report));
        report.rows.iter_mut().filter(|row| row.key == "ta").for_each(|row| row.value = 34.1);
        let rest = "It has lost much of the rest too: it reads 34.1 % of it, the retrained network 94 ± 1 %.";
        assert!(said(&report, 6).unwrap().contains(rest), "{:?}", said(&report, 6));
    }

    #[test]
    fn nothing_is_lost_that_was_never_known() {
        let mut report = sample();
        report.rows.push(Row::share("salun", "original_ua", 98.0, 360));
        assert!(said(&report, 6).unwrap().starts_with("It did not know its threes before either: 1 of 36 named."));
        let mut report = sample();
        report.rows.iter_mut().filter(|row| row.key == "clean_accuracy").for_each(|row| row.value = 0.0);
        assert_eq!(said(&report, 3).unwrap(), "It had none of the digits right to begin with.");
    }

    #[test]
    fn counts_are_of_things_and_not_of_of_things() {
        let mut report = sample();
        report.rows[0] = Row::share("taught", "accuracy", 60.0, 10);
        assert_eq!(said(&report, 0).unwrap(), "It reads 6 of 10 digits it has never seen.");
        report.rows.retain(|row| row.key != "asr_correct");
        report.rows.push(Row::share("before", "asr_correct", 50.0, 8));
        assert_eq!(said(&report, 3).unwrap(), "At ε 0.20, pgd fools it on 4 of 8 digits it had right.");
    }

    #[test]
    fn hardening_is_no_training_of_all_weights_to_compare_with() {
        let mut report = sample();
        report.spec.stages[1].id = "defend.pgd-at".into();
        let catalogue = with_pgd();
        let mut hardens = catalogue.methods[0].clone();
        (hardens.card.id, hardens.card.family) = ("defend.pgd-at".into(), spec::Family::Defend);
        let catalogue = Catalogue { methods: vec![hardens], ..catalogue };
        let sentence = plain(&RunView::of(&report, &catalogue).finished("lora").unwrap());
        assert!(!sentence.contains("Training all of them"), "{sentence}");
    }

    #[test]
    fn what_is_still_known_is_counted() {
        let answers = |right: u16| {
            let n = 36;
            let classes = (0..n).map(|at| if at < right { 3 } else { 8 }).collect();
            let zeros = vec![0.0; usize::from(n)];
            Answers {
                ids: (0..u32::from(n)).collect(),
                labels: vec![3; usize::from(n)],
                classes,
                confidences: zeros.clone(),
                runners_up: zeros,
            }
        };
        for (right, words) in
            [(1, "It has lost its threes: 1 of 36 named."), (18, "It still knows its threes: 18 of 36 named.")]
        {
            let mut outcome = Outcome::default();
            outcome.answers.insert("test".into(), answers(right).into());
            let played = Played::new(sample(), [("salun".to_owned(), outcome.into())].into_iter().collect());
            let catalogue = catalogue();
            let sentence = view(&played.report.spec, &catalogue, &played.stages).finished("salun").unwrap();
            assert!(plain(&sentence).starts_with(words), "{sentence}");
        }
    }

    /// The method that retrains.
    fn retrain() -> spec::MethodInfo {
        let card = json!({
            "id": "unlearn.retrain", "title": "Retrain", "family": "unlearn", "authors": "", "year": 2015, "paper": "",
            "equation": "", "summary": "", "notes": "",
            "needs": { "kinds": ["images"], "access": "weights", "min_classes": 2 },
        });
        let method = json!({ "card": card, "shape": "unlearn", "manner": "reference", "controls": [] });
        serde_json::from_value(method).unwrap()
    }

    #[test]
    fn a_stage_that_retrains_is_at_its_own_work() {
        let mut report = sample();
        report.spec.stages[6].id = "unlearn.retrain".into();
        let (mut catalogue, index) = (catalogue(), report.spec.find("salun").unwrap());
        catalogue.methods.push(retrain());
        let said = |name: &str, before| {
            let mut outcome = Outcome::default();
            outcome.take(Event::Stage { index, of: 8, id: "unlearn.retrain".into(), classes: vec![] }, None);
            outcome.take(Event::Phase { name: name.into(), before }, None);
            let known: Outcomes = [("salun".to_owned(), outcome.into())].into_iter().collect();
            plain(&view(&report.spec, &catalogue, &known).sentence("salun"))
        };
        let twin = said("Retraining without what is forgotten, 1 of 3", true);
        assert!(twin.starts_with("First its twin") && twin.ends_with("1 of 3."), "{twin}");
        assert_eq!(said("Retrain", false), "Forgetting its threes.");
    }

    #[test]
    fn samples_and_classes_have_their_names() {
        let spec = file(
            r#"
            tasks.digits = { id = "digits" }
            tasks.high = { id = "digits", classes = [5, 6, 7, 8, 9] }
            tasks.tilted = { id = "digits", tilt = 30 }
            tasks.letters = { id = "glyphs" }
            tasks.signs = { id = "glyphs", shapes = "simple" }
            tasks.spirals = { id = "spirals" }
            tasks.mine = { id = "unheard-of" }
            model = { id = "mlp" }
            stage = [{ id = "unlearn.salun", as = "salun", on = "high" }]
            "#,
        );
        let spec = spec.set("forget.class", 5.into()).unwrap();
        let (catalogue, known) = (catalogue(), Outcomes::new());
        let view = view(&spec, &catalogue, &known);
        let called = |task: &str| format!("{} {}", view.verb(task), view.things(task));
        assert_eq!(called("digits"), "reads digits");
        assert_eq!(called("tilted"), "reads tilted digits");
        assert_eq!(called("letters"), "reads letters");
        assert_eq!(called("signs"), "names images");
        assert_eq!(called("spirals"), "names points");
        assert_eq!(called("mine"), "names images");
        let one = |task: &str| [view.bare_thing(task), view.samples(task, 1), view.samples(task, 2)];
        assert_eq!(one("tilted"), ["digit", "image", "images"]);
        assert_eq!(one("spirals"), ["point", "point", "points"]);
        assert_eq!(one("mine"), ["image", "image", "images"]);
        // The first of these classes is the five.
        assert_eq!([view.many_of("high", 0), view.many_of("digits", 0)], ["fives", "zeros"]);
        assert_eq!([view.one_of("high", 4), view.one_of("spirals", 1)], ["nine", "point"]);
        assert_eq!(view.many_of("spirals", 1), "points of class 1");
        assert_eq!(view.many_of("high", 7), "digits of class 7");
        assert_eq!(view.title("salun"), "salun, digit 5");
        assert!(view.has_all_classes("tilted") && !view.has_all_classes("high"));
        assert!(view.is_one_set("high", "tilted") && !view.is_one_set("high", "letters"));
    }

    #[test]
    fn a_stage_speaks_in_every_state() {
        let spec = file(
            r#"
            tasks.digits = { id = "digits" }
            tasks.tilted = { id = "digits", tilt = 30 }
            model = { id = "cnn", weights = "letters-cnn" }
            stage = [
                { id = "train.scratch", as = "base" },
                { id = "peft.lora", as = "lora", on = "tilted", rank = 2 },
                { id = "unlearn.salun", as = "forgot", from = "base" },
            ]
            "#,
        );
        let (catalogue, mut known) = (catalogue(), Outcomes::new());
        let now = |known: &Outcomes, name: &str| plain(&view(&spec, &catalogue, known).sentence(name));
        let take = |known: &mut Outcomes, name: &str, event: Event| {
            let said = spec::Said { run: 1, stage: Some(name.into()), event };
            crate::view::hear(known, &said, &[]);
        };
        assert_eq!(
            now(&known, "base"),
            "This network has only ever seen letters. Press play, and it learns to read digits."
        );
        let new = "New data, tilted digits, and the network has not seen them. lora can fix that by training a small \
                   share of its weights.";
        assert_eq!(now(&known, "lora"), new);
        assert_eq!(view(&spec, &catalogue, &known).begun("lora"), "lora, rank 2 has begun.");
        take(&mut known, "base", Event::Stage { index: 0, of: 3, id: "train.scratch".into(), classes: vec![] });
        assert_eq!(now(&known, "base"), "It is learning: the first answers come in a moment.");
        let quiet = spec.set("every", 0.into()).unwrap();
        let said = plain(&view(&quiet, &catalogue, &known).sentence("base"));
        assert_eq!(said, "It is learning, and is looked at when it has learned.");
        let scalar = |series: &str| Event::Scalar { series: series.into(), step: 4, value: 62.0, n: Some(144) };
        take(&mut known, "base", scalar("train_accuracy"));
        assert_eq!(now(&known, "base"), "It is learning: 62.0 % of 144 digits that it learns from are named rightly.");
        take(&mut known, "base", scalar("validation_accuracy"));
        let learning = "It is learning: 62.0 % of 144 digits for validation are named rightly.";
        assert_eq!(now(&known, "base"), learning);
        let passed = view(&spec, &catalogue, &known).passed("base", 50).replace(figure::NARROW, " ");
        assert_eq!(passed, format!("Layer 1 at 50 %. {learning}"));
        take(&mut known, "base", Event::Cancelled { step: 4 });
        assert_eq!(
            now(&known, "base"),
            "You stopped at step 4. What was written stays: it reads 62.0 % of 144 digits for validation."
        );
        let failed = |cause, message: &str, kept| Event::Failed {
            cause,
            message: message.into(),
            step: Some(7),
            kept,
            cure: None,
        };
        take(&mut known, "base", failed(Cause::Diverged, "", Some(5)));
        assert_eq!(
            now(&known, "base"),
            "The learning rate was too high: the loss grew without end at step 7. The weights of step 5 are kept."
        );
        take(&mut known, "forgot", Event::Stage { index: 2, of: 3, id: "unlearn.salun".into(), classes: vec![] });
        assert_eq!(now(&known, "forgot"), "Forgetting its zeros.");
        let answers = spec::Answers {
            ids: vec![1, 2, 3],
            labels: vec![0, 0, 1],
            classes: vec![0, 5, 1],
            confidences: vec![0.9; 3],
            runners_up: vec![0.0; 3],
        };
        take(&mut known, "forgot", Event::Answers { series: "valid".into(), answers });
        let still = "Forgetting: it still names 1 of 2 zeros for validation.";
        assert_eq!(now(&known, "forgot"), still);
        for (share, names) in [(0.0, "none"), (2.5, "2.5 %")] {
            let values = vec![Some(share), None];
            take(&mut known, "forgot", Event::Classes { series: "retrained".into(), values });
            let twin = format!(" Its retrained twin, which never saw one, names {names} of those for testing.");
            assert_eq!(now(&known, "forgot"), format!("{still}{twin}"));
        }
        take(&mut known, "forgot", failed(Cause::Diverged, "", None));
        let ran = "salun ran away at step 7: the loss grew without end. Nothing finished is lost.";
        assert_eq!(now(&known, "forgot"), ran);
        take(&mut known, "forgot", failed(Cause::Input, "forget: there is no class 12", None));
        assert_eq!(now(&known, "forgot"), "Forget: there is no class 12. Nothing finished is lost.");
        take(&mut known, "forgot", Event::StageDone { rows: vec![], seconds: 1.0 });
        assert_eq!(now(&known, "forgot"), "salun is done.");
        let failure = Failure { cause: Cause::Lost, message: String::new(), step: None, kept: None, cure: None };
        known.insert("lora".into(), Outcome { status: Status::Failed(failure), ..Outcome::default() }.into());
        assert_eq!(now(&known, "lora"), "The graphics device stopped answering. Nothing finished is lost.");
    }

    #[test]
    fn a_past_that_saves_steps_is_told() {
        let spec = file(
            r#"
            tasks.digits = { id = "digits" }
            model = { id = "cnn" }
            stage = [
                { id = "train.scratch", as = "base" },
                { id = "transfer.full-finetune", as = "all", from = "base" },
                { id = "train.scratch", as = "nothing", from = "base" },
            ]
            "#,
        );
        let reached = |name: &str, step: usize| {
            let mut outcome = Outcome { status: Status::Done, ..Outcome::default() };
            outcome.rows.push(Row::share(name, "accuracy", 96.1, 360));
            outcome.series.insert("accuracy".into(), vec![(0, 10.0), (step - 10, 50.0), (step, 95.0)]);
            (name.to_owned(), outcome.into())
        };
        let (catalogue, mut known) = (catalogue(), Outcomes::from([reached("all", 40), reached("nothing", 130)]));
        let now = |known: &Outcomes| plain(&view(&spec, &catalogue, known).sentence("all"));
        assert_eq!(
            now(&known),
            "It reads 96.1 % of digits it has never seen. Its past saved it about 90 steps over starting from nothing."
        );
        known.extend([reached("nothing", 40)]);
        assert!(now(&known).ends_with("Its past made no difference here."));
        // Nearer than two looks lie to each other.
        known.extend([reached("nothing", 47)]);
        assert!(now(&known).ends_with("Its past made no difference here."));
        known.extend([reached("nothing", 30)]);
        assert!(now(&known).ends_with("It took about 10 steps more than starting from nothing."));
        let few = RunSpec { look: Some(9), ..spec.clone() };
        assert!(plain(&view(&few, &catalogue, &known).sentence("all")).ends_with("it has never seen."));
    }
}
