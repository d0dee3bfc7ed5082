//! The experiment as a link, as a command and as files, and files from elsewhere.

use crate::{
    labs::part::attempt,
    run::{
        START, View, catalogue, files,
        link::{self, CommandLine},
        strip::Strip,
    },
    shell::{self, document},
    ui::{Button, Glyph, Icon},
};
use leptos::{ev, prelude::*, wasm_split::SplitLoaderError};
use web_sys::HtmlInputElement;

/// A text to copy.
#[component]
fn Code(
    /// What is copied.
    text: String,
) -> impl IntoView {
    let notices = View::get().run.notices;
    let copied = text.clone();
    view! {
        <div class="code">
            <pre tabindex="0">{text}</pre>
            <Button class="button small" press=move || notices.copy(&copied)>
                <Glyph icon=Icon::Copy />
                "Copy"
            </Button>
        </div>
    }
}

fn link_of(view: View) -> String {
    format!("{}#r={}", document::address(), view.run.strip.with(|strip| link::encode(&strip.spec)))
}

fn command_of(view: View) -> CommandLine {
    let recipe =
        |recipe: &spec::Recipe| Some((recipe.id.clone(), Strip::new(recipe.spec.clone(), catalogue()).ok()?.spec));
    let recipes: Vec<_> = catalogue().recipes.iter().filter_map(recipe).collect();
    view.run.strip.with(|strip| link::command(&strip.spec, &recipes))
}

/// Copies the run as a command.
///
/// # Errors
/// The part cannot be had.
#[leptos::wasm_split::wasm_split(tools, fallible, wasm_split_path = ::leptos::wasm_split)]
pub fn copy_command(view: View) -> Result<(), SplitLoaderError> {
    view.run.notices.copy(&untrack(|| command_of(view)).text);
    Ok(())
}

/// All ways out and in.
#[component]
pub fn Share() -> impl IntoView {
    let view = View::get();
    let (link, command) = untrack(|| (link_of(view), command_of(view)));
    view! {
        <section>
            <h3>"Link to this experiment"</h3>
            <Code text=link />
            <p class="sub">
                "The link holds the settings and the seed, not the weights: whoever opens it runs it again, on their "
                "own machine. It never starts by itself."
            </p>
        </section>
        <section>
            <h3>"The same run on the command line"</h3>
            <Code text=command.text />
            {command.needs_file.then(|| view! { <p class="sub">"It needs the run file below beside it."</p> })}
        </section>
        <section>
            <h3>"Take it with you"</h3>
            <Files />
        </section>
        <section>
            <h3>"Bring one in"</h3>
            <BringIn />
        </section>
    }
}

#[component]
fn Files() -> impl IntoView {
    let view = View::get();
    let run = view.run;
    let name = run.strip.with_untracked(|strip| link::file_name(&strip.spec, "toml"));
    let layer = untrack(|| run.layer_of(&view.shown()));
    let has_weights = layer != START && run.has_weights(&layer);
    let label = if has_weights { format!("{layer}.safetensors") } else { "weights".into() };
    let hint = if has_weights { "" } else { "Play a layer first" };
    let save_run = move || attempt(view, run.notices, files::save_run_file(run));
    view! {
        <p class="actions">
            <Button class="button small" first=true press=save_run>
                <Glyph icon=Icon::Save />
                {name}
            </Button>
            <Button
                class="button small"
                title=hint
                disabled=Signal::derive(move || !has_weights)
                press=move || files::save_weights(&run, &layer)
            >
                <Glyph icon=Icon::Save />
                {label}
            </Button>
            <Button class="button small" press=move || files::save_runs_csv(run)>
                <Glyph icon=Icon::Save />
                "runs.csv"
            </Button>
            <Button class="button small" press=move || files::save_runs_json(run)>
                <Glyph icon=Icon::Save />
                "runs.json"
            </Button>
        </p>
    }
}

#[component]
fn BringIn() -> impl IntoView {
    let view = View::get();
    let take = move |event: ev::Event| {
        if let Some(chosen) = event_target::<HtmlInputElement>(&event).files() {
            attempt(view, view.run.notices, shell::files::take(view, chosen));
        }
    };
    // Any file can be chosen: the names of IDX files have no ending that a browser's list could be narrowed to.
    view! {
        <p class="sub">
            {format!("The page reads {}. Drop files anywhere on it, or ", files::readable())}
            <label class="link">
                "choose some" <input class="reader" type="file" multiple=true on:change=take />
            </label> "."
        </p>
    }
}
