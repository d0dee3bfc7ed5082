//! Settings of the selected layer: method, data, generated controls, and the run as a file.

use super::{
    controls,
    icons::{Icon, icon, icon_button},
    strip::slot_of,
};
use crate::{
    state::strip::{Lab, START},
    store::{Dialog, Page, Route, catalogue, page},
    text,
};
use leptos::prelude::*;
use report::figure::fixed;
use serde_json::{Map, Value};
use spec::{Family, Pick, Widget};

pub fn panel() -> AnyView {
    let page = page();
    // The panel is rebuilt when another stage or another method is selected, not while a value is typed.
    let subject = Memo::new(move |_| {
        let selected = page.selected.get();
        let id = page.strip.with(|strip| strip.stage(&selected).map(|stage| stage.id.clone()));
        (page.route.get(), selected, id)
    });
    view! {
        <aside class="panel" class:open=move || page.drawer.get() aria-label="Settings of this layer" tabindex="-1">
            <span class="close narrow-only">
                {icon_button(Icon::Close, "Close settings", "Close settings", || false, move || page.drawer.set(false))}
            </span>
            {move || {
                let (route, selected, _) = subject.get();
                match route {
                    Route::Lab(lab) if selected == START => empty(lab),
                    Route::Lab(_) => of_stage(selected),
                    _ => crate::labs::side_panel(),
                }
            }}
        </aside>
    }
    .into_any()
}

fn empty(lab: Lab) -> AnyView {
    let page = page();
    view! {
        <h2>{text::lab(lab)}</h2>
        <p class="sub">"Nothing of this kind is on the strip yet."</p>
        <button
            class="button spaced"
            type="button"
            on:click=move |_| page.dialog.set(Some(Dialog::Chooser { replace: None, lab: Some(lab) }))
        >
            {icon(Icon::More)}
            "Choose a method"
        </button>
    }
    .into_any()
}

fn of_stage(name: String) -> AnyView {
    let page = page();
    let Some(method) = page.method(&name) else { return ().into_any() };
    let family = method.card.family;
    let place = untrack(|| text::layer_id(&page, &name));
    let is_layer = method.shape.is_layer();
    let what = text::verb(family).to_lowercase();
    let title =
        if is_layer { format!("Layer {place}: {what}") } else { format!("{} layer {place}", text::verb(family)) };
    let (opened, replaced) = (name.clone(), name.clone());
    view! {
        <h2>{title}</h2>
        {matches!(family, Family::Attack | Family::Defend).then(|| attack_or_defend(&page, &name))}
        <button
            class="method"
            type="button"
            title="Choose another method (/)"
            on:click=move |_| {
                page.dialog.set(Some(Dialog::Chooser { replace: Some(replaced.clone()), lab: Some(Lab::of(family)) }))
            }
        >
            <b>{method.card.title.clone()}</b>
            <kbd>"/"</kbd>
            <span class="sub">{method.card.summary.clone()}</span>
        </button>
        {versions(&page, &name)}
        {(Lab::of(family) == Lab::Transfer).then(|| start_from(page))}
        {(family == Family::Unlearn).then(|| forget_set(page))}
        {controls::settings(name)}
        <p class="group sub">
            "This run: "
            <button class="link" type="button" on:click=move |_| page.copy(&page.command())>
                "copy as a command"
            </button> " or "
            <button class="link" type="button" on:click=move |_| crate::labs::save_run_file(&page)>
                "file"
            </button> ". "
            <a href=format!("#/method/{}", method.card.id)>"About this method"</a>
        </p>
        {is_layer.then(|| off(page, opened))}
    }
    .into_any()
}

fn off(page: Page, name: String) -> AnyView {
    let last = {
        let name = name.clone();
        move || {
            page.slots.with(|slots| {
                let last = slots.last().map(|slot| page.strip.with(|strip| strip.name(slot.used)));
                last.as_ref() == Some(&name) && slots.len() > 1
            })
        }
    };
    view! {
        <p class="sub" hidden=move || !last()>
            <button class="link" type="button" on:click=move |_| page.take_off()>
                "Take this layer off"
            </button>
        </p>
    }
    .into_any()
}

