//! One plain sentence about a stage, whatever it has come to.

use super::{
    lineage::{attacked, class_plural, is_digits, layer_id, source_knows, stage_title, things, versions},
    outcome::{Failure, Outcome, Status},
    run::Run,
    strip::START,
};
use leptos::prelude::*;
use report::{
    Role, Sentence,
    figure::{fixed, percent},
    sentence::Span,
};
use spec::{Cause, Family};

fn plain(text: impl Into<String>) -> Sentence {
    Sentence::default().plus(text)
}

/// Puts a sentence together.
trait Add {
    fn add(self, role: Role, text: impl Into<String>) -> Self;
    fn plus(self, text: impl Into<String>) -> Self;
    fn pill(self, text: impl Into<String>) -> Self;
}

impl Add for Sentence {
    fn add(mut self, role: Role, text: impl Into<String>) -> Self {
        self.spans.push(Span { text: text.into(), role: Some(role) });
        self
    }

    fn plus(mut self, text: impl Into<String>) -> Self {
        self.spans.push(Span { text: text.into(), role: None });
        self
    }

    fn pill(mut self, text: impl Into<String>) -> Self {
        self.pill = Some(text.into());
        self
    }
}

/// Rounded to a second below 20, to five below two minutes.
pub fn seconds(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => "1 s".into(),
        s if s < 20.0 => format!("{} s", fixed(s.round(), 0)),
        s if s < 120.0 => format!("{} s", fixed((s / 5.0).round() * 5.0, 0)),
        s => format!("{} min", fixed((s / 60.0).round(), 0)),
    }
}

pub fn took(seconds: f64) -> String {
    if seconds < 0.1 { "under 0.1 s".into() } else { format!("{} s", fixed(seconds, 1)) }
}

pub fn number_word(n: usize) -> String {
    const WORDS: [&str; 13] =
        ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    WORDS.get(n).map_or_else(|| fixed(n as f64, 0), |word| (*word).into())
}

pub fn sentence(run: &Run, name: &str) -> Sentence {
    if name == START {
        return plain("There is no such layer on the strip yet. Add one, and it is played from here.");
    }
    let outcome = run.outcome(name);
    match outcome.as_deref() {
        None => idle(run, name),
        Some(outcome) => match &outcome.status {
            Status::Waiting => idle(run, name),
            Status::Running | Status::Paused => running(run, name, outcome),
            Status::Done => finished(run, name, outcome),
            Status::Cancelled => cancelled(run, name, outcome),
            Status::Failed(failure) => failed(run, name, failure),
        },
    }
}

/// For the live region, when a stage begins.
pub fn begun(run: &Run, name: &str) -> String {
    format!("{} has begun.", stage_title(run, name))
}

/// For the live region, on the way: `Layer 4 at 50 %. It still names 18 of 36 threes.`
pub fn passed(run: &Run, name: &str, share: usize) -> String {
    let what =
        if run.layer_of(name) == name { format!("Layer {}", layer_id(run, name)) } else { stage_title(run, name) };
    format!("{what} at {}. {}", percent(share as f64, 0), sentence(run, name).to_string())
}

fn idle(run: &Run, name: &str) -> Sentence {
    let task = run.task_of(name);
    let things = things(run, &task);
    match run.family(name) {
        Some(Family::Train | Family::Transfer) => {
            let knows = match source_knows(run) {
                "letters" => "This network has only ever seen letters.",
                "untrained" => "This network knows nothing yet.",
                _ => "This network brings its own past.",
            };
            let time = run.estimate(name);
            let time = time.map_or(String::new(), |time| match time.round().max(1.0) as usize {
                1 => "in about a second ".into(),
                n => format!("in about {} seconds ", number_word(n)),
            });
            let learns = if is_digits(run, &task) {
                "learns to read digits".into()
            } else {
                format!("learns to tell {things} apart")
            };
            plain(format!("{knows} Press play, and {time}it ")).add(Role::Ink, learns).plus(".")
        }
        Some(Family::Peft) => {
            let title = run.method(name).map_or("", |method| &method.card.title);
            let parent = run.parent_of(name);
            let before = run.answers(&parent, &task).and_then(|answers| answers.accuracy(None));
            let start = match before {
                Some(before) if run.task_of(&parent) != task => {
                    plain(stumbles(&things)).add(Role::Lose, percent(before, 0)).plus(". ")
                }
                _ => plain(format!("New data, {things}, and the network has not seen them. ")),
            };
            start
                .plus(format!("{title} can fix that by training "))
                .add(Role::Ink, "a small share")
                .plus(" of its weights.")
        }
        Some(Family::Attack) => {
            plain("Changes too small to notice may ").add(Role::Lose, "fool it").plus(". Press play to look for them.")
        }
        Some(Family::Defend) => match attacked(run, &run.parent_of(name)) {
            Some((epsilon, held)) => plain(format!("At ε {} it names only ", fixed(epsilon, 2)))
                .add(Role::Lose, percent(held, 0))
                .plus(format!(" of {things} rightly. Train it on its own nightmares.")),
            None => plain("An attack finds the worst picture near each of its ")
                .plus(things)
                .plus(". Train it ")
                .add(Role::Hard, "on its own nightmares")
                .plus("."),
        },
        Some(Family::Unlearn) => plain("Choose what to forget. The network will be compared with one that ")
            .add(Role::Ink, "never saw it")
            .plus(", trained here, beside it."),
        _ => plain("Press play to ask this of the network."),
    }
}

