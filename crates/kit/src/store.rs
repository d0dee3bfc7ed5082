//! Finished work as bytes, so that it need not be done twice: the networks of a stage or of a retrained reference, and
//! what is told of them.
//!
//! A work is kept under a key, a text that holds all that it depends on. Its file holds the key too, and a digest of
//! the rest: a file that is cut, changed, or of another key is as good as none. Checkpoints of trainings have the same
//! form, under keys of their own.

use crate::cx::Cx;
use crate::error::Result;
use crate::host::Lease;
use crate::nets::{Net, weights};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use spec::{Digest, Event};

/// The first line of a file.
const MAGIC: &str = "palimpsest work 3\n";

/// The second line.
#[derive(Serialize, Deserialize)]
struct Head {
    key: String,
    /// Sizes of what follows: what is told of the work, in JSON, and its files.
    sizes: Vec<usize>,
    /// Of all that follows.
    digest: String,
}

/// What [`recall_or_lease`] has found.
pub enum Found<T> {
    /// The work: what is told of it, and its files.
    Kept(T, Vec<Vec<u8>>),
    /// There is none, and whoever holds this makes it. `None` where nothing is kept.
    Missing(Option<Lease>),
}

/// Keeps files and what is told of them, if there is a store.
pub async fn keep(key: &str, about: Value, files: &[Vec<u8>], cx: &Cx) {
    if let Some(store) = cx.host.store() {
        store.keep(key, written(key, &about, files)).await;
    }
}

/// The files that were kept under a key, and what is told of them; `None` if there is nothing whole.
pub async fn recall<T: DeserializeOwned>(key: &str, cx: &Cx) -> Option<(T, Vec<Vec<u8>>)> {
    read(key, &cx.host.store()?.recall(key).await?)
}

/// A work as a file.
pub fn written(key: &str, about: &Value, files: &[Vec<u8>]) -> Vec<u8> {
    let about = about.to_string().into_bytes();
    let sizes = [&about].into_iter().chain(files).map(Vec::len).collect();
    let rest = [&about[..], &files.concat()].concat();
    let head = Head { key: key.into(), sizes, digest: digest(&rest) };
    let head = serde_json::to_string(&head).expect("a head has string keys");
    [MAGIC.as_bytes(), head.as_bytes(), b"\n", &rest].concat()
}

/// What a file says of the work under this key, and the work's files; `None` if it is not whole, or is another's.
pub fn read<T: DeserializeOwned>(key: &str, bytes: &[u8]) -> Option<(T, Vec<Vec<u8>>)> {
    let rest = bytes.strip_prefix(MAGIC.as_bytes())?;
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let (head, mut rest) = (serde_json::from_slice::<Head>(&rest[..end]).ok()?, &rest[end + 1..]);
    if head.key != key || head.digest != digest(rest) {
        return None;
    }
    let mut parts = Vec::new();
    for size in head.sizes {
        let (part, others) = rest.split_at_checked(size)?;
        parts.push(part);
        rest = others;
    }
    let (about, files) = parts.split_first()?;
    Some((serde_json::from_slice(about).ok()?, files.iter().map(|file| file.to_vec()).collect()))
}

/// The work under a key. If it is not there, this waits while another program makes it, and then it is the caller's to
/// make.
pub async fn recall_or_lease<T: DeserializeOwned>(key: &str, cx: &mut Cx) -> Result<Found<T>> {
    let host = cx.host.clone();
    let Some(store) = host.store() else { return Ok(Found::Missing(None)) };
    let mut has_waited = false;
    loop {
        if let Some((about, files)) = recall(key, cx).await {
            return Ok(Found::Kept(about, files));
        }
        if let Some(lease) = store.lease(key).await {
            if has_waited {
                cx.say(Event::Phase { name: String::new(), before: false });
            }
            // The other program may have ended it between the two.
            return Ok(match recall(key, cx).await {
                Some((about, files)) => Found::Kept(about, files),
                None => Found::Missing(Some(lease)),
            });
        }
        if !has_waited {
            cx.say(Event::Phase { name: "Waiting for another program, which is at the same".into(), before: false });
            has_waited = true;
        }
        cx.rest().await;
        cx.progress.gate.check()?;
    }
}

/// A network of a work, on the device of `cx`.
pub fn net(file: &[u8], cx: &Cx) -> Result<Net> {
    weights::open_any("store", file, &cx.device)
}

/// The key of the checkpoint of a training for a work.
pub(crate) fn checkpoint_key(work: &str, training: usize) -> String {
    json!({ "what": "checkpoint", "of": work, "training": training }).to_string()
}

/// Deletes the checkpoints of a work that is finished.
pub async fn delete_checkpoints(work: &str, cx: &Cx) {
    let Some(store) = cx.host.store() else { return };
    let mut training = 0;
    while store.delete(&checkpoint_key(work, training)).await {
        training += 1;
    }
}

fn digest(bytes: &[u8]) -> String {
    let mut digest = Digest::default();
    digest.write(bytes);
    digest.hex()
}
