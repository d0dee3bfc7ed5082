//! What the engine knows, for people: methods, data sets, networks, and what a run file would do.

use crate::catalogue::catalogue;
use crate::host::Machine;
use crate::run::{self, RunFile};
use crate::speaker::{Listener, Speaker};
use crate::stop::Stop;
use crate::{file, math, text};
use engine::{Gate, Registry, Session};
use indexmap::{IndexMap, IndexSet};
use report::{Table, card, figure};
use serde_json::{Map, Value, json};
use spec::{Catalogue, Choice, Control, MethodInfo, RunSpec, Samples, Why, Wrong};
use std::path::Path;
use std::rc::Rc;

/// `palimpsest check`: reads data and weights too, so that a run file found right can be played.
pub fn check(of: &RunFile) -> Result<(), Stop> {
    let spec = of.spec()?;
    let points = run::points(&spec)?;
    let catalogue = catalogue();
    let mut session = session(&file::folder(&of.file), &spec);
    let fits = run::fit(&mut session, &points)?;
    let twins: IndexSet<[String; 2]> = fits.iter().flat_map(|fits| fits.twins.clone()).collect();
    let mut plan = plan(&spec, &fits[0].samples, points.len(), &catalogue);
    for [earlier, later] in twins {
        plan.push_str(&format!("\nstage.{later}: {}\n", engine::twin_warning(&earlier)));
    }
    let plan: String = plan.lines().map(|line| text::plain(line) + "\n").collect();
    Ok(text::print(&plan)?)
}

/// `palimpsest recipes`
pub fn recipes() -> Result<(), Stop> {
    let mut out = String::new();
    for recipe in catalogue().recipes {
        out.push_str(&format!("{}\n{}\n", recipe.id, text::wrapped(&format!("{}. {}", recipe.title, recipe.about), 2)));
    }
    out.push_str("`palimpsest run NAME` plays one, `palimpsest check NAME` says what it does.\n");
    Ok(text::print(&out)?)
}

/// `palimpsest data`
pub fn data(name: Option<&str>) -> Result<(), Stop> {
    let catalogue = catalogue();
    let kinds = [
        ("Data sets", "tasks.NAME", &catalogue.tasks),
        ("Networks", "model", &catalogue.nets),
        ("Forget sets", "forget", &catalogue.forget),
    ];
    let mut out = String::new();
    let Some(name) = name else {
        out.push_str(&format!("{}\n", text::keys()));
        for (title, key, choices) in kinds {
            out.push_str(&format!("{title} ({key} = {{ id = \"…\" }})\n"));
            for choice in choices {
                out.push_str(&format!("  {:10}{}: {}\n", choice.id, choice.title, choice.help));
                if !choice.licence.is_empty() {
                    out.push_str(&format!("{}\n", text::wrapped(&choice.licence, 12).trim_end()));
                }
                if !choice.controls.is_empty() {
                    let keys: Vec<&str> = choice.controls.iter().map(|control| control.key.as_str()).collect();
                    out.push_str(&text::wrapped(&format!("Settings: {}", keys.join(", ")), 12));
                }
                if let Some(of) = samples_of(choice) {
                    out.push_str(&text::wrapped(&of, 12));
                }
            }
            out.push('\n');
        }
        out.push_str("`palimpsest data NAME` shows ranges and defaults.\n");
        return Ok(text::print(&out)?);
    };
    let found: Vec<(&str, &Choice)> = kinds
        .iter()
        .flat_map(|(_, key, choices)| choices.iter().map(move |choice| (*key, choice)))
        .filter(|(_, choice)| choice.id == name)
        .collect();
    if found.is_empty() {
        let known = kinds.iter().flat_map(|(_, _, choices)| choices.iter().map(|choice| choice.id.as_str()));
        return Err(Wrong::unknown("data set, network or forget set", "data", name, known).into());
    }
    for (key, choice) in found {
        out.push_str(&format!("{key} = {{ id = \"{}\" }}: {}\n", choice.id, choice.title));
        out.push_str(&text::wrapped(&choice.help, 0));
        out.push_str(&text::wrapped(&choice.licence, 0));
        if let Some(of) = samples_of(choice) {
            out.push_str(&text::wrapped(&of, 0));
        }
        settings(&mut out, &choice.controls);
    }
    Ok(text::print(&out)?)
}

