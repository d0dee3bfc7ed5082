//! The folder of results: nothing that is not ours is deleted, nothing that was finished is lost, and no killed run is
//! in the way of the next.

use crate::cli::{GRID, RESULTS, TRAIN, done, error, events, names, palimpsest, report};
use spec::Event;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A stage that is done at once, and one whose loss runs away: uphill, in steps that are far too long.
const RUNS_AWAY: &str = r#"
    version = 1
    tasks.digits = { id = "digits" }
    model = { id = "mlp", widths = [16] }
    forget = { id = "class" }
    stage = [
        { id = "train.scratch", as = "base", train = { epochs = 2 } },
        { id = "unlearn.gradient-ascent", as = "up", train = { lr = 10, epochs = 1000 } },
    ]
"#;

/// A stage that is done at once, and one that does not end by itself.
const ENDLESS: &str = r#"
    version = 1
    tasks.digits = { id = "digits" }
    model = { id = "mlp", widths = [16] }
    stage = [
        { id = "train.scratch", as = "base", train = { epochs = 2 } },
        { id = "transfer.full-finetune", as = "long", train = { epochs = 1000, batch = 1 } },
    ]
"#;

#[test]
fn what_somebody_else_wrote_stays() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("out");
    let mine = out.join("weights/mine.safetensors");
    let other = out.join(".DS_Store");
    // A folder with such names is not ours.
    fs::create_dir_all(out.join("weights")).unwrap();
    fs::write(&mine, "precious").unwrap();
    let run = ["run", "run.toml", "--out", "out", "--quiet", "--save", "weights"];
    let output = palimpsest(&folder, &run, TRAIN);
    assert_eq!(output.status.code(), Some(2));
    assert!(error(&output).contains("the folder holds no results but \"weights\""), "{}", error(&output));
    assert_eq!(fs::read_to_string(&mine).unwrap(), "precious");

    // Nor is what lies among earlier results, which go.
    fs::remove_dir_all(&out).unwrap();
    done(&folder, &run, TRAIN);
    fs::write(&mine, "precious").unwrap();
    fs::write(&other, "a file manager's").unwrap();
    fs::create_dir(out.join("notes")).unwrap();
    done(&folder, &["run", "run.toml", "--out", "out", "--quiet"], TRAIN);
    assert_eq!(names(&out), [&[".DS_Store"], &RESULTS[..2], &["notes"], &RESULTS[2..], &["weights"]].concat());
    assert_eq!(names(&out.join("weights")), ["mine.safetensors"]);
    assert_eq!(fs::read_to_string(&mine).unwrap(), "precious");
    assert_eq!(names(folder.path()), ["out", "run.toml"]);
}

#[test]
fn a_list_reaches_nothing_outside_its_folder() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("out");
    done(&folder, &["run", "run.toml", "--out", "out", "--quiet"], TRAIN);
    for name in ["outside.txt", "absolute.txt", "behind.txt"] {
        fs::write(folder.path().join(name), "precious").unwrap();
    }
    let absolute = folder.path().join("absolute.txt");
    let list = serde_json::json!({ "palimpsest": "0", "files": ["../outside.txt", absolute, "link/behind.txt"] });
    fs::write(out.join("files.json"), list.to_string()).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("..", out.join("link")).unwrap();
    let output = palimpsest(&folder, &["run", "run.toml", "--out", "out", "--quiet"], TRAIN);
    // The old results are not listed any more, so they are somebody's, and the new ones cannot go there.
    assert_eq!(output.status.code(), Some(1), "{}", error(&output));
    for name in ["outside.txt", "absolute.txt", "behind.txt"] {
        assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), "precious", "{name}");
    }
}

#[test]
fn results_that_cannot_be_put_in_place_are_kept_and_named() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("out");
    done(&folder, &["run", "run.toml", "--out", "out", "--quiet"], TRAIN);
    fs::create_dir(out.join("weights")).unwrap();
    fs::write(out.join("weights/base.safetensors"), "mine").unwrap();
    let output = palimpsest(&folder, &["run", "run.toml", "--out", "out", "--save", "weights"], TRAIN);
    assert_eq!(output.status.code(), Some(1));
    let said = error(&output);
    assert!(said.contains("\"weights/base.safetensors\" there was not written by this program"), "{said}");
    assert!(String::from_utf8(output.stdout).unwrap().contains("\nTraining\n"), "the table is printed");
    assert_eq!(fs::read_to_string(out.join("weights/base.safetensors")).unwrap(), "mine");
    let lies = Path::new(said.rsplit("they lie in ").next().unwrap().trim());
    assert_eq!(names(lies), [&RESULTS[..], &["weights"]].concat());
    // The next run says so once more, and leaves them.
    let output = done(&folder, &["run", "run.toml", "--out", "out", "--quiet"], TRAIN);
    assert!(error(&output).starts_with("note: ") && lies.is_dir(), "{}", error(&output));
}

