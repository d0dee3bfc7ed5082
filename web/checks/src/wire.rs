//! Everything that page and worker say to each other, sent as a message is, for a browser test: the page that loads
//! this finds in `checked`, a list, what does not come back as it was.

use js_sys::{Array, JSON, Reflect};
use serde::{Serialize, de::DeserializeOwned};
use spec::samples;
use std::fmt::Debug;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

#[wasm_bindgen]
extern "C" {
    /// The copy that a message makes of its body.
    #[wasm_bindgen(js_name = structuredClone, catch)]
    fn structured_clone(body: &JsValue) -> Result<JsValue, JsValue>;
}

fn main() {
    console_error_panic_hook::set_once();
    let (said, commands, controls) = (samples::said(), samples::commands(), samples::controls());
    let wrong = said.iter().filter_map(lost).chain(commands.iter().filter_map(lost));
    let checked: Array = wrong.chain(controls.iter().filter_map(lost)).map(JsValue::from).collect();
    Reflect::set(&js_sys::global(), &"checked".into(), &checked).expect("a window takes it");
}

/// What became of a value on its way, and of its JSON text, if it is not the same.
fn lost<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> Option<String> {
    let there_and_back = || -> Result<[T; 2], String> {
        let body =
            value.serialize(&serde_wasm_bindgen::Serializer::json_compatible()).map_err(|why| why.to_string())?;
        let copy = structured_clone(&body).map_err(|why| format!("{why:?}"))?;
        let text = String::from(JSON::stringify(&copy).map_err(|why| format!("{why:?}"))?);
        let copy = serde_wasm_bindgen::from_value(copy).map_err(|why| why.to_string())?;
        Ok([copy, serde_json::from_str(&text).map_err(|why| format!("{why} in {text}"))?])
    };
    match there_and_back() {
        Ok(back) if back.iter().all(|back| back == value) => None,
        other => Some(format!("{value:?}: {other:?}")),
    }
}
