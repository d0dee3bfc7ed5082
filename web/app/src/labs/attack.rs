//! Attack and defend: one digit beside its attacked twin, and what every victim holds.

use crate::{
    browser, client,
    components::{
        block::{self, Drawn},
        chips::{Chip, chips},
        icons::{Icon, icon},
        leaf,
        pixels::{Image, pixels},
    },
    dom::*,
    state::strip::Lab,
    store::{Page, Side, catalogue, page},
    text,
};
use js_sys::Float32Array;
use report::{
    Role,
    chart::{Epsilon, Line, Rank, Walk},
    figure::{capital, fixed, percent},
};
use serde_json::Value;
use spec::{Control, Family, Pick, Question, START, Widget, metric};
use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

/// Budgets of the curve.
const BUDGETS: usize = 9;
/// Milliseconds between the last move of the slider and the question for the whole leaf.
const SETTLE: u64 = 150;

/// Samples attacked at one budget: the answer to `Question::Attack`.
#[derive(Clone, Debug, PartialEq)]
pub struct Shot {
    /// The attack's [`key`].
    pub key: String,
    pub ids: Vec<u32>,
    pub epsilon: f64,
    pub labels: Vec<u16>,
    pub shape: [usize; 3],
    pub clean: Vec<f32>,
    pub attacked: Vec<f32>,
    pub before: Vec<Vec<f64>>,
    pub after: Vec<Vec<f64>>,
    /// Confidence in the right answer after each step, 0 to 1.
    pub walk: Vec<Vec<f64>>,
}

impl Shot {
    fn read(key: String, ids: Vec<u32>, epsilon: f64, body: &Value, pixels: [Vec<f32>; 2]) -> Option<Self> {
        let [clean, attacked] = pixels;
        let lists = |key: &str| spec::read::<Vec<Vec<f64>>>(body[key].clone()).ok();
        let labels: Vec<u16> = spec::read(body["labels"].clone()).ok()?;
        let size = clean.len().checked_div(ids.len())?;
        let side = (size as f64).sqrt() as usize;
        let shape = if side * side == size { [1, side, side] } else { [1, 1, size] };
        let shot = Self {
            key,
            epsilon,
            labels,
            shape,
            before: lists("clean")?,
            after: lists("attacked")?,
            walk: lists("walk").unwrap_or_default(),
            ids,
            clean,
            attacked,
        };
        let n = shot.ids.len();
        let fits = shot.labels.len() == n
            && shot.before.len() == n
            && shot.after.len() == n
            && shot.attacked.len() == shot.clean.len()
            && shot.clean.len() == n * size;
        fits.then_some(shot)
    }

    fn size(&self) -> usize {
        self.shape.iter().product()
    }

    fn top(shares: &[f64]) -> Option<u16> {
        shares.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map(|(class, _)| class as u16)
    }
}

/// The leaf under attack.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    pub accuracy: Option<f64>,
    pub when: String,
    ids: Vec<u32>,
    labels: Vec<u16>,
    answers: HashMap<u32, u16>,
    images: Arc<HashMap<u32, Arc<[f32]>>>,
    shape: [usize; 3],
    shares: HashMap<u16, f64>,
}

impl Leaf {
    pub fn answer(&self, id: u32) -> Option<u16> {
        self.answers.get(&id).copied()
    }

    pub fn image(&self, place: usize) -> Option<Image> {
        let values = self.images.get(self.ids.get(place)?)?.clone();
        Some(Image { shape: self.shape, values, signed: false })
    }

    pub fn share(&self, class: u16) -> Option<f64> {
        self.shares.get(&class).copied().or_else(|| {
            let of: Vec<bool> = self
                .ids
                .iter()
                .zip(&self.labels)
                .filter(|(_, label)| **label == class)
                .filter_map(|(id, label)| Some(self.answers.get(id)? == label))
                .collect();
            (!of.is_empty()).then(|| 100.0 * of.iter().filter(|right| **right).count() as f64 / of.len() as f64)
        })
    }
}

