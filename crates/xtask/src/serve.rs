//! A static file server for this machine only, for `play` and the browser tests. HTTP is tiny_http's, which compiles in
//! seconds; hyper would bring an asynchronous runtime along.

use anyhow::{Result, anyhow};
use clap::{Args, ValueEnum};
use flate2::{Compression, write::GzEncoder};
use std::fs;
use std::io::Write;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::thread;
use tiny_http::{Header, Method, Request, Response, Server};

/// As many connections as a browser opens to one host.
const THREADS: usize = 6;

#[derive(Args)]
pub struct Options {
    /// The folder to serve
    folder: PathBuf,
    /// The path that the folder has on the host
    #[arg(long, default_value = "/")]
    base: String,
    /// The port to serve on
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Compress for browsers that accept it
    #[arg(long)]
    compress: Option<Coding>,
}

/// Codings of a response's body.
#[derive(Clone, Copy, ValueEnum)]
pub enum Coding {
    /// As GitHub Pages does
    Gzip,
    /// As most other hosts do
    Brotli,
}

/// A folder and how it is served.
pub struct Site {
    folder: PathBuf,
    /// Starts and ends with a slash.
    base: String,
    compress: Option<Coding>,
}

impl Site {
    pub fn of(folder: PathBuf) -> Self {
        Self { folder, base: "/".into(), compress: None }
    }
}

/// `cargo xtask serve`.
pub fn until_stopped(options: &Options) -> Result<()> {
    let base = format!("/{}/", options.base.trim_matches('/')).replace("//", "/");
    let site = Site { folder: options.folder.clone(), base, compress: options.compress };
    println!("{} is at {}", options.folder.display(), serve(site, options.port..=options.port)?);
    loop {
        thread::park();
    }
}

/// Serves at the first free one of these ports until the program ends; returns the address.
pub fn serve(site: Site, ports: RangeInclusive<u16>) -> Result<String> {
    let (first, last) = (*ports.start(), *ports.end());
    let server = ports.into_iter().find_map(|port| Server::http((Ipv4Addr::LOCALHOST, port)).ok());
    let server = Arc::new(server.ok_or_else(|| anyhow!("no free port from {first} to {last}"))?);
    let address = format!("http://{}{}", server.server_addr(), site.base);
    let site = Arc::new(site);
    for _ in 0..THREADS {
        let (server, site) = (server.clone(), site.clone());
        thread::spawn(move || {
            while let Ok(request) = server.recv() {
                let answer = site.answer(&request);
                // A browser that hangs up early is no failure of ours.
                request.respond(answer).ok();
            }
        });
    }
    Ok(address)
}

impl Site {
    fn answer(&self, request: &Request) -> Response<std::io::Cursor<Vec<u8>>> {
        let path = self.local(request.url()).map(|path| self.folder.join(path));
        let file = path.and_then(|path| Some((fs::read(&path).ok()?, kind(&path))));
        let accepted = request.headers().iter().find(|header| header.field.equiv("Accept-Encoding"));
        let accepted = accepted.map_or("", |header| header.value.as_str());
        let (status, body, kind, coding) = match (request.method(), file) {
            (Method::Get | Method::Head, Some((body, kind))) => match self.compress.and_then(|c| c.of(accepted, &body))
            {
                Some((coding, packed)) => (200, packed, kind, Some(coding)),
                None => (200, body, kind, None),
            },
            // The page asks in this way whether the GPU engine is built. It is not, which is no error for the console.
            (Method::Head, None) => (204, Vec::new(), "text/plain", None),
            (Method::Get, None) => (404, b"not found".to_vec(), "text/plain", None),
            _ => (405, b"only GET".to_vec(), "text/plain", None),
        };
        // A browser refuses wasm and modules of the wrong type, and would keep an old engine if it were let to cache.
        let headers = [("Content-Type", kind), ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")];
        let headers = headers.into_iter().chain(coding.map(|coding| ("Content-Encoding", coding)));
        let headers = headers.map(|(name, value)| Header::from_bytes(name, value).expect("it is plain text"));
        // All at once, with its length.
        headers
            .fold(Response::from_data(body).with_chunked_threshold(usize::MAX), Response::with_header)
            .with_status_code(status)
    }

    /// The file that a request's target names; nothing for a path that climbs out of the folder.
    fn local(&self, target: &str) -> Option<PathBuf> {
        let path = target.split(['?', '#']).next()?.strip_prefix(&self.base)?;
        let path = if path.is_empty() || path.ends_with('/') { format!("{path}index.html") } else { path.to_owned() };
        let path = PathBuf::from(path);
        path.components().all(|part| matches!(part, Component::Normal(_))).then_some(path)
    }
}

impl Coding {
    /// The body in this coding and the coding's name, if the browser accepts it.
    fn of(self, accepted: &str, body: &[u8]) -> Option<(&'static str, Vec<u8>)> {
        let name = match self {
            Self::Gzip => "gzip",
            Self::Brotli => "br",
        };
        let accepts = accepted.split(',').any(|one| one.split(';').next().is_some_and(|one| one.trim() == name));
        let packed = accepts.then(|| match self {
            Self::Gzip => gzip(body, Compression::default()),
            // What a host does while the browser waits.
            Self::Brotli => brotli(body, 5),
        })?;
        packed.ok().map(|packed| (name, packed))
    }
}

pub fn gzip(body: &[u8], level: Compression) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), level);
    encoder.write_all(body)?;
    Ok(encoder.finish()?)
}

