//! What a session says again of earlier ones, whose work its host has kept.

use crate::common::{Heard, Keeping};
use engine::{Ended, Opened, Registry, Session};
use spec::{Event, Exhibit, Import, Report, RunSpec, Why};
use std::rc::Rc;

/// A network that learns, is attacked, adapted, and forgets.
const CHAIN: &str = r#"
    version = 1
    retrain_seeds = 1
    tasks.digits = { id = "digits" }
    tasks.tilted = { id = "digits", tilt = 30 }
    model = { id = "mlp", widths = [16] }
    forget = { id = "class", class = 3 }
    stage = [
        { id = "train.scratch", as = "base", train = { epochs = 2, batch = 128 } },
        { id = "attack.pgd-linf", as = "fool", epsilon = 0.1, steps = 2 },
        { id = "peft.lora", as = "lora", on = "tilted", rank = 2, train = { epochs = 1, batch = 128 } },
        { id = "unlearn.finetune", as = "forgot", train = { epochs = 1, batch = 128 } },
    ]
"#;

/// The same stages in another order, with all written out that follows from the order in [`CHAIN`]. `fool` has become a
/// note on a stage that stands behind it.
const REORDERED: &str = r#"
    version = 1
    retrain_seeds = 1
    tasks.digits = { id = "digits" }
    tasks.tilted = { id = "digits", tilt = 30 }
    model = { id = "mlp", widths = [16] }
    forget = { id = "class", class = 3 }
    stage = [
        { id = "train.scratch", as = "other", train = { epochs = 1, batch = 128 } },
        { id = "train.scratch", as = "base", from = "start", on = "digits", train = { epochs = 2, batch = 128 } },
        { id = "peft.lora", as = "lora", from = "base", on = "tilted", rank = 2, train = { epochs = 1, batch = 128 } },
        { id = "unlearn.finetune", as = "forgot", from = "lora", on = "tilted", train = { epochs = 1, batch = 128 } },
        { id = "attack.pgd-linf", as = "fool", from = "base", epsilon = 0.1, steps = 2 },
    ]
"#;

fn run(text: &str) -> RunSpec {
    RunSpec::read(text).unwrap()
}

fn session(host: &Rc<Keeping>) -> Session {
    Session::new(Opened::cpu(Why::Chosen), host.clone(), host.gate.clone(), Registry::shipped())
}

fn played(host: &Rc<Keeping>, text: &str) -> (Report, Heard) {
    let Ended::Finished(report) = host.play(run(text)).0 else { panic!("it was not played to its end") };
    (*report, host.heard.said.take())
}

/// The stages that were taken from the store.
fn taken(said: &Heard) -> Vec<String> {
    let notes = said
        .iter()
        .filter(|(said, _)| matches!(&said.event, Event::Note { message } if message.ends_with("not played again.")));
    notes.filter_map(|(said, _)| said.stage.clone()).collect()
}

/// What a page learns of a stage, with the buffers beside it: the last answers, curves, pictures, network and figures.
fn learned(said: &Heard, stage: &str) -> Vec<(String, Vec<Vec<u8>>)> {
    let mut all: Vec<(String, Vec<Vec<u8>>)> = Vec::new();
    for (said, buffers) in said.iter().filter(|(said, _)| said.stage.as_deref() == Some(stage)) {
        match &said.event {
            Event::Step { .. } | Event::Phase { .. } | Event::Note { .. } => continue,
            Event::Answers { series, .. } | Event::Classes { series, .. } => {
                let kind = |event: &Event| (matches!(event, Event::Answers { .. }), series.clone());
                let word = format!("{:?}", kind(&said.event));
                all.retain(|(text, _)| !text.starts_with(&word));
                all.push((format!("{word} {:?}", said.event), buffers.clone()));
            }
            event => all.push((format!("{event:?}"), buffers.clone())),
        }
    }
    all.sort();
    all
}