/// Layers that can be attacked: played ones of the line that an attack asks, or that a defence starts from.
pub fn victims(page: &Page) -> Vec<String> {
    let line: Vec<String> =
        page.slots.with(|slots| page.strip.with(|strip| slots.iter().map(|slot| strip.name(slot.used)).collect()));
    let asked: Vec<String> = line.iter().filter(|name| attack_note(page, name).is_some()).cloned().collect();
    if asked.is_empty() { line } else { asked }
}

fn attacks(page: &Page, layer: &str) -> Vec<String> {
    page.view(|view| view.notes(layer)).into_iter().filter(|note| page.family(note) == Some(Family::Attack)).collect()
}

/// The attack on a layer that is shown: the selected one, else its first.
fn attack_note(page: &Page, layer: &str) -> Option<String> {
    let (attacks, selected) = (attacks(page, layer), page.selected.get());
    if attacks.contains(&selected) { Some(selected) } else { attacks.into_iter().next() }
}

/// The network under attack: the chosen one, else the one that the selected stage is about.
pub fn victim(page: &Page) -> Option<String> {
    let victims = victims(page);
    let chosen = page.victim.get().filter(|name| victims.contains(name) && page.is_done(name));
    chosen
        .or_else(|| {
            let layer = page.layer_of(&page.selected.get());
            [layer.clone(), page.parent_of(&layer)].into_iter().find(|name| name != START && page.is_done(name))
        })
        .or_else(|| victims.into_iter().rev().find(|name| page.is_done(name)))
}

/// Whether a network can be attacked in this lab with an image of a task.
pub fn takes(page: &Page, of: &str, id: u32) -> bool {
    let attacks = page.order().iter().any(|name| page.family(name).map(Lab::of) == Some(Lab::Attack));
    let is_one_set = |layer: String| page.is_one_set(of, &task(page, &layer));
    attacks && victim(page).is_some_and(is_one_set) && sample(page).ids.contains(&id)
}

/// The image in hand: the chosen one, else the second four, which shows much at a glance.
pub fn image(page: &Page) -> Option<u32> {
    page.image.get().or_else(|| {
        let sample = sample(page);
        let row = sample.rows.get(4).or(sample.rows.first())?;
        sample.ids.get(*row.1.get(1)?).copied()
    })
}

/// The data that a layer is attacked on: its attack's own, else what it learned from.
fn task(page: &Page, layer: &str) -> String {
    page.task_of(&attack_note(page, layer).unwrap_or_else(|| layer.into()))
}

fn sample(page: &Page) -> leaf::Sample {
    let layer = victim(page).unwrap_or_else(|| page.selected.get());
    leaf::sample(page, &layer, &task(page, &layer))
}

/// Method and settings of the attack on a layer, without its budget.
fn method(page: &Page, layer: &str) -> Pick {
    match attack_note(page, layer).or_else(|| {
        let selected = page.selected.get();
        (page.family(&selected) == Some(Family::Attack)).then_some(selected)
    }) {
        Some(note) => page.strip.with(|strip| {
            let stage = strip.stage(&note).cloned();
            stage.map_or_else(default_attack, |stage| Pick { id: stage.id, params: stage.params })
        }),
        None => default_attack(),
    }
}

/// The attack in hand: on the network under attack, or on what is going to be one.
fn shown(page: &Page) -> String {
    let layer = victim(page).unwrap_or_else(|| page.layer_of(&page.selected.get()));
    method(page, &layer).id
}

fn default_attack() -> Pick {
    let id = if catalogue().method("attack.pgd-linf").is_some() { "attack.pgd-linf" } else { "attack.fgsm" };
    Pick { id: id.into(), params: serde_json::Map::new() }
}

fn with_budget(mut pick: Pick, epsilon: f64) -> Pick {
    pick.params.insert("epsilon".into(), epsilon.into());
    pick
}

