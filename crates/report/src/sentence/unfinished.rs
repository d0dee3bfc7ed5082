//! What is said of a stage before it has come to its end.

use super::Sentence;
use crate::{
    figure::{budget, capital, counted, fixed, percent},
    outcome::{Failure, Outcome, SoFar},
    scene::Role,
    view::{Past, RunView},
};
use spec::{Cause, Family};

/// What a stage is for, and what it would begin with.
pub(super) fn idle(view: &RunView, name: &str) -> Sentence {
    let task = view.task(name);
    let things = view.things(&task);
    match view.family(name) {
        Some(Family::Train | Family::Transfer) => {
            let past = match view.source().past {
                Past::Known(things) => format!("This network has only ever seen {things}."),
                Past::Untrained => "This network knows nothing yet.".into(),
                Past::Own => "This network brings its own past.".into(),
            };
            let time = view.seconds(name).map_or_else(String::new, |time| match time.round().max(1.0) as usize {
                1 => "in about a second ".into(),
                n => format!("in about {} seconds ", counted(n)),
            });
            let learns = match view.reads(&task) {
                true => format!("learns to read {things}"),
                false => format!("learns to tell {things} apart"),
            };
            Sentence::new(format!("{past} Press play, and {time}it ")).key(learns, Role::Ink).plain(".")
        }
        Some(Family::Peft) => {
            let parent = view.parent(name);
            let before = view.answers(&parent, &task).and_then(|answers| answers.accuracy(&[]));
            let start = match before.filter(|_| view.task(&parent) != task) {
                Some(before) => {
                    let stumbles = match view.adjective(&task) {
                        Some(made) => {
                            format!("{} the {} and the network stumbles: ", made.act, view.bare_things(&task))
                        }
                        None => format!("On {things} the network stumbles: "),
                    };
                    Sentence::new(stumbles).key(percent(before, 0), Role::Lose).plain(". ")
                }
                None => Sentence::new(format!("New data, {things}, and the network has not seen them. ")),
            };
            start
                .plain(format!("{} can fix that by training ", view.method_title(name)))
                .key("a small share", Role::Ink)
                .plain(" of its weights.")
        }
        Some(Family::Attack) => {
            let fool = match view.target_name(name) {
                Some(target) => format!("make it {} {target}", view.infinitive(&task)),
                None => "fool it".into(),
            };
            Sentence::new("Changes too small to notice may ")
                .key(fool, Role::Lose)
                .plain(". Press play to look for them.")
        }
        Some(Family::Defend) => match view.attacked(&view.parent(name)) {
            Some((epsilon, held)) => Sentence::new(format!("At ε {} it names only ", budget(epsilon)))
                .key(percent(held, 0), Role::Lose)
                .plain(format!(" of {things} rightly. Train it on its own nightmares.")),
            None => Sentence::new(format!("An attack finds the worst picture near each of its {things}. Train it "))
                .key("on its own nightmares", Role::Hard)
                .plain("."),
        },
        Some(Family::Unlearn) => Sentence::new("Choose what to forget. The network will be compared with one that ")
            .key("never saw it", Role::Ink)
            .plain(", trained here, beside it."),
        _ => Sentence::new("Press play to ask this of the network."),
    }
}

/// How far a stage has come.
pub(super) fn running(view: &RunView, name: &str, outcome: &Outcome) -> Sentence {
    let task = view.task(name);
    let things = view.things(&task);
    let now = outcome.so_far().map(|now| (percent(now.value, 1), made_on(&now, &things)));
    match view.family(name) {
        Some(Family::Train | Family::Transfer) => match now {
            Some((now, of)) => {
                Sentence::new("It is learning: ").key(now, Role::Keep).plain(format!(" of {of} are named rightly."))
            }
            None if view.spec.every == Some(0) => {
                Sentence::new("It is learning, and is looked at when it has learned.")
            }
            None => Sentence::new("It is learning: the first answers come in a moment."),
        },
        Some(Family::Peft) => {
            let start = Sentence::new(format!("{} is learning {things}", view.method_title(name)));
            match now {
                Some((now, of)) => start
                    .plain(": ")
                    .key(now, Role::Keep)
                    .plain(format!(" of {of} so far, with the network underneath untouched.")),
                None => start.plain(", with the network underneath untouched."),
            }
        }
        Some(Family::Attack) => match outcome.answers("attacked") {
            Some(answers) => {
                let read = view.participle(&task);
                let (fooled, how) = match view.target_class(name).zip(view.target_name(name)) {
                    Some((class, target)) => {
                        (answers.classes.iter().filter(|answer| **answer == class).count(), format!("as {target}"))
                    }
                    None => (answers.len() - answers.rights(), "wrongly".into()),
                };
                let end = format!(" {things} are {read} {how} so far.");
                Sentence::new("Attacking: ").key(fixed(fooled as f64, 0), Role::Lose).plain(end)
            }
            None => {
                let turn = match view.target_name(name) {
                    Some(target) => format!("make it {} {things} as {target}", view.infinitive(&task)),
                    None => format!("turn its answers on {things}"),
                };
                Sentence::new(format!("Attacking: it looks for the smallest changes that {turn}."))
            }
        },
        Some(Family::Defend) => match (outcome.last("robust_accuracy"), now) {
            (Some(held), _) => Sentence::new("Hardening: under attack it now holds ")
                .key(percent(held.into(), 0), Role::Hard)
                .plain(format!(" of the {things}.")),
            (None, now) => {
                let start =
                    Sentence::new("Hardening: every step is trained on ").key("its own worst pictures", Role::Ink);
                match now {
                    Some((now, of)) => {
                        let start = start.plain(format!(". Without attack it {} ", view.verb(&task)));
                        start.key(now, Role::Keep).plain(format!(" of {of}."))
                    }
                    None => start.plain("."),
                }
            }
        },
        Some(Family::Unlearn) => forgetting(view, name, &task, outcome),
        _ => Sentence::new("It is being asked."),
    }
}

