//! One image, the change, and the image under attack, with what the network answers.

use super::{
    state::{Shot, Subject},
    target::{Target, budget, end},
    words,
};
use crate::ui::{Block, Chip, Chips, Image, Pixels, Range, Segment, Segments};
use leptos::prelude::*;
use report::figure::{capital, fixed};
use spec::changed_pixels;
use std::sync::Arc;

/// The three pictures and the budget.
#[component]
pub fn Triptych() -> impl IntoView {
    let target = Target::get();
    let shot = Memo::new(move |_| shot(target));
    let budget = Memo::new(move |_| target.epsilon());
    let change = Memo::new(move |_| shot.get().map(|shot| change(&shot, budget.get())));
    let factor = Memo::new(move |_| {
        let largest = change.with(|change| change.as_ref().map_or(0.0, |change| largest(change)));
        if budget.get() <= 0.1 || largest <= 0.0 { 10.0 } else { (1.0 / largest).floor().max(1.0) }
    });
    let clean = move || match shot.get() {
        Some(shot) => Some(shot.picture(shot.clean(0), false)),
        None => of_sample(target),
    };
    let difference = move || {
        let (shot, change) = (shot.get()?, change.get()?);
        let values: Vec<f32> = change.iter().map(|value| value * factor.get()).collect();
        Some(shot.picture(&values, true))
    };
    let attacked = move || {
        let (shot, change) = (shot.get()?, change.get()?);
        let values: Vec<f32> = shot.clean(0).iter().zip(&change).map(|(pixel, change)| pixel + change).collect();
        Some(shot.picture(&values, false))
    };
    let title = move || format!("One {}, attacked", target.run.view(|view| view.bare_thing(&target.data()).to_owned()));
    let is_drawn = Memo::new(move |_| matches!(target.image(), Some(Subject::Drawn(_))));
    let sub = move || match is_drawn.get() {
        true => "your drawing; choose another on the leaf",
        false => "choose another on the leaf",
    };
    let sample = move || target.run.samples(&target.data(), 1);
    let before = move || format!("the {} as it is", sample());
    let after = move || format!("the attacked {}", sample());
    view! {
        <Block
            title=Signal::derive(title)
            sub=Signal::derive(sub)
            tools=move || view! { <Victims /> }
        >
            <div class="triptych">
                <Answered image=Signal::derive(clean) name=Signal::derive(before) word="As it is: " shot after=false />
                <span class="operator">"+"</span>
                <figure>
                    <div class="picture">
                        <Pixels image=Signal::derive(difference) name="the change" />
                    </div>
                    <figcaption>{move || format!("The change, ×{}", factor.get())}</figcaption>
                    <Measures change shot />
                </figure>
                <span class="operator">"="</span>
                <Answered image=Signal::derive(attacked) name=Signal::derive(after) word="Attacked: " shot after=true />
            </div>
            <Budget budget shot />
        </Block>
    }
}

/// The image in hand under the attack in hand, once it is answered.
pub fn shot(target: Target) -> Option<Arc<Shot>> {
    let layer = target.victim()?;
    let (key, image) = (target.key(&layer)?, target.image()?);
    target.state.shot.get().filter(|shot| shot.key == key && shot.subject == image)
}

/// Until the answer comes, the last direction stands in, scaled to the slider's budget.
fn change(shot: &Shot, budget: f64) -> Vec<f32> {
    let scale = if shot.epsilon > 0.0 { budget / shot.epsilon } else { 0.0 } as f32;
    let both = shot.clean(0).iter().zip(shot.attacked(0));
    both.map(|(clean, attacked)| ((attacked - clean) * scale).clamp(-clean, 1.0 - clean)).collect()
}

fn largest(change: &[f32]) -> f32 {
    change.iter().fold(0.0, |most, value| most.max(value.abs()))
}

/// Before the first answer, the image as the leaf has it.
fn of_sample(target: Target) -> Option<Image> {
    match target.image()? {
        Subject::Drawn(drawing) => Some(drawing.image),
        Subject::Samples(ids) => {
            let images = target.sample().images?;
            Some(Image { shape: images.shape, values: images.of(*ids.first()?)?.into(), signed: false })
        }
    }
}