/// A file where a folder has to be, a link there, and a folder where a file has to be.
#[test]
fn what_stands_in_the_way_of_results_stays_where_it_is() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("out");
    let run = ["run", "run.toml", "--out", "out", "--quiet", "--save", "weights"];
    for case in ["file", "link", "folder"] {
        done(&folder, &["run", "run.toml", "--out", "out", "--quiet"], TRAIN);
        let (theirs, name) = match case {
            "file" => (out.join("weights"), "weights"),
            "link" => (folder.path().join("big/note"), "weights"),
            _ => (out.join("report.html/note"), "report.html"),
        };
        match case {
            "file" => {}
            "link" => {
                fs::create_dir(folder.path().join("big")).unwrap();
                #[cfg(unix)]
                std::os::unix::fs::symlink("../big", out.join("weights")).unwrap();
            }
            _ => {
                fs::remove_file(out.join("report.html")).unwrap();
                fs::create_dir(out.join("report.html")).unwrap();
            }
        }
        fs::write(&theirs, "mine").unwrap();
        let output = palimpsest(&folder, &run, TRAIN);
        let said = error(&output);
        assert_eq!(output.status.code(), Some(1), "{case}: {said}");
        assert!(said.contains(&format!("\"{name}\" there was not written by this program")), "{case}: {said}");
        let lies = Path::new(said.rsplit("they lie in ").next().unwrap().trim());
        assert_eq!(names(lies), [&RESULTS[..], &["weights"]].concat(), "{case}");
        assert_eq!(fs::read_to_string(&theirs).unwrap(), "mine", "{case}");
        fs::remove_dir_all(lies).unwrap();
        fs::remove_dir_all(&out).unwrap();
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("nowhere", folder.path().join("dangling")).unwrap();
        let output = palimpsest(&folder, &["run", "run.toml", "--out", "dangling"], TRAIN);
        assert_eq!(output.status.code(), Some(2), "{}", error(&output));
        assert!(error(&output).contains("dangling: it is a link that leads nowhere"), "{}", error(&output));
    }
    assert!(names(folder.path()).iter().all(|name| !name.starts_with('.')), "{:?}", names(folder.path()));
}

#[test]
fn a_run_may_read_what_it_replaces_and_its_folders_are_made() {
    let folder = TempDir::new().unwrap();
    done(&folder, &["run", "run.toml", "--out", "a/b/out", "--save", "weights"], TRAIN);
    let again = TRAIN.replace("[16]", "[16], weights = \"a/b/out/weights/base.safetensors\"");
    done(&folder, &["run", "run.toml", "--out", "a/b/out/"], &again.replace("train.scratch", "transfer.full-finetune"));
    assert_eq!(names(&folder.path().join("a/b/out")), RESULTS);
    assert_eq!(names(&folder.path().join("a/b")), ["out"]);
}

#[cfg(unix)]
#[test]
fn results_go_where_a_link_leads() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("scratch")).unwrap();
    std::os::unix::fs::symlink("scratch", folder.path().join("out")).unwrap();
    for _ in 0..2 {
        done(&folder, &["run", "run.toml", "--out", "out", "--quiet"], TRAIN);
        assert_eq!(names(&folder.path().join("scratch")), RESULTS);
        assert_eq!(names(folder.path()), ["out", "run.toml", "scratch"]);
    }
}