#[test]
fn a_stage_is_the_same_work_wherever_it_stands() {
    let host = Rc::new(Keeping::default());
    let (first, _) = played(&host, CHAIN);
    let (second, said) = played(&host, REORDERED);
    assert_eq!(taken(&said), ["base", "lora", "forgot", "fool"]);
    let base = |report: &Report| report.value("base", "accuracy");
    assert_eq!(base(&first), base(&second));
    // Another method on the same line, in either order, finds the reference.
    for (text, name) in [(CHAIN, "salun"), (REORDERED, "random-label")] {
        let method = format!(r#""unlearn.{name}", as = "{name}""#);
        let other = text.replace(r#""unlearn.finetune", as = "forgot""#, &method);
        let (_, said) = played(&host, &other);
        let phases = said.iter().filter_map(|(said, _)| match &said.event {
            Event::Phase { name, before: true } => Some(name.as_str()),
            _ => None,
        });
        assert_eq!(phases.collect::<Vec<_>>(), ["Retrained reference, from the store"], "{name}");
    }
}

/// As where another device has made the network that a stage started from: its result is of that one alone.
#[test]
fn what_was_played_on_another_network_is_not_taken() {
    let host = Rc::new(Keeping::default());
    played(&host, CHAIN);
    let others = Rc::new(Keeping::default());
    played(&others, &CHAIN.replace("version = 1", "version = 1\nseed = 2"));
    // The first stage's work with the other seed's network in it.
    let alone = |host: &Keeping| {
        let works = host.works.borrow();
        let mut all = works.iter().map(|(key, work)| {
            let (about, files) = kit::store::read::<serde_json::Value>(key, work).unwrap();
            (key.clone(), about, files)
        });
        all.find(|(_, about, _)| about["rows"][0]["stage"] == "base").unwrap()
    };
    let ((key, about, _), (.., theirs)) = (alone(&host), alone(&others));
    host.works.borrow_mut().insert(key.clone(), kit::store::written(&key, &about, &theirs));
    let (_, said) = played(&host, CHAIN);
    assert_eq!(taken(&said), ["base"]);
}

#[test]
fn what_is_kept_is_said_as_it_was_and_nothing_is_played() {
    let host = Rc::new(Keeping::default());
    let (_, first) = played(&host, CHAIN);
    let mut session = session(&host);
    pollster::block_on(session.restore_kept(7, run(CHAIN), &[0, 1, 2, 3])).unwrap();
    let again = host.heard.said.take();
    assert!(again.iter().all(|(said, _)| said.run == 7));
    assert!(!again.iter().any(|(said, _)| matches!(said.event, Event::Step { .. } | Event::Finished { .. })));
    for stage in ["base", "fool", "lora", "forgot"] {
        let (then, now) = (learned(&first, stage), learned(&again, stage));
        assert!(then.len() > 3, "{stage}: {then:?}");
        assert_eq!(now, then, "{stage}");
    }
    let pictures = again.iter().find(|(said, _)| matches!(said.event, Event::Exhibit(Exhibit::Images { .. })));
    assert!(pictures.is_some_and(|(_, buffers)| !buffers[0].is_empty()));
    // Its networks are there, to be asked and to be played on.
    assert!(session.model("lora").is_some());
    let more = run(&CHAIN.replace("epochs = 1, batch = 128 } },\n    ]", "epochs = 2, batch = 128 } },\n    ]"));
    assert_ne!(more, run(CHAIN));
    let ended = pollster::block_on(session.play(8, more, 3, None)).unwrap();
    assert!(matches!(ended, Ended::Finished(_)));
    assert!(host.heard.said.take().iter().all(|(said, _)| said.stage.as_deref().is_none_or(|stage| stage == "forgot")));
}

#[test]
fn what_is_not_kept_is_not_said() {
    let host = Rc::new(Keeping::default());
    played(&host, CHAIN);
    let mut session = session(&host);
    let said_of = |session: &mut Session, text: &str, stages: &[usize]| {
        pollster::block_on(session.restore_kept(1, run(text), stages)).unwrap();
        let done = |event: &Event| matches!(event, Event::StageDone { .. });
        let said = host.heard.said.take().into_iter().filter(|(said, _)| done(&said.event));
        said.filter_map(|(said, _)| said.stage).collect::<Vec<_>>()
    };
    let other = CHAIN.replace("rank = 2", "rank = 3");
    assert_eq!(said_of(&mut session, &other, &[0, 1, 2, 3]), ["base", "fool"]);
    // What it started from is not at hand.
    assert_eq!(said_of(&mut session, CHAIN, &[3, 9]), [""; 0]);
    // A result that was reset does not come back, and what was reset on one device is reset on the others.
    pollster::block_on(session.forget_kept(run(CHAIN), 2, &["cuda"])).unwrap();
    assert_eq!(said_of(&mut session, CHAIN, &[2]), ["lora"]);
    pollster::block_on(session.forget_kept(run(REORDERED), 2, &["cuda", "cpu"])).unwrap();
    // What stands on it is there as it was before, for the session still holds that network.
    assert_eq!(said_of(&mut session, CHAIN, &[0, 1, 2, 3]), ["base", "fool", "forgot"]);
    pollster::block_on(session.forget_kept(run(CHAIN), 9, &["cpu"])).unwrap();
    // A run file that is refused is an error.
    let wrong = run(&CHAIN.replace("rank = 2", "rank = 0"));
    assert!(pollster::block_on(session.restore_kept(1, wrong, &[0])).is_err());
}

/// The digest of data is made once, but other files under the same names are other data.
#[test]
fn other_files_in_one_session_are_other_work() {
    let idx = |sizes: &[u32], values: &[u8]| {
        let header = [0, 0, 8, sizes.len() as u8];
        let sizes = sizes.iter().flat_map(|size| size.to_be_bytes());
        header.into_iter().chain(sizes).chain(values.iter().copied()).collect::<Vec<u8>>()
    };
    let labels: Vec<u8> = (0..100).map(|at| at % 2).collect();
    let images = |bright: u8| {
        let pixels: Vec<u8> = labels.iter().flat_map(|label| [label * bright; 16]).collect();
        idx(&[100, 4, 4], &pixels)
    };
    let text = r#"
        version = 1
        tasks.it = { id = "idx", images = "images", labels = "labels" }
        model = { id = "linear" }
        stage = [{ id = "train.scratch", as = "base", train = { epochs = 1 } }]
    "#;
    let host = Rc::new(Keeping::default());
    let mut session = session(&host);
    session.import("labels", Import::Data, idx(&[100], &labels)).unwrap();
    let mut takes = |bright: u8| {
        session.import("images", Import::Data, images(bright)).unwrap();
        pollster::block_on(session.prepare(1, run(text))).unwrap();
        pollster::block_on(session.play(1, run(text), 0, None)).unwrap();
        taken(&host.heard.said.take()).len()
    };
    assert_eq!([takes(200), takes(200), takes(100), takes(200)], [0, 1, 0, 1]);
}
