//! How large the downloads of a site are, against their bounds: growth is noticed when it happens.

use crate::build::{self, dist, files};
use crate::serve;
use anyhow::Result;
use flate2::Compression;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Bytes after brotli. The first part, the tools, all later parts and the CPU engine were wanted at 400, 150, 300 and
/// 680 KB; what libraries and plain code weigh stands in `tests/bench/README.md`.
const FIRST: usize = 445_000;
const MODULE: usize = 45_000;
const TOOLS: usize = 195_000;
const LATER: usize = 325_000;
const CPU: usize = 740_000;
const GPU: usize = 2_400_000;

/// The module of the page with dialogs, files and links: no lab's own.
const TOOLS_MODULE: &str = "tools";

/// Files that are bounded together.
pub struct Download {
    name: String,
    files: Vec<PathBuf>,
    /// Bytes after brotli.
    bound: usize,
}

/// The downloads of a site whose page, styles and engines are in these folders.
pub fn downloads(app: &Path, style: &Path, cpu: &Path, gpu: &Path) -> Result<Vec<Download>> {
    let (mut first, mut modules, mut tools, mut later) = (Vec::new(), BTreeMap::new(), Vec::new(), Vec::new());
    for file in files(app)? {
        match build::later_module(&file) {
            None => first.push(file),
            Some(module) => {
                later.push(file.clone());
                match module {
                    Some(module) if module != TOOLS_MODULE => {
                        modules.insert(module.to_owned(), file);
                    }
                    _ => tools.push(file),
                }
            }
        }
    }
    first.extend(files(style)?);
    first.push(dist().join("index.html"));
    let download = |name: &str, files, bound| Download { name: name.into(), files, bound };
    let mut all = vec![download("page, first part", first, FIRST)];
    all.extend(modules.into_iter().map(|(module, file)| download(&format!("page, {module}"), vec![file], MODULE)));
    all.push(download("page, tools and shared chunks", tools, TOOLS));
    all.push(download("page, all later parts", later, LATER));
    all.push(download("CPU engine", files(cpu)?, CPU));
    all.push(download("GPU engine", files(gpu)?, GPU));
    Ok(all)
}

/// Prints each download; returns those over their bound.
pub fn print(downloads: &[Download]) -> Result<Vec<String>> {
    println!("{:<31}{:>12}{:>12}{:>12}", "Downloads, KB", "brotli 11", "at most", "gzip 9");
    let mut over = Vec::new();
    for Download { name, files, bound } in downloads {
        let (mut brotli, mut gzip) = (0, 0);
        for file in files {
            let bytes = fs::read(file)?;
            brotli += serve::brotli(&bytes, 11)?.len();
            gzip += serve::gzip(&bytes, Compression::best())?.len();
        }
        let [size, most, gzip] = [brotli, *bound, gzip].map(|bytes| bytes as f64 / 1000.0);
        println!("{name:<31}{size:>12.1}{most:>12.0}{gzip:>12.1}");
        over.extend((brotli > *bound).then(|| name.clone()));
    }
    Ok(over)
}