#[test]
fn stages_before_a_failed_one_are_kept() {
    let folder = TempDir::new().unwrap();
    let run = ["run", "run.toml", "--out", "out", "--save", "weights"];
    let output = palimpsest(&folder, &run, RUNS_AWAY);
    assert_eq!(output.status.code(), Some(1), "{}", error(&output));
    let said = error(&output);
    assert!(said.contains("error: stage.up: the loss is not finite at step "), "{said}");
    assert!(said.contains("`--set stage.up.train.lr=1.0` may help"), "{said}");
    assert!(String::from_utf8(output.stdout).unwrap().contains("\nTraining\nStage"), "the table is printed");
    let out = folder.path().join("out");
    assert_eq!(names(&out.join("weights")), ["base.safetensors"]);
    let kept = report(&out.join("report.json"));
    assert!(kept.value("base", "accuracy").is_some() && kept.unfinished[0].starts_with("stage.up: "), "{kept:?}");
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("the loss is not finite"), "{page}");

    // They never take the place of earlier results.
    done(&folder, &["run", "run.toml", "--out", "whole"], TRAIN);
    let before = fs::read(folder.path().join("whole/report.json")).unwrap();
    for name in ["whole-unfinished", "whole-unfinished-2"] {
        let output = palimpsest(&folder, &["run", "run.toml", "--out", "whole"], RUNS_AWAY);
        assert!(error(&output).contains(&format!("what was finished lies in {name}\n")), "{}", error(&output));
        assert_eq!(names(&folder.path().join(name)), RESULTS);
        assert_eq!(fs::read(folder.path().join("whole/report.json")).unwrap(), before);
    }
}

#[test]
fn one_failed_run_does_not_end_the_others() {
    let folder = TempDir::new().unwrap();
    let grid = "grid={\"stage.up.train.lr\":[0.0001,10,0.0002]}";
    let sets = ["--set", grid, "--set", "stage.up.train.epochs=40", "--set", "retrain_seeds=1"];
    let run = [&["run", "run.toml", "--out", "out", "--repeats", "2"][..], &sets].concat();
    let output = palimpsest(&folder, &run, RUNS_AWAY);
    assert_eq!(output.status.code(), Some(1));
    assert!(error(&output).ends_with("error: 2 of 6 runs did not come to their end\n"), "{}", error(&output));
    let json = fs::read_to_string(folder.path().join("out/report.json")).unwrap();
    let reports = spec::Reports::read(&json).unwrap().reports;
    let [first, away, last] = &reports[..] else { panic!("{reports:?}") };
    assert!(first.unfinished.is_empty() && last.unfinished.is_empty());
    assert!(first.value("up", "accuracy").is_some() && last.value("up", "accuracy").is_some());
    assert!(away.value("base", "accuracy").is_some() && away.value("up", "accuracy").is_none());
    assert!(away.unfinished[0].starts_with("seed 1: stage.up: the loss"), "{:?}", away.unfinished);
    assert_eq!(away.unfinished.len(), 2);
}

#[cfg(unix)]
#[test]
fn a_signal_ends_a_run_and_keeps_what_was_finished() {
    // Under nohup the tests themselves have this signal ignored, and so has what they start.
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    let hears_hup = ignored.unwrap_or(0) & 1 == 0;
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        if signal == "HUP" && !hears_hup {
            continue;
        }
        let folder = TempDir::new().unwrap();
        let (mut child, mut lines) = begun(&folder, ENDLESS);
        assert!(lines.any(|line| matches!(events(&line)[0].event, Event::StageDone { .. })));
        assert!(lines.any(|line| matches!(events(&line)[0].event, Event::Step { done: 1.., .. })));
        send(signal, &child);
        let last = lines.last().unwrap();
        assert!(matches!(events(&last)[0].event, Event::Cancelled { .. }), "{last}");
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert_eq!(names(&folder.path().join("out")), RESULTS);
        let kept = report(&folder.path().join("out/report.json"));
        assert!(kept.value("base", "accuracy").is_some());
        assert_eq!(kept.unfinished, ["stage.long: it was stopped"]);
        assert_eq!(names(folder.path()), ["out", "run.toml"]);
    }
    // Where nothing was finished, nothing is left.
    let folder = TempDir::new().unwrap();
    let (mut child, mut lines) = begun(&folder, &TRAIN.replace("epochs = 2", "epochs = 1000, batch = 1"));
    assert!(lines.any(|line| matches!(events(&line)[0].event, Event::Step { done: 1.., .. })));
    send("INT", &child);
    assert_eq!((lines.count() > 0, child.wait().unwrap().code()), (true, Some(130)));
    assert_eq!(names(folder.path()), ["run.toml"]);
}