/// The network and the attack on it, whatever its budget.
fn key(page: &Page, layer: &str) -> Option<String> {
    let mut pick = method(page, layer);
    pick.params.shift_remove("epsilon");
    Some(format!("{} {} {:?}", page.print(layer)?, pick.id, pick.params))
}

fn budget(method: &str) -> Option<&'static Control> {
    catalogue().method(method)?.controls.iter().find(|control| control.key == "epsilon")
}

/// The slider's end; every attack's own range goes further. A budget that may be more than a pixel's full brightness is
/// a length.
fn end(method: &str) -> f64 {
    match budget(method).map(|control| &control.widget) {
        Some(Widget::Slider { max, .. }) if *max > 1.0 => 2.0,
        _ => 0.4,
    }
}

/// The slider, else the budget of the attack on the strip.
pub fn epsilon(page: &Page) -> f64 {
    page.epsilon.get().unwrap_or_else(|| {
        let selected = page.selected.get();
        let layer = page.layer_of(&selected);
        let note = [layer.clone(), page.parent_of(&layer)].iter().find_map(|name| attack_note(page, name));
        let own = note.or(Some(selected)).and_then(|name| page.setting(&name, &["epsilon"]).as_f64()).unwrap_or(0.2);
        own.min(end(&shown(page)))
    })
}

pub fn has_attacked(page: &Page) -> bool {
    victim(page).is_some_and(|name| {
        page.leaf_shot.with(|shot| shot.as_ref().is_some_and(|shot| Some(&shot.key) == key(page, &name).as_ref()))
            || played(page, &name).is_some()
    })
}

/// The finished attack on a layer.
fn played(page: &Page, layer: &str) -> Option<Arc<report::Outcome>> {
    let outcome = page.outcome(&attack_note(page, layer)?)?;
    (outcome.is_done() && outcome.answers("attacked").is_some()).then_some(outcome)
}

/// The leaf at the slider's budget; at the strip's own budget the whole test split counts.
pub fn attacked_leaf(page: &Page) -> Option<Leaf> {
    let layer = victim(page)?;
    let epsilon = epsilon(page);
    let sample = leaf::sample(page, &layer, &task(page, &layer));
    let title = catalogue().method(&method(page, &layer).id).map_or("", |method| method.card.title.as_str());
    let when = format!("Under {title}, ε {}", fixed(epsilon, 2));
    let note = attack_note(page, &layer);
    let own = note.and_then(|note| page.setting(&note, &["epsilon"]).as_f64());
    if let (true, Some(outcome)) = (own.is_some_and(|own| (own - epsilon).abs() < 1e-9), played(page, &layer)) {
        let answers = outcome.answers("attacked")?;
        let images = outcome.images.get("attacked");
        let of = |id: &u32| images.and_then(|images| Some((*id, images.of(*id)?.into())));
        let classes = usize::from(answers.labels.iter().copied().max().unwrap_or(0)) + 1;
        return Some(Leaf {
            accuracy: answers.accuracy(None),
            when,
            answers: answers.ids.iter().copied().zip(answers.classes.iter().copied()).collect(),
            images: Arc::new(sample.ids.iter().filter_map(of).collect()),
            shape: images.map_or([1, 8, 8], |images| images.shape),
            shares: answers
                .per_class(classes)
                .iter()
                .enumerate()
                .filter_map(|(class, share)| Some((class as u16, f64::from((*share)?))))
                .collect(),
            ids: sample.ids,
            labels: sample.labels,
        });
    }
    let shot = page.leaf_shot.get().filter(|shot| Some(&shot.key) == key(page, &layer).as_ref())?;
    let size = shot.size();
    let answers: HashMap<u32, u16> =
        shot.ids.iter().zip(&shot.after).filter_map(|(id, shares)| Some((*id, Shot::top(shares)?))).collect();
    let right = shot.ids.iter().zip(&shot.labels).filter(|(id, label)| answers.get(id) == Some(label)).count();
    Some(Leaf {
        accuracy: (!shot.ids.is_empty()).then(|| 100.0 * right as f64 / shot.ids.len() as f64),
        when: format!("Under {title}, ε {}, these {} images", fixed(shot.epsilon, 2), shot.ids.len()),
        images: Arc::new(
            shot.ids
                .iter()
                .enumerate()
                .map(|(at, id)| (*id, shot.attacked[at * size..(at + 1) * size].into()))
                .collect(),
        ),
        shape: shot.shape,
        shares: HashMap::new(),
        answers,
        ids: sample.ids,
        labels: sample.labels,
    })
}

