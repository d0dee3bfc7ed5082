//! Finished work in the browser's own files of this page (the origin private file system), so that it outlives a
//! reload and a crash.
//!
//! A work is one file. All lie in one folder, where the name of each begins with that of the build that made it, since
//! another build's results are not taken. A file that was cut while it was written is seen from its content. There are
//! no leases between tabs, because one that is paused would hold the others up: they may make the same work twice.

use crate::host::post;
use crate::preflight::get;
use engine::{Boxed, Lease, Store};
use js_sys::{ArrayBuffer, IteratorNext, Promise, Uint8Array};
use spec::{Digest, Event, Said};
use std::cell::Cell;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DedicatedWorkerGlobalScope, File, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions,
    FileSystemGetFileOptions, FileSystemSyncAccessHandle, StorageEstimate, StorageManager,
};

/// The folder of all works, beside what other pages of the same origin may keep.
const FOLDER: &str = "palimpsest";

/// What share of the page's quota works may take.
const SHARE: f64 = 0.5;

/// What share of it stays free, whoever has taken the rest.
const FREE: f64 = 0.05;

/// Bytes for works in a browser that does not tell its quota.
const UNTOLD: f64 = 1e8;

/// The works of this build, and the folder that they share with those of the other engine.
pub struct Opfs {
    scope: DedicatedWorkerGlobalScope,
    storage: StorageManager,
    folder: FileSystemDirectoryHandle,
    /// The engine and a digest of its code: "worker_cpu-0123456789abcdef".
    build: String,
    /// What else belongs to the names of this worker's works.
    ending: &'static str,
    /// Whether it was said that there is no room.
    is_told: Cell<bool>,
}

/// A file in the folder.
struct Work {
    name: String,
    bytes: f64,
    /// Milliseconds since 1970.
    made: f64,
}

/// What became of a file.
enum Written {
    Whole,
    Full,
    /// Another tab is writing it, or the browser cannot.
    Refused,
}

impl Opfs {
    /// `None` in a browser without such files, and where it refuses them, as some do in a private window.
    pub async fn open(scope: DedicatedWorkerGlobalScope, plain: bool) -> Option<Self> {
        // The loader of this worker says it.
        let build = get(&scope, "build")?.as_string()?;
        get(&scope, "FileSystemSyncAccessHandle")?;
        let storage: StorageManager = get(&get(&scope, "navigator")?, "storage")?.unchecked_into();
        get(&storage, "getDirectory")?;
        let root: FileSystemDirectoryHandle = done(storage.get_directory()).await?;
        let options = FileSystemGetDirectoryOptions::new();
        options.set_create(true);
        let folder = done(root.get_directory_handle_with_options(FOLDER, &options)).await?;
        let ending = if plain { ".plain.work" } else { ".work" };
        Some(Self { scope, storage, folder, build, ending, is_told: Cell::new(false) })
    }

    /// Deletes what other builds of this engine have left, and says what is kept.
    pub async fn tidy(&self) {
        let engine = self.build.trim_end_matches(|digit: char| digit.is_ascii_hexdigit());
        for name in self.names().await {
            if name.starts_with(engine) && !name.starts_with(&self.build) {
                self.remove(&name).await;
            }
        }
        self.tell().await;
    }

    /// Deletes all works.
    pub async fn clear(&self) {
        for name in self.names().await {
            self.remove(&name).await;
        }
        self.tell().await;
    }

    async fn names(&self) -> Vec<String> {
        let (mut names, keys) = (Vec::new(), self.folder.keys());
        while let Ok(next) = keys.next() {
            let Some(next) = done::<IteratorNext>(next).await.filter(|next| !next.done()) else { break };
            names.extend(next.value().as_string());
        }
        names
    }

    /// All works, the newest first.
    async fn works(&self) -> Vec<Work> {
        let mut works = Vec::new();
        for name in self.names().await {
            if let Some(file) = self.file(&name).await {
                works.push(Work { name, bytes: file.size(), made: file.last_modified() });
            }
        }
        works.sort_by(|one, other| other.made.total_cmp(&one.made));
        works
    }

    async fn file(&self, name: &str) -> Option<File> {
        let handle: FileSystemFileHandle = done(self.folder.get_file_handle(name)).await?;
        done(handle.get_file()).await
    }

    /// Bytes that all works may have, of which those have `held`.
    async fn room(&self, held: f64) -> f64 {
        let estimate = self.storage.estimate().ok();
        let estimate: Option<StorageEstimate> = match estimate {
            Some(estimate) => done(estimate).await,
            None => None,
        };
        let Some(quota) = estimate.as_ref().and_then(StorageEstimate::get_quota) else { return UNTOLD };
        let others = (estimate.and_then(|estimate| estimate.get_usage()).unwrap_or(held) - held).max(0.0);
        (SHARE * quota).min((1.0 - FREE) * quota - others).max(0.0)
    }