#[cfg(unix)]
#[test]
fn a_run_under_nohup_outlives_its_terminal() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("run.toml"), ENDLESS).unwrap();
    let mut child = Command::new("nohup");
    child.arg(env!("CARGO_BIN_EXE_palimpsest")).args(["run", "run.toml", "--json", "--out", "out"]);
    let (mut child, mut lines) = spawned(child, &folder);
    assert!(lines.any(|line| matches!(events(&line)[0].event, Event::StageDone { .. })));
    send("HUP", &child);
    assert!(lines.by_ref().take(200).any(|line| matches!(events(&line)[0].event, Event::Step { .. })));
    assert!(child.try_wait().unwrap().is_none(), "it goes on");
    send("TERM", &child);
    drop(lines);
    assert_eq!(child.wait().unwrap().code(), Some(143));
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_costs_no_results() {
    let folder = TempDir::new().unwrap();
    let (mut child, mut lines) = begun(&folder, TRAIN);
    lines.next();
    drop(lines);
    assert_eq!(child.wait().unwrap().code(), Some(141));
    assert_eq!(names(&folder.path().join("out")), RESULTS);
}

/// Nobody hears notes and errors: results and exit codes are what they would be.
#[cfg(target_os = "linux")]
#[test]
fn a_standard_error_that_takes_nothing_costs_no_results() {
    let folder = TempDir::new().unwrap();
    let script = |arguments: &str| {
        let script = format!("exec \"$0\" {arguments} 2>/dev/full");
        let mut shell = Command::new("bash");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_palimpsest")]).current_dir(&folder);
        shell.output().unwrap().status.code()
    };
    fs::write(folder.path().join("run.toml"), TRAIN).unwrap();
    assert_eq!(script("run run.toml --out out"), Some(0));
    assert_eq!(names(&folder.path().join("out")), RESULTS);
    assert_eq!(script("run nothing.toml"), Some(2));
    fs::write(folder.path().join("run.toml"), RUNS_AWAY).unwrap();
    assert_eq!(script("run run.toml --out failed"), Some(1));
    assert_eq!(names(&folder.path().join("failed")), RESULTS);
}

/// Where a file of `--save` cannot be written, figures and table are there all the same, and the next run is played.
#[cfg(unix)]
#[test]
fn what_cannot_be_saved_costs_no_figure() {
    let folder = TempDir::new().unwrap();
    let play = |more: &str| {
        fs::write(folder.path().join("run.toml"), TRAIN).unwrap();
        let script = format!(
            "trap '' XFSZ; ulimit -f 5; exec \"$0\" run run.toml --out out --quiet --set model.widths=[128] \
             --set stage.base.train.epochs=1 --save weights {more}"
        );
        let program = assert_cmd::cargo::cargo_bin("palimpsest");
        std::process::Command::new("sh").current_dir(folder.path()).args(["-c", &script]).arg(program).output().unwrap()
    };
    let output = play("--repeats 1");
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("From scratch") && said.contains("warning: not all was saved: out/weights/base"), "{said}");
    assert!(error(&output).contains("what was finished lies in out"), "{}", error(&output));
    let output = play("--repeats 2");
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(said.contains(" ± ") && said.contains("seed 2: not all was saved"), "{said}");
    assert!(error(&output).ends_with("error: 2 of 2 runs did not come to their end\n"), "{}", error(&output));
}

/// A limit on the size of files stands for a full disk.
#[cfg(unix)]
#[test]
fn a_full_disk_is_named_and_the_table_is_printed() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("run.toml"), TRAIN).unwrap();
    let script = "trap '' XFSZ; ulimit -f 4; exec \"$0\" run run.toml --out out";
    let mut shell = Command::new("bash");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_palimpsest")]).current_dir(&folder);
    let output = shell.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", error(&output));
    assert!(error(&output).contains("out/events.jsonl: it cannot be written (File too large"), "{}", error(&output));
    assert!(String::from_utf8(output.stdout).unwrap().contains("\nTraining\nStage"), "the table is printed");
}

/// Nothing at all can be written any more, the list of files neither: what is there stays, and is named.
#[cfg(unix)]
#[test]
fn what_cannot_even_be_listed_is_kept() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("run.toml"), TRAIN).unwrap();
    let script = "trap '' XFSZ; ulimit -f 0; exec \"$0\" run run.toml --quiet --out out";
    let mut shell = Command::new("bash");
    let output = shell.args(["-c", script, env!("CARGO_BIN_EXE_palimpsest")]).current_dir(&folder).output().unwrap();
    let said = error(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let lies = folder.path().join(said.rsplit("they lie in ").next().unwrap().trim());
    assert!(names(&lies).contains(&"events.jsonl".to_owned()), "{said}");
    // The next run leaves it alone.
    done(&folder, &["run", "run.toml", "--quiet", "--out", "out"], TRAIN);
    assert!(lies.is_dir());
}