fn ask(page: Page, layer: &str, ids: Vec<u32>, epsilon: f64, then: impl FnOnce(Option<Shot>) + 'static) {
    let Some(key) = untrack(|| key(&page, layer)) else { return };
    let (pick, task) = untrack(|| (with_budget(method(&page, layer), epsilon), task(&page, layer)));
    let question = Question::Attack { method: pick, task, samples: ids.clone() };
    client::ask(page, layer, false, question, &[], move |reply| {
        let shot = reply.ok().and_then(|(body, buffers)| {
            let floats = |at: usize| buffers.get(at).map(|buffer| Float32Array::new(buffer).to_vec());
            Shot::read(key, ids, epsilon, &body, [floats(0)?, floats(1)?])
        });
        then(shot);
    });
}

pub fn lab() -> AnyView {
    let page = page();
    keep_asking(page);
    [
        IntoAny::into_any(triptych(page)),
        el("div").attr("class", "pair").child(curve(page)).child(walk(page)).into_any(),
        every(page),
    ]
    .into_any()
}

/// One image follows the slider as fast as answers come, the newest budget wins; the leaf follows when it rests.
fn keep_asking(page: Page) {
    let wanted = memo(move || {
        page.engine.get();
        let layer = victim(&page)?;
        Some((key(&page, &layer)?, layer, image(&page)?, epsilon(&page)))
    });
    let busy = Rc::new(Cell::new(false));
    type Again = Rc<RefCell<Option<Rc<dyn Fn()>>>>;
    let again: Again = Rc::default();
    let go: Rc<dyn Fn()> = {
        let (busy, again) = (busy.clone(), Rc::downgrade(&again));
        Rc::new(move || {
            let Some((key, layer, id, epsilon)) = wanted.try_get_untracked().flatten() else { return };
            let has = page.shot.with_untracked(|shot| {
                shot.as_ref().is_some_and(|s| s.key == key && s.ids == [id] && s.epsilon == epsilon)
            });
            if has || busy.replace(true) {
                return;
            }
            // An engine that dies keeps no promise.
            let release = busy.clone();
            set_timeout(move || release.set(false), Duration::from_secs(2));
            let (busy, again) = (busy.clone(), again.clone());
            ask(page, &layer, vec![id], epsilon, move |shot| {
                busy.set(false);
                let failed = shot.is_none();
                if let Some(shot) = shot {
                    page.shot.set(Some(Arc::new(shot)));
                }
                let next = again.upgrade().and_then(|again| again.borrow().clone());
                if let (Some(next), false) = (next, failed) {
                    next();
                }
            });
        })
    };
    *again.borrow_mut() = Some(go.clone());
    // The loop lives as long as the lab is shown.
    let alive = StoredValue::new_local(again);
    effect(move || {
        wanted.get();
        alive.with_value(|_| {});
        go();
    });
    let timer = StoredValue::new(None::<TimeoutHandle>);
    effect(move || {
        let (Some((key, layer, _, epsilon)), side) = (wanted.get(), page.side.get()) else { return };
        let has = page
            .leaf_shot
            .with_untracked(|shot| shot.as_ref().is_some_and(|shot| shot.key == key && shot.epsilon == epsilon));
        if side != Side::Other || has {
            return;
        }
        let later = set_timeout_with_handle(
            move || {
                let ids = untrack(|| leaf::sample(&page, &layer, &task(&page, &layer))).ids;
                ask(page, &layer, ids, epsilon, move |shot| {
                    if let Some(shot) = shot {
                        page.leaf_shot.set(Some(Arc::new(shot)));
                    }
                });
            },
            Duration::from_millis(SETTLE),
        );
        timer.update_value(|timer| {
            if let Some(earlier) = std::mem::replace(timer, later.ok()) {
                earlier.clear();
            }
        });
    });
}

