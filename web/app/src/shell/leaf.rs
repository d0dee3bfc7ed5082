//! The leaf: the same images in the same order, with the network's reading written over them where it is wrong.

use super::{
    leaf_asking::keep_asking,
    leaf_tiles::{ClassRow, Shown},
    tools::load_map,
};
use crate::{
    labs::{
        LABS,
        lab::{Overlay, Words},
        part::Part,
    },
    route::Route,
    run::{START, Side, View, sample},
    ui::{Segment, Segments, elements},
};
use leptos::{ev, prelude::*};
use report::{figure::fixed, outcome::SoFar};
use spec::{Family, Kind};

/// What the network reads of the fixed sample, and how well.
#[component]
pub fn Leaf() -> impl IntoView {
    let view = View::get();
    let overlay = overlay(view);
    let shown = Shown::new(view, overlay);
    keep_asking(shown);
    let is_points = Memo::new(move |_| {
        let task = shown.task.get();
        view.run.view(|view| view.kind(&task)) == Kind::Points
    });
    view! {
        <section class="leaf" aria-label="What the network knows now">
            <Head shown />
            <Show when=move || is_points.get() fallback=move || view! { <Tiles shown /> }>
                <Part load=load_map />
            </Show>
            <Foot shown />
        </section>
    }
}

/// What the open lab lays over the leaf.
fn overlay(view: View) -> Signal<Option<Overlay>> {
    let overlays: Vec<_> = LABS.iter().filter_map(|lab| Some((lab.id, (lab.overlay?)()))).collect();
    Signal::derive(move || {
        let open = Route::now(view).lab()?.id;
        overlays.iter().find(|(id, _)| *id == open).map(|(_, overlay)| *overlay)
    })
}

/// Heading, when, and the figure.
#[component]
fn Head(
    /// What the leaf shows.
    shown: Shown,
) -> impl IntoView {
    let (view, run) = (shown.view, shown.view.run);
    let figure = Memo::new(move |_| {
        let forgets = run.family(&shown.stage.get()) == Some(Family::Unlearn);
        let without = if forgets { run.forgotten_classes(&shown.stage.get(), &shown.task.get()) } else { vec![] };
        let (accuracy, on) = match shown.laid.get() {
            Some(leaf) => (leaf.accuracy, None),
            None => so_far(shown).map_or_else(
                || (shown.counted.get().and_then(|answers| answers.accuracy(&without)), None),
                |now| (Some(now.value), Some(now.label())),
            ),
        };
        (accuracy, !without.is_empty(), on)
    });
    let heading = move || {
        let lab = Route::now(view).lab().filter(|_| shown.laid.with(Option::is_some));
        lab.map_or(Words::PLAIN, |lab| lab.words).heading
    };
    let when = move || shown.laid.get().map_or_else(|| when(view, &shown.subject.get()), |leaf| leaf.when.clone());
    let number = move || figure.get().0.map_or_else(|| "–".into(), |accuracy| fixed(accuracy, 1));
    view! {
        <header>
            <div>
                <h2>{heading}</h2>
                <p class="sub">
                    {when} {move || figure.get().2.map(|on| format!("; figures: {on}"))}
                </p>
            </div>
            <b class="big">
                {number}
                <small>{move || if figure.get().1 { " % of kept" } else { " %" }}</small>
            </b>
        </header>
    }
}

/// The accuracy of the network on the leaf while it is written, if that is on data of its own.
fn so_far(shown: Shown) -> Option<SoFar> {
    let (run, stage) = (shown.view.run, shown.stage.get());
    let is_own = run.task_of(&stage) == shown.task.get() && !shown.view.is_off();
    run.outcome(&stage).filter(|_| is_own)?.so_far()
}

/// The line under the heading: which state of which layer the leaf shows.
fn when(view: View, layer: &str) -> String {
    if layer == START {
        return "The source network".into();
    }
    let place = view.run.number(layer);
    match view.run.outcome(layer) {
        Some(outcome) if outcome.is_live() => format!("While layer {place} is written"),
        Some(_) if view.is_off() => format!("Layer {place} with its adapter off"),
        Some(outcome) if outcome.is_done() => format!("After layer {place}"),
        Some(outcome) if outcome.has_answered() => match outcome.saved {
            Some(step) => format!("At step {step}, the last that is kept"),
            None => format!("As far as layer {place} came"),
        },
        _ => format!("Before layer {place}"),
    }
}

#[component]
fn Tiles(
    /// What the leaf shows.
    shown: Shown,
) -> impl IntoView {
    // The engine's names are most often those that stand there already: then no tile is built anew.
    let rows = Memo::new(move |_| {
        let names = shown.view.run.class_names(&shown.task.get());
        let rows = shown.sample.with(|sample| sample.rows.clone());
        let row = |(class, places): (u16, Vec<usize>)| {
            (class, names.get(usize::from(class)).cloned().unwrap_or_default(), places)
        };
        rows.into_iter().map(row).collect::<Vec<_>>()
    });
    view! {
        <div class="tiles" role="grid" aria-label="Images by class" on:keydown=arrows>
            <For each=move || rows.get() key=Clone::clone let:row>
                <ClassRow class=row.0 name=row.1 places=row.2 shown />
            </For>
        </div>
    }
}

/// One tab stop; arrows move inside.
fn arrows(event: ev::KeyboardEvent) {
    let row = sample::ROW as i32;
    let by = match event.key().as_str() {
        "ArrowLeft" => -1,
        "ArrowRight" => 1,
        "ArrowUp" => -row,
        "ArrowDown" => row,
        _ => return,
    };
    event.prevent_default();
    let at = elements::focused().and_then(|tile| tile.get_attribute("data-at")).and_then(|at| at.parse::<i32>().ok());
    elements::focus(&format!(".tile[data-at='{}']", at.unwrap_or(0) + by));
}

/// The legend, and the two sides.
#[component]
fn Foot(
    /// What the leaf shows.
    shown: Shown,
) -> impl IntoView {
    let view = shown.view;
    let words = Memo::new(move |_| {
        let words = Route::now(view).lab().map_or(Words::PLAIN, |lab| lab.words);
        (words.sides, words.legends)
    });
    let is_fresh = move || shown.fresh.get() && shown.laid.with(Option::is_none);
    let legend = move || match (is_fresh(), view.side.get()) {
        (true, _) => "not learnt yet",
        (false, side) => words.get().1[usize::from(side == Side::Other)],
    };
    let can_compare = move || match shown.overlay.get() {
        Some(overlay) => overlay.ready.get(),
        None => !shown.fresh.get() && shown.before.with(Option::is_some),
    };
    let options = Memo::new(move |_| {
        let [first, other] = words.get().0;
        vec![Segment::new(Side::All, first), Segment::new(Side::Other, other).disabled(!can_compare())]
    });
    view! {
        <footer>
            <span>
                <i class="legend" class:pale=move || shown.fresh.get()>
                    {move || if shown.fresh.get() { "" } else { "5" }}
                </i>
                {legend}
            </span>
            <Segments
                label="Show"
                class="segments tiny"
                options
                chosen=view.side
                choose=move |side| view.side.set(side)
            />
        </footer>
    }
}