#[cfg(unix)]
#[test]
fn a_killed_run_is_not_in_the_way_of_the_next() {
    let folder = TempDir::new().unwrap();
    let hidden = || names(folder.path()).into_iter().filter(|name| name.starts_with(".out.palimpsest-")).count();
    let (mut dead, mut lines) = begun(&folder, ENDLESS);
    assert!(lines.any(|line| matches!(events(&line)[0].event, Event::Step { done: 1.., .. })));
    dead.kill().unwrap();
    dead.wait().unwrap();
    // One that is alive keeps its folder.
    let (mut alive, mut lines) = begun(&folder, ENDLESS);
    assert!(lines.any(|line| matches!(events(&line)[0].event, Event::StageDone { .. })));
    assert_eq!(hidden(), 1, "what the killed one left is gone");
    done(&folder, &["run", "run.toml", "--out", "out", "--quiet"], TRAIN);
    assert_eq!(hidden(), 1);
    send("INT", &alive);
    assert_eq!((lines.count() > 0, alive.wait().unwrap().code()), (true, Some(130)));
    assert_eq!(names(folder.path()), ["out", "out-unfinished", "run.toml"]);
}

#[test]
fn results_that_were_being_replaced_come_back() {
    let folder = TempDir::new().unwrap();
    done(&folder, &["run", "run.toml", "--out", "out", "--quiet"], TRAIN);
    let [out, aside] = ["out", ".out.palimpsest-x.earlier"].map(|name| folder.path().join(name));
    fs::write(out.join("thesis.txt"), "years").unwrap();
    // As a run leaves it that is killed between its two renames; the next one is refused, so it shows what came back.
    fs::rename(&out, &aside).unwrap();
    palimpsest(&folder, &["run", "run.toml", "--out", "out", "--device", "cuda"], TRAIN);
    assert_eq!(names(&out), [&RESULTS[..], &["thesis.txt"]].concat());
    // And as after both of them.
    fs::rename(&out, &aside).unwrap();
    fs::create_dir(&out).unwrap();
    for name in RESULTS {
        fs::copy(aside.join(name), out.join(name)).unwrap();
    }
    done(&folder, &["run", "run.toml", "--out", "out", "--quiet"], TRAIN);
    assert_eq!(names(&out), [&RESULTS[..], &["thesis.txt"]].concat());
    assert_eq!(names(folder.path()), ["out", "run.toml"]);
}

/// A run that is killed while it clears earlier results away leaves their list to the last, so that the next one knows
/// what is whose; what that one cannot put back, it names.
#[test]
fn clearing_away_can_be_cut_anywhere() {
    let folder = TempDir::new().unwrap();
    let [out, aside] = ["out", ".out.palimpsest-x.earlier"].map(|name| folder.path().join(name));
    let run = ["run", "run.toml", "--out", "out", "--quiet"];
    for cut in 0..=RESULTS.len() - 1 {
        done(&folder, &run, TRAIN);
        fs::create_dir(&aside).unwrap();
        // In the order in which they go; the list is the last.
        let gone: Vec<&str> = RESULTS.into_iter().filter(|name| *name != "files.json").take(cut).collect();
        for name in RESULTS.iter().filter(|name| !gone.contains(name)) {
            fs::copy(out.join(name), aside.join(name)).unwrap();
        }
        fs::write(aside.join("thesis.txt"), "years").unwrap();
        let output = done(&folder, &run, TRAIN);
        assert_eq!(error(&output), "", "{cut}");
        assert_eq!(names(&out), [&RESULTS[..], &["thesis.txt"]].concat(), "{cut}");
        assert_eq!(names(folder.path()), ["out", "run.toml"], "{cut}");
        fs::remove_file(out.join("thesis.txt")).unwrap();
    }
    fs::create_dir(&aside).unwrap();
    fs::write(aside.join("report.html"), "of a build that left no list").unwrap();
    for _ in 0..2 {
        let output = done(&folder, &run, TRAIN);
        assert!(error(&output).contains(".out.palimpsest-x.earlier: what lay among"), "{}", error(&output));
    }
    assert_eq!(names(&aside), ["report.html"]);
}