fn names(page: &Page, layer: Option<&str>) -> Vec<String> {
    page.class_names(&layer.map_or_else(|| page.task_of(&page.selected.get()), |layer| task(page, layer)))
}

fn triptych(page: Page) -> AnyView {
    let shot = memo(move || {
        let layer = victim(&page)?;
        let (key, id) = (key(&page, &layer)?, image(&page)?);
        page.shot.get().filter(|shot| shot.key == key && shot.ids == [id])
    });
    let method = memo(move || shown(&page));
    let end = memo(move || end(&method.get()));
    let label = move || {
        let control = budget(&method.get());
        capital(control.map_or("change", |control| control.label.as_str())) + " "
    };
    let budget = memo(move || epsilon(&page));
    let exact = memo(move || shot.get().is_some_and(|shot| (shot.epsilon - budget.get()).abs() < 1e-9));
    // Until the answer comes, the last direction stands in, scaled to the slider's budget.
    let change = memo(move || {
        let shot = shot.get()?;
        let scale = if shot.epsilon > 0.0 { budget.get() / shot.epsilon } else { 0.0 } as f32;
        Some(
            shot.clean
                .iter()
                .zip(&shot.attacked)
                .map(|(a, b)| ((b - a) * scale).clamp(-a, 1.0 - a))
                .collect::<Vec<f32>>(),
        )
    });
    let clean = move || {
        if let Some(shot) = shot.get() {
            return Some(Image { shape: shot.shape, values: shot.clean.clone().into(), signed: false });
        }
        let sample = sample(&page);
        let images = sample.images?;
        Some(Image { shape: images.shape, values: images.of(image(&page)?)?.into(), signed: false })
    };
    // The factor that fills the scale, in whole steps; ten where the budget is small.
    let factor = memo(move || {
        let largest = change.with(|change| {
            change.as_ref().map_or(0.0, |change| change.iter().fold(0.0_f32, |most, value| most.max(value.abs())))
        });
        if budget.get() <= 0.1 || largest <= 0.0 { 10.0 } else { (1.0 / largest).floor().max(1.0) }
    });
    let difference = move || {
        let (shot, change) = (shot.get()?, change.get()?);
        let values: Vec<f32> = change.iter().map(|value| value * factor.get()).collect();
        Some(Image { shape: shot.shape, values: values.into(), signed: true })
    };
    let attacked = move || {
        let (shot, change) = (shot.get()?, change.get()?);
        let values: Vec<f32> = shot.clean.iter().zip(&change).map(|(a, d)| a + d).collect();
        Some(Image { shape: shot.shape, values: values.into(), signed: false })
    };
    let shares = move |after: bool| {
        move || {
            let Some(shot) = shot.get() else { return vec![] };
            let names = names(&page, victim(&page).as_deref());
            let row = if after { &shot.after[0] } else { &shot.before[0] };
            row.iter()
                .enumerate()
                .map(|(class, share)| Chip {
                    name: names.get(class).cloned().unwrap_or_else(|| class.to_string()),
                    share: *share,
                })
                .collect()
        }
    };
    let answer = move |after: bool| {
        move || {
            let shot = shot.get()?;
            let top = Shot::top(if after { &shot.after[0] } else { &shot.before[0] })?;
            let word = names(&page, victim(&page).as_deref()).get(usize::from(top)).cloned()?;
            Some((word, top != shot.labels[0]))
        }
    };
    let is_wrong = move |after: bool| move || answer(after)().is_some_and(|(_, wrong)| wrong);
    let named =
        move |after: bool| move || answer(after)().map(|(word, wrong)| el("b").class("lose", wrong).child(word));
    let measures = move || {
        change.with(|change| {
            change.as_ref().map(|change| {
                let largest = change.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
                let mean = change.iter().map(|value| value.abs()).sum::<f32>() / change.len().max(1) as f32;
                let touched = change.iter().filter(|value| value.abs() > 0.01).count();
                [
                    el("p").child(format!("largest {}", fixed(largest.into(), 2))).into_any(),
                    el("p").child(format!("mean {}", fixed(mean.into(), 2))).into_any(),
                    el("p").child(format!("{touched} of {} pixels", change.len())).into_any(),
                ]
            })
        })
    };
    let set = move |event: web_sys::Event| {
        if let Some(value) = browser::number(&event_target_value(&event)) {
            page.epsilon.set(Some(value));
        }
    };
    let body = [
        el("div")
            .attr("class", "triptych")
            .child(
                el("figure")
                    .child(el("div").attr("class", "picture").child(pixels(clean, "the image as it is")))
                    .child(el("figcaption").child("As it is: ").child(named(false)))
                    .child(chips(shares(false), is_wrong(false))),
            )
            .child(el("span").attr("class", "operator").child("+"))
            .child(
                el("figure")
                    .child(el("div").attr("class", "picture").child(pixels(difference, "the change")))
                    .child(el("figcaption").child(move || format!("The change, ×{}", factor.get())))
                    .child(el("div").attr("class", "sub measures").child(measures)),
            )
            .child(el("span").attr("class", "operator").child("="))
            .child(
                el("figure")
                    .child(el("div").attr("class", "picture").child(pixels(attacked, "the attacked image")))
                    .child(el("figcaption").child("Attacked: ").child(named(true)))
                    .child(chips(shares(true), is_wrong(true))),
            )
            .into_any(),
        el("div")
            .attr("class", "budget")
            .child(el("label").attr("for", "epsilon").child(label).child(el("span").attr("class", "symbol").child("ε")))
            .child(
                el("span")
                    .attr("class", "range minium")
                    .style("--p", move || format!("{}%", 100.0 * budget.get() / end.get()))
                    // Anew for another end: a value is cut to the end that is there when it is set.
                    .child(move || {
                        el("input")
                            .attr("type", "range")
                            .attr("id", "epsilon")
                            .attr("min", "0")
                            .attr("max", end.get().to_string())
                            .attr("step", "0.005")
                            .attr("aria-valuetext", move || format!("ε {}", fixed(budget.get(), 3)))
                            .prop("value", move || budget.get().to_string())
                            .on(INPUT, set)
                            .into_any()
                    }),
            )
            .child(el("b").class("soon", move || !exact.get()).child(move || fixed(budget.get(), 3)))
            .into_any(),
    ]
    .into_any();
    let choices = memo(move || {
        let now = victim(&page);
        let choice =
            |name: String| (text::victim(&page, &name), now.as_ref() == Some(&name), !page.is_done(&name), name);
        victims(&page).into_iter().map(choice).collect::<Vec<_>>()
    });
    let buttons = move || {
        choices
            .get()
            .into_iter()
            .map(|(label, pressed, disabled, name)| {
                el("button")
                    .attr("type", "button")
                    .attr("aria-pressed", pressed.to_string())
                    .attr("disabled", disabled)
                    .on(CLICK, move |_| page.victim.set(Some(name.clone())))
                    .child(label)
            })
            .collect_view()
            .into_any()
    };
    let aside = el("span")
        .attr("class", "segments aside")
        .attr("role", "group")
        .attr("aria-label", "Which network is attacked")
        .child(buttons)
        .into_any();
    block::block("One digit, attacked", || "choose another on the leaf".into(), aside, body)
}

