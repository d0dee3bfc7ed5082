//! The adapter folded into the weights, the proof that nothing else changed, and both as files.

use super::{about::About, state::Layer};
use crate::ui::{Button, export::download};
use js_sys::Uint8Array;
use leptos::prelude::*;
use report::figure::tiny;
use spec::Question;
use wasm_bindgen_futures::spawn_local;

const BYTES: &str = "application/octet-stream";

/// Buttons and the proof.
#[component]
pub fn Merge(
    /// The selected layer.
    layer: Layer,
) -> impl IntoView {
    let cannot = Memo::new(move |_| layer.adapter().is_none());
    let is_unproved = Memo::new(move |_| layer.proof().is_none());
    let largest = move || layer.proof().map_or_else(|| "–".into(), |proof| tiny(proof.largest));
    let changed = move || layer.proof().map_or_else(|| "–".into(), |proof| format!("{} of {}", proof.changed, proof.n));
    view! {
        <About layer title="Merge" sub="fold the adapter into the weights">
            <p class="switch-row start">
                <Button class="button small" disabled=cannot press=move || layer.prove()>
                    "Merge now"
                </Button>
                <Button
                    class="button small"
                    title="adapter_config.json and adapter_model.safetensors"
                    disabled=cannot
                    press=move || save_adapter(layer)
                >
                    "Save for PEFT"
                </Button>
                <Button
                    class="button small"
                    title="One network without an adapter, as PyTorch loads it"
                    disabled=is_unproved
                    press=move || save_merged(layer)
                >
                    "Save merged"
                </Button>
            </p>
            <table class="table">
                <tbody>
                    <tr>
                        <td>"Largest change of any output"</td>
                        <td>
                            <b>{largest}</b>
                        </td>
                    </tr>
                    <tr>
                        <td>"Answers that changed"</td>
                        <td>
                            <b>{changed}</b>
                        </td>
                    </tr>
                </tbody>
            </table>
        </About>
    }
}

fn save_adapter(layer: Layer) {
    if let Some(adapter) = untrack(|| layer.adapter()) {
        download("adapter_config.json", "application/json", adapter.config.as_bytes());
        download("adapter_model.safetensors", BYTES, &adapter.weights);
    }
}

fn save_merged(layer: Layer) {
    let name = layer.name.get_untracked();
    spawn_local(async move {
        let Ok((_, buffers)) = layer.run.ask(&name, false, Question::Export, vec![]).await else { return };
        if let Some(buffer) = buffers.first() {
            download(&format!("{name}-merged.safetensors"), BYTES, &Uint8Array::new(buffer).to_vec());
        }
    });
}