/// Killed before it had a lock, and after it had written its list.
#[test]
fn what_was_killed_at_the_edges_is_recognised() {
    let folder = TempDir::new().unwrap();
    let [empty, whole] = [".out.palimpsest-a", ".out.palimpsest-b"].map(|name| folder.path().join(name));
    fs::create_dir(&empty).unwrap();
    done(&folder, &["run", "run.toml", "--out", "out", "--quiet"], TRAIN);
    fs::rename(folder.path().join("out"), &whole).unwrap();
    fs::write(whole.join("lock"), "").unwrap();
    let output = done(&folder, &["run", "run.toml", "--out", "out", "--quiet"], TRAIN);
    assert!(error(&output).contains(".out.palimpsest-b: an earlier run could not put its results in place"));
    assert_eq!(names(folder.path()), [".out.palimpsest-b", "out", "run.toml"]);
    // A list that cannot be read is said to be one.
    fs::write(folder.path().join("out/files.json"), "{").unwrap();
    let output = palimpsest(&folder, &["run", "run.toml", "--out", "out"], TRAIN);
    assert!(error(&output).contains("out: its files.json, which lists the results there, cannot be read"));
}

/// In a container a program is process 1, which ignores signals that it does not ask for.
#[cfg(target_os = "linux")]
#[test]
fn a_signal_ends_a_run_that_is_process_one() {
    let alone = ["--user", "--map-root-user", "--pid", "--fork", "--kill-child"];
    if !Command::new("unshare").args(alone).arg("true").output().is_ok_and(|output| output.status.success()) {
        println!("not tested: this system gives no process a number 1 of its own");
        return;
    }
    for (signal, code) in [("TERM", 143), ("INT", 130), ("HUP", 129)] {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("run.toml"), ENDLESS).unwrap();
        let mut unshare = Command::new("unshare");
        unshare.args(alone).arg(env!("CARGO_BIN_EXE_palimpsest"));
        unshare.args(["run", "run.toml", "--json", "--out", "out"]).current_dir(&folder);
        let (mut child, mut lines) = spawned(unshare, &folder);
        assert!(lines.any(|line| matches!(events(&line)[0].event, Event::StageDone { .. })));
        let children = format!("/proc/{0}/task/{0}/children", child.id());
        let inner = fs::read_to_string(children).unwrap();
        let sent = Command::new("kill").args([&format!("-{signal}"), inner.trim()]).status().unwrap();
        assert!(sent.success());
        assert_eq!((lines.count() > 0, child.wait().unwrap().code()), (true, Some(code)), "{signal}");
        assert_eq!(names(&folder.path().join("out")), RESULTS, "{signal}");
    }
}

#[test]
fn runs_that_end_at_one_moment_stay_whole() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("run.toml"), GRID).unwrap();
    let begin = |seed: usize| {
        let mut run = Command::new(env!("CARGO_BIN_EXE_palimpsest"));
        run.current_dir(&folder).args(["run", "run.toml", "--quiet", "--out", "out", "--repeats", "1", "--set"]);
        run.arg(format!("seed={seed}")).stdout(Stdio::null()).spawn().unwrap()
    };
    let mut children: Vec<Child> = (1..7).map(begin).collect();
    assert!(children.iter_mut().all(|child| child.wait().unwrap().success()));
    assert_eq!(names(folder.path()), ["out", "run.toml"]);
    assert_eq!(names(&folder.path().join("out")), RESULTS);
}

/// A run that has begun, with its lines of JSON.
#[cfg(unix)]
fn begun(folder: &TempDir, text: &str) -> (Child, impl Iterator<Item = String> + use<>) {
    fs::write(folder.path().join("run.toml"), text).unwrap();
    let mut run = Command::new(env!("CARGO_BIN_EXE_palimpsest"));
    run.args(["run", "run.toml", "--json", "--out", "out"]);
    spawned(run, folder)
}

#[cfg(unix)]
fn spawned(mut run: Command, folder: &TempDir) -> (Child, impl Iterator<Item = String> + use<>) {
    let mut child = run.current_dir(folder).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    (child, lines)
}

#[cfg(unix)]
fn send(signal: &str, to: &Child) {
    assert!(Command::new("kill").args([&format!("-{signal}"), &to.id().to_string()]).status().unwrap().success());
}
