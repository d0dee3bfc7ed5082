//! The strip: source, layers, notes, and the place for the next one.

use super::{layer_menu, strip_notes::Notes, words};
use crate::{
    labs::part::attempt,
    run::{OpenDialog, START, View, catalogue, strip::Slot},
    ui::{Button, Glyph, Icon, Marks, MenuButton, PageHost, elements},
};
use leptos::{ev, prelude::*};
use report::{Chart as _, Role, Status, chart::Ribbon};
use spec::Family;
use web_sys::HtmlElement;

/// The line from the source network to the place for the next layer.
#[component]
pub fn StripView() -> impl IntoView {
    let view = View::get();
    let run = view.run;
    let layer = Memo::new(move |_| view.layer());
    Effect::new(move |_| {
        layer.track();
        run.slots.track();
        request_animation_frame(|| show_selected().unwrap_or_default());
    });
    let first = Memo::new(move |_| run.line().first().cloned());
    let follows = move || first.get().is_some_and(|first| run.is_done(&first));
    let slots = move || run.slots.get().into_iter().enumerate().collect::<Vec<_>>();
    // A slot that stays as it is keeps its place in the document, and with it the focus.
    let key = move |(place, slot): &(usize, Slot)| {
        let name = |at: &usize| run.strip.with_untracked(|strip| strip.name(*at));
        let names: Vec<String> = slot.versions.iter().chain(&slot.notes).map(name).collect();
        (*place, name(&slot.used), names)
    };
    view! {
        <ol class="strip" tabindex="-1" on:keydown=move |event| arrows(view, &event)>
            <li class="layer" class:follows=follows>
                <SourceCard />
            </li>
            <For each=slots key=key let:item>
                <LayerSlot place=item.0 of=item.1 />
            </For>
            <li>
                <Button
                    class="add"
                    title="Add a layer"
                    name="Add a layer"
                    press=move || view.open(OpenDialog::Chooser { replace: None, lab: None })
                >
                    <Glyph icon=Icon::More />
                </Button>
            </li>
        </ol>
    }
}

/// Scrolls the strip, and nothing else, until the selected layer is in view.
fn show_selected() -> Option<()> {
    let (strip, card) = (elements::find(".strip")?, elements::find(".layer.selected")?);
    let left = card.offset_left() - strip.offset_left();
    let (from, width) = (strip.scroll_left(), strip.client_width());
    if elements::matches("(max-width: 900px)") {
        strip.set_scroll_left(left - 16);
    } else if left < from {
        strip.set_scroll_left(left - 8);
    } else if left + card.offset_width() + 60 > from + width {
        strip.set_scroll_left(left + card.offset_width() + 60 - width);
    }
    Some(())
}

/// One tab stop; arrows move along the line.
fn arrows(view: View, event: &ev::KeyboardEvent) {
    match event.key().as_str() {
        "ArrowLeft" => view.step_layer(-1),
        "ArrowRight" => view.step_layer(1),
        _ => return,
    }
    event.prevent_default();
    request_animation_frame(|| elements::focus(".strip [tabindex='0']"));
}

/// Where the line starts.
#[component]
fn SourceCard() -> impl IntoView {
    let run = View::get().run;
    view! {
        <div class="card">
            <span class="head">
                <b>"Source"</b>
                <span>{move || words::knows(run)}</span>
            </span>
            <span class="title">{move || run.view(|view| view.source().title)}</span>
            <Bars name=START.into() role=Role::Pencil />
        </div>
    }
}

/// Accuracy of every class after this layer, with what it was before.
#[component]
fn Bars(
    /// The layer.
    name: String,
    /// Its colour.
    #[prop(into)]
    role: Signal<Role>,
) -> impl IntoView {
    let run = View::get().run;
    let scene = Memo::new(move |_| {
        let values = run.by_class_now(&name);
        let before = if name == START { vec![] } else { run.by_class(&run.parent_of(&name), "test") };
        let classes = values.len().max(run.class_names(&run.task_of(&name)).len());
        Ribbon { values, before, classes, role: role.get() }.scene(Ribbon::WIDTH, Ribbon::HEIGHT)
    });
    view! { <Marks scene class="ribbon" stretched=true /> }
}

/// The state of a layer, as its card shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    /// It was played, and what it hangs on has changed since.
    Stale,
    Planned,
    Running,
    Done,
    Cancelled,
    Failed,
}