    async fn write(&self, name: &str, work: &[u8]) -> Written {
        let options = FileSystemGetFileOptions::new();
        options.set_create(true);
        let access = async {
            let file = JsFuture::from(self.folder.get_file_handle_with_options(name, &options)).await?;
            JsFuture::from(file.unchecked_into::<FileSystemFileHandle>().create_sync_access_handle()).await
        };
        let access: FileSystemSyncAccessHandle = match access.await {
            Ok(access) => access.unchecked_into(),
            Err(error) => return failed(&error),
        };
        let write = || -> Result<bool, JsValue> {
            access.truncate_with_f64(0.0)?;
            let written = access.write_with_u8_array(work)?;
            access.flush()?;
            Ok(written == work.len() as f64)
        };
        let written = write();
        access.close();
        if let Ok(true) = written {
            return Written::Whole;
        }
        self.remove(name).await;
        written.err().map_or(Written::Full, |error| failed(&error))
    }

    async fn remove(&self, name: &str) -> bool {
        done::<JsValue>(self.folder.remove_entry(name)).await.is_some()
    }

    /// As [`Store::keep`]: the oldest works leave until this one fits.
    async fn put(&self, name: String, work: &[u8]) {
        let mut works = self.works().await;
        works.retain(|kept| kept.name != name);
        let bytes = work.len() as f64;
        let room = self.room(size(&works)).await;
        let (mut left, mut is_full) = (0, bytes > room);
        while !is_full {
            if size(&works) + bytes <= room {
                match self.write(&name, work).await {
                    Written::Whole => {
                        works.push(Work { name, bytes, made: 0.0 });
                        break;
                    }
                    Written::Refused => return,
                    Written::Full => {}
                }
            }
            match works.pop() {
                Some(oldest) => left += usize::from(self.remove(&oldest.name).await),
                None => is_full = true,
            }
        }
        // That there is no room is said once.
        let is_known = is_full && self.is_told.replace(true);
        self.say(&works, room, if is_full { 0 } else { left }, is_full && !is_known);
    }

    async fn tell(&self) {
        let works = self.works().await;
        self.say(&works, self.room(size(&works)).await, 0, false);
    }

    fn say(&self, works: &[Work], room: f64, left: usize, is_full: bool) {
        let event = Event::Store { works: works.len(), bytes: size(works), room, left, is_full };
        post(&self.scope, &Said { run: 0, stage: None, event }, Vec::new());
    }

    fn name(&self, key: &str) -> String {
        format!("{}.{}{}", self.build, digest(key), self.ending)
    }
}

impl Store for Opfs {
    fn recall<'a>(&'a self, key: &'a str) -> Boxed<'a, Option<Vec<u8>>> {
        Box::pin(async {
            let bytes: ArrayBuffer = done(self.file(&self.name(key)).await?.array_buffer()).await?;
            Some(Uint8Array::new(&bytes).to_vec())
        })
    }

    fn keep<'a>(&'a self, key: &'a str, work: Vec<u8>) -> Boxed<'a, ()> {
        Box::pin(async move { self.put(self.name(key), &work).await })
    }

    fn delete<'a>(&'a self, key: &'a str) -> Boxed<'a, bool> {
        Box::pin(async {
            // Whichever engine has made it, and with whichever operations: what is to go has to stay away.
            let (mut was_there, part) = (false, digest(key));
            for name in self.names().await.iter().filter(|name| name.split('.').nth(1) == Some(&part)) {
                was_there |= self.remove(name).await;
            }
            if was_there {
                self.tell().await;
            }
            was_there
        })
    }

    fn lease<'a>(&'a self, _: &'a str) -> Boxed<'a, Option<Lease>> {
        Box::pin(async { Some(Box::new(()) as Lease) })
    }

    fn checkpoint_every(&self) -> Option<f64> {
        None
    }
}

/// What became of a file that the browser had this to say of.
fn failed(error: &JsValue) -> Written {
    match get(error, "name").and_then(|name| name.as_string()).as_deref() {
        Some("QuotaExceededError") => Written::Full,
        _ => Written::Refused,
    }
}

/// The part of a work's name that is of its key.
fn digest(key: &str) -> String {
    let mut digest = Digest::default();
    digest.write(key.as_bytes());
    digest.hex()
}

fn size(works: &[Work]) -> f64 {
    works.iter().map(|work| work.bytes).sum()
}

/// What a promise comes to; `None` if it is rejected.
async fn done<T: JsCast>(promise: Promise) -> Option<T> {
    JsFuture::from(promise).await.ok().map(JsCast::unchecked_into)
}
