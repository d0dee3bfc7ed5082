//! What the page keeps in the browser, under names that tell it from other pages of the same origin.

use gloo_storage::{LocalStorage, Storage};
use serde::Serialize;
use serde_json::Value;

fn key(name: &str) -> String {
    format!("palimpsest.{name}")
}

/// A browser may refuse storage altogether.
fn is_refused() -> bool {
    web_sys::window().and_then(|window| window.local_storage().ok().flatten()).is_none()
}

/// The value under a name, as JSON: a reader of each type from text would add to the bytes that the page loads.
pub fn stored(name: &str) -> Option<Value> {
    if is_refused() {
        return None;
    }
    LocalStorage::get(key(name)).ok()
}

/// What became of a value that was to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    Kept,
    Full,
    /// The browser keeps nothing for this page.
    Refused,
}

/// Stores a value under a name.
pub fn store<T: Serialize>(name: &str, value: &T) -> Stored {
    if is_refused() {
        return Stored::Refused;
    }
    if LocalStorage::set(key(name), value).is_ok() { Stored::Kept } else { Stored::Full }
}