fn stumbles(things: &str) -> String {
    match things {
        "tilted digits" => "Tilt the digits and the network stumbles: ".into(),
        things => format!("On {things} the network stumbles: "),
    }
}

fn running(run: &Run, name: &str, outcome: &Outcome) -> Sentence {
    let task = run.task_of(name);
    let things = things(run, &task);
    let now =
        outcome.answers("test").and_then(|answers| answers.accuracy(None)).or(outcome.last("accuracy").map(f64::from));
    let so_far = |tone| now.map(|now| (tone, percent(now, 1)));
    match run.family(name) {
        Some(Family::Train | Family::Transfer) => match so_far(Role::Keep) {
            Some((tone, figure)) => plain("It is learning: ")
                .add(tone, figure)
                .plus(format!(" of the {things} it has never seen are named rightly.")),
            None => plain("It is learning: the first answers come in a moment."),
        },
        Some(Family::Peft) => {
            let title = run.method(name).map_or("", |method| &method.card.title);
            let say = plain(format!("{title} is learning {things}"));
            match so_far(Role::Keep) {
                Some((tone, figure)) => {
                    say.plus(": ").add(tone, figure).plus(" so far, with the network underneath untouched.")
                }
                None => say.plus(", with the network underneath untouched."),
            }
        }
        Some(Family::Attack) => {
            match outcome.answers("attacked").map(|answers| (0..answers.len()).filter(|&at| !answers.right(at)).count())
            {
                Some(fooled) => plain("Attacking: ")
                    .add(Role::Lose, fixed(fooled as f64, 0))
                    .plus(format!(" {things} are read wrongly so far.")),
                None => {
                    plain(format!("Attacking: it looks for the smallest changes that turn its answers on {things}."))
                }
            }
        }
        Some(Family::Defend) => {
            let say = plain("Hardening: every step is trained on ").add(Role::Ink, "its own worst pictures");
            match (outcome.last("robust_accuracy"), so_far(Role::Keep)) {
                (Some(held), _) => plain("Hardening: under attack it now holds ")
                    .add(Role::Hard, percent(held.into(), 0))
                    .plus(format!(" of the {things}.")),
                (None, Some((tone, figure))) => {
                    say.plus(". It reads ").add(tone, figure).plus(format!(" of clean {things}."))
                }
                (None, None) => say.plus("."),
            }
        }
        Some(Family::Unlearn) => {
            if outcome.is_before() {
                return plain(format!("First its twin, which never sees what is to be forgotten: {}.", outcome.phase));
            }
            let Some(class) = run.forget_class() else {
                return plain("Forgetting: what was chosen goes, what is kept stays.");
            };
            let (still, all) = outcome.answers("test").map_or((0, 0), |answers| answers.count(class));
            let plural = class_plural(run, &task, class);
            let say = plain("Forgetting: it still names ");
            if all == 0 {
                return plain(format!("Forgetting its {plural}."));
            }
            let say = say.add(Role::Lose, format!("{still} of {all}")).plus(format!(" {plural}."));
            match twin(outcome, class, all) {
                Some(names) => say.plus(format!(" Its retrained twin, which never saw one, names {names}.")),
                None => say,
            }
        }
        _ => plain("It is being asked."),
    }
}

/// How many of a class the retrained network names.
fn twin(outcome: &Outcome, class: u16, all: usize) -> Option<String> {
    let share = outcome.classes.get("retrained")?.get(usize::from(class)).copied().flatten()?;
    Some(match (f64::from(share) / 100.0 * all as f64).round() as usize {
        0 => "none".into(),
        n => n.to_string(),
    })
}

