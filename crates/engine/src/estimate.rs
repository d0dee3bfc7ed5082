use kit::cx::{Cx, Pace};
use kit::data::Task;
use kit::lab::Lab;
use kit::nets::Net;
use kit::shapes::attack::attack_view;
use kit::shapes::tune::{is_trained, prepared};
use kit::shapes::unlearn::is_known;
use kit::train::{CrossEntropy, Mode, Recipe, descend, every};
use kit::victim::CHUNK;
use kit::{Entry, Error, Result, metrics};
use spec::{START, Shape, Stage};

/// Seconds that each stage will take on this machine, by the pace of its own first steps; none where they fail.
pub async fn estimate(lab: &Lab, cx: &mut Cx) -> Result<Vec<Option<f64>>> {
    let mut stages: Vec<Guess> = Vec::new();
    // Code that has hardly run is slow where it is compiled on the way: shaders, WebAssembly.
    if let Err(Error::Cancelled) = guess(lab, 0, &stages, cx).await {
        return Err(Error::Cancelled);
    }
    for index in 0..lab.spec.stages.len() {
        let guess = match same(lab, index).and_then(|earlier| stages.get(earlier)) {
            Some(guess) => *guess,
            None => match guess(lab, index, &stages, cx).await {
                Err(Error::Cancelled) => return Err(Error::Cancelled),
                guess => guess.unwrap_or_default(),
            },
        };
        stages.push(guess);
    }
    Ok(stages.iter().map(|guess| guess.seconds).collect())
}

#[derive(Clone, Copy, Default)]
struct Guess {
    seconds: Option<f64>,
    /// Of the training alone, where it is one that a reference repeats.
    pace: Option<Pace>,
    /// Seconds of one chunk that is only read.
    read: Option<f64>,
}

/// An earlier stage that does the same to a network of the same kind.
fn same(lab: &Lab, index: usize) -> Option<usize> {
    let alike = |at: usize| {
        let stage = &lab.spec.stages[at];
        (&stage.id, &stage.params, &stage.model, lab.spec.task_of(at, crate::is_layer), kind(lab, at))
    };
    let forgets = lab.entry(&lab.spec.stages[index].id).is_ok_and(|entry| entry.shape == Shape::Unlearn);
    (0..index).find(|at| !forgets && alike(*at) == alike(index))
}

/// The stage that put its own network in place of the one before; none: it is the start's.
fn kind(lab: &Lab, index: usize) -> Option<usize> {
    let line = std::iter::once(index).chain(lab.spec.ancestors(index, crate::is_layer));
    line.into_iter().find(|at| lab.spec.stages[*at].model.is_some())
}

