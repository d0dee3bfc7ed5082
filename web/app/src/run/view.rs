//! The context of where the visitor looks.

use super::{context::Run, storage};
use leptos::prelude::*;
use serde_json::Value;
use spec::{Family, START};

/// A dialog over the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenDialog {
    /// The list of methods: to replace a stage's method, or to add a stage. `lab`: the lab whose methods come first.
    Chooser {
        replace: Option<String>,
        lab: Option<&'static str>,
    },
    Share,
    Keys,
    Device,
    /// One image through every layer.
    Tile(u32),
    /// The images behind a cell of the confusion matrix: label, answer.
    Cell(u16, u16),
    /// The question whether a result that took long is to be dropped.
    Reset,
}

/// The two sides of the leaf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    #[default]
    All,
    /// What changed, or what the open lab lays over the leaf.
    Other,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    /// As it is stored; `index.html` reads it before the first paint.
    const fn word(self) -> &'static str {
        match self {
            Self::System => "as the system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    fn stored() -> Self {
        match storage::stored("theme").as_ref().and_then(Value::as_str) {
            Some("dark") => Self::Dark,
            Some("light") => Self::Light,
            _ => Self::System,
        }
    }
}

/// Where the visitor looks. Declared once in `main`, found with [`View::get`]. It knows no lab: labs are paths here.
#[derive(Clone, Copy)]
pub struct View {
    /// The address's hash without `#/`.
    pub path: RwSignal<String>,
    /// The selected stage; [`START`] where the open lab has none.
    pub selected: RwSignal<String>,
    pub side: RwSignal<Side>,
    pub dialog: RwSignal<Option<OpenDialog>>,
    /// Whether the settings are drawn over a narrow page.
    pub drawer: RwSignal<bool>,
    pub theme: RwSignal<Theme>,
    pub system_dark: Signal<bool>,
    pub dark: Memo<bool>,
    /// Whether single letters are keys of the page.
    pub keys_on: RwSignal<bool>,
    /// The print of the layer whose adapter is off for a look: leaf and pad show its base alone.
    pub off: RwSignal<Option<String>>,
    pub run: Run,
    /// Milliseconds: when the visitor last chose a place by hand.
    pub(super) chose: StoredValue<f64>,
    /// The path of the lab that a family belongs to.
    pub(super) home: fn(Family) -> &'static str,
}

impl View {
    pub fn new(run: Run, path: String, home: fn(Family) -> &'static str, system_dark: Signal<bool>) -> Self {
        let theme = RwSignal::new(Theme::stored());
        let keys_on = storage::stored("keys").as_ref().and_then(Value::as_bool).unwrap_or(true);
        Self {
            path: RwSignal::new(path),
            selected: RwSignal::new(START.into()),
            side: RwSignal::default(),
            dialog: RwSignal::default(),
            drawer: RwSignal::default(),
            theme,
            system_dark,
            dark: Memo::new(move |_| match theme.get() {
                Theme::System => system_dark.get(),
                theme => theme == Theme::Dark,
            }),
            keys_on: RwSignal::new(keys_on),
            off: RwSignal::default(),
            run,
            chose: StoredValue::new(f64::NEG_INFINITY),
            home,
        }
    }

    pub fn get() -> Self {
        expect_context()
    }

    /// The path of the lab that a stage belongs to; `None` of the source network.
    pub fn home_of(&self, name: &str) -> Option<&'static str> {
        self.run.family(name).map(self.home)
    }

    /// The layer that is selected, or that the selected note asks.
    pub fn layer(&self) -> String {
        self.run.layer_of(&self.selected.get())
    }

    /// The layer whose model the leaf shows: the selected one once it has answered, else the nearest before it that
    /// has.
    pub fn shown(&self) -> String {
        let mut layer = self.layer();
        while layer != START && self.run.outcome(&layer).is_none_or(|outcome| !outcome.has_answered()) {
            layer = self.run.parent_of(&layer);
        }
        layer
    }

    /// Whether the adapter of the shown layer is off. Only in the layer's own lab.
    pub fn is_off(&self) -> bool {
        let off = self.off.get();
        off.is_some() && {
            let shown = self.shown();
            off == self.run.print(&shown)
                && self.home_of(&shown).is_some_and(|home| self.path.with(|path| path == home))
        }
    }

    /// Switches between light and dark. The system's own theme is stored as such.
    pub fn flip_theme(&self) {
        let dark = !self.dark.get_untracked();
        let theme = match dark {
            dark if dark == self.system_dark.get_untracked() => Theme::System,
            true => Theme::Dark,
            false => Theme::Light,
        };
        storage::store("theme", &theme.word());
        self.theme.set(theme);
    }

    /// Switches the page's single-letter keys on or off.
    pub fn flip_keys(&self) {
        self.keys_on.update(|on| *on = !*on);
        storage::store("keys", &self.keys_on.get_untracked());
    }

    pub fn open(&self, dialog: OpenDialog) {
        self.dialog.set(Some(dialog));
    }

    pub fn close_dialog(&self) {
        self.dialog.set(None);
    }

    /// Opens the chooser for the selected stage.
    pub fn open_chooser(&self) {
        let selected = self.selected.get_untracked();
        let lab = untrack(|| self.home_of(&selected));
        let replace = (selected != START).then_some(selected);
        self.open(OpenDialog::Chooser { replace, lab });
    }
}
