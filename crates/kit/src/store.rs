//! Finished work as bytes, so that it need not be done twice: the networks of a stage or of a retrained reference, and
//! what is told of them.
//!
//! A work is kept under a key, a text that holds all that it depends on. Its file holds the key too, and a digest of
//! the rest: a file that is cut, changed, or of another key is as good as none.

use crate::cx::Cx;
use crate::error::Result;
use crate::nets::{Net, weights};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use spec::Digest;

/// The first line of a file.
const MAGIC: &str = "palimpsest work 1\n";

/// The second line.
#[derive(Serialize, Deserialize)]
struct Head {
    key: String,
    about: Value,
    /// Sizes of the networks' files, which follow one after the other.
    sizes: Vec<usize>,
    /// Of the networks' files.
    digest: String,
}

/// Keeps networks and what is told of them, if there is a store.
pub async fn keep(key: &str, about: Value, nets: &[Net], cx: &Cx) -> Result {
    if !cx.host.has_store() {
        return Ok(());
    }
    let (mut files, mut sizes) = (Vec::new(), Vec::new());
    for net in nets {
        let file = weights::save(net).await?;
        sizes.push(file.len());
        files.extend(file);
    }
    let head = Head { key: key.into(), about, sizes, digest: digest(&files) };
    let head = serde_json::to_string(&head).expect("a head has string keys");
    cx.host.keep(key, [MAGIC.as_bytes(), head.as_bytes(), b"\n", &files].concat()).await;
    Ok(())
}

/// What was kept under a key, on the device of `cx`; `None` if there is nothing whole.
pub async fn recall(key: &str, cx: &Cx) -> Option<(Value, Vec<Net>)> {
    let bytes = cx.host.recall(key).await?;
    let rest = bytes.strip_prefix(MAGIC.as_bytes())?;
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let (head, mut files) = (serde_json::from_slice::<Head>(&rest[..end]).ok()?, &rest[end + 1..]);
    if head.key != key || head.digest != digest(files) {
        return None;
    }
    let mut nets = Vec::new();
    for size in head.sizes {
        let (file, others) = files.split_at_checked(size)?;
        nets.push(weights::open_any("store", file, &cx.device).ok()?);
        files = others;
    }
    Some((head.about, nets))
}

fn digest(bytes: &[u8]) -> String {
    let mut digest = Digest::default();
    digest.write(bytes);
    digest.hex()
}