/// Robust accuracy of every played victim, asked once each.
fn curve(page: Page) -> AnyView {
    type Curves = HashMap<String, Vec<[f64; 2]>>;
    let curves = RwSignal::new(Curves::new());
    let asked = Rc::new(RefCell::new(std::collections::HashSet::new()));
    let idle = memo(move || page.playing.with(Option::is_none));
    effect(move || {
        page.engine.get();
        if !idle.get() {
            return;
        }
        for name in victims(&page) {
            let (true, Some(key)) = (page.is_done(&name), key(&page, &name)) else { continue };
            if !asked.borrow_mut().insert(key.clone()) {
                continue;
            }
            let task = task(&page, &name);
            let n = page.answers(&name, &task).map_or(100, |answers| answers.len());
            let method = method(&page, &name);
            let end = end(&method.id);
            let epsilons: Vec<f64> = (0..BUDGETS).map(|at| end * at as f64 / (BUDGETS - 1) as f64).collect();
            let budgets = epsilons.clone();
            let question = Question::Curve { method, task, epsilons, n };
            client::ask(page, &name, false, question, &[], move |reply| {
                let Ok((body, _)) = reply else { return };
                let accuracy: Vec<f64> = spec::read(body["accuracy"].clone()).unwrap_or_default();
                curves.try_update(|curves| {
                    curves.insert(key, budgets.into_iter().zip(accuracy).map(|(x, y)| [x, y]).collect());
                });
            });
        }
    });
    block::chart(
        "Accuracy under attack",
        || "% right, by ε".into(),
        236.0,
        "One line a network, once it is played",
        move |width| {
            let now = victim(&page);
            let end_of = |name: &String| end(&method(&page, name).id);
            let max = end(&shown(&page));
            let lines: Vec<Line> = victims(&page)
                .into_iter()
                .filter(|name| end_of(name) == max)
                .filter_map(|name| {
                    let mut points = curves.with(|curves| curves.get(&key(&page, &name)?).cloned())?;
                    // Where the strip's own attack measured, its figure stands: the same everywhere.
                    let own = attack_note(&page, &name).and_then(|note| page.view(|view| view.held(&note)));
                    for point in points.iter_mut() {
                        if let Some(own) = own.filter(|own| (own.0 - point[0]).abs() < 1e-9) {
                            *point = own.into();
                        }
                    }
                    let mine = now.as_deref() == Some(&name);
                    let hardened = page.family(&name) == Some(Family::Defend);
                    let role = if hardened { Role::Hard } else { Role::Lose };
                    let rank = if mine { Rank::Selected } else { Rank::Other };
                    Some(Line { name: text::victim(&page, &name), role, rank, points })
                })
                .collect();
            let chart = Epsilon { lines, epsilon: epsilon(&page), max };
            (!chart.lines.is_empty()).then(|| Drawn::of(&chart, width))
        },
        None,
    )
}

