//! What stands where a file should, on the command line: pipes, devices and folders neither keep a run waiting nor fill
//! the memory.

use crate::cli::{TRAIN, command, error, palimpsest};
use std::fs;
use std::path::Path;
use std::process::Command as Program;
use std::time::Duration;
use tempfile::TempDir;

/// As a run file, as weights and as data.
fn said_of(folder: &TempDir, name: &str) -> [String; 3] {
    let weights = TRAIN.replace("widths = [16]", &format!("weights = \"{name}\""));
    let data =
        TRAIN.replace("{ id = \"digits\" }", &format!("{{ id = \"idx\", images = \"{name}\", labels = \"x\" }}"));
    [(name, TRAIN), ("run.toml", &weights), ("run.toml", &data)].map(|(file, text)| {
        fs::write(folder.path().join("run.toml"), text).unwrap();
        let output = command(folder).args(["run", file]).timeout(Duration::from_secs(20)).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}: {}", error(&output));
        error(&output)
    })
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_at_once() {
    let folder = TempDir::new().unwrap();
    assert!(Program::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap().success());
    fs::create_dir(folder.path().join("folder")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", folder.path().join("zero")).unwrap();
    std::os::unix::fs::symlink("loop", folder.path().join("loop")).unwrap();
    for name in ["pipe", "folder", "zero", "/dev/zero"] {
        for (said, place) in said_of(&folder, name).iter().zip(["", "model.weights: ", "tasks.digits.images: "]) {
            let what = match (name, place) {
                ("folder", "") => "this is a folder; a run file is right",
                _ => "this is no file",
            };
            assert_eq!(*said, format!("error: {place}{name}: {what}\n"));
        }
    }
    let [run, weights, data] = said_of(&folder, "loop");
    assert!(run.starts_with("error: loop: it cannot be read (") && run.lines().count() == 1, "{run}");
    assert!(
        weights.starts_with("error: model.weights: loop: ") && data.starts_with("error: tasks.digits.images: loop")
    );
}

/// The list of what a folder of results holds is as much a stranger's file.
#[cfg(unix)]
#[test]
fn a_list_of_results_that_is_no_file_is_none() {
    for make in [
        (|list: &Path| assert!(Program::new("mkfifo").arg(list).status().unwrap().success())) as fn(&Path),
        |list| std::os::unix::fs::symlink("/dev/zero", list).unwrap(),
        |list| fs::create_dir(list).unwrap(),
    ] {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("out")).unwrap();
        make(&folder.path().join("out/files.json"));
        fs::write(folder.path().join("run.toml"), TRAIN).unwrap();
        let arguments = ["run", "run.toml", "--out", "out"];
        let output = command(&folder).args(arguments).timeout(Duration::from_secs(60)).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", error(&output));
        assert!(fs::symlink_metadata(folder.path().join("out/files.json")).is_ok());
    }
}

#[test]
fn endless_input_stops_at_the_limit() {
    let folder = TempDir::new().unwrap();
    let output = command(&folder).args(["check", "-"]).write_stdin(vec![b' '; (16 << 20) + 1]).output().unwrap();
    assert_eq!(error(&output), "error: standard input: the file is larger than 16 MB, the limit\n");
    // A report's mark for the order of bytes is no part of it.
    let report = format!("\u{feff}{}", include_str!("stored/report.json"));
    fs::write(folder.path().join("report.json"), report).unwrap();
    let output = palimpsest(&folder, &["check", "report.json"], TRAIN);
    assert_eq!(output.status.code(), Some(0), "{}", error(&output));
    // A run in a report without any seed, as no run file can have it.
    let report = include_str!("stored/report.json").replace("\"tasks\":", "\"repeats\": 0, \"tasks\":");
    fs::write(folder.path().join("report.json"), &report).unwrap();
    let output = command(&folder).args(["run", "report.json"]).timeout(Duration::from_secs(20)).output().unwrap();
    assert!(error(&output).contains("repeats: must be a whole number between 1 and 100"), "{}", error(&output));
}