pub fn brotli(body: &[u8], quality: i32) -> Result<Vec<u8>> {
    let parameters = brotli::enc::BrotliEncoderParams { quality, lgwin: 22, ..Default::default() };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &*body, &mut packed, &parameters)?;
    Ok(packed)
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
    use std::io::{Read, Write};
    use std::net::TcpStream;

    fn site(base: &str, compress: Option<Coding>) -> Site {
        Site { folder: crate::shell::root().join("web"), base: base.into(), compress }
    }

    /// The answer to a request with this line, headers apart from its body.
    fn ask(address: &str, line: &str) -> (String, Vec<u8>) {
        let host = address.trim_start_matches("http://").split('/').next().unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        let headers = "Accept-Encoding: deflate, gzip;q=0.5\r\nConnection: close";
        write!(stream, "{line} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        (String::from_utf8(answer[..end].to_vec()).unwrap(), answer[end + 4..].to_vec())
    }

    #[test]
    fn paths_stay_inside() {
        let site = site("/", None);
        assert_eq!(site.local("/"), Some("index.html".into()));
        assert_eq!(site.local("/gpu/worker_gpu.js?1"), Some("gpu/worker_gpu.js".into()));
        assert_eq!(site.local("/static/../../secret"), None);
        assert_eq!(site.local("//etc/passwd"), None);
        assert_eq!(site.local("index.html"), None);
    }

    #[test]
    fn a_base_is_where_the_folder_starts() {
        let site = site("/palimpsest/", None);
        assert_eq!(site.local("/palimpsest/"), Some("index.html".into()));
        assert_eq!(site.local("/palimpsest/../secret"), None);
        assert_eq!(site.local("/palimpsest//etc/passwd"), None);
        assert_eq!(site.local("/index.html"), None);
    }

    #[test]
    fn a_page_with_its_type_and_a_missing_file() {
        let address = serve(site("/", None), 18_080..=18_180).unwrap();
        let (head, body) = ask(&address, "GET /");
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert!(head.contains("\r\nContent-Type: text/html"), "{head}");
        assert!(!head.contains("Content-Encoding"), "{head}");
        assert_eq!(body, fs::read(crate::shell::root().join("web/index.html")).unwrap());
        assert!(ask(&address, "GET /none").0.starts_with("HTTP/1.1 404"));
        assert!(ask(&address, "GET /../Cargo.toml").0.starts_with("HTTP/1.1 404"));
        assert!(ask(&address, "HEAD /none").0.starts_with("HTTP/1.1 204"));
        assert!(ask(&address, "POST /").0.starts_with("HTTP/1.1 405"));
    }

    #[test]
    fn a_body_is_compressed_as_the_browser_accepts() {
        let page = fs::read(crate::shell::root().join("web/index.html")).unwrap();
        let address = serve(site("/", Some(Coding::Gzip)), 18_181..=18_280).unwrap();
        let (head, body) = ask(&address, "GET /");
        assert!(head.contains("\r\nContent-Encoding: gzip"), "{head}");
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(&*body).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, page);
        let address = serve(site("/", Some(Coding::Brotli)), 18_281..=18_380).unwrap();
        let (head, body) = ask(&address, "GET /");
        assert!(!head.contains("Content-Encoding"), "{head}");
        assert_eq!(body, page);
    }
}
