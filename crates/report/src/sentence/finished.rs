//! What a finished stage came to.

use super::{Pill, Sentence};
use crate::{
    figure,
    noise::{Noise, compared, is_silent},
    outcome::Outcome,
    scene::Role,
    view::RunView,
};
use spec::{Family, Row};
use std::sync::Arc;

/// A finished stage and the run that it is of.
pub(super) struct Finished<'a> {
    pub view: &'a RunView<'a>,
    pub name: &'a str,
    pub outcome: &'a Outcome,
    pub task: String,
    pub things: String,
}

impl Finished<'_> {
    /// `None` where the figures are missing.
    pub fn sentence(&self) -> Option<Sentence> {
        match self.view.family(self.name)? {
            Family::Train => self.reads(),
            Family::Transfer => self.transfer(),
            Family::Peft => self.peft(),
            Family::Attack => self.attack(),
            Family::Defend => self.defend(),
            Family::Unlearn => self.forget(),
            Family::Measure => self.measure(),
        }
    }

    fn row(&self, key: &str) -> Option<&Row> {
        self.outcome.row(key)
    }

    fn verb(&self) -> &'static str {
        self.view.verb(&self.task)
    }

    /// "It reads 96.1 % of digits it has never seen."
    fn reads(&self) -> Option<Sentence> {
        let row = self.row("accuracy")?;
        let start = Sentence::new(format!("It {} ", self.verb())).key(figure::words(row), Role::Keep);
        Some(start.plain(format!("{}{} it has never seen.", of(row), self.things)))
    }

    /// With the steps that its past saved it, where a version of it began from nothing.
    fn transfer(&self) -> Option<Sentence> {
        let sentence = self.reads()?;
        Some(match self.saved_steps() {
            Some(saved) if saved > 0 => sentence
                .plain(" Its past saved it about ")
                .key(format!("{} steps", figure::fixed(saved as f64, 0)), Role::Ink)
                .plain(" over starting from nothing."),
            Some(0) => sentence.plain(" Its past made no difference here."),
            Some(lost) => sentence
                .plain(" It took about ")
                .key(format!("{} steps", figure::fixed(-lost as f64, 0)), Role::Ink)
                .plain(" more than starting from nothing."),
            None => sentence,
        })
    }

    /// How many steps earlier than a version from nothing, on the same task and trained alike, it named 95 % of what is
    /// for validation rightly: 0 within the distance of two looks. `None` of a network without a past, and where looks
    /// are at a few samples only.
    fn saved_steps(&self) -> Option<i64> {
        const GOAL: f32 = 95.0;
        if !self.view.has_past(self.name) || self.view.spec.look.is_some() {
            return None;
        }
        // The step of the first look that saw it, and the steps from the look before.
        let reach = |outcome: &Outcome| {
            let (_, curve) = outcome.accuracy_curve()?;
            let at = curve.iter().position(|(_, value)| *value >= GOAL)?;
            let step = curve[at].0 as i64;
            Some((step, at.checked_sub(1).map_or(0, |before| step - curve[before].0 as i64)))
        };
        let pace = |name: &str| ["optimizer", "lr", "batch"].map(|key| self.view.setting(name, &["train", key]));
        let from_nothing = |other: &String| {
            self.view.family(other) == Some(Family::Train)
                && self.view.task(other) == self.task
                && pace(other) == pace(self.name)
        };
        let scratch = self.view.versions(self.name).into_iter().find(from_nothing)?;
        let ((there, far), (here, near)) = (reach(self.view.outcome(&scratch)?.as_ref())?, reach(self.outcome)?);
        let saved = there - here;
        Some(if saved.abs() < far.max(near) { 0 } else { saved })
    }

    /// "LoRA trained 2.3 % of the weights and reads 93.6 % of tilted digits. Training all of them gives 94.9 ± 0.8."
    fn peft(&self) -> Option<Sentence> {
        let (accuracy, title) = (self.row("accuracy")?, self.view.method_title(self.name));
        let verb = self.verb();
        let start = match self.row("trainable_share") {
            Some(share) => Sentence::new(format!("{title} trained "))
                .key(figure::words(share), Role::Ink)
                .plain(format!(" of the weights and {verb} ")),
            None => Sentence::new(format!("{title} {verb} ")),
        };
        let end = format!("{}{}.", of(accuracy), self.things);
        let sentence = start.key(figure::words(accuracy), Role::Keep).plain(end);
        Some(match self.full() {
            Some(full) => sentence.plain(format!(" Training all of them gives {full}.")),
            None => sentence,
        })
    }

    /// The accuracy of a version that trained every weight on the same task.
    fn full(&self) -> Option<String> {
        let others = self.view.versions(self.name).into_iter();
        // Hardening trains all of them for something else.
        let is_like = |other: &String| {
            let trains = matches!(self.view.family(other), Some(Family::Train | Family::Transfer));
            other != self.name && trains && self.view.task(other) == self.task
        };
        others.filter(is_like).find_map(|other| {
            let outcome = self.view.outcome(&other)?;
            let all = outcome.figure("trainable_share").is_some_and(|share| share >= 100.0);
            all.then(|| outcome.row("accuracy").map(figure::words)).flatten()
        })
    }

    /// "At ε 0.20, PGD fools it on 94 % of the digits it had right." With a target: "At ε 0.20, PGD makes it read 60 %
    /// of the digits it had right as eight."
    fn attack(&self) -> Option<Sentence> {
        if self.row("clean_accuracy").is_some_and(|clean| clean.value == 0.0) {
            return Some(Sentence::new(format!("It had none of the {} right to begin with.", self.things)));
        }
        let (fooled, title) = (self.row("asr_correct")?, self.view.method_title(self.name));
        let at = match self.view.epsilon(self.name) {
            Some(epsilon) => format!("At ε {}, ", figure::budget(epsilon)),
            None => String::new(),
        };
        let (does, what) = match self.view.target_name(self.name) {
            Some(target) => (format!("makes it {}", self.view.infinitive(&self.task)), format!(" as {target}")),
            None => ("fools it on".into(), String::new()),
        };
        let the = if figure::is_counted(fooled) { "" } else { "the " };
        let end = format!("{}{the}{} it had right{what}.", of(fooled), self.things);
        let beside = self.view.beside(self.name);
        let start = Sentence::new(format!("{at}{title}{beside} {does} "));
        let sentence = start.key(figure::words(fooled), Role::Lose).plain(end);
        Some(Sentence { pill: zero_gradient(self.outcome), ..sentence })
    }

    /// "Hardened, it holds 61 % under attack at ε 0.20 instead of 6 %, and pays with 2.9 points on clean digits."
    fn defend(&self) -> Option<Sentence> {
        let view = self.view;
        let attacked = |layer: &str, fits: &dyn Fn(&str) -> bool| {
            view.notes(layer).into_iter().filter(|note| fits(note)).find_map(|note| {
                let outcome: Arc<Outcome> = view.outcome(&note)?;
                let held = outcome.row("robust_accuracy").map(figure::words)?;
                let clean = outcome.figure("clean_accuracy");
                Some((note, held, clean, zero_gradient(&outcome)))
            })
        };
        let Some((attack, after, clean, pill)) = attacked(self.name, &|_| true) else {
            let sentence = Sentence::new(format!("Hardened, it {} ", self.verb()));
            // What it holds is said once the attack that follows has been played.
            let advice = if view.notes(self.name).is_empty() { " Attack it to see what it holds." } else { "" };
            let end = format!(" of clean {}.{advice}", self.things);
            return Some(sentence.key(figure::words(self.row("accuracy")?), Role::Keep).plain(end));
        };
        let sentence = Sentence { pill, ..Sentence::new("Hardened, it holds ") };
        let at = view.epsilon(&attack).map(|epsilon| format!(" at ε {}", figure::budget(epsilon)));
        let under = format!(" under attack{}{}", view.aim(&attack), at.unwrap_or_default());
        let sentence = sentence.key(after, Role::Hard).plain(under);
        // Only the same attack with the same settings compares.
        let earlier = attacked(&view.parent(self.name), &|note| view.is_same(note, &attack));
        let Some((_, before, clean_before, _)) = earlier else { return Some(sentence.plain(".")) };
        let sentence = sentence.plain(" instead of ").key(before, Role::Lose);
        let things = view.things(&view.task(&attack));
        Some(match clean_before.zip(clean).map(|(before, after)| before - after) {
            None => sentence.plain("."),
            Some(cost) if cost >= 0.05 => {
                let points = figure::fixed(cost, 1);
                sentence.plain(format!(", and pays with {points} points on clean {things}."))
            }
            // More than chance on a few hundred samples: before, it was not trained on these.
            Some(cost) if cost <= -5.0 => {
                sentence.plain(format!(", and gains {} points on clean {things}.", figure::fixed(-cost, 1)))
            }
            Some(_) => sentence.plain(format!(", and pays nothing on clean {things}.")),
        })
    }

    /// "It has lost its threes: 1 of 36 named. Over four measures it is 1.5 points from a network that never saw one."
    fn forget(&self) -> Option<Sentence> {
        let (left, share) = self.left()?;
        let class = self.view.forgotten(self.name, &self.task);
        if self.view.is_reference(self.name) {
            let what = class.as_ref().map_or("what it was to forget".into(), |class| format!("its {class}"));
            let start = Sentence::new(format!("Trained again without {what}, it names "));
            return Some(start.key(left, Role::Ink).plain(" of them: the reference for all others."));
        }
        let sentence = match &class {
            Some(class) => {
                let lost = |left: f64| left <= 30.0;
                let knew = self.row("original_ua").is_none_or(|before| !lost(100.0 - before.value));
                let start = match (lost(share), knew) {
                    (true, true) => format!("It has lost its {class}"),
                    (true, false) => format!("It did not know its {class} before either"),
                    (false, _) => format!("It still knows its {class}"),
                };
                Sentence::new(format!("{start}: ")).key(left, Role::Lose).plain(" named.")
            }
            None => {
                let twin = self.row("retrained_ua").map(|row| format!(", its retrained twin {}", kept(row)));
                Sentence::new("Of what it was to forget it names ")
                    .key(left, Role::Lose)
                    .plain(twin.unwrap_or_default() + ".")
            }
        };
        let Some(gap) = self.row("gap") else { return Some(sentence) };
        let them = if class.is_some() { "one" } else { "them" };
        let gap = figure::words(gap);
        let measures = figure::counted(compared(&self.outcome.rows));
        let sentence = sentence.plain(self.lost_beside());
        Some(Sentence {
            pill: Noise::of(self.view, self.name).and_then(Noise::pill),
            ..sentence.plain(format!(" Over {measures} measures it is {gap} from a network that never saw {them}."))
        })
    }

    /// "It has lost much of the rest too: it reads 34.1 % of it, the retrained network 98.6 %." Empty where it kept the
    /// rest.
    fn lost_beside(&self) -> String {
        const MUCH: f64 = 10.0;
        let rows = self.row("ta").zip(self.row("retrained_ta"));
        let Some((own, retrained)) = rows.filter(|(own, retrained)| retrained.value - own.value >= MUCH) else {
            return String::new();
        };
        let (own, retrained, verb) = (figure::words(own), figure::words(retrained), self.verb());
        format!(" It has lost much of the rest too: it {verb} {own} of it, the retrained network {retrained}.")
    }

    /// How much of what it was to forget it still names, in words and in percent: of a class on unseen samples, where
    /// the answers are known and one network gave them; else on the forget set.
    fn left(&self) -> Option<(String, f64)> {
        let lost = self.row("ua")?;
        let counted = self.view.forget_class(self.name, &self.task).zip(self.outcome.answers("test"));
        match counted.map(|(class, answers)| answers.count(class)) {
            Some((right, all)) if all > 0 && figure::spread(lost).is_none() => {
                Some((format!("{right} of {all}"), 100.0 * right as f64 / all as f64))
            }
            _ => Some((kept(lost), 100.0 - lost.value)),
        }
    }

    /// "Share of the forget set that an attacker takes for never seen: 97.8 %."
    fn measure(&self) -> Option<Sentence> {
        let row = self.outcome.rows.first()?;
        let metric = self.view.catalogue.metric(&row.key);
        let (what, unit) = metric.map_or((row.key.as_str(), ""), |metric| (metric.help, metric.unit));
        let sentence =
            Sentence::new(format!("{}: ", figure::capital(what))).key(figure::words_in(row, unit), Role::Ink);
        Some(match self.row("mia_accuracy").filter(|_| is_silent(&self.outcome.rows, "")) {
            Some(accuracy) => sentence.plain(format!(
                ". It says nothing: of samples that it was not trained on, the attacker is right about {}, as a coin \
                 may be.",
                figure::words(accuracy)
            )),
            None => sentence.plain("."),
        })
    }
}

/// Said wherever an attack's figures are, if it could not begin on more samples than a few.
fn zero_gradient(attack: &Outcome) -> Option<Pill> {
    let row = attack.row("zero_gradients")?;
    let words = format!("{} held by a zero gradient", figure::words(row));
    Some(Pill { words, why: figure::capital(spec::metric(&row.key)?.help) })
}

/// What stands between a share and the things that it is of: "6 of 10 digits", but "60 % of digits".
fn of(row: &Row) -> &'static str {
    if figure::is_counted(row) { " " } else { " of " }
}

/// UA counts what was lost; people ask what is left.
fn kept(lost: &Row) -> String {
    figure::words(&Row { value: 100.0 - lost.value, key: "accuracy".into(), ..lost.clone() })
}