fn finished(run: &Run, name: &str, outcome: &Outcome) -> Sentence {
    let task = run.task_of(name);
    let things = things(run, &task);
    let accuracy = outcome.accuracy();
    let reads = |tone| accuracy.map_or((tone, "–".into()), |accuracy| (tone, percent(accuracy, 1)));
    match run.family(name) {
        Some(Family::Train | Family::Transfer) => {
            let (tone, figure) = reads(Role::Keep);
            let say = plain("It reads ").add(tone, figure).plus(format!(" of {things} it has never seen."));
            match saved_steps(run, name, outcome) {
                Some(saved) if saved > 0 => say
                    .plus(" Its past saved it ")
                    .add(Role::Ink, format!("{} steps", fixed(saved as f64, 0)))
                    .plus(" over starting from nothing."),
                Some(_) => say.plus(" Its past made no difference here."),
                None => say,
            }
        }
        Some(Family::Peft) => {
            let title = run.method(name).map_or("", |method| &method.card.title);
            let (tone, figure) = reads(Role::Keep);
            let share = outcome.figure("trainable_share");
            let share = share.map_or_else(|| "a share".into(), |share| percent(share, 1));
            let say = plain(format!("{title} trained "))
                .add(Role::Ink, share)
                .plus(" of the weights and reads ")
                .add(tone, figure)
                .plus(format!(" of {things}."));
            let full = versions(run, name).into_iter().filter(|other| other != name).find_map(|other| {
                let whole = matches!(run.family(&other), Some(Family::Transfer | Family::Train));
                whole.then(|| run.outcome(&other)?.accuracy()).flatten()
            });
            match full {
                Some(full) => say.plus(format!(" Training all of them gives {}.", percent(full, 1))),
                None => say,
            }
        }
        Some(Family::Attack) => {
            let epsilon = run.setting(name, &["epsilon"]).as_f64();
            let at = epsilon.map_or(String::new(), |epsilon| format!("At ε {}, ", fixed(epsilon, 2)));
            let title = run.method(name).map_or("", |method| &method.card.title);
            match outcome.figure("asr_correct") {
                Some(fooled) => plain(format!("{at}{title} fools it on "))
                    .add(Role::Lose, percent(fooled, 0))
                    .plus(format!(" of the {things} it had right.")),
                None => plain(format!("{at}{title} has tried all {things}.")),
            }
        }
        Some(Family::Defend) => {
            let before = attacked(run, &run.parent_of(name));
            let clean = run.answers(&run.parent_of(name), &task).and_then(|answers| answers.accuracy(None));
            match (attacked(run, name), before) {
                (Some((_, held)), before) => {
                    let say = plain("Hardened, it holds ").add(Role::Hard, percent(held, 0)).plus(" under attack");
                    let say = match before {
                        Some((_, before)) => say.plus(" instead of ").add(Role::Lose, percent(before, 0)),
                        None => say,
                    };
                    match clean.zip(accuracy).map(|(clean, now)| clean - now) {
                        Some(cost) if cost >= 0.05 => {
                            say.plus(format!(", and pays with {} points on clean {things}.", fixed(cost, 1)))
                        }
                        Some(_) => say.plus(format!(", and pays nothing on clean {things}.")),
                        None => say.plus("."),
                    }
                }
                (None, _) => {
                    let (tone, figure) = reads(Role::Keep);
                    plain("Hardened, it reads ")
                        .add(tone, figure)
                        .plus(format!(" of clean {things}. Attack it to see what it holds."))
                }
            }
        }
        Some(Family::Unlearn) => forgot(run, &task, outcome),
        _ => match outcome.rows.first() {
            Some(row) => {
                let label = spec::metric(&row.key).map_or(row.key.as_str(), |metric| metric.help);
                plain(format!("{}: ", capital(label))).add(Role::Ink, report::figure::words(row)).plus(".")
            }
            None => plain("It answered."),
        },
    }
}