/// A picture with what the network answers.
#[component]
fn Answered(
    /// The picture.
    image: Signal<Option<Image>>,
    /// Its name for screen readers.
    name: Signal<String>,
    /// Before the answer.
    word: &'static str,
    /// The image in hand.
    shot: Memo<Option<Arc<Shot>>>,
    /// Whether it is the attacked one.
    after: bool,
) -> impl IntoView {
    let target = Target::get();
    let names = Memo::new(move |_| target.run.class_names(&target.data()));
    let shares = move |shot: &Shot| if after { shot.after[0].clone() } else { shot.before[0].clone() };
    let answer = Memo::new(move |_| {
        let shot = shot.get()?;
        let class = shot.classes[0][usize::from(after)];
        Some((names.with(|names| names.get(usize::from(class)).cloned())?, class != shot.labels[0]))
    });
    let chips = move || {
        let shares = shot.get().map(|shot| shares(&shot)).unwrap_or_default();
        let chip = |(class, share): (usize, f32)| Chip {
            name: names.with(|names| names.get(class).cloned()).unwrap_or_else(|| class.to_string()),
            share: share.into(),
        };
        shares.into_iter().enumerate().map(chip).collect::<Vec<_>>()
    };
    let is_wrong = Signal::derive(move || answer.get().is_some_and(|(_, wrong)| wrong));
    let named = move || answer.get().map(|(word, wrong)| view! { <b class:lose=wrong>{word}</b> });
    view! {
        <figure>
            <div class="picture">
                <Pixels image name />
            </div>
            <figcaption>{word} {named}</figcaption>
            <Chips shares=Signal::derive(chips) wrong=is_wrong />
        </figure>
    }
}

/// How large the change is.
#[component]
fn Measures(
    /// By pixel and channel.
    change: Memo<Option<Vec<f32>>>,
    /// The image in hand.
    shot: Memo<Option<Arc<Shot>>>,
) -> impl IntoView {
    let measures = move || {
        let (change, [channels, height, width]) = (change.get()?, shot.get()?.shape);
        let mean = change.iter().map(|value| value.abs()).sum::<f32>() / change.len().max(1) as f32;
        let pixels = height * width;
        let changed = || view! { <p>{format!("{} of {pixels} pixels", changed_pixels(&change, channels))}</p> };
        Some(view! {
            <p>{format!("largest {}", fixed(largest(&change).into(), 2))}</p>
            <p>{format!("mean {}", fixed(mean.into(), 2))}</p>
            // A point has none.
            {(pixels > 1).then(changed)}
        })
    };
    view! { <div class="sub measures">{measures}</div> }
}

/// The slider.
#[component]
fn Budget(
    /// Where it stands.
    budget: Memo<f64>,
    /// The image in hand.
    shot: Memo<Option<Arc<Shot>>>,
) -> impl IntoView {
    let target = Target::get();
    let method = Memo::new(move |_| target.shown());
    let end = Memo::new(move |_| end(&method.get()));
    let label = move || {
        let control = self::budget(&method.get());
        capital(control.map_or("change", |control| control.label.as_str())) + " "
    };
    let is_exact = move || shot.get().is_some_and(|shot| (shot.epsilon - budget.get()).abs() < 1e-9);
    view! {
        <div class="budget">
            <label for="epsilon">
                {label}
                <span class="symbol">"ε"</span>
            </label>
            <Range
                id="epsilon"
                class="range minium"
                max=end
                step=0.005
                value=budget
                put=move |value| target.state.epsilon.set(Some(value))
                spoken=Signal::derive(move || Some(format!("ε {}", fixed(budget.get(), 3))))
            />
            <b class:soon=move || !is_exact()>{move || fixed(budget.get(), 3)}</b>
        </div>
    }
}

/// Which network is attacked.
#[component]
fn Victims() -> impl IntoView {
    let target = Target::get();
    let options = Memo::new(move |_| {
        let option = |name: String| {
            let label = words::victim(target.run, &name);
            let is_planned = !target.run.is_done(&name);
            Segment::new(Some(name), label).disabled(is_planned)
        };
        target.victims().into_iter().map(option).collect::<Vec<_>>()
    });
    let chosen = Memo::new(move |_| target.victim());
    let choose = move |name: Option<String>| target.state.victim.set(name);
    view! { <Segments label="Which network is attacked" class="segments aside" options chosen choose /> }
}