/// How many samples of a data set are for what, with the settings that it has by default; `None` of a network or forget
/// set, and of a set that needs files.
fn samples_of(choice: &Choice) -> Option<String> {
    choice.facts.as_ref()?;
    let file = format!(
        "version = 1\ntasks.it = {{ id = \"{}\" }}\nmodel = {{ id = \"linear\" }}\n\
         stage = [{{ id = \"train.scratch\" }}]",
        choice.id
    );
    let spec = RunSpec::read(&file).ok()?;
    let fits = pollster::block_on(session(Path::new("."), &spec).fits(spec)).ok()?;
    Some(format!("Samples by default: {}", report::table::samples(&fits.samples["it"])))
}

/// The engine on the CPU, to read what a run file names; `folder` is where the run file lies.
fn session(folder: &Path, spec: &RunSpec) -> Session {
    let gate = Rc::new(Gate::default());
    let speaker = Speaker::new(Listener::Patient, catalogue(), spec, None);
    let machine = Rc::new(Machine::new(folder.into(), gate.clone(), speaker));
    Session::new(engine::Opened::cpu(Why::Default), machine, gate, Registry::shipped())
}

/// `palimpsest metrics`
pub fn metrics() -> Result<(), Stop> {
    let mut out = String::new();
    for row in report::table::glossary(catalogue().metrics()).rows {
        let [label, unit, better, help] = &row[..] else { unreachable!("a glossary has four columns") };
        let unit = if unit.is_empty() { String::new() } else { format!(", {unit}") };
        let better = if better.is_empty() { String::new() } else { format!("; {better}") };
        out.push_str(&format!("{label}{unit}{better}\n{}", text::wrapped(&format!("{}.", figure::capital(help)), 2)));
    }
    out.push_str(&format!("\n{}", text::wrapped(report::table::SPREAD, 0)));
    Ok(text::print(&out)?)
}

