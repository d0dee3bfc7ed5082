//! The page's Content-Security-Policy: the browser refuses requests to any other host.

use crate::build::dist;
use anyhow::{Context, Result, ensure};
use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};
use std::fs;

/// The page's line that the policy goes before: as early as it can stand.
const PLACE: &str = "  <meta name=\"viewport\"";

/// Writes the policy into `index.html`, with the hashes of the scripts that stand in it; one that is there is replaced.
/// It has to be written again whenever such a script changes.
pub fn write() -> Result<()> {
    let path = dist().join("index.html");
    let page = fs::read_to_string(&path)?;
    let page = match page.split_once("  <meta http-equiv=\"Content-Security-Policy\"") {
        Some((before, rest)) => before.to_owned() + rest.split_once('\n').context("the policy is one line")?.1,
        None => page,
    };
    let (before, after) = page.split_once(PLACE).context("index.html has no viewport")?;
    fs::write(path, format!("{before}{}\n{PLACE}{after}", element(&page)?))?;
    Ok(())
}

/// Styles are set on elements by the page's charts. Engines and later parts are fetched and compiled; a worker may
/// start from a blob; pictures that are saved are blobs, and the icon is data.
fn element(page: &str) -> Result<String> {
    let hashes: String = inline(page)?.into_iter().map(|script| format!(" 'sha256-{}'", hash(script))).collect();
    Ok(format!(
        "  <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'self'; \
         script-src 'self' 'wasm-unsafe-eval'{hashes}; style-src 'self' 'unsafe-inline'; \
         img-src 'self' data: blob:; connect-src 'self' blob: data:; worker-src 'self' blob:; \
         object-src 'none'; base-uri 'none'; form-action 'none'\">"
    ))
}

fn hash(script: &str) -> String {
    BASE64_STANDARD.encode(Sha256::digest(script))
}

/// The texts of the scripts that stand in the page.
fn inline(page: &str) -> Result<Vec<&str>> {
    let scripts = page.split("<script").skip(1).map(|rest| {
        let (attributes, rest) = rest.split_once('>').context("a script element ends")?;
        ensure!(!attributes.contains("src="), "scripts that are files are imported, not named in the page");
        Ok(rest.split_once("</script>").context("a script ends")?.0)
    });
    scripts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_of_the_page_has_its_hash() {
        let page = fs::read_to_string(crate::shell::root().join("web/index.html")).unwrap();
        assert!(page.contains(PLACE));
        assert_eq!(page.matches("<script").count(), inline(&page).unwrap().len());
        let element = element(&page).unwrap();
        assert_eq!(element.matches("'sha256-").count(), 2);
        // Of the empty text, by `openssl dgst -sha256 -binary | base64`.
        assert_eq!(hash(""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }
}