fn walk(page: Page) -> AnyView {
    let steps = memo(move || {
        let layer = victim(&page)?;
        let (key, id) = (key(&page, &layer)?, image(&page)?);
        let shot = page.shot.get().filter(|shot| shot.key == key && shot.ids == [id])?;
        shot.walk.first().cloned().filter(|walk| !walk.is_empty())
    });
    let at = RwSignal::new(None::<usize>);
    let last = memo(move || steps.with(|steps| steps.as_ref().map_or(0, |steps| steps.len() - 1)));
    let here = move || at.get().map_or(last.get(), |at| at.min(last.get()));
    let go = move |_| {
        if browser::matches("(prefers-reduced-motion: reduce)") {
            at.set(None);
            return;
        }
        at.set(Some(0));
        let handle = StoredValue::new(None::<IntervalHandle>);
        let tick = move || {
            // The lab may be left in the middle of a walk.
            let (now, last) = (at.try_get_untracked().flatten(), last.try_get_untracked());
            let next = now.unwrap_or(0) + 1;
            let over = last.is_none_or(|last| next >= last);
            at.try_set((!over).then_some(next));
            if over && let Some(handle) = handle.try_get_value().flatten() {
                handle.clear();
            }
        };
        handle.set_value(set_interval_with_handle(tick, Duration::from_millis(260)).ok());
    };
    let chart = block::chart(
        "Step by step",
        || "confidence in the right answer, %".into(),
        202.0,
        "Appears with the first attack",
        move |width| {
            let confidences: Vec<f64> = steps.get()?.into_iter().map(|share| 100.0 * share).collect();
            Some(Drawn::of(&Walk { confidences, at: here() }, width))
        },
        None,
    );
    el("div")
        .child(chart)
        .child(
            el("p")
                .attr("class", "actions walk")
                .child(
                    el("button")
                        .attr("class", "button small")
                        .attr("type", "button")
                        .attr("disabled", move || steps.with(Option::is_none))
                        .on(CLICK, go)
                        .child(icon(Icon::Play))
                        .child("Walk"),
                )
                .child(el("span").attr("class", "sub").child(move || {
                    steps.with(Option::is_some).then(|| {
                        let confidence = steps.with(|steps| steps.as_ref().and_then(|s| s.get(here()).copied()));
                        let percent = confidence.map_or(String::new(), |share| percent(100.0 * share, 0));
                        format!("Step {} of {}: {percent}", here(), last.get())
                    })
                })),
        )
        .into_any()
}

