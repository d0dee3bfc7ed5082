//! Every word of the page. Sentences are computed from figures; where a figure is missing, the sentence does without.

use crate::{
    state::{
        outcome::{Failure, Outcome, Status},
        strip::{Lab, START},
    },
    store::{Act, Device, DeviceState, Notice, Page, Route, Theme, catalogue},
};
use report::figure::{fixed, percent};
use serde_json::Value;
use spec::{Cause, Family, Wrong};

pub const NAME: &str = "Palimpsest";
pub const TAKEN_OFF: &str = "It is taken off. Control Shift Z puts it back.";
pub const COPIED: &str = "Copied";
pub const NO_RESULT: &str = "no result yet";
pub const PRIVACY: &str = "Everything runs in this tab. No image and no weight leaves it.";
pub const NO_ENGINE: &str = "This browser cannot run the engine: it lacks WebAssembly with SIMD, or module workers. \
    The methods can still be read.";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Bold,
    Keep,
    Lose,
    Hard,
    Pill,
}

/// A sentence with coloured figures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Say(pub Vec<(Tone, String)>);

impl Say {
    fn new(text: impl Into<String>) -> Self {
        Self(vec![(Tone::Plain, text.into())])
    }

    fn add(mut self, tone: Tone, text: impl Into<String>) -> Self {
        self.0.push((tone, text.into()));
        self
    }

    fn plus(self, text: impl Into<String>) -> Self {
        self.add(Tone::Plain, text)
    }

    /// Without markup, for the live region.
    pub fn plain(&self) -> String {
        self.0.iter().map(|(_, text)| text.as_str()).collect()
    }
}

pub const fn lab(lab: Lab) -> &'static str {
    match lab {
        Lab::Transfer => "Transfer",
        Lab::Adapt => "Adapt",
        Lab::Attack => "Attack & defend",
        Lab::Forget => "Forget",
    }
}

pub const fn verb(family: Family) -> &'static str {
    match family {
        Family::Train => "Train",
        Family::Transfer => "Transfer",
        Family::Peft => "Adapt",
        Family::Attack => "Attack",
        Family::Defend => "Harden",
        Family::Unlearn => "Forget",
        Family::Measure => "Audit",
    }
}

/// What a visitor looks for in the chooser.
pub const fn family(family: Family) -> &'static str {
    match family {
        Family::Train => "Train",
        Family::Transfer => "Transfer",
        Family::Peft => "Adapt cheaply",
        Family::Attack => "Attack",
        Family::Defend => "Defend",
        Family::Unlearn => "Forget",
        Family::Measure => "Measure",
    }
}

pub fn hash(route: &Route) -> String {
    match route {
        Route::Lab(Lab::Transfer) => "#/transfer".into(),
        Route::Lab(Lab::Adapt) => "#/adapt".into(),
        Route::Lab(Lab::Attack) => "#/attack".into(),
        Route::Lab(Lab::Forget) => "#/forget".into(),
        Route::Runs => "#/runs".into(),
        Route::Data => "#/data".into(),
        Route::Method(id) => format!("#/method/{id}"),
    }
}

pub fn route(hash: &str) -> Option<Route> {
    let path = hash.strip_prefix("#/")?;
    Some(match path {
        "transfer" => Route::Lab(Lab::Transfer),
        "adapt" => Route::Lab(Lab::Adapt),
        "attack" => Route::Lab(Lab::Attack),
        "forget" => Route::Lab(Lab::Forget),
        "runs" => Route::Runs,
        "data" => Route::Data,
        _ => {
            let id = path.strip_prefix("method/")?;
            let full =
                catalogue().methods.iter().find(|m| m.card.id == id || crate::state::strip::short(&m.card.id) == id);
            Route::Method(full?.card.id.clone())
        }
    })
}

// --- names of things on the strip ---

/// `4` or `4b`.
pub fn layer_id(page: &Page, name: &str) -> String {
    match page.strip.with(|strip| strip.place(name, catalogue())) {
        None => String::new(),
        Some((place, 0)) => place.to_string(),
        Some((place, version)) => format!("{place}{}", char::from(b'a' + version.min(25) as u8)),
    }
}

