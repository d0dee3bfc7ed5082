//! A static file server for this machine only. A browser refuses wasm and modules of the wrong type, and would keep an
//! old engine if it were let to cache.

use anyhow::{Context, Result};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::thread;

/// How many bytes a request's head may have.
const HEAD: u64 = 16 * 1024;

/// Serves `folder` at the first free port from `port` on until the program ends; returns the address.
pub fn serve(folder: PathBuf, port: u16) -> Result<String> {
    let free = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok();
    let last = port.saturating_add(100);
    let listener = (port..=last).find_map(free).with_context(|| format!("no free port from {port} to {last}"))?;
    let address = format!("http://{}/", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let folder = folder.clone();
            // A browser that hangs up early is no failure of ours.
            thread::spawn(move || answer(stream, &folder).ok());
        }
    });
    Ok(address)
}

fn answer(mut stream: TcpStream, folder: &Path) -> Result<()> {
    let mut head = BufReader::new((&stream).take(HEAD)).lines();
    let request = head.next().context("an empty request")??;
    while head.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let mut words = request.split(' ');
    let (method, target) = (words.next(), words.next().unwrap_or_default());
    let file = local(target).map(|path| folder.join(path)).and_then(|path| Some((fs::read(&path).ok()?, path)));
    let (status, kind, body) = match (method, file) {
        (Some("GET" | "HEAD"), Some((body, path))) => ("200 OK", kind(&path), body),
        (Some("GET" | "HEAD"), None) => ("404 Not Found", "text/plain", b"not found".to_vec()),
        _ => ("405 Method Not Allowed", "text/plain", b"only GET".to_vec()),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    if method != Some("HEAD") {
        stream.write_all(&body)?;
    }
    Ok(())
}

/// The file that a request's target names; nothing for a path that climbs out of the folder.
fn local(target: &str) -> Option<PathBuf> {
    let path = target.split(['?', '#']).next()?.strip_prefix('/')?;
    let path = if path.is_empty() || path.ends_with('/') { format!("{path}index.html") } else { path.to_owned() };
    let path = PathBuf::from(path);
    path.components().all(|part| matches!(part, Component::Normal(_))).then_some(path)
}

fn kind(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("png") => "image/png",
        Some("svg") => "image/svg+xml",
        Some("toml" | "txt") => "text/plain; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        assert_eq!(local("/"), Some("index.html".into()));
        assert_eq!(local("/gpu/worker_gpu.js?1"), Some("gpu/worker_gpu.js".into()));
        assert_eq!(local("/static/../../secret"), None);
        assert_eq!(local("//etc/passwd"), None);
        assert_eq!(local("index.html"), None);
    }

    #[test]
    fn a_page_with_its_type_and_a_missing_file() {
        let root = crate::shell::root();
        let address = serve(root.join("web"), 18_080).unwrap();
        let host = address.trim_start_matches("http://").trim_end_matches('/');
        let get = |path: &str| {
            let mut stream = TcpStream::connect(host).unwrap();
            write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        };
        let page = get("/");
        assert!(page.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/html"));
        assert!(page.ends_with(&fs::read_to_string(root.join("web/index.html")).unwrap()));
        assert!(get("/none").starts_with("HTTP/1.1 404"));
    }
}