/// Figures of the table, by the key of their metric, with their decimals.
const COLUMNS: [(&str, usize); 6] = [
    ("robust_accuracy", 1),
    ("linf_median", 2),
    ("l2_median", 2),
    ("pixels_median", 0),
    ("queries", 0),
    ("gradients", 0),
];

/// Every attack on the line, and networks that none asks yet.
fn every(page: Page) -> AnyView {
    let rows = move || {
        let victims = victims(&page);
        let one = victims.len() == 1;
        let mut rows = Vec::new();
        for name in &victims {
            let attacks = attacks(&page, name);
            let many = attacks.len() > 1;
            if attacks.is_empty() {
                rows.push(row(page, name.clone(), text::victim(&page, name)));
            }
            rows.extend(attacks.into_iter().map(|attack| {
                let title = page.title(&attack);
                let network = text::victim(&page, name);
                let words = match (one, many) {
                    (true, _) => title,
                    (_, false) => network,
                    _ => format!("{network}: {title}"),
                };
                row(page, attack, words)
            }));
        }
        rows.into_any()
    };
    let heads = COLUMNS
        .iter()
        .map(|(key, _)| {
            let metric = metric(key).expect("in the table of figures");
            el("th").attr("scope", "col").attr("title", metric.help).child(metric.label)
        })
        .collect_view();
    let head = el("tr")
        .child(
            el("th").attr("scope", "col").child(move || if victims(&page).len() == 1 { "Attack" } else { "Network" }),
        )
        .child(heads);
    let body = el("table")
        .attr("class", "table results attacks")
        .child(el("thead").child(head))
        .child(el("tbody").child(rows))
        .into_any();
    block::block("Every attack", || "changes: median among fooled".into(), ().into_any(), body)
}

fn row(page: Page, name: String, words: String) -> AnyView {
    let outcome = page.outcome(&name).filter(|outcome| outcome.is_done());
    let cell = |(key, places): &(&str, usize)| {
        let value = outcome.as_ref().and_then(|outcome| outcome.figure(key));
        let unit = if *key == "robust_accuracy" { " %" } else { "" };
        el("td").child(value.map_or_else(|| "–".to_owned(), |value| fixed(value, *places) + unit))
    };
    let is_selected = page.selected.get() == name;
    el("tr")
        .class("selected", is_selected)
        .child(el("td").child(el("button").attr("type", "button").on(CLICK, move |_| page.select(&name)).child(words)))
        .child(COLUMNS.iter().map(cell).collect_view())
        .into_any()
}