fn forgot(run: &Run, task: &str, outcome: &Outcome) -> Sentence {
    let say = match run.forget_class().zip(outcome.answers("test")) {
        Some((class, answers)) => {
            let (still, all) = answers.count(class);
            let plural = class_plural(run, task, class);
            let lost =
                if still * 10 <= all * 3 { format!("It has lost its {plural}: ") } else { "It holds on to ".into() };
            let named = if still * 10 <= all * 3 { " named.".into() } else { format!(" {plural}.") };
            plain(lost).add(Role::Lose, format!("{still} of {all}")).plus(named)
        }
        None => match outcome.figure("ua") {
            Some(ua) => plain("It has lost ").add(Role::Lose, percent(ua, 1)).plus(" of what it was to forget."),
            None => plain("It has forgotten."),
        },
    };
    let Some(gap) = outcome.row("gap") else { return say };
    let say = say.plus(format!(
        " Over four measures it is {} points from a network that never saw {}. ",
        fixed(gap.value, 1),
        if run.forget_class().is_some() { "one" } else { "them" }
    ));
    match noise_word(outcome) {
        Some(word) => say.pill(word),
        None => say,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noise {
    /// Two retrained networks differ as much.
    Inside,
    Edge,
    Beyond,
}

/// Where a result stands against the noise of retraining: by the ellipse of two and of three standard deviations that
/// the gap plane draws. `None` below three seeds.
pub fn inside(outcome: &Outcome) -> Option<Noise> {
    let far = |key: &str| {
        let reference = outcome.row(&format!("retrained_{key}"))?;
        let spread = reference.spread.filter(|_| reference.seeds.is_some_and(|seeds| seeds >= 3))?;
        let gap = (outcome.figure(key)? - reference.value).abs();
        Some(if gap == 0.0 { 0.0 } else { gap / spread })
    };
    let sigmas = far("ra")?.hypot(far("ua")?);
    Some(match sigmas {
        sigmas if sigmas <= 2.0 => Noise::Inside,
        sigmas if sigmas <= 3.0 => Noise::Edge,
        _ => Noise::Beyond,
    })
}

fn noise_word(outcome: &Outcome) -> Option<String> {
    match inside(outcome) {
        Some(Noise::Inside) => Some("inside the noise of retraining".into()),
        Some(Noise::Edge) => Some("at the edge of the noise".into()),
        Some(Noise::Beyond) => None,
        None => {
            let seeds = outcome.row("retrained_ua").and_then(|row| row.seeds).unwrap_or(1);
            Some(format!("noise unknown ({seeds} {})", if seeds == 1 { "seed" } else { "seeds" }))
        }
    }
}

/// Steps to 95 % that a stage needed less than a version of it that began from nothing.
fn saved_steps(run: &Run, name: &str, outcome: &Outcome) -> Option<i64> {
    let reach = |outcome: &Outcome| {
        let curve = outcome.series.get("accuracy")?;
        curve.iter().find(|(_, value)| *value >= 95.0).map(|(step, _)| *step as i64)
    };
    let scratch =
        versions(run, name).into_iter().find(|other| other != name && run.family(other) == Some(Family::Train))?;
    Some(reach(run.outcome(&scratch)?.as_ref())? - reach(outcome)?)
}

fn cancelled(run: &Run, name: &str, outcome: &Outcome) -> Sentence {
    let things = things(run, &run.task_of(name));
    let say = plain(format!("You stopped at step {}. ", fixed(outcome.step as f64, 0)));
    match outcome.accuracy().or(outcome.last("accuracy").map(f64::from)) {
        Some(accuracy) => say
            .plus("What was written stays: it reads ")
            .add(Role::Keep, percent(accuracy, 1))
            .plus(format!(" of unseen {things}.")),
        None => say.plus("Nothing was written yet."),
    }
}

pub fn failed(run: &Run, name: &str, failure: &Failure) -> Sentence {
    let say = match failure.cause {
        Cause::Diverged => {
            let step = failure.step.map_or_else(String::new, |step| format!(" at step {}", fixed(step as f64, 0)));
            let (why, step_before, step_after) = match run.method(name) {
                Some(method) if method.card.family == Family::Unlearn => {
                    (format!("{} ran away", method.card.title), step, String::new())
                }
                _ => ("The learning rate was too high".into(), String::new(), step),
            };
            plain(format!("{why}{step_before}: the loss "))
                .add(Role::Lose, "grew without end")
                .plus(format!("{step_after}."))
        }
        Cause::Lost => Sentence::default().add(Role::Lose, "The graphics device stopped answering").plus("."),
        Cause::Panic => {
            Sentence::default().add(Role::Lose, "The engine stopped twice at an error of its own").plus(".")
        }
        // What cannot be is best known to the engine.
        Cause::Input | Cause::Adapter | Cause::SelfTest => {
            Sentence::default().add(Role::Lose, capital(failure.message.trim_end_matches('.'))).plus(".")
        }
    };
    match failure.kept {
        Some(kept) => say.plus(format!(" The weights of step {} are kept.", fixed(kept as f64, 0))),
        None => say.plus(" Nothing finished is lost."),
    }
}

pub fn capital(text: &str) -> String {
    let mut text = text.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}