fn forgetting(view: &RunView, name: &str, task: &str, outcome: &Outcome) -> Sentence {
    if outcome.before {
        let phase = &outcome.phase;
        return Sentence::new(format!("First its twin, which never sees what is to be forgotten: {phase}."));
    }
    let Some(many) = view.forgotten(name, task) else {
        return Sentence::new("Forgetting: what was chosen goes, what is kept stays.");
    };
    let counted = view.forget_class(name, task).zip(outcome.answers("valid"));
    let counted = counted.map(|(class, answers)| (class, answers.count(class))).filter(|(_, (_, all))| *all > 0);
    let Some((class, (still, all))) = counted else { return Sentence::new(format!("Forgetting its {many}.")) };
    let sentence = Sentence::new("Forgetting: it still names ").key(format!("{still} of {all}"), Role::Lose);
    let sentence = sentence.plain(format!(" {many} for validation."));
    // Which share of the class in the test split the retrained network names.
    let twin = outcome.classes.get("retrained").and_then(|twin| twin.get(usize::from(class)).copied().flatten());
    match twin.map(f64::from) {
        Some(0.0) => sentence.plain(" Its retrained twin, which never saw one, names none of those for testing."),
        Some(share) => {
            let share = percent(share, 1);
            sentence.plain(format!(" Its retrained twin, which never saw one, names {share} of those for testing."))
        }
        None => sentence,
    }
}

/// What an accuracy so far is made on: "144 digits for validation".
fn made_on(now: &SoFar, things: &str) -> String {
    let n = now.n.map_or_else(String::new, |n| format!("{} ", fixed(n as f64, 0)));
    let what = if now.is_validation { "for validation" } else { "that it learns from" };
    format!("{n}{things} {what}")
}

/// What is left of a stage that was stopped.
pub(super) fn cancelled(view: &RunView, name: &str, outcome: &Outcome) -> Sentence {
    let task = view.task(name);
    let sentence = Sentence::new(format!("You stopped at step {}. ", fixed(outcome.step as f64, 0)));
    match outcome.so_far() {
        Some(now) => sentence
            .plain(format!("What was written stays: it {} ", view.verb(&task)))
            .key(percent(now.value, 1), Role::Keep)
            .plain(format!(" of {}.", made_on(&now, &view.things(&task)))),
        // The run wants no looks.
        None if outcome.saved.is_some() => sentence.plain("What was written stays."),
        None => sentence.plain("Nothing was written yet."),
    }
}

/// Why a stage failed, and what of it is kept.
pub(super) fn failed(view: &RunView, name: &str, failure: &Failure) -> Sentence {
    let sentence = match failure.cause {
        Cause::Diverged => {
            let step = failure.step.map_or_else(String::new, |step| format!(" at step {}", fixed(step as f64, 0)));
            let (why, end) = match view.family(name) {
                Some(Family::Unlearn) => (format!("{} ran away{step}", view.method_title(name)), String::new()),
                _ => ("The learning rate was too high".into(), step),
            };
            let start = Sentence::new(format!("{why}: the loss "));
            start.key("grew without end", Role::Lose).plain(format!("{end}."))
        }
        Cause::Lost => Sentence::default().key("The graphics device stopped answering", Role::Lose).plain("."),
        Cause::Panic => {
            Sentence::default().key("The engine stopped twice at an error of its own", Role::Lose).plain(".")
        }
        // What cannot be is best known to the engine.
        Cause::Input | Cause::Adapter | Cause::SelfTest => {
            Sentence::default().key(capital(failure.message.trim_end_matches('.')), Role::Lose).plain(".")
        }
    };
    match failure.kept {
        Some(kept) => sentence.plain(format!(" The weights of step {} are kept.", fixed(kept as f64, 0))),
        None => sentence.plain(" Nothing finished is lost."),
    }
}