/// Method and what matters most of its settings: `LoRA, rank 4`.
pub fn stage_title(page: &Page, name: &str) -> String {
    let Some(method) = page.method(name) else { return source_title(page) };
    let title = &method.card.title;
    match method.card.family {
        Family::Peft => match page.setting(name, &["rank"]) {
            Value::Null => title.clone(),
            rank => format!("{title}, rank {rank}"),
        },
        Family::Attack => match page.setting(name, &["epsilon"]).as_f64() {
            Some(epsilon) => format!("{title} ε {}", fixed(epsilon, 2)),
            None => title.clone(),
        },
        Family::Unlearn => match page.forget_class() {
            Some(class) if page.is_digits(&page.task_of(name)) => format!("{title}, digit {class}"),
            _ => title.clone(),
        },
        _ => title.clone(),
    }
}

pub fn source_title(page: &Page) -> String {
    page.strip.with(|strip| {
        let model = &strip.spec.model;
        match model.params.get("weights").and_then(Value::as_str) {
            Some("letters-cnn") => "Letters cnn".into(),
            Some(weights) => weights.to_owned(),
            None => format!("Fresh {}", model.id),
        }
    })
}

/// At the right of the source card: what it was trained on.
pub fn source_knows(page: &Page) -> &'static str {
    page.strip.with(|strip| match strip.spec.model.params.get("weights").and_then(Value::as_str) {
        Some("letters-cnn") => "letters",
        Some(_) => "own weights",
        None => "untrained",
    })
}

/// `LoRA` or `Hardened`: a victim in the attack lab.
pub fn victim(page: &Page, name: &str) -> String {
    let place = layer_id(page, name);
    match page.family(name) {
        None => source_title(page),
        Some(Family::Defend) => format!("{place} Hardened"),
        Some(_) => format!("{place} {}", page.method(name).map_or("", |method| method.card.title.as_str())),
    }
}

/// What a task's samples are called: digits, tilted digits.
pub fn things(page: &Page, task: &str) -> String {
    let Some(pick) = page.task_pick(task) else { return "images".into() };
    let tilted = pick.params.get("tilt").and_then(Value::as_f64).is_some_and(|tilt| tilt != 0.0);
    match (pick.id.as_str(), tilted) {
        ("digits", true) => "tilted digits".into(),
        ("digits", false) => "digits".into(),
        ("moons" | "spirals", _) => "points".into(),
        _ => "images".into(),
    }
}

/// One sample by its class: a three, a "cat".
fn class_plural(page: &Page, task: &str, class: u16) -> String {
    const DIGITS: [&str; 10] =
        ["zeros", "ones", "twos", "threes", "fours", "fives", "sixes", "sevens", "eights", "nines"];
    match DIGITS.get(usize::from(class)) {
        Some(word) if page.is_digits(task) => (*word).into(),
        _ => format!("“{}”", page.class_names(task).get(usize::from(class)).cloned().unwrap_or_default()),
    }
}

pub fn digit_word(class: u16) -> &'static str {
    const DIGITS: [&str; 10] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    DIGITS.get(usize::from(class)).copied().unwrap_or("image")
}

// --- the transport ---

/// The one button of an idle stage.
pub fn play(page: &Page, name: &str) -> String {
    match page.family(name) {
        Some(Family::Train | Family::Transfer) if page.is_digits(&page.task_of(name)) => "Teach it digits".into(),
        Some(Family::Train | Family::Transfer) => "Teach it".into(),
        Some(Family::Peft) => "Adapt it".into(),
        Some(Family::Attack) => "Attack it".into(),
        Some(Family::Defend) => "Harden it".into(),
        Some(Family::Unlearn) => "Make it forget".into(),
        Some(Family::Measure) => "Audit it".into(),
        None => "Play".into(),
    }
}

/// The one button of a stage that is done: short, for it stands beside three others.
pub fn next(page: &Page, name: &str) -> String {
    match page.family(name) {
        Some(Family::Train | Family::Transfer) => return "Next: teach it".into(),
        Some(Family::Unlearn) => return "Next: forget".into(),
        _ => {}
    }
    let play = play(page, name);
    let mut letters = play.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase().to_string()).unwrap_or_default();
    format!("Next: {first}{}", letters.as_str())
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

pub fn all_stages(layers: usize, total: Option<f64>) -> String {
    let layers = match layers {
        1 => "the whole strip".into(),
        n => format!("all {} layers", number_word(n)),
    };
    total.map_or_else(|| layers.clone(), |total| format!("{layers}, about {}", seconds(total)))
}

pub fn reset_question(name: &str, lost: f64) -> String {
    format!("{name} took {}. Its result goes from the strip; its row stays in Runs.", seconds(lost))
}

