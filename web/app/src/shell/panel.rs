//! Settings of the selected stage: method, what its lab adds, generated controls, and the run as a file.

use super::{dialogs, looks::Looks, settings::Settings};
use crate::{
    labs::{self, lab::Lab, part::attempt},
    pages::{Column, card},
    route::Route,
    run::{OpenDialog, START, View, cards, catalogue, files},
    ui::{Button, Glyph, Icon, IconButton},
};
use leptos::prelude::*;
use spec::MethodInfo;
use wasm_bindgen_futures::spawn_local;

/// The column at the left. It is rebuilt when another stage or another method is selected, not while a value is typed.
#[component]
pub fn Panel() -> impl IntoView {
    let view = View::get();
    let subject = Memo::new(move |_| {
        let selected = view.selected.get();
        let id = view.run.strip.with(|strip| strip.stage(&selected).map(|stage| stage.id.clone()));
        (Route::now(view).lab(), selected, id)
    });
    let body = move || {
        let (lab, selected, _) = subject.get();
        match lab {
            Some(lab) if selected == START => view! { <Empty lab /> }.into_any(),
            Some(_) => view! { <OfStage name=selected /> }.into_any(),
            None => view! { <Column /> }.into_any(),
        }
    };
    view! {
        <aside
            class="panel"
            class:open=move || view.drawer.get()
            aria-label="Settings of this layer"
            tabindex="-1"
        >
            <span class="close narrow-only">
                <IconButton
                    icon=Icon::Close
                    name="Close settings"
                    hint="Close settings"
                    press=move || view.drawer.set(false)
                />
            </span>
            {body}
        </aside>
    }
}

/// In a lab for which the strip has no stage.
#[component]
fn Empty(
    /// The open lab, whose methods are offered.
    lab: &'static Lab,
) -> impl IntoView {
    let view = View::get();
    view! {
        <h2>{lab.title}</h2>
        <p class="sub">"Nothing of this kind is on the strip yet."</p>
        <Button
            class="button spaced"
            press=move || view.open(OpenDialog::Chooser { replace: None, lab: Some(lab.id) })
        >
            <Glyph icon=Icon::More />
            "Choose a method"
        </Button>
    }
}

#[component]
fn OfStage(
    /// Name of the selected stage.
    name: String,
) -> impl IntoView {
    let view = View::get();
    let method = view.run.method(&name)?;
    let lab = labs::of(method.card.family);
    let verb = &catalogue::family(method.card.family).verb;
    let place = untrack(|| view.run.number(&name));
    let is_layer = method.shape.is_layer();
    let title = match is_layer {
        true => format!("Layer {place}: {}", verb.to_ascii_lowercase()),
        false => format!("{verb} layer {place}"),
    };
    let of_lab = |part: Option<fn(String) -> AnyView>| part.map(|part| part(name.clone()));
    Some(view! {
        <h2>{title}</h2>
        {of_lab(lab.above_method)}
        <MethodButton name=name.clone() method lab />
        <Versions name=name.clone() />
        {of_lab(lab.below_method)}
        <Settings stage=name.clone() />
        {is_layer.then(|| view! { <Looks /> })}
        <AsFile id=&method.card.id />
        {is_layer.then(|| view! { <TakeOff name /> })}
    })
}

/// The method, and the way to another one.
#[component]
fn MethodButton(
    /// Name of the stage whose method is replaced.
    name: String,
    /// Its method.
    method: &'static MethodInfo,
    /// The lab whose methods are offered first.
    lab: &'static Lab,
) -> impl IntoView {
    let view = View::get();
    let open = move || view.open(OpenDialog::Chooser { replace: Some(name.clone()), lab: Some(lab.id) });
    // No resource: it would make the first part of the page 7 KB larger.
    let cards = RwSignal::new_local(cards::known());
    spawn_local(async move { drop(cards.try_set(cards::cards().await)) });
    view! {
        <Button class="method" title="Choose another method (/)" press=open>
            <b>{method.card.title.clone()}</b>
            <kbd>"/"</kbd>
            <span class="sub">{move || card::summary(cards.get(), &method.card.id)}</span>
        </Button>
    }
}

/// The run as a command and as a file, and the page about the method.
#[component]
fn AsFile(
    /// Id of the stage's method, for the link to its page.
    id: &'static str,
) -> impl IntoView {
    let view = View::get();
    let notices = view.run.notices;
    let copy = move || attempt(view, notices, dialogs::share::copy_command(view));
    let save = move || attempt(view, notices, files::save_run_file(view.run));
    view! {
        <p class="group sub">
            "This run: "
            <Button class="link" press=copy>
                "copy as a command"
            </Button>
            " or "
            <Button class="link" press=save>
                "file"
            </Button>
            ". "
            <a href=Route::Method(id.into()).hash()>"About this method"</a>
        </p>
    }
}

#[component]
fn TakeOff(
    /// Name of the layer; the button is hidden while the strip cannot do without it.
    name: String,
) -> impl IntoView {
    let view = View::get();
    let name = StoredValue::new(name);
    let stays = move || view.run.strip.with(|strip| !strip.is_free(&name.get_value(), catalogue()));
    view! {
        <p class="sub" hidden=stays>
            <Button class="link" press=move || view.remove(&name.get_value())>
                "Take this layer off"
            </Button>
        </p>
    }
}

/// Versions of this layer, to switch between; nothing where there is one.
#[component]
fn Versions(
    /// Name of the selected version, or of a note under it.
    name: String,
) -> impl IntoView {
    let view = View::get();
    let slot = untrack(|| view.run.slot_of(&name)).filter(|slot| slot.versions.len() > 1)?;
    let version = move |index: usize| {
        let version = view.run.strip.with_untracked(|strip| strip.name(index));
        let is_selected = version == name;
        view! { <Version version is_selected is_used=index == slot.used /> }
    };
    Some(view! {
        <div class="group">
            <h3>"Versions"</h3>
            <ul class="versions">{slot.versions.into_iter().map(version).collect_view()}</ul>
        </div>
    })
}

#[component]
fn Version(
    /// Name of the version's stage.
    version: String,
    /// Whether its settings are shown.
    is_selected: bool,
    /// Whether what follows goes on from it.
    is_used: bool,
) -> impl IntoView {
    let view = View::get();
    let run = view.run;
    let title = untrack(|| format!("{} {}", run.number(&version), run.title(&version)));
    let version = StoredValue::new(version);
    let take = move || {
        view! {
            <Button
                class="link"
                title="What follows goes on from this version"
                press=move || view.use_version(&version.get_value())
            >
                "use"
            </Button>
        }
    };
    view! {
        <li class:selected=is_selected>
            <Button class="link" press=move || view.select(&version.get_value())>
                {title}
            </Button>
            <Show when=move || is_used fallback=take>
                <small>"used"</small>
            </Show>
        </li>
    }
}
