//! The picked rows: table, panel and chart share them, and they outlive a visit to another page.

use leptos::prelude::*;

/// At most so many runs are picked: a chart has six colours for its series.
const MOST: usize = 6;

/// Numbers of the picked runs, the newest pick last.
#[derive(Clone, Copy)]
pub struct Picked(RwSignal<Vec<u32>>);

/// Called once, when the page begins.
pub fn provide() {
    provide_context(Picked(RwSignal::default()));
}

impl Picked {
    pub fn get() -> Self {
        expect_context()
    }

    pub fn numbers(&self) -> Vec<u32> {
        self.0.get()
    }

    pub fn is_empty(&self) -> bool {
        self.0.with(Vec::is_empty)
    }

    pub fn has(&self, number: u32) -> bool {
        self.0.with(|picked| picked.contains(&number))
    }

    /// Picks a run, or lets it go if it is picked; beyond the most, the oldest pick goes.
    pub fn flip(&self, number: u32) {
        self.0.update(|picked| match picked.iter().position(|other| *other == number) {
            Some(at) => drop(picked.remove(at)),
            None => {
                picked.push(number);
                if picked.len() > MOST {
                    picked.remove(0);
                }
            }
        });
    }

    /// The run is deleted.
    pub fn forget(&self, number: u32) {
        self.0.update(|picked| picked.retain(|other| *other != number));
    }

    /// All runs are deleted.
    pub fn clear(&self) {
        self.0.update(Vec::clear);
    }
}