// --- sentences ---

pub fn sentence(page: &Page, name: &str) -> Say {
    if name == START {
        return Say::new("There is no such layer on the strip yet. Add one, and it is played from here.");
    }
    let outcome = page.outcome(name);
    match outcome.as_deref() {
        None => idle(page, name),
        Some(outcome) => match &outcome.status {
            Status::Waiting => idle(page, name),
            Status::Running | Status::Paused => running(page, name, outcome),
            Status::Done => finished(page, name, outcome),
            Status::Cancelled => cancelled(page, name, outcome),
            Status::Failed(failure) => failed(page, name, failure),
        },
    }
}

/// For the live region, when a stage begins.
pub fn begun(page: &Page, name: &str) -> String {
    format!("{} has begun.", stage_title(page, name))
}

/// For the live region, on the way: `Layer 4 at 50 %. It still names 18 of 36 threes.`
pub fn passed(page: &Page, name: &str, share: usize) -> String {
    let what =
        if page.layer_of(name) == name { format!("Layer {}", layer_id(page, name)) } else { stage_title(page, name) };
    format!("{what} at {}. {}", percent(share as f64, 0), sentence(page, name).plain())
}

fn idle(page: &Page, name: &str) -> Say {
    let task = page.task_of(name);
    let things = things(page, &task);
    match page.family(name) {
        Some(Family::Train | Family::Transfer) => {
            let knows = match source_knows(page) {
                "letters" => "This network has only ever seen letters.",
                "untrained" => "This network knows nothing yet.",
                _ => "This network brings its own past.",
            };
            let time = page.estimate(name);
            let time = time.map_or(String::new(), |time| match time.round().max(1.0) as usize {
                1 => "in about a second ".into(),
                n => format!("in about {} seconds ", number_word(n)),
            });
            let learns = if page.is_digits(&task) {
                "learns to read digits".into()
            } else {
                format!("learns to tell {things} apart")
            };
            Say::new(format!("{knows} Press play, and {time}it ")).add(Tone::Bold, learns).plus(".")
        }
        Some(Family::Peft) => {
            let title = page.method(name).map_or("", |method| &method.card.title);
            let parent = page.parent_of(name);
            let before = page.answers(&parent, &task).and_then(|answers| answers.accuracy(None));
            let start = match before {
                Some(before) if page.task_of(&parent) != task => {
                    Say::new(stumbles(&things)).add(Tone::Lose, percent(before, 0)).plus(". ")
                }
                _ => Say::new(format!("New data, {things}, and the network has not seen them. ")),
            };
            start
                .plus(format!("{title} can fix that by training "))
                .add(Tone::Bold, "a small share")
                .plus(" of its weights.")
        }
        Some(Family::Attack) => Say::new("Changes too small to notice may ")
            .add(Tone::Lose, "fool it")
            .plus(". Press play to look for them."),
        Some(Family::Defend) => match attacked(page, &page.parent_of(name)) {
            Some((epsilon, held)) => Say::new(format!("At ε {} it names only ", fixed(epsilon, 2)))
                .add(Tone::Lose, percent(held, 0))
                .plus(format!(" of {things} rightly. Train it on its own nightmares.")),
            None => Say::new("An attack finds the worst picture near each of its ")
                .plus(things)
                .plus(". Train it ")
                .add(Tone::Hard, "on its own nightmares")
                .plus("."),
        },
        Some(Family::Unlearn) => Say::new("Choose what to forget. The network will be compared with one that ")
            .add(Tone::Bold, "never saw it")
            .plus(", trained here, beside it."),
        _ => Say::new("Press play to ask this of the network."),
    }
}

fn stumbles(things: &str) -> String {
    match things {
        "tilted digits" => "Tilt the digits and the network stumbles: ".into(),
        things => format!("On {things} the network stumbles: "),
    }
}

/// In place of what an adapter would be asked.
pub fn no_adapter(page: &Page, name: &str) -> String {
    let title = page.method(name).map_or("This method", |method| &method.card.title);
    format!("{title} changes weights of the network itself. There is no adapter to take off or to merge.")
}

/// A very small figure: `3.1 × 10⁻⁷`.
pub fn tiny(value: f64) -> String {
    let text = format!("{value:.1e}");
    let Some((figure, power)) = text.split_once('e').filter(|(_, power)| *power != "0") else { return fixed(value, 1) };
    let raised = power.chars().map(|digit| match digit.to_digit(10) {
        Some(digit) => ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][digit as usize],
        None => '⁻',
    });
    format!("{figure} × 10{}", raised.collect::<String>())
}