/// Attack makes a note, Defend a layer.
fn attack_or_defend(page: &Page, name: &str) -> AnyView {
    let page = *page;
    let attacks = page.family(name) == Some(Family::Attack);
    let other = {
        let name = name.to_owned();
        move |family: Family| {
            let order = page.order();
            let here = order.iter().position(|stage| *stage == name);
            let near = order
                .iter()
                .enumerate()
                .filter(|(_, stage)| page.family(stage) == Some(family))
                .min_by_key(|(at, _)| at.abs_diff(here.unwrap_or(0)));
            match near {
                Some((_, stage)) => page.select(stage),
                None => page.dialog.set(Some(Dialog::Chooser { replace: None, lab: Some(Lab::Attack) })),
            }
        }
    };
    let defend = other.clone();
    view! {
        <span class="segments spaced" role="group" aria-label="Attack or defend">
            <button type="button" aria-pressed=attacks.to_string() on:click=move |_| untrack(|| other(Family::Attack))>
                "Attack"
            </button>
            <button
                type="button"
                aria-pressed=(!attacks).to_string()
                on:click=move |_| untrack(|| defend(Family::Defend))
            >
                "Defend"
            </button>
        </span>
    }
    .into_any()
}

/// Versions of this layer, to switch between.
fn versions(page: &Page, name: &str) -> AnyView {
    let page = *page;
    let Some(slot) = untrack(|| slot_of(&page, name)).filter(|slot| slot.versions.len() > 1) else {
        return ().into_any();
    };
    let rows = slot
        .versions
        .iter()
        .map(|&index| {
            let version = page.strip.with_untracked(|strip| strip.name(index));
            let used = index == slot.used;
            let title = format!(
                "{} {}",
                untrack(|| text::layer_id(&page, &version)),
                untrack(|| text::stage_title(&page, &version))
            );
            let selected = version == name;
            let (show, take) = (version.clone(), version.clone());
            view! {
                <li class:selected=selected>
                    <button class="link" type="button" on:click=move |_| page.select(&show)>
                        {title}
                    </button>
                    {if used {
                        view! { <small>"used"</small> }.into_any()
                    } else {
                        view! {
                            <button
                                class="link"
                                type="button"
                                title="What follows goes on from this version"
                                on:click=move |_| {
                                    page.edit(|strip| strip.use_version(&take, catalogue()));
                                    page.select(&take);
                                }
                            >
                                "use"
                            </button>
                        }
                            .into_any()
                    }}
                </li>
            }
        })
        .collect_view();
    view! {
        <div class="group">
            <h3>"Versions"</h3>
            <ul class="versions">{rows}</ul>
        </div>
    }
    .into_any()
}

fn start_from(page: Page) -> AnyView {
    let weights = move || {
        page.parameters
            .get()
            .map_or(String::new(), |count| format!(", {} weights", report::figure::short(count as f64)))
    };
    let data = move || {
        let task = page.task_of(&page.selected.get());
        let pick = page.task_pick(&task);
        let choice = pick.and_then(|pick| catalogue().tasks.iter().find(|choice| choice.id == pick.id));
        choice.map_or_else(|| task.clone(), |choice| choice.title.clone())
    };
    let presets = catalogue()
        .presets
        .iter()
        .map(|preset| view! { <option value=preset.id.clone()>{preset.title.clone()}</option> })
        .collect_view();
    let load = move |event: leptos::ev::Event| {
        let id = event_target_value(&event);
        if let Some(preset) = catalogue().presets.iter().find(|preset| preset.id == id) {
            page.load(preset.spec.clone());
        }
    };
    view! {
        <div class="group">
            <h3>"Start from"</h3>
            <p class="fact">{move || text::source_title(&page)} {weights}</p>
            <p class="fact">
                {data} <a class="aside" href="#/data">
                    "About the data"
                </a>
            </p>
            <label class="fact" for="preset">
                "Example"
            </label>
            <select id="preset" class="wide" on:change=load>
                <option value="">"Choose another …"</option>
                {presets}
            </select>
        </div>
    }
    .into_any()
}

