//! The selected layer and what is known of its adapter.

use crate::run::{Run, View};
use js_sys::Uint8Array;
use leptos::prelude::*;
use spec::{Answer, Question};
use wasm_bindgen_futures::spawn_local;

/// An adapter as PEFT loads it.
#[derive(Clone, Debug, PartialEq)]
pub struct Adapter {
    /// `adapter_config.json`.
    pub config: String,
    /// `adapter_model.safetensors`.
    pub weights: Vec<u8>,
}

/// What merging changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Proof {
    /// The largest change of any output.
    pub largest: f64,
    /// Answers that are others, of `n`.
    pub changed: usize,
    pub n: usize,
}

/// What was found out about a layer's result, by its print.
#[derive(Clone, Debug, PartialEq)]
struct Of<T> {
    print: String,
    found: T,
}

/// The selected layer.
#[derive(Clone, Copy)]
pub struct Layer {
    pub run: Run,
    pub view: View,
    pub name: Memo<String>,
    /// `None` of a layer that has no adapter.
    adapter: RwSignal<Option<Of<Option<Adapter>>>>,
    proof: RwSignal<Option<Of<Proof>>>,
}

impl Layer {
    /// Asks for the adapter of every layer that is selected and done.
    pub fn new() -> Self {
        let (run, view) = (Run::get(), View::get());
        let name = Memo::new(move |_| view.selected.get());
        let layer = Self { run, view, name, adapter: RwSignal::new(None), proof: RwSignal::new(None) };
        Effect::new(move |_| {
            run.engine.state.track();
            let name = name.get();
            let Some(print) = run.print(&name).filter(|_| run.is_done(&name)) else { return };
            if layer.adapter.with_untracked(|known| known.as_ref().is_some_and(|known| known.print == print)) {
                return;
            }
            spawn_local(async move {
                let answer = run.ask(&name, false, Question::Adapter, vec![]).await;
                let Ok((Answer::Adapter { config }, buffers)) = answer else { return };
                let weights = buffers.first().map(|buffer| Uint8Array::new(buffer).to_vec());
                let found = config.zip(weights).map(|(config, weights)| {
                    let config = format!("{config:#}\n");
                    Adapter { config, weights }
                });
                layer.adapter.try_set(Some(Of { print, found }));
            });
        });
        layer
    }

    fn print(&self) -> Option<String> {
        self.run.print(&self.name.get())
    }

    /// The adapter, where the layer is done and has one.
    pub fn adapter(&self) -> Option<Adapter> {
        let print = self.print()?;
        self.adapter.get().filter(|known| known.print == print)?.found
    }

    /// Whether the layer is done and has no adapter.
    pub fn has_none(&self) -> bool {
        let print = self.print();
        self.adapter.with(|known| {
            known.as_ref().is_some_and(|known| known.found.is_none() && Some(&known.print) == print.as_ref())
        })
    }

    /// What merging changes, where it was asked.
    pub fn proof(&self) -> Option<Proof> {
        let print = self.print()?;
        self.proof.get().filter(|known| known.print == print).map(|known| known.found)
    }

    /// Merges the adapter on a copy and compares the two.
    pub fn prove(self) {
        let name = self.name.get_untracked();
        let Some(print) = untrack(|| self.print()) else { return };
        let task = untrack(|| self.run.task_of(&name));
        spawn_local(async move {
            let answer = self.run.ask(&name, false, Question::Merge { task }, vec![]).await;
            let proof = match answer {
                Ok((Answer::Merge { largest, changed, n }, _)) => {
                    Some(Of { print, found: Proof { largest: largest.into(), changed, n } })
                }
                _ => None,
            };
            self.proof.try_set(proof);
        });
    }

    /// Takes the adapter off for a look, or puts it back.
    pub fn flip(&self) {
        let print = untrack(|| self.print().filter(|_| !self.view.is_off()));
        self.view.off.set(print);
    }
}