impl Stands {
    fn of(view: View, name: &str) -> Self {
        match view.run.outcome(name).map(|outcome| outcome.status.clone()) {
            None | Some(Status::Waiting) if view.run.is_stale(name) => Self::Stale,
            None | Some(Status::Waiting | Status::Skipped(_)) => Self::Planned,
            Some(Status::Running | Status::Paused) => Self::Running,
            Some(Status::Done) => Self::Done,
            Some(Status::Cancelled) => Self::Cancelled,
            Some(Status::Failed(_)) => Self::Failed,
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Stale => "stale",
            Self::Planned => "planned",
            Self::Running => "running",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    /// At the right of the card's head; `done` stands where a layer is done and has an accuracy.
    fn word(self, done: Option<f64>) -> String {
        match self {
            Self::Stale => "runs again".into(),
            Self::Planned => "planned".into(),
            Self::Running => "writing".into(),
            Self::Done => done.map_or_else(|| "done".into(), |accuracy| report::figure::percent(accuracy, 1)),
            Self::Cancelled | Self::Failed => "stopped".into(),
        }
    }
}

/// One place on the line: its card, its menu, and the notes under it.
#[component]
fn LayerSlot(
    /// Its place, from 0.
    place: usize,
    /// Its versions and notes.
    of: Slot,
) -> impl IntoView {
    let (view, host) = (View::get(), PageHost::get());
    let run = view.run;
    let names = run.line();
    let (name, next) = (StoredValue::new(names[place].clone()), names.get(place + 1).cloned());
    let is_selected = Memo::new(move |_| name.with_value(|name| view.layer() == *name));
    let stands = Memo::new(move |_| name.with_value(|name| Stands::of(view, name)));
    let count = of.versions.len();
    let follows = move || next.as_ref().is_some_and(|next| run.is_done(next));
    let menu = move |anchor: HtmlElement| {
        attempt(view, run.notices, layer_menu::open(host, view, name.get_value(), anchor));
    };
    view! {
        <li class=move || {
            let mut class = format!("layer {}", stands.get().class());
            for (on, word) in [(is_selected.get(), " selected"), (count > 1, " stack"), (follows(), " follows")] {
                class.push_str(if on { word } else { "" });
            }
            class
        }>
            <LayerCard place name count is_selected stands menu=menu />
            <MenuButton
                icon=Icon::Dots
                name="More"
                hint="What can be done with this layer"
                stop=Signal::derive(move || Some(is_selected.get()))
                open=menu
            />
            <Notes indices=of.notes />
        </li>
    }
}

/// A layer's card: what it does, its state, and how well each class is read.
#[component]
fn LayerCard(
    /// Its place, from 0.
    place: usize,
    /// The used version.
    name: StoredValue<String>,
    /// How many versions there are.
    count: usize,
    /// Whether it, or a note under it, is selected.
    is_selected: Memo<bool>,
    /// Its state.
    stands: Memo<Stands>,
    /// Opens its menu beside an element.
    #[prop(into)]
    menu: Callback<HtmlElement>,
) -> impl IntoView {
    let view = View::get();
    let run = view.run;
    let family = run.family(&name.get_value());
    let outcome = Memo::new(move |_| run.outcome(&name.get_value()));
    // After forgetting, what was to be kept counts.
    let kept = move || {
        let without = match family {
            Some(Family::Unlearn) => run.forgotten_classes(&name.get_value(), &run.task_of(&name.get_value())),
            _ => vec![],
        };
        let outcome = outcome.get()?;
        outcome.answers("test").and_then(|answers| answers.accuracy(&without)).or_else(|| outcome.accuracy())
    };
    // The bars of a layer that is written are of other samples than those of one that is done.
    let made_on = move || run.made_on(&name.get_value()).map(|on| format!("Accuracy by class: {on}"));
    let share = move || {
        let share =
            outcome.get().filter(|outcome| outcome.of > 0).map(|outcome| outcome.step as f64 / outcome.of as f64);
        format!("{}%", (100.0 * share.unwrap_or(0.0)).round())
    };
    let context = move |event: ev::MouseEvent| {
        event.prevent_default();
        if let Some(card) = elements::listener(&event) {
            menu.run(card);
        }
    };
    let role = Signal::derive(move || if is_selected.get() { Role::Keep } else { Role::Pencil });
    view! {
        <button
            class="card"
            type="button"
            title=(count > 1).then(|| format!("{count} versions of this layer; this one is used"))
            aria-pressed=move || is_selected.get().to_string()
            tabindex=move || if is_selected.get() { "0" } else { "-1" }
            on:click=move |_| view.select(&name.get_value())
            on:contextmenu=context
        >
            <span class="head">
                <b>{format!("{} {}", place + 1, family.map_or("", |family| &catalogue::family(family).verb))}</b>
                <span title=made_on>{move || stands.get().word(kept())}</span>
            </span>
            <span class="title">{move || run.title(&name.get_value())}</span>
            <Bars name=name.get_value() role />
            <i class="written" style:width=share></i>
        </button>
    }
}