async fn guess(lab: &Lab, index: usize, before: &[Guess], cx: &mut Cx) -> Result<Guess> {
    let stage = &lab.spec.stages[index];
    let entry = lab.entry(&stage.id)?;
    let task = &lab.tasks[&lab.spec.task_of(index, crate::is_layer)];
    let net = match kind(lab, index).and_then(|at| lab.spec.stages[at].model.as_ref()) {
        Some(pick) => cx.net(pick, task)?,
        None => lab.models[START].net.clone(),
    };
    let net = prepared(net, task, cx)?;
    let chunks = |samples: usize| samples.div_ceil(CHUNK) as f64;
    let (train, test) = (chunks(task.train.len()), chunks(task.test.len()));
    // As often as the loop looks at the test split, and at two chunks of what it learns from.
    let looks = |pace: &Pace| (1 + pace.of.saturating_sub(1) / every(pace.of)) as f64 * (test + 2.0);
    let known = (0..index).filter(|at| kind(lab, *at) == kind(lab, index)).find_map(|at| before[at].read);
    let read = match known {
        Some(read) => read,
        None => time_of_chunk(&net, task, cx).await?,
    };
    let guess = |seconds, pace| Guess { seconds: Some(seconds), pace, read: Some(read) };
    Ok(match entry.shape {
        Shape::Tune | Shape::Peft => {
            let make = entry.make.expect("a tuner makes models");
            let pace = paced(cx, async |cx| make(&stage.params, net, task, cx).await.map(drop)).await?;
            guess(pace.seconds(pace.of as f64) + read * (looks(&pace) + test + train), Some(pace))
        }
        Shape::Attack => {
            let settings = (entry.settings)(&stage.id, &stage.params)?;
            let work = async |cx: &mut Cx| attack_view(entry, &stage.params, &net, &task.test, cx).await.map(drop);
            let pace = paced(cx, work).await?;
            let restarts = settings["restarts"].as_f64().unwrap_or(1.0);
            guess(pace.seconds(pace.of as f64 * restarts) + read * 2.0 * test, None)
        }
        Shape::Unlearn => {
            let (reference, again) = reference(lab, index, task, before, cx)?;
            let (own, own_looks) = match forgetting(entry, stage, net, task, cx).await? {
                Some(pace) => (pace.seconds(pace.of as f64), looks(&pace)),
                None => (again, 0.0),
            };
            // Both networks and every reference are asked about all that is forgotten, kept and unseen.
            let asked = f64::from(2 + lab.spec.seeds_of_reference()) * (train + 2.0 * test);
            guess(reference + own + read * (own_looks + asked), None)
        }
        Shape::Measure => guess(read * (train + test), None),
    })
}

/// Seconds of all retrained references that are still to be made, and of one.
fn reference(lab: &Lab, index: usize, task: &Task, before: &[Guess], cx: &Cx) -> Result<(f64, f64)> {
    let split = lab.split(task, cx)?;
    let mut lineage = lab.spec.ancestors(index, crate::is_layer);
    lineage.retain(|at| lab.entry(&lab.spec.stages[*at].id).is_ok_and(|entry| is_trained(entry.shape)));
    lineage.reverse();
    let stays = split.retain.len() as f64 / task.train.len() as f64;
    let one = lineage.iter().filter_map(|at| before[*at].pace).map(|pace| pace.seconds(pace.of as f64 * stays)).sum();
    let seeds = match is_known(lab, lineage, &split, cx.seed) {
        true => 0,
        false => lab.spec.seeds_of_reference(),
    };
    Ok((f64::from(seeds) * one, one))
}

/// The pace of a plain training with the stage's recipe: forgetters differ little from it. None of one that retrains.
async fn forgetting(entry: &Entry, stage: &Stage, net: Net, task: &Task, cx: &mut Cx) -> Result<Option<Pace>> {
    let settings = (entry.settings)(&stage.id, &stage.params)?;
    let Ok(recipe) = serde_json::from_value::<Recipe>(settings["train"].clone()) else { return Ok(None) };
    let train =
        async |cx: &mut Cx| descend(net, &recipe, Mode::Train, &[&task.train], &mut CrossEntropy, cx).await.map(drop);
    paced(cx, train).await.map(Some)
}

/// Begins a piece of work, and says how fast it went until it was stopped.
async fn paced(cx: &Cx, work: impl AsyncFnOnce(&mut Cx) -> Result) -> Result<Pace> {
    let mut pacing = cx.pacing();
    match work(&mut pacing).await {
        // Stopped by its pace, or by somebody who wants the device.
        Err(Error::Cancelled) if cx.gate.cancel.get() => Err(Error::Cancelled),
        Ok(()) | Err(Error::Cancelled) => Ok(pacing.pace.unwrap_or_default()),
        Err(error) => Err(error),
    }
}

/// Seconds of one chunk that is only read: the shortest of three.
async fn time_of_chunk(net: &Net, task: &Task, cx: &mut Cx) -> Result<f64> {
    let view = task.test.first(CHUNK);
    let mut seconds = f64::INFINITY;
    for _ in 0..3 {
        let begun = cx.host.now();
        metrics::test(net, &view, cx).await?;
        seconds = seconds.min(cx.host.now() - begun);
    }
    Ok(seconds)
}
