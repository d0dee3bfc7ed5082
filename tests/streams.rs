//! What a random number depends on, and which samples are the same: names, places and spellings have no say.

use crate::cli::{done, palimpsest};
use crate::common::{hash, play, session};
use spec::{Report, RunSpec};
use std::fs;
use tempfile::TempDir;

/// Hashes of the networks that these stages leave.
fn networks<const N: usize>(text: &str, stages: [&str; N]) -> [String; N] {
    let (mut session, _) = session();
    pollster::block_on(session.play(1, RunSpec::read(text).unwrap(), 0, None)).unwrap();
    stages.map(|stage| hash(&session.model(stage).unwrap()))
}

fn chain(stages: &str) -> String {
    format!(
        "version = 1\nretrain_seeds = 1\ntasks.digits = {{ id = \"digits\" }}\n\
         model = {{ id = \"mlp\", widths = [16] }}\n\
         forget = {{ id = \"class\", class = 3 }}\nstage = [{stages}]"
    )
}

const BASE: &str = r#"{ id = "train.scratch", train = { epochs = 2 } }"#;
const TUNED: &str = r#"{ id = "transfer.full-finetune", train = { epochs = 1 } }"#;

#[test]
fn what_does_not_take_part_changes_no_network() {
    let [alone] = networks(&chain(&[BASE, TUNED].join(",")), ["1"]);
    let beside = |stage: &str| networks(&chain(&[BASE, stage, TUNED].join(",")), ["2"]);
    assert_eq!(beside(r#"{ id = "attack.pgd-linf", epsilon = 0.1, steps = 2 }"#)[0], alone);
    assert_eq!(beside(r#"{ id = "measure.mia-confidence" }"#)[0], alone);
    let between = r#"{ id = "peft.lora", as = "aside", rank = 1, train = { epochs = 1 } }"#;
    let tuned = TUNED.replace("\"transfer.full-finetune\"", "\"transfer.full-finetune\", from = \"0\"");
    assert_eq!(networks(&chain(&[BASE, between, &tuned].join(",")), ["2"])[0], alone);
}

#[test]
fn names_change_no_network_and_no_figure() {
    let named = |base: &str, tuned: &str, fooled: &str, forgot: &str| {
        let name = |id: &str, name: &str| format!("\"{id}\", as = \"{name}\"");
        let stages = [
            BASE.replace("\"train.scratch\"", &name("train.scratch", base)),
            TUNED.replace("\"transfer.full-finetune\"", &name("transfer.full-finetune", tuned)),
            format!(r#"{{ id = {}, epsilon = 0.1, steps = 2, restarts = 2 }}"#, name("attack.pgd-linf", fooled)),
            format!(r#"{{ id = {}, train = {{ epochs = 1 }} }}"#, name("unlearn.random-label", forgot)),
        ];
        let report = play(&chain(&stages.join(","))).0.unwrap();
        let times = ["seconds", "rte", "retrained_rte"];
        let figures = report.rows.iter().filter(|row| !times.contains(&row.key.as_str()));
        figures.map(|row| (row.key.clone(), row.value)).collect::<Vec<_>>()
    };
    assert_eq!(named("a", "b", "c", "d"), named("knows", "tuned", "fooled", "forgot"));
}

#[test]
fn another_draw_is_another_network() {
    let base = |more: &str| BASE.replace("\"train.scratch\"", &format!("\"train.scratch\"{more}"));
    let stages = [
        base(", as = \"first\""),
        base(", as = \"same\", from = \"start\", draw = 0"),
        base(", as = \"other\", from = \"start\", draw = 1"),
        base(", as = \"third\", from = \"start\", draw = 2"),
    ];
    let text = chain(&stages.join(","));
    let [first, same, other, third] = networks(&text, ["first", "same", "other", "third"]);
    assert_eq!(first, same);
    assert!(other != first && third != first && third != other);
    // Two of them are one, which is said.
    let folder = TempDir::new().unwrap();
    let said = String::from_utf8(done(&folder, &["check", "run.toml"], &text).stdout).unwrap();
    let sentence = "stage.same: It leaves the same network as stage.first, with the same random numbers; `draw = 1` \
                    in one of them makes it another.";
    assert_eq!(said.matches("leaves the same network").count(), 1, "{said}");
    assert!(said.contains(sentence) && said.contains("draw=2"), "{said}");
    let wrong = palimpsest(&folder, &["check", "run.toml"], &text.replace("draw = 2", "draw = -1"));
    let said = String::from_utf8(wrong.stderr).unwrap();
    assert!(wrong.status.code() == Some(2) && said.contains("draw"), "{said}");
}

/// Twins stand on twins, and say a default aloud.
#[test]
fn stages_that_are_equal_in_all_but_their_names_are_one_network() {
    let stages = r#"
        { id = "train.scratch", as = "a", train = { epochs = 1 } },
        { id = "train.scratch", as = "b", from = "start", on = "digits", draw = 0, train = { epochs = 1, warmup = 0 } },
        { id = "peft.lora", as = "c", from = "a", train = { epochs = 1 } },
        { id = "peft.lora", as = "d", from = "b", train = { epochs = 1 } },
        { id = "peft.lora", as = "e", from = "b", train = { epochs = 2 } },
    "#;
    let (mut session, _) = session();
    let fits = pollster::block_on(session.fits(RunSpec::read(&chain(stages)).unwrap())).unwrap();
    assert_eq!(fits.twins, [["a", "b"], ["c", "d"]]);
}

/// What an exactly retrained network makes of class 1, in percent, that was to be forgotten on `plain` and was also
/// learned on `tilted`.
fn forgotten(plain: &str, tilted: &str) -> f64 {
    let tuning = r#"{ epochs = 5, optimizer = "adam", lr = 0.01, schedule = "constant" }"#;
    let text = format!(
        r#"
        version = 1
        retrain_seeds = 1
        tasks.plain = {plain}
        tasks.tilted = {tilted}
        model = {{ id = "mlp", widths = [32] }}
        forget = {{ id = "class", class = 1 }}
        stage = [
            {{ id = "train.scratch", as = "base", on = "plain", train = {{ epochs = 3, lr = 0.01 }} }},
            {{ id = "transfer.full-finetune", as = "tuned", on = "tilted", train = {tuning} }},
            {{ id = "unlearn.retrain", as = "exact", on = "plain" }},
        ]
        "#
    );
    let report: Report = play(&text).0.unwrap();
    report.value("exact", "ua").unwrap()
}

#[test]
fn the_same_pictures_are_forgotten_however_they_are_spelled() {
    let glyphs = r#"{ id = "glyphs", n = 600, shapes = "digits" }"#;
    for (plain, tilted) in [
        (glyphs, r#"{ id = "glyphs", n = 600, shapes = "digits", tilt = 20 }"#),
        // A default said aloud, another order of keys, and 0.0 for 0.
        (glyphs, r#"{ tilt = 20.0, shapes = "digits", id = "glyphs", n = 600, rgb = false, draw = 0 }"#),
        // The same pictures without any view.
        (glyphs, r#"{ noise = 0.03, n = 600, id = "glyphs", shapes = "digits" }"#),
    ] {
        assert_eq!(forgotten(plain, tilted), 100.0, "{tilted}");
    }
    // A set of another size is another one, though glyphs of one draw begin with the same pictures.
    assert!(forgotten(glyphs, r#"{ id = "glyphs", n = 601, shapes = "digits", tilt = 5 }"#) < 100.0);
}

#[test]
fn work_is_found_under_another_name() {
    let folder = TempDir::new().unwrap();
    let run = |text: &str| {
        let output = done(&folder, &["run", "run.toml", "--cache", "store", "--json"], text);
        String::from_utf8(output.stdout).unwrap().matches("not played again").count()
    };
    let text = |name: &str, task: &str| {
        let stages = format!(
            r#"{{ id = "train.scratch", as = "{name}", train = {{ epochs = 1 }} }},
               {{ id = "attack.fgsm", as = "{name}-fooled", epsilon = 0.1 }}"#
        );
        chain(&stages).replace("tasks.digits", &format!("tasks.{task}"))
    };
    assert_eq!(run(&text("one", "digits")), 0);
    assert_eq!(run(&text("two", "digits")), 2);
    assert_eq!(run(&text("three", "numbers")), 2);
    fs::remove_dir_all(folder.path().join("store")).unwrap();
    assert_eq!(run(&text("three", "numbers")), 0);
}

#[test]
fn other_labels_of_the_same_pictures_are_the_same_pictures() {
    let host = crate::common::Collect::default();
    let task = |pick: &str| {
        let pick = serde_json::from_str(pick).unwrap();
        pollster::block_on(kit::data::Task::load("it", &pick, kit::data::SETS, &host, &crate::common::device()))
            .unwrap()
    };
    let glyphs = r#"{ "id": "glyphs", "n": 200, "shapes": "digits""#;
    let [plain, styles, tilted, other] =
        ["}", r#", "label": "style", "styles": "all" }"#, r#", "tilt": 20 }"#, r#", "draw": 1 }"#]
            .map(|more| task(&format!("{glyphs}{more}")));
    let styled = task(&format!("{glyphs}, \"styles\": \"all\" }}"));
    assert_eq!((&styled.set.origin, &styled.set.print), (&styles.set.origin, &styles.set.print));
    assert_ne!(styled.content(), styles.content());
    assert!(tilted.set.origin == plain.set.origin && tilted.set.print != plain.set.print);
    assert!(other.set.origin != plain.set.origin && other.content() != plain.content());
    assert_eq!(plain.content(), task(&format!("{glyphs}}}")).content());
}

/// Two lines that train by the same methods, one of them behind a forgetter: their random numbers differ, so each has a
/// reference of its own.
#[test]
fn a_reference_is_not_that_of_a_line_with_other_random_numbers() {
    let last = r#"{ id = "train.scratch", as = "base", train = { epochs = 2 } },
        { id = "unlearn.finetune", as = "f", from = "base", train = { epochs = 1 } },
        { id = "transfer.full-finetune", as = "t2", from = "f", train = { epochs = 1 } },
        { id = "unlearn.finetune", as = "u2", from = "t2", train = { epochs = 1 } },"#;
    let aside = r#"{ id = "transfer.full-finetune", as = "t1", from = "base", train = { epochs = 1 } },
        { id = "unlearn.finetune", as = "u1", from = "t1", train = { epochs = 1 } },"#;
    let (base, rest) = last.split_once('\n').unwrap();
    let figures = |stages: &str| {
        let report = play(&chain(stages)).0.unwrap();
        ["retrained_ra", "retrained_ta", "gap"].map(|key| report.value("u2", key).unwrap())
    };
    assert_eq!(figures(last), figures(&[base, aside, rest].concat()));
}

/// Each stage is held against the line below it once: by pairs of whole lines this took half a minute.
#[test]
fn a_long_line_is_checked_at_once() {
    let stage = |at: usize, from: usize| {
        format!(r#"{{ id = "transfer.full-finetune", as = "s{at}", from = "s{from}", train = {{ epochs = 1 }} }}"#)
    };
    let mut stages = vec![BASE.replace("\"train.scratch\"", "\"train.scratch\", as = \"s0\"")];
    stages.extend((1..300).map(|at| stage(at, at - 1)));
    stages.push(stage(300, 298));
    let (mut session, _) = session();
    let fits = pollster::block_on(session.fits(RunSpec::read(&chain(&stages.join(","))).unwrap())).unwrap();
    assert_eq!(fits.twins, [["s299", "s300"]]);
}