/// Budget and accuracy of the first finished attack on a layer.
pub fn attacked(page: &Page, layer: &str) -> Option<(f64, f64)> {
    notes(page, layer).into_iter().find_map(|note| held(page, &note))
}

/// Budget of an attack, and the accuracy that it left.
pub fn held(page: &Page, attack: &str) -> Option<(f64, f64)> {
    let held = page.outcome(attack)?.figure("robust_accuracy")?;
    Some((page.setting(attack, &["epsilon"]).as_f64()?, held))
}

pub fn notes(page: &Page, layer: &str) -> Vec<String> {
    page.strip.with(|strip| {
        (0..strip.len())
            .filter(|&at| !strip.is_layer(at, catalogue()) && strip.parent_name(at) == layer)
            .map(|at| strip.name(at))
            .collect()
    })
}

fn running(page: &Page, name: &str, outcome: &Outcome) -> Say {
    let task = page.task_of(name);
    let things = things(page, &task);
    let now =
        outcome.answers("test").and_then(|answers| answers.accuracy(None)).or(outcome.last("accuracy").map(f64::from));
    let so_far = |tone| now.map(|now| (tone, percent(now, 1)));
    match page.family(name) {
        Some(Family::Train | Family::Transfer) => match so_far(Tone::Keep) {
            Some((tone, figure)) => Say::new("It is learning: ")
                .add(tone, figure)
                .plus(format!(" of the {things} it has never seen are named rightly.")),
            None => Say::new("It is learning: the first answers come in a moment."),
        },
        Some(Family::Peft) => {
            let title = page.method(name).map_or("", |method| &method.card.title);
            let say = Say::new(format!("{title} is learning {things}"));
            match so_far(Tone::Keep) {
                Some((tone, figure)) => {
                    say.plus(": ").add(tone, figure).plus(" so far, with the network underneath untouched.")
                }
                None => say.plus(", with the network underneath untouched."),
            }
        }
        Some(Family::Attack) => {
            match outcome.answers("attacked").map(|answers| (0..answers.len()).filter(|&at| !answers.right(at)).count())
            {
                Some(fooled) => Say::new("Attacking: ")
                    .add(Tone::Lose, fixed(fooled as f64, 0))
                    .plus(format!(" {things} are read wrongly so far.")),
                None => {
                    Say::new(format!("Attacking: it looks for the smallest changes that turn its answers on {things}."))
                }
            }
        }
        Some(Family::Defend) => {
            let say = Say::new("Hardening: every step is trained on ").add(Tone::Bold, "its own worst pictures");
            match (outcome.last("robust_accuracy"), so_far(Tone::Keep)) {
                (Some(held), _) => Say::new("Hardening: under attack it now holds ")
                    .add(Tone::Hard, percent(held.into(), 0))
                    .plus(format!(" of the {things}.")),
                (None, Some((tone, figure))) => {
                    say.plus(". It reads ").add(tone, figure).plus(format!(" of clean {things}."))
                }
                (None, None) => say.plus("."),
            }
        }
        Some(Family::Unlearn) => {
            if outcome.is_before() {
                return Say::new(format!(
                    "First its twin, which never sees what is to be forgotten: {}.",
                    outcome.phase
                ));
            }
            let Some(class) = page.forget_class() else {
                return Say::new("Forgetting: what was chosen goes, what is kept stays.");
            };
            let (still, all) = outcome.answers("test").map_or((0, 0), |answers| answers.count(class));
            let plural = class_plural(page, &task, class);
            let say = Say::new("Forgetting: it still names ");
            if all == 0 {
                return Say::new(format!("Forgetting its {plural}."));
            }
            let say = say.add(Tone::Lose, format!("{still} of {all}")).plus(format!(" {plural}."));
            match twin(outcome, class, all) {
                Some(names) => say.plus(format!(" Its retrained twin, which never saw one, names {names}.")),
                None => say,
            }
        }
        _ => Say::new("It is being asked."),
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

fn finished(page: &Page, name: &str, outcome: &Outcome) -> Say {
    let task = page.task_of(name);
    let things = things(page, &task);
    let accuracy = outcome.accuracy();
    let reads = |tone| accuracy.map_or((tone, "–".into()), |accuracy| (tone, percent(accuracy, 1)));
    match page.family(name) {
        Some(Family::Train | Family::Transfer) => {
            let (tone, figure) = reads(Tone::Keep);
            let say = Say::new("It reads ").add(tone, figure).plus(format!(" of {things} it has never seen."));
            match saved_steps(page, name, outcome) {
                Some(saved) if saved > 0 => say
                    .plus(" Its past saved it ")
                    .add(Tone::Bold, format!("{} steps", fixed(saved as f64, 0)))
                    .plus(" over starting from nothing."),
                Some(_) => say.plus(" Its past made no difference here."),
                None => say,
            }
        }
        Some(Family::Peft) => {
            let title = page.method(name).map_or("", |method| &method.card.title);
            let (tone, figure) = reads(Tone::Keep);
            let share = outcome.figure("trainable_share");
            let share = share.map_or_else(|| "a share".into(), |share| percent(share, 1));
            let say = Say::new(format!("{title} trained "))
                .add(Tone::Bold, share)
                .plus(" of the weights and reads ")
                .add(tone, figure)
                .plus(format!(" of {things}."));
            let full = versions(page, name).into_iter().filter(|other| other != name).find_map(|other| {
                let whole = matches!(page.family(&other), Some(Family::Transfer | Family::Train));
                whole.then(|| page.outcome(&other)?.accuracy()).flatten()
            });
            match full {
                Some(full) => say.plus(format!(" Training all of them gives {}.", percent(full, 1))),
                None => say,
            }
        }
        Some(Family::Attack) => {
            let epsilon = page.setting(name, &["epsilon"]).as_f64();
            let at = epsilon.map_or(String::new(), |epsilon| format!("At ε {}, ", fixed(epsilon, 2)));
            let title = page.method(name).map_or("", |method| &method.card.title);
            match outcome.figure("asr_correct") {
                Some(fooled) => Say::new(format!("{at}{title} fools it on "))
                    .add(Tone::Lose, percent(fooled, 0))
                    .plus(format!(" of the {things} it had right.")),
                None => Say::new(format!("{at}{title} has tried all {things}.")),
            }
        }
        Some(Family::Defend) => {
            let before = attacked(page, &page.parent_of(name));
            let clean = page.answers(&page.parent_of(name), &task).and_then(|answers| answers.accuracy(None));
            match (attacked(page, name), before) {
                (Some((_, held)), before) => {
                    let say = Say::new("Hardened, it holds ").add(Tone::Hard, percent(held, 0)).plus(" under attack");
                    let say = match before {
                        Some((_, before)) => say.plus(" instead of ").add(Tone::Lose, percent(before, 0)),
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
                    let (tone, figure) = reads(Tone::Keep);
                    Say::new("Hardened, it reads ")
                        .add(tone, figure)
                        .plus(format!(" of clean {things}. Attack it to see what it holds."))
                }
            }
        }
        Some(Family::Unlearn) => forgot(page, &task, outcome),
        _ => match outcome.rows.first() {
            Some(row) => {
                let label = spec::metric(&row.key).map_or(row.key.as_str(), |metric| metric.help);
                Say::new(format!("{}: ", capital(label))).add(Tone::Bold, report::figure::words(row)).plus(".")
            }
            None => Say::new("It answered."),
        },
    }
}

fn forgot(page: &Page, task: &str, outcome: &Outcome) -> Say {
    let say = match page.forget_class().zip(outcome.answers("test")) {
        Some((class, answers)) => {
            let (still, all) = answers.count(class);
            let plural = class_plural(page, task, class);
            let lost =
                if still * 10 <= all * 3 { format!("It has lost its {plural}: ") } else { "It holds on to ".into() };
            let named = if still * 10 <= all * 3 { " named.".into() } else { format!(" {plural}.") };
            Say::new(lost).add(Tone::Lose, format!("{still} of {all}")).plus(named)
        }
        None => match outcome.figure("ua") {
            Some(ua) => Say::new("It has lost ").add(Tone::Lose, percent(ua, 1)).plus(" of what it was to forget."),
            None => Say::new("It has forgotten."),
        },
    };
    let Some(gap) = outcome.row("gap") else { return say };
    let say = say.plus(format!(
        " Over four measures it is {} points from a network that never saw {}. ",
        fixed(gap.value, 1),
        if page.forget_class().is_some() { "one" } else { "them" }
    ));
    match noise_word(outcome) {
        Some(word) => say.add(Tone::Pill, word),
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

pub fn versions(page: &Page, name: &str) -> Vec<String> {
    page.slots.with(|slots| {
        page.strip.with(|strip| {
            let index = strip.find(name);
            let slot = slots.iter().find(|slot| index.is_some_and(|index| slot.versions.contains(&index)));
            slot.map_or_else(Vec::new, |slot| slot.versions.iter().map(|&at| strip.name(at)).collect())
        })
    })
}

/// Steps to 95 % that a stage needed less than a version of it that began from nothing.
fn saved_steps(page: &Page, name: &str, outcome: &Outcome) -> Option<i64> {
    let reach = |outcome: &Outcome| {
        let curve = outcome.series.get("accuracy")?;
        curve.iter().find(|(_, value)| *value >= 95.0).map(|(step, _)| *step as i64)
    };
    let scratch =
        versions(page, name).into_iter().find(|other| other != name && page.family(other) == Some(Family::Train))?;
    Some(reach(page.outcome(&scratch)?.as_ref())? - reach(outcome)?)
}

fn cancelled(page: &Page, name: &str, outcome: &Outcome) -> Say {
    let things = things(page, &page.task_of(name));
    let say = Say::new(format!("You stopped at step {}. ", fixed(outcome.step as f64, 0)));
    match outcome.accuracy().or(outcome.last("accuracy").map(f64::from)) {
        Some(accuracy) => say
            .plus("What was written stays: it reads ")
            .add(Tone::Keep, percent(accuracy, 1))
            .plus(format!(" of unseen {things}.")),
        None => say.plus("Nothing was written yet."),
    }
}

pub fn failed(page: &Page, name: &str, failure: &Failure) -> Say {
    let say = match failure.cause {
        Cause::Diverged => {
            let step = failure.step.map_or_else(String::new, |step| format!(" at step {}", fixed(step as f64, 0)));
            let (why, step_before, step_after) = match page.method(name) {
                Some(method) if method.card.family == Family::Unlearn => {
                    (format!("{} ran away", method.card.title), step, String::new())
                }
                _ => ("The learning rate was too high".into(), String::new(), step),
            };
            Say::new(format!("{why}{step_before}: the loss "))
                .add(Tone::Lose, "grew without end")
                .plus(format!("{step_after}."))
        }
        Cause::Lost => Say::default().add(Tone::Lose, "The graphics device stopped answering").plus("."),
        Cause::Panic => Say::default().add(Tone::Lose, "The engine stopped twice at an error of its own").plus("."),
        // What cannot be is best known to the engine.
        Cause::Input | Cause::Adapter | Cause::SelfTest => {
            Say::default().add(Tone::Lose, capital(failure.message.trim_end_matches('.'))).plus(".")
        }
    };
    match failure.kept {
        Some(kept) => say.plus(format!(" The weights of step {} are kept.", fixed(kept as f64, 0))),
        None => say.plus(" Nothing finished is lost."),
    }
}

pub fn runs_sentence(n: usize) -> String {
    match n {
        0 => "No runs yet. Whatever you play is kept here, in this browser only.".into(),
        1 => "One run. Whatever you play is kept here, in this browser only.".into(),
        n => format!("{} runs. Pick any two to see what differs.", capital(&number_word(n))),
    }
}

pub fn capital(text: &str) -> String {
    let mut text = text.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

// --- the device ---

/// Name and the words after it.
pub const fn device(state: DeviceState) -> (&'static str, &'static str) {
    match state {
        DeviceState::Checking => ("", "Checking graphics…"),
        DeviceState::Gpu => ("WebGPU", "checked against CPU"),
        DeviceState::Software => ("WebGPU", "software adapter"),
        DeviceState::NoGpu => ("CPU", "no WebGPU here"),
        DeviceState::CpuAlone => ("CPU", "the only engine here"),
        DeviceState::CpuFaster => ("CPU", "faster here"),
        DeviceState::GpuFailed => ("CPU", "graphics failed its check"),
        DeviceState::GpuWaits => ("CPU", "graphics after this run"),
        DeviceState::CpuChosen => ("CPU", "your choice"),
        DeviceState::Lost => ("GPU lost", "starting again"),
    }
}

pub const BODIES_HELP: &str =
    "Fused operations are our own; plain ones are burn's, and slower. Both learn the same, up to rounding.";

pub fn device_help(device: &Device) -> String {
    let times = device.times.map(|times| fixed(times, 1));
    let words = match device.state {
        DeviceState::Checking => "The CPU engine is ready; the graphics device is being checked.",
        DeviceState::Gpu => match times {
            Some(times) => {
                return format!(
                    "Chosen because a one-second probe ran {times} times faster on it than on the CPU. It passed its \
                     self-test against the CPU."
                );
            }
            None => "You chose WebGPU. It passed its self-test against the CPU.",
        },
        DeviceState::Software => "This adapter is emulated on the CPU: fine for correctness, meaningless for speed.",
        DeviceState::NoGpu => {
            "This browser has no WebGPU that the engine can use, so the CPU engine runs. Results are the same; the \
             larger networks are slower."
        }
        DeviceState::CpuAlone => {
            "The engine for graphics devices is not beside this page. Results are the same on every device."
        }
        DeviceState::CpuFaster => {
            let by = times.map_or_else(String::new, |times| format!(" by {times} times"));
            return format!(
                "For a network this small the CPU won the one-second probe{by}. Results are the same on every device."
            );
        }
        DeviceState::GpuFailed => "The graphics device gave a wrong result or none, so it is not used.",
        DeviceState::GpuWaits => "The graphics device is ready and takes over when this run has ended.",
        DeviceState::CpuChosen => "You chose the CPU engine.",
        DeviceState::Lost => "The graphics device stopped answering and is started again.",
    };
    words.into()
}

pub fn device_name(key: &str) -> &'static str {
    match key {
        "webgpu" => "WebGPU",
        "cpu" => "CPU",
        _ => "–",
    }
}

pub const fn theme(theme: Theme) -> &'static str {
    match theme {
        Theme::System => "as the system",
        Theme::Light => "light",
        Theme::Dark => "dark",
    }
}

// --- notices ---

fn notice(bold: &str, rest: &str) -> Notice {
    Notice { bold: bold.into(), rest: rest.into(), alert: false, action: None }
}

pub fn lost() -> Notice {
    Notice {
        alert: true,
        action: Some(("Go on with CPU instead".into(), Act::UseCpu)),
        ..notice(
            "The graphics device stopped answering.",
            "This layer starts again on a new device; its result is the same, since the seed is. \
             Nothing finished is lost.",
        )
    }
}

pub fn lost_twice() -> Notice {
    Notice {
        alert: true,
        ..notice("The graphics device was lost again, so the CPU takes over.", "This layer starts again there.")
    }
}

pub fn panicked(report: String) -> Notice {
    Notice {
        alert: true,
        action: Some(("Copy the report".into(), Act::CopyReport(report))),
        ..notice("The engine stopped at an error of its own.", "It was started again; finished layers are kept.")
    }
}

pub fn no_webgpu() -> Notice {
    notice(
        "This browser has no WebGPU, so the CPU engine runs.",
        "Results are the same; the larger networks are slower.",
    )
}

pub fn storage_full() -> Notice {
    Notice {
        action: Some(("Delete them".into(), Act::DropOldRuns)),
        ..notice("The browser's storage for this page is full.", "The three oldest runs can go.")
    }
}

pub fn not_loaded() -> Notice {
    notice("This part of the page could not be loaded.", "Look at the connection and press again; nothing is lost.")
}

pub fn refused(wrong: &Wrong) -> Notice {
    let action = wrong.why.contains("newer Palimpsest").then(|| ("Reload".into(), Act::Reload));
    Notice { action, ..notice(&format!("{}.", capital(&wrong.what)), &format!("{}.", capital(&wrong.why))) }
}

pub fn broken_link(wrong: &Wrong) -> Notice {
    let action = wrong.why.contains("newer Palimpsest").then(|| ("Reload".into(), Act::Reload));
    Notice { action, ..notice("This link cannot be read.", &format!("{}. The default is shown.", capital(&wrong.why))) }
}

pub fn run_refused(message: &str) -> Notice {
    notice("This run was refused.", &format!("{}.", capital(message.trim_end_matches('.'))))
}

pub fn not_a_file(name: &str) -> Notice {
    notice(
        &format!("{name} is none of the files this page reads."),
        "A run file ends in .toml or .json, weights in .safetensors, IDX data in -ubyte or -ubyte.gz.",
    )
}

pub fn file_taken(name: &str, as_what: &str) -> Notice {
    notice(&format!("{name} is loaded."), as_what)
}