/// The one hand-made part: what is to be forgotten, for every method alike.
fn forget_set(page: Page) -> AnyView {
    let kind = Memo::new(move |_| page.strip.with(|strip| strip.spec.forget.as_ref().map(|pick| pick.id.clone())));
    let pick = move |id: &str, key: &str, value: Value| {
        let params: Map<String, Value> = [(key.to_owned(), value)].into_iter().collect();
        page.edit(|strip| strip.set_forget(Pick { id: id.into(), params }));
    };
    let choose = move |id: &'static str| match id {
        "class" => pick("class", "class", 3.into()),
        "random" => pick("random", "fraction", 0.1.into()),
        _ => pick("picked", "ids", Value::Array(vec![])),
    };
    let kinds = catalogue()
        .forget
        .iter()
        .map(|choice| {
            let id: &'static str = &choice.id;
            view! {
                <button
                    type="button"
                    title=choice.help.clone()
                    aria-pressed=move || (kind.get().as_deref() == Some(id)).to_string()
                    on:click=move |_| choose(id)
                >
                    {choice.title.clone()}
                </button>
            }
        })
        .collect_view();
    let body = move || match kind.get().as_deref() {
        Some("class") => {
            let names = page.class_names(&page.task_of(&page.selected.get()));
            let buttons = names
                .into_iter()
                .enumerate()
                .map(|(class, name)| {
                    view! {
                        <button
                            type="button"
                            aria-pressed=move || (page.forget_class() == Some(class as u16)).to_string()
                            on:click=move |_| pick("class", "class", class.into())
                        >
                            {name}
                        </button>
                    }
                })
                .collect_view();
            view! { <div class="classes" role="group" aria-label="Class to forget">{buttons}</div> }.into_any()
        }
        Some("random") => {
            let share = move || {
                page.strip.with(|strip| {
                    strip.spec.forget.as_ref().and_then(|pick| pick.params.get("fraction")?.as_f64()).unwrap_or(0.1)
                })
            };
            let range =
                catalogue().forget.iter().find(|choice| choice.id == "random").and_then(|choice| {
                    match choice.controls.first()?.widget {
                        Widget::Slider { min, max, .. } => Some((min, max)),
                        _ => None,
                    }
                });
            let (min, max) = range.unwrap_or((0.01, 0.9));
            view! {
                <div class="control tall">
                    <label for="forget-share">"share of the images"</label>
                    <span class="value">{move || report::figure::percent(100.0 * share(), 0)}</span>
                    <span class="range" style:--p=move || format!("{}%", 100.0 * (share() - min) / (max - min))>
                        <input
                            type="range"
                            id="forget-share"
                            min=min
                            max=max
                            step="0.01"
                            prop:value=move || share().to_string()
                            on:input=move |event| {
                                if let Ok(value) = event_target_value(&event).parse::<f64>() {
                                    pick("random", "fraction", value.into());
                                }
                            }
                        />
                    </span>
                </div>
            }
            .into_any()
        }
        _ => {
            let count = move || {
                page.strip.with(|strip| {
                    strip
                        .spec
                        .forget
                        .as_ref()
                        .and_then(|pick| pick.params.get("ids")?.as_array().map(Vec::len))
                        .unwrap_or(0)
                })
            };
            view! {
                <p class="fact">
                    {move || match count() {
                        0 => "Nothing is chosen to forget. Pick at least one image by its number.".to_owned(),
                        1 => "One image is chosen.".into(),
                        n => format!("{} images are chosen.", fixed(n as f64, 0)),
                    }}
                </p>
                <input
                    class="field"
                    aria-label="Numbers of training images, with commas"
                    placeholder="12, 40, 77"
                    on:change=move |event| {
                        let ids: Vec<Value> = event_target_value(&event)
                            .split(',')
                            .filter_map(|part| part.trim().parse::<u32>().ok())
                            .map(Value::from)
                            .collect();
                        pick("picked", "ids", Value::Array(ids));
                    }
                />
            }
            .into_any()
        }
    };
    let seeds = move || page.strip.with(|strip| strip.spec.retrain_seeds.unwrap_or(1));
    let reseed = move |by: i32| {
        page.edit(|strip| {
            let now = strip.spec.retrain_seeds.unwrap_or(1);
            strip.spec.retrain_seeds = Some(now.saturating_add_signed(by).clamp(1, 100));
        });
    };
    view! {
        <div class="group">
            <h3>"What to forget"</h3>
            <span class="segments" role="group" aria-label="Kind of forget set">
                {kinds}
            </span>
            {body}
            <div class="control" title="Networks that never saw it, trained from scratch; fewer than three leave the noise unknown">
                <label for="retrain-seeds">"retrained seeds"</label>
                <span class="value">
                    <span class="stepper">
                        <button type="button" aria-label="fewer seeds" on:click=move |_| reseed(-1)>
                            {icon(Icon::Less)}
                        </button>
                        <input id="retrain-seeds" readonly prop:value=move || seeds().to_string() />
                        <button type="button" aria-label="more seeds" on:click=move |_| reseed(1)>
                            {icon(Icon::More)}
                        </button>
                    </span>
                </span>
            </div>
        </div>
    }
    .into_any()
}
