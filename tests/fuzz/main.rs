//! Decoders of strangers' files, fed with mutations of valid ones: ten seconds each here, and a million inputs each by
//! `cargo xtask fuzz`. `trial` says what must hold. `kills` kills runs at random moments.

mod decoders;
#[cfg(unix)]
mod kills;
// The page is a program, which no test can link.
#[allow(dead_code, reason = "commands are for the page")]
#[path = "../../web/app/src/run/link.rs"]
mod link;
mod mutate;
mod trial;

/// A test for each decoder: its name, its valid files, what reads one, and the bytes that a file announces.
macro_rules! decoders {
    ($($name:ident: $files:path, $read:path, $announced:path;)*) => {
        $(#[test]
        fn $name() {
            let name = stringify!($name);
            trial::fuzz(&trial::Decoder { name, files: $files(), read: $read, announced: $announced });
        })*
    };
}

decoders! {
    gzip: decoders::gzip_files, decoders::gzip, decoders::idx_size;
    idx: decoders::idx_files, decoders::idx, decoders::idx_size;
    link: decoders::links, decoders::link, decoders::nothing;
    report: decoders::reports, decoders::report, decoders::nothing;
    run_json: decoders::run_files_in_json, decoders::run_file, decoders::nothing;
    run_toml: decoders::run_files, decoders::run_file, decoders::nothing;
    safetensors: decoders::weight_files, decoders::weights, decoders::nothing;
    work: decoders::works, decoders::work, decoders::nothing;
}