/// `palimpsest list`
pub fn list(json: bool) -> Result<(), Stop> {
    let Catalogue { families, methods, .. } = catalogue();
    if json {
        let methods: Vec<Value> = methods.iter().map(basics).collect();
        return Ok(text::print(&format!("{:#}\n", Value::Array(methods)))?);
    }
    let width = methods.iter().map(|method| method.card.id.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for family in &families {
        let of: Vec<&MethodInfo> = methods.iter().filter(|method| method.card.family == family.family).collect();
        if !of.is_empty() {
            out.push_str(&format!("{}\n", family.label));
        }
        for MethodInfo { card, .. } in of {
            out.push_str(&format!("  {:width$}  {}\n", card.id, card.summary));
        }
    }
    Ok(text::print(&out)?)
}

/// `palimpsest show`
pub fn method(id: &str) -> Result<(), Stop> {
    let catalogue = catalogue();
    let known = catalogue.methods.iter().map(|method| method.card.id.as_str());
    let method = catalogue.method(id).ok_or_else(|| Wrong::unknown("method", "show", id, known))?;
    let card = &method.card;
    let kinds: Vec<&str> = card.needs.kinds.iter().map(|kind| kind.word()).collect();
    let takes = format!("{} of at least {} classes", kinds.join(" and "), card.needs.min_classes);
    let family = catalogue.family(card.family).map_or("", |family| &family.label);
    let mut out = format!("{} · {} · {family}\n", card.id, card.title);
    let equation = math::line(&card.equation).expect("a test holds that equations are MathML");
    out.push_str(&format!("{}\n\n  {equation}\n\n", card.summary));
    for (name, what) in
        [("Paper", card::paper(card)), ("Takes", takes), ("Needs", card::needs(method)), ("Notes", card.notes.clone())]
    {
        out.push_str(&format!("{name:8}{}", text::wrapped(&what, 8).trim_start()));
    }
    settings(&mut out, &method.controls);
    Ok(text::print(&out)?)
}

fn basics(method: &MethodInfo) -> Value {
    let card = &method.card;
    json!({
        "id": card.id,
        "title": card.title,
        "family": card.family,
        "shape": method.shape,
        "summary": card.summary,
        "authors": card.authors,
        "year": card.year,
        "paper": card.paper,
        "needs": card.needs,
    })
}

fn settings(out: &mut String, controls: &[Control]) {
    out.push_str(if controls.is_empty() { "\nNo settings\n" } else { "\nSettings\n" });
    for setting in Control::flat(controls) {
        let (path, control) = (setting.key(), setting.control);
        let symbol = control.symbol.as_ref().map_or(String::new(), |symbol| format!(" {symbol}"));
        let unit = control.unit.as_ref().map_or(String::new(), |unit| format!(" {unit}"));
        let default = match &control.default {
            Value::Null => "none".into(),
            Value::String(text) if text.is_empty() => "empty".into(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let needs = control.needs.as_ref().map_or(String::new(), |(key, value)| format!(", while {key} is {value}"));
        let range = card::range(&control.widget);
        out.push_str(&format!("  {path}{symbol}: {range}{unit}, default {default}{needs}\n"));
        if !control.help.is_empty() {
            out.push_str(&text::wrapped(&control.help, 6));
        }
    }
}

/// What playing this would do.
fn plan(spec: &RunSpec, samples: &IndexMap<String, Samples>, points: usize, catalogue: &Catalogue) -> String {
    let repeats = spec.repeats.unwrap_or(1);
    let name = if spec.name.is_empty() { "This run file".into() } else { format!("\"{}\"", text::plain(&spec.name)) };
    let plays = points * repeats as usize;
    let mut out = match plays {
        1 => format!("{name} is right: one run with seed {}.\n", spec.seed),
        _ if repeats == 1 => format!("{name} is right: {plays} runs, those of the grid.\n"),
        _ if points == 1 => format!("{name} is right: {plays} runs, with seeds from {}.\n", spec.seed),
        _ => format!("{name} is right: {plays} runs ({points} of the grid × {repeats} seeds from {}).\n", spec.seed),
    };
    out.push_str("\nTasks\n");
    for (name, pick) in &spec.tasks {
        out.push_str(&format!("  {}: {}{}\n", text::plain(name), pick.id, words(&pick.params)));
        if let Some(of) = samples.get(name) {
            out.push_str(&format!("    {}\n", report::table::samples(of)));
        }
    }
    out.push_str(&format!("Network\n  {}{}\n", spec.model.id, words(&spec.model.params)));
    for (name, source) in &spec.models {
        let on = said("on", source.on.as_ref());
        let draw = said("draw", Some(source.draw).filter(|draw| *draw > 0));
        out.push_str(&format!("  {name}: {}{}{on}{draw}\n", source.id, words(&source.params)));
    }
    if let Some(forget) = &spec.forget {
        out.push_str(&format!("Forget set\n  {}{}\n", forget.id, words(&forget.params)));
    }
    let mut table = Table::new(5, ["Stage", "Method", "From", "On", "Settings"]);
    for (index, stage) in spec.stages.iter().enumerate() {
        let from = match &stage.model {
            Some(pick) => format!("a new {}", pick.id),
            None => spec.parent_name(index, engine::is_layer),
        };
        let title = report::table::title(catalogue, &stage.id);
        let with = said("with", Some(stage.with.join(", ")).filter(|with| !with.is_empty()));
        let draw = said("draw", Some(stage.draw).filter(|draw| *draw > 0));
        let take = said("take", stage.take);
        let epsilons = said("epsilons", Some(json!(stage.epsilons)).filter(|_| !stage.epsilons.is_empty()));
        let on = spec.task_of(index, engine::is_layer);
        table.rows.push(vec![
            spec.stage_name(index),
            title,
            from,
            on,
            (words(&stage.params) + &with + &draw + &take + &epsilons).trim().into(),
        ]);
    }
    out.push_str(&format!("\n{}", text::table(&table)));
    for (path, values) in &spec.grid {
        out.push_str(&format!("\nGrid: {path} = {}", Value::Array(values.clone())));
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// A key as one would write it, after a space; nothing where it has no value.
fn said(key: &str, value: Option<impl std::fmt::Display>) -> String {
    value.map(|value| text::plain(&format!(" {key}={value}"))).unwrap_or_default()
}

/// Settings as one would write them: `epsilon=0.2 train.epochs=5`, each after a space.
fn words(params: &Map<String, Value>) -> String {
    fn list(out: &mut String, path: &str, params: &Map<String, Value>) {
        for (key, value) in params {
            match value {
                Value::Object(table) => list(out, &format!("{path}{key}."), table),
                Value::String(value) => out.push_str(&text::plain(&format!(" {path}{key}={value}"))),
                other => out.push_str(&text::plain(&format!(" {path}{key}={other}"))),
            }
        }
    }
    let mut out = String::new();
    list(&mut out, "", params);
    out
}
