//! The page's signals, and what may be done to them.

use crate::{
    browser, client,
    dom::*,
    labs::attack::Shot,
    later::Later,
    state::{
        controls,
        runs::{self, Run},
        strip::{Lab, Slot, Strip},
    },
    text,
};
use report::{Answers, Images, Known, Outcome, RunView, Sentence};
use serde_json::Value;
use spec::{Catalogue, DeviceChoice, Event, Family, FamilyInfo, Kind, MethodInfo, Pick, RunSpec, START, Said, Why};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, LazyLock},
};

/// Everything known before an engine is loaded.
pub static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let value = serde_json::from_str::<Value>(include_str!(concat!(env!("OUT_DIR"), "/catalogue.json")));
    let value = value.expect("the catalogue is JSON");
    spec::read(value).expect("the catalogue is written by a test")
});

pub fn catalogue() -> &'static Catalogue {
    &CATALOGUE
}

/// What a family of methods is called.
pub fn family(family: Family) -> &'static FamilyInfo {
    catalogue().family(family).expect("the engine names every family")
}

#[derive(Clone, Debug, PartialEq)]
pub enum Route {
    Lab(Lab),
    Runs,
    Data,
    Method(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Loading,
    Ready,
    Restarting,
    /// No worker, no wasm: recorded figures only.
    Absent,
}

/// The device as the badge tells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Device {
    pub name: String,
    pub adapter: String,
    pub engine: String,
    pub state: DeviceState,
    /// By how much it won the probe, where there was one.
    pub times: Option<f64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceState {
    #[default]
    Checking,
    Gpu,
    Software,
    NoGpu,
    CpuAlone,
    CpuFaster,
    GpuFailed,
    /// It is ready, and takes over when the run in hand has ended.
    GpuWaits,
    CpuChosen,
    Lost,
}

impl DeviceState {
    /// By an engine's first word of its device.
    pub fn of(device: &str, software: bool, why: Why) -> Self {
        match (device, why) {
            ("cpu", Why::Chosen) => Self::CpuChosen,
            ("cpu", Why::Faster) => Self::CpuFaster,
            ("cpu", Why::Default) if browser::has_webgpu() => Self::Checking,
            ("cpu", Why::Default) => Self::NoGpu,
            _ if software => Self::Software,
            _ => Self::Gpu,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Dialog {
    Chooser {
        replace: Option<String>,
        lab: Option<Lab>,
    },
    Share,
    Keys,
    Badge,
    /// One image through every layer.
    Tile(u32),
    /// The images behind a cell of the confusion matrix: label, answer.
    Cell(u16, u16),
    /// More than this many seconds of work would be lost.
    Reset,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    pub bold: String,
    pub rest: String,
    pub alert: bool,
    pub action: Option<(String, Act)>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    CopyReport(String),
    UseCpu,
    Reload,
    DropOldRuns,
}

/// The run that the engine holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Playing {
    pub run: u32,
    /// Stages it will play, with the prints of their results.
    pub stages: Vec<(String, String)>,
    pub now: Option<String>,
    /// Milliseconds: when the stage in hand began.
    pub since: f64,
    pub paused: bool,
    pub follow: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    All,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    System,
    Light,
    Dark,
}

/// What waits for the live region: words, and whether they only tell how far it is.
struct Unsaid {
    lines: Vec<(String, bool)>,
    /// Milliseconds: when it spoke last.
    spoke: f64,
}

/// Milliseconds between two words of the live region.
const PAUSE: f64 = 5000.0;

#[derive(Clone, Copy)]
pub struct Page {
    pub strip: RwSignal<Strip>,
    pub slots: Memo<Vec<Slot>>,
    /// What each stage's result hangs on, by name.
    pub prints: Memo<HashMap<String, String>>,
    pub outcomes: RwSignal<HashMap<String, Arc<Outcome>>>,
    /// Answers of a model on a task that it was not played on, or of its base alone: (print, task, base).
    pub asked: RwSignal<HashMap<(String, String, bool), Arc<Answers>>>,
    /// The leaf's images by the task's print.
    pub samples: RwSignal<HashMap<String, Arc<Images>>>,
    pub classes: RwSignal<HashMap<String, Vec<String>>>,
    /// Layers of the network with their numbers of weights.
    pub layers: RwSignal<Vec<(String, usize)>>,
    pub parameters: RwSignal<Option<usize>>,
    pub estimates: RwSignal<HashMap<String, f64>>,
    /// What the engine says of the run file as a whole, when it cannot be played.
    pub trouble: RwSignal<Option<String>>,
    pub selected: RwSignal<String>,
    pub route: RwSignal<Route>,
    /// Milliseconds: when the visitor last chose a lab by hand.
    pub chose: RwSignal<f64>,
    pub engine: RwSignal<Engine>,
    pub device: RwSignal<Device>,
    pub choice: RwSignal<DeviceChoice>,
    /// The engine computes with burn's own operations alone.
    pub plain: RwSignal<bool>,
    pub playing: RwSignal<Option<Playing>>,
    /// Names of stages that were finished once.
    pub played: RwSignal<HashSet<String>>,
    pub queued: RwSignal<bool>,
    pub taken_off: RwSignal<Vec<Strip>>,
    pub dialog: RwSignal<Option<Dialog>>,
    pub drawer: RwSignal<bool>,
    pub notice: RwSignal<Option<Notice>>,
    /// One quiet line under the strip, known before the first paint.
    pub quiet: RwSignal<Option<Notice>>,
    pub toast: RwSignal<String>,
    /// What the live region says.
    pub live: RwSignal<String>,
    unsaid: StoredValue<Unsaid>,
    pub runs: RwSignal<Vec<Run>>,
    pub side: RwSignal<Side>,
    pub theme: RwSignal<Theme>,
    pub dark: Memo<bool>,
    pub system_dark: RwSignal<bool>,
    pub keys_on: RwSignal<bool>,
    /// The image that the attack lab works on, and its budget.
    pub victim: RwSignal<Option<String>>,
    pub image: RwSignal<Option<u32>>,
    pub epsilon: RwSignal<Option<f64>>,
    pub shot: RwSignal<Option<Arc<Shot>>>,
    pub leaf_shot: RwSignal<Option<Arc<Shot>>>,
    /// The second part of the page, once it is loaded.
    pub later: RwSignal<Option<&'static Later>>,
    /// The print of the layer whose adapter is off for a look: leaf and pad show its base alone.
    pub off: RwSignal<Option<String>>,
}

pub fn page() -> Page {
    expect_context()
}

impl Known for Page {
    fn outcome(&self, stage: &str) -> Option<Arc<Outcome>> {
        Page::outcome(self, stage)
    }

    fn asked(&self, stage: &str, task: &str) -> Option<Arc<Answers>> {
        let key = (self.print(stage)?, task.to_owned(), false);
        self.asked.with(|asked| asked.get(&key).cloned())
    }

    fn seconds(&self, stage: &str) -> Option<f64> {
        self.estimates.with(|estimates| estimates.get(&self.print(stage)?).copied())
    }
}

impl Page {
    pub fn new(spec: RunSpec, route: Route) -> Self {
        let strip = Strip::new(spec, catalogue()).unwrap_or_else(|_| default_strip());
        let strip = RwSignal::new(strip);
        let slots = memo(move || strip.with(|strip| strip.slots(catalogue())));
        let prints = memo(move || {
            strip.with(|strip| {
                let mut prints: HashMap<_, _> =
                    (0..strip.len()).map(|index| (strip.name(index), strip.print(index, catalogue()))).collect();
                prints.insert(START.into(), strip.start_print());
                prints
            })
        });
        let theme =
            RwSignal::new(browser::stored("theme").map_or(Theme::System, |theme: String| match theme.as_str() {
                "dark" => Theme::Dark,
                "light" => Theme::Light,
                _ => Theme::System,
            }));
        let system_dark = RwSignal::new(browser::prefers("dark"));
        let dark = memo(move || match theme.get() {
            Theme::System => system_dark.get(),
            theme => theme == Theme::Dark,
        });
        let page = Self {
            strip,
            slots,
            prints,
            outcomes: RwSignal::default(),
            asked: RwSignal::default(),
            samples: RwSignal::default(),
            classes: RwSignal::default(),
            layers: RwSignal::default(),
            parameters: RwSignal::default(),
            estimates: RwSignal::default(),
            trouble: RwSignal::default(),
            selected: RwSignal::new(START.into()),
            route: RwSignal::new(route),
            chose: RwSignal::new(f64::NEG_INFINITY),
            engine: RwSignal::new(Engine::Loading),
            device: RwSignal::default(),
            choice: RwSignal::new(browser::stored("device").unwrap_or_default()),
            plain: RwSignal::new(false),
            playing: RwSignal::default(),
            played: RwSignal::default(),
            queued: RwSignal::default(),
            taken_off: RwSignal::default(),
            dialog: RwSignal::default(),
            drawer: RwSignal::default(),
            notice: RwSignal::default(),
            quiet: RwSignal::default(),
            toast: RwSignal::default(),
            live: RwSignal::default(),
            unsaid: StoredValue::new(Unsaid { lines: Vec::new(), spoke: f64::NEG_INFINITY }),
            runs: RwSignal::new(browser::stored("runs").unwrap_or_default()),
            side: RwSignal::new(Side::All),
            theme,
            dark,
            system_dark,
            keys_on: RwSignal::new(browser::stored("keys").unwrap_or(true)),
            victim: RwSignal::default(),
            image: RwSignal::default(),
            epsilon: RwSignal::default(),
            shot: RwSignal::default(),
            leaf_shot: RwSignal::default(),
            later: RwSignal::default(),
            off: RwSignal::default(),
        };
        page.select_for_route();
        page
    }

    // --- reading ---

    pub fn method(&self, name: &str) -> Option<&'static MethodInfo> {
        self.strip.with(|strip| strip.stage(name).and_then(|stage| catalogue().method(&stage.id)))
    }

    pub fn family(&self, name: &str) -> Option<Family> {
        self.method(name).map(|method| method.card.family)
    }

    pub fn print(&self, name: &str) -> Option<String> {
        self.prints.with(|prints| prints.get(name).cloned())
    }

    pub fn outcome(&self, name: &str) -> Option<Arc<Outcome>> {
        let print = self.print(name)?;
        self.outcomes.with(|outcomes| outcomes.get(&print).cloned())
    }

    pub fn is_done(&self, name: &str) -> bool {
        name == START || self.outcome(name).is_some_and(|outcome| outcome.is_done())
    }

    /// The run as [`report`] speaks of it.
    pub fn view<T>(&self, read: impl FnOnce(&RunView) -> T) -> T {
        self.strip.with(|strip| read(&RunView { spec: &strip.spec, catalogue: catalogue(), known: self }))
    }

    /// The layer that a stage is, or asks.
    pub fn layer_of(&self, name: &str) -> String {
        self.view(|view| view.layer_of(name))
    }

    pub fn parent_of(&self, name: &str) -> String {
        self.view(|view| view.parent(name))
    }

    pub fn task_of(&self, name: &str) -> String {
        self.view(|view| view.task(name))
    }

    /// Method and what matters most of its settings.
    pub fn title(&self, name: &str) -> String {
        self.view(|view| view.title(name))
    }

    /// `4` or `4b`.
    pub fn number(&self, name: &str) -> String {
        self.view(|view| view.number(name))
    }

    /// What a task's samples are called.
    pub fn things(&self, task: &str) -> String {
        self.view(|view| view.things(task))
    }

    pub fn versions(&self, name: &str) -> Vec<String> {
        self.view(|view| view.versions(name))
    }

    pub fn sentence(&self, name: &str) -> Sentence {
        match name {
            START => Sentence::new(text::NO_LAYER),
            name => self.view(|view| view.sentence(name)),
        }
    }

    pub fn task_pick(&self, task: &str) -> Option<Pick> {
        self.strip.with(|strip| strip.spec.tasks.get(task).cloned())
    }

    /// Answers of a stage's model on a task: as played, else as asked.
    pub fn answers(&self, name: &str, task: &str) -> Option<Arc<Answers>> {
        self.view(|view| view.answers(name, task))
    }

    /// As [`Self::answers`], of the base alone.
    pub fn base_answers(&self, name: &str, task: &str) -> Option<Arc<Answers>> {
        let key = (self.print(name)?, task.into(), true);
        self.asked.with(|asked| asked.get(&key).cloned())
    }

    /// The stage whose model the leaf shows: the selected layer once it has answered, else the nearest before it that
    /// has.
    pub fn shown(&self) -> String {
        let mut layer = self.layer_of(&self.selected.get());
        while layer != START && self.outcome(&layer).is_none_or(|outcome| outcome.answers("test").is_none()) {
            layer = self.parent_of(&layer);
        }
        layer
    }

    /// Whether the adapter of the shown layer is off.
    pub fn is_off(&self) -> bool {
        self.route.with(|route| *route == Route::Lab(Lab::Adapt))
            && self.off.with(Option::is_some)
            && self.off.get() == self.print(&self.shown())
    }

    /// Seconds that a stage will take on this machine, with what it stands on and is not played.
    pub fn estimate(&self, name: &str) -> Option<f64> {
        self.view(|view| view.seconds(name))
    }

    /// The class that is to be forgotten, where one is.
    pub fn forget_class(&self) -> Option<u16> {
        self.view(|view| view.forget_class())
    }

    /// Numbers of the training images that were picked to be forgotten.
    pub fn picked(&self) -> Vec<u32> {
        let ids = self.strip.with(|strip| strip.spec.forget.as_ref()?.params.get("ids").cloned());
        ids.and_then(|ids| spec::read(ids).ok()).unwrap_or_default()
    }

    pub fn pick_to_forget(&self, ids: &[u32]) {
        let params = [("ids".to_owned(), ids.into())].into_iter().collect();
        self.edit(|strip| strip.set_forget(Pick { id: "picked".into(), params }));
    }

    pub fn class_names(&self, task: &str) -> Vec<String> {
        self.classes.with(|classes| classes.get(task).cloned()).unwrap_or_else(|| {
            let count = catalogue().leaf.labels.iter().max().map_or(0, |label| label + 1);
            (0..count).map(|class| class.to_string()).collect()
        })
    }

    /// Whether the task's samples are points in a plane.
    pub fn is_points(&self, task: &str) -> bool {
        self.view(|view| view.kind(task)) == Kind::Points
    }

    /// Whether two tasks are views on one set: a number is the same sample in both.
    pub fn is_one_set(&self, a: &str, b: &str) -> bool {
        self.view(|view| view.is_one_set(a, b))
    }

    /// Whether the task's samples are the digits whose numbers and labels the page carries, under those labels.
    pub fn is_carried(&self, task: &str) -> bool {
        self.task_pick(task).is_some_and(|pick| pick.id == "digits") && self.view(|view| view.has_all_classes(task))
    }

    pub fn setting(&self, name: &str, path: &[&str]) -> Value {
        let path: Vec<String> = path.iter().map(|&key| key.into()).collect();
        let Some(method) = self.method(name) else { return Value::Null };
        self.strip.with(|strip| {
            strip.stage(name).map_or(Value::Null, |stage| controls::value(&method.controls, &stage.params, &path))
        })
    }

    /// Stages of the line in playing order, notes after their layers.
    pub fn order(&self) -> Vec<String> {
        self.slots.with(|slots| {
            let on_line = |at: &usize| slots.iter().any(|slot| slot.used == *at || slot.notes.contains(at));
            self.strip.with(|strip| (0..strip.len()).filter(on_line).map(|at| strip.name(at)).collect())
        })
    }

    /// What is sensible after a stage: the first of the line that is not done.
    pub fn next(&self) -> Option<String> {
        self.order().into_iter().find(|name| !self.is_done(name))
    }

    /// One sentence if the selected layer cannot be played as it is set.
    pub fn refusal(&self) -> Option<String> {
        let wrong = self.strip.with(|strip| {
            strip
                .spec
                .stages
                .iter()
                .find_map(|stage| controls::wrong(&catalogue().method(&stage.id)?.controls, &stage.params))
        });
        wrong.or_else(|| self.trouble.get())
    }

    // --- doing ---

    pub fn go(&self, route: Route) {
        browser::set_hash(&text::hash(&route));
        self.chose.set(browser::now());
        self.route.set(route);
        self.select_for_route();
    }

    /// The newest finished or running layer of the lab, else its first planned one.
    pub fn select_for_route(&self) {
        let Route::Lab(lab) = self.route.get_untracked() else { return };
        let of_lab = |name: &str| self.family(name).map(Lab::of) == Some(lab);
        untrack(|| {
            if of_lab(&self.selected.get()) {
                return;
            }
            let mine: Vec<String> = self.order().into_iter().filter(|name| of_lab(name)).collect();
            let layer = |name: &&String| self.method(name).is_some_and(|method| method.shape.is_layer());
            let begun = || mine.iter().rev().filter(|name| self.outcome(name).is_some());
            let begun = begun().find(layer).or_else(|| begun().next());
            let pick = match self.next() {
                Some(next) if of_lab(&next) && self.playing.with(Option::is_none) => Some(next),
                _ => begun.or(mine.first()).cloned(),
            };
            self.selected.set(pick.unwrap_or_else(|| START.into()));
        });
        self.side.set(Side::All);
    }

    pub fn select(&self, name: &str) {
        self.selected.set(name.into());
        self.side.set(Side::All);
        // The network and the budget that the lab of attacks shows are this stage's again.
        self.victim.set(None);
        self.epsilon.set(None);
        if let Some(family) = untrack(|| self.family(name)) {
            let route = Route::Lab(Lab::of(family));
            browser::set_hash(&text::hash(&route));
            self.route.set(route);
        }
    }

    /// Layer before or after on the line.
    pub fn step_layer(&self, by: isize) {
        untrack(|| {
            let line: Vec<String> = self
                .slots
                .with(|slots| self.strip.with(|strip| slots.iter().map(|slot| strip.name(slot.used)).collect()));
            let layer = self.layer_of(&self.selected.get());
            let at = line.iter().position(|name| *name == layer).map_or(-1, |at| at as isize);
            if let Some(name) = usize::try_from(at + by).ok().and_then(|at| line.get(at)) {
                self.select(name);
            }
        });
    }

    /// Writes one setting. A finished layer is not edited: it gets a new version.
    pub fn set(&self, name: &str, path: &[String], value: Value) {
        let mut target = name.to_owned();
        untrack(|| {
            let finished = self.is_done(name) || self.outcome(name).is_some_and(|outcome| outcome.is_live());
            let is_layer = self.method(name).is_some_and(|method| method.shape.is_layer());
            self.edit(|strip| {
                if finished
                    && is_layer
                    && let Some(id) = strip.stage(name).map(|stage| stage.id.clone())
                    && let Some(version) = strip.add_version(name, &id, catalogue())
                {
                    strip.use_version(&version, catalogue());
                    target = version;
                }
                strip.set(&target, path, value, catalogue());
            });
        });
        if target != name {
            self.selected.set(target);
        }
    }

    /// Every change of the run file goes through here: checked as a whole, remembered, told to the engine.
    pub fn edit(&self, change: impl FnOnce(&mut Strip)) {
        let mut strip = self.strip.get_untracked();
        change(&mut strip);
        self.taken_off.update(Vec::clear);
        self.put(strip);
    }

    fn put(&self, strip: Strip) {
        browser::store("spec", &strip.spec);
        self.strip.set(strip);
        client::prepare_soon(*self);
    }

    pub fn load(&self, spec: RunSpec) {
        match Strip::new(spec, catalogue()) {
            Ok(strip) => {
                self.stop();
                self.notice.set(None);
                self.edit(|old| *old = strip);
                self.classes.update(HashMap::clear);
                self.selected.set(START.into());
                let first = untrack(|| self.order().first().cloned());
                if let Some(name) = first {
                    self.select(&name);
                }
            }
            Err(wrong) => self.notice.set(Some(text::refused(&wrong))),
        }
    }

    /// What follows goes on from this version.
    pub fn use_version(&self, name: &str) {
        self.edit(|strip| strip.use_version(name, catalogue()));
        self.select(name);
    }

    /// The last layer.
    pub fn take_off(&self) {
        let last = untrack(|| {
            self.slots.with(|slots| self.strip.with(|strip| slots.last().map(|slot| strip.name(slot.used))))
        });
        if let Some(last) = last {
            self.remove(&last);
        }
    }

    pub fn remove(&self, name: &str) {
        untrack(|| {
            let mut strip = self.strip.get();
            let before = strip.clone();
            if strip.take_off(name) {
                let selected = self.selected.get();
                if selected == name || self.layer_of(&selected) == name {
                    self.selected.set(self.parent_of(name));
                }
                self.put(strip);
                self.taken_off.update(|stack| stack.push(before));
                self.speak(text::TAKEN_OFF.into(), false);
                self.select_for_route();
            }
        });
    }

    pub fn put_back(&self) {
        let mut strip = None;
        self.taken_off.update(|stack| strip = stack.pop());
        if let Some(strip) = strip {
            self.put(strip);
            self.select_for_route();
        }
    }

    /// The stages that a press of play means: the selected one; a defence brings its attack with it.
    pub fn wanted(&self) -> Vec<String> {
        untrack(|| {
            let selected = self.selected.get();
            let mut wanted = vec![selected.clone()];
            if self.family(&selected) == Some(Family::Defend) {
                wanted.extend(self.view(|view| view.notes(&selected)));
            }
            wanted
        })
    }

    pub fn play(&self, paused: bool) {
        if self.playing.with_untracked(|playing| playing.as_ref().is_some_and(|playing| playing.paused)) {
            client::resume(*self);
        } else if self.playing.with_untracked(Option::is_none) {
            client::run(*self, &self.wanted(), paused, false);
        }
    }

    pub fn play_all(&self, again: bool) {
        untrack(|| {
            let order = self.order();
            if again {
                for name in &order {
                    self.forget_result(name);
                }
            }
            let wanted: Vec<String> = order.into_iter().filter(|name| !self.is_done(name)).collect();
            client::run(*self, &wanted, false, true);
        });
    }

    pub fn stop(&self) {
        client::cancel(*self);
    }

    pub fn forget_result(&self, name: &str) {
        if let Some(print) = untrack(|| self.print(name)) {
            self.outcomes.update(|outcomes| {
                outcomes.remove(&print);
            });
        }
    }

    pub fn reset(&self) {
        self.stop();
        let selected = self.selected.get_untracked();
        self.forget_result(&selected);
    }

    /// Folds one event into the signals.
    pub fn take(&self, said: Said, pixels: Option<Vec<f32>>) {
        let Some(name) = said.stage.clone() else { return };
        let print = self
            .playing
            .with_untracked(|playing| {
                let playing = playing.as_ref().filter(|playing| playing.run == said.run)?;
                playing.stages.iter().find(|(stage, _)| *stage == name).map(|(_, print)| print.clone())
            })
            .or_else(|| (name == START).then(|| self.strip.with_untracked(Strip::start_print)));
        let Some(print) = print else { return };
        let (event, now) = (said.event, browser::now());
        match &event {
            Event::Stage { .. } => {
                let mut follow = false;
                self.playing.update(|playing| {
                    if let Some(playing) = playing {
                        (playing.now, playing.since) = (Some(name.clone()), now);
                        follow = playing.follow;
                    }
                });
                if follow && now - self.chose.get_untracked() > 10_000.0 {
                    self.select(&name);
                }
                self.speak(untrack(|| self.view(|view| view.begun(&name))), false);
            }
            Event::Step { done, of } => {
                let passed = self.outcomes.with_untracked(|outcomes| quarter(outcomes.get(&print)?, *done, *of));
                if let Some(percent) = passed {
                    self.speak(untrack(|| self.view(|view| view.passed(&name, percent))), true);
                }
            }
            Event::Warning { message } => self.speak(message.clone(), false),
            // What is left is guessed from the phase in hand.
            Event::Phase { .. } => self.playing.update(|playing| {
                if let Some(playing) = playing {
                    playing.since = now;
                }
            }),
            Event::Paused { .. } | Event::Resumed => {
                let paused = matches!(event, Event::Paused { .. });
                self.playing.update(|playing| {
                    if let Some(playing) = playing {
                        playing.paused = paused;
                    }
                });
            }
            _ => {}
        }
        let done = matches!(event, Event::StageDone { .. });
        let over = matches!(event, Event::Failed { .. } | Event::Cancelled { .. });
        self.outcomes.update(|outcomes| {
            Arc::make_mut(outcomes.entry(print.clone()).or_default()).take(event, pixels);
        });
        if done {
            self.keep_run(&name, &print);
            // The leaf's attacked side opens on its own, once, when the first attack ends.
            let first = untrack(|| {
                self.family(&name) == Some(Family::Attack)
                    && self.selected.get() == name
                    && self.runs.with(|runs| runs.iter().filter(|run| run.method.starts_with("attack.")).count() == 1)
            });
            if first {
                self.side.set(Side::Other);
            }
        }
        if over {
            self.playing.set(None);
        }
        if done || over {
            self.speak(untrack(|| self.sentence(&name).to_string()), false);
        }
    }

    /// Speaks through the live region, with a pause after each time: what came up meanwhile is said together, and how
    /// far it is gives way to what comes after it.
    fn speak(&self, words: String, passing: bool) {
        let (page, now) = (*self, browser::now());
        let mut wait = None;
        self.unsaid.update_value(|unsaid| {
            if unsaid.lines.is_empty() {
                wait = Some((unsaid.spoke + PAUSE - now).max(0.0));
            }
            unsaid.lines.retain(|(_, passing)| !passing);
            unsaid.lines.push((words, passing));
        });
        let speak = move || {
            page.unsaid.update_value(|unsaid| {
                unsaid.spoke = browser::now();
                let lines: Vec<String> = unsaid.lines.drain(..).map(|(words, _)| words).collect();
                page.live.set(lines.join(" "));
            });
        };
        if let Some(wait) = wait {
            set_timeout(speak, std::time::Duration::from_millis(wait as u64));
        }
    }

    fn keep_run(&self, name: &str, print: &str) {
        self.played.update(|played| {
            played.insert(name.into());
        });
        untrack(|| {
            let Some(outcome) = self.outcomes.with(|outcomes| outcomes.get(print).cloned()) else { return };
            let Some(method) = self.method(name) else { return };
            let run = Run {
                number: 0,
                at: browser::date(),
                layer: self.number(name),
                stage: name.into(),
                method: method.card.id.clone(),
                title: self.title(name),
                lab: family(method.card.family).verb.clone(),
                device: self.device.with(|device| text::device_name(&device.name).into()),
                seconds: outcome.seconds,
                rows: outcome.rows.clone(),
                curve: runs::thin(&outcome),
                spec: self.strip.with(|strip| strip.spec.clone()),
            };
            self.runs.update(|all| runs::add(all, run));
            self.store_runs();
        });
    }

    pub fn store_runs(&self) {
        if !self.runs.with_untracked(|runs| browser::store("runs", runs)) {
            self.notice.set(Some(text::storage_full()));
        }
    }

    pub fn act(&self, act: &Act) {
        match act {
            Act::CopyReport(report) => self.copy(report),
            Act::UseCpu => self.choose_device(DeviceChoice::Cpu),
            Act::Reload => browser::reload(),
            Act::DropOldRuns => {
                self.runs.update(|runs| runs.truncate(runs.len().saturating_sub(3)));
                self.store_runs();
            }
        }
        self.notice.set(None);
    }

    pub fn choose_device(&self, choice: DeviceChoice) {
        browser::store("device", &choice);
        self.choice.set(choice);
        client::restart(*self);
    }

    pub fn choose_plain(&self, plain: bool) {
        self.plain.set(plain);
        client::restart(*self);
    }

    pub fn copy(&self, text: &str) {
        browser::copy(text);
        self.toast(text::COPIED);
    }

    pub fn toast(&self, words: &str) {
        self.toast.set(words.into());
        let toast = self.toast;
        set_timeout(move || toast.set(String::new()), std::time::Duration::from_millis(1600));
    }

    /// It was played, and what it hangs on has changed since.
    pub fn is_stale(&self, name: &str) -> bool {
        self.outcome(name).is_none() && self.played.with(|played| played.contains(name))
    }
}

/// 25, 50 or 75 per cent, where a step passes it; not within what only comes before.
fn quarter(outcome: &Outcome, done: usize, of: usize) -> Option<usize> {
    let quarters = |done: usize, of: usize| (4 * done).checked_div(of).unwrap_or(0);
    let (before, now) = (quarters(outcome.step, outcome.of), quarters(done, of));
    (!outcome.is_before() && now > before && now < 4).then_some(25 * now)
}

pub fn default_strip() -> Strip {
    let preset = catalogue().presets.iter().find(|preset| preset.id == DEFAULT).or(catalogue().presets.first());
    let preset = preset.expect("the catalogue has presets");
    Strip::new(preset.spec.clone(), catalogue()).expect("a preset is checked by tests")
}

/// The preset that a visitor finds.
const DEFAULT: &str = "letters-to-forgetting";
