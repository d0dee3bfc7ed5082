//! `cargo xtask picture`: the README's animated pictures, made from screenshots of the page while it plays its default
//! chain.

use crate::build::{self, Profile};
use crate::shell::{root, run};
use crate::{setup, test};
use anyhow::{Result, ensure};
use std::fs;

/// Bytes of a picture.
const MOST: u64 = 900_000;

pub fn picture() -> Result<()> {
    setup::wasm()?;
    let chrome = setup::browser()?;
    build::page(Profile::Small)?;
    let folder = root().join("docs");
    fs::create_dir_all(&folder)?;
    run(test::playwright("picture", chrome.as_deref())?.env("PALIMPSEST_PICTURES", &folder))?;
    for theme in ["light", "dark"] {
        let file = folder.join(format!("play-{theme}.webp"));
        let bytes = fs::metadata(&file)?.len();
        println!("{}: {} KB", file.display(), bytes / 1000);
        ensure!(bytes <= MOST, "{} is larger than {} KB", file.display(), MOST / 1000);
    }
    Ok(())
}
