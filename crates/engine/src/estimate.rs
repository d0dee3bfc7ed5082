//! How long the stages of a run will take.

use crate::Registry;
use kit::cx::{Cx, Pace, Watch};
use kit::data::{CHUNK, Task};
use kit::learn::{CrossEntropy, Mode, Training, descend, every, test};
use kit::nets::Net;
use kit::run::{Aimed, Base, Beside, Lineage, Other, RunState, attack_view, others, prepared, references_to_make};
use kit::{Entry, Error, Result};
use spec::{Manner, Shape};

/// Seconds that each stage will take on this machine, from the pace of its own first steps; `None` where they fail.
pub async fn estimate(registry: Registry, state: &RunState, cx: &mut Cx) -> Result<Vec<Option<f64>>> {
    let mut stages: Vec<Guess> = Vec::new();
    // Shaders and WebAssembly are compiled when they first run, so the first measurement is discarded.
    if let Err(Error::Cancelled) = guess(registry, state, 0, &stages, cx).await {
        return Err(Error::Cancelled);
    }
    for index in 0..state.spec.stages.len() {
        let guess = match same(registry, state, index).and_then(|earlier| stages.get(earlier)) {
            Some(guess) => *guess,
            None => match guess(registry, state, index, &stages, cx).await {
                Err(Error::Cancelled) => return Err(Error::Cancelled),
                guess => guess.unwrap_or_default(),
            },
        };
        stages.push(guess);
    }
    Ok(stages.iter().map(|guess| guess.seconds).collect())
}

/// What was measured of a stage.
#[derive(Clone, Copy, Default)]
struct Guess {
    seconds: Option<f64>,
    /// The pace of its training, from which the time of a retrained reference follows; `None` if it does not train.
    pace: Option<Pace>,
    /// Seconds to evaluate one chunk.
    read: Option<f64>,
}

/// An earlier stage with the same method, settings, task and source network, whose estimate can be used again. Never of
/// a stage that wants a reference: what it costs depends on which references exist already.
fn same(registry: Registry, state: &RunState, index: usize) -> Option<usize> {
    let alike = |at: usize| {
        let stage = &state.spec.stages[at];
        (
            (&stage.id, &stage.params, stage.take, &stage.epsilons, &stage.model, &stage.with),
            &state.plan[at].task,
            root(state, Base::Stage(at)),
        )
    };
    let retrains = |entry: &Entry| entry.shape == Shape::Unlearn || entry.needs.reference;
    let retrains = registry.entry(&state.spec.stages[index].id).is_ok_and(retrains);
    (0..index).find(|at| !retrains && alike(*at) == alike(index))
}

/// The network that this one goes back to: one that the run begins with, or a stage that begins with one of its own.
fn root(state: &RunState, mut base: Base) -> Base {
    while let Base::Stage(at) = base
        && let Some(from) = &state.plan[at].from
    {
        base = from.clone();
    }
    base
}

/// A network as it may be before any training, for a task.
fn net_of(state: &RunState, base: Base, task: &Task, cx: &Cx) -> Result<Net> {
    let net = match root(state, base) {
        Base::Source(name) => state.begun.sources[&name].net.clone(),
        Base::Stage(at) => {
            state.own(at, state.spec.stages[at].model.as_ref().expect("it has one of its own"), task, cx)?
        }
    };
    prepared(net, task, cx)
}

async fn guess(registry: Registry, state: &RunState, index: usize, before: &[Guess], cx: &mut Cx) -> Result<Guess> {
    let stage = &state.spec.stages[index];
    let entry = registry.entry(&stage.id)?;
    let task = &state.tasks[&state.plan[index].task];
    let net = net_of(state, Base::Stage(index), task, cx)?;
    let mut with = Vec::new();
    for (base, name) in state.plan[index].with.iter().zip(&stage.with) {
        let task = &state.tasks[state.task_of(base)];
        with.push(Other { name: name.clone(), net: net_of(state, base.clone(), task, cx)?, task: task.clone() });
    }
    let beside = Beside { tasks: &state.tasks, others: &with };
    let chunks = |samples: usize| samples.div_ceil(CHUNK) as f64;
    let (train, test) = (chunks(task.train.len()), chunks(task.test.len()));
    let watch = Watch::of(task, &state.spec, &*cx.host);
    // Chunks that the loop looks at: before the first step, on the way, and at the end.
    let looks = |pace: &Pace| match &watch {
        Some(watch) => (2 + pace.of.saturating_sub(1) / every(Some(watch), pace.of)) as f64 * watch.chunks() as f64,
        None => 0.0,
    };
    let known = (0..index)
        .filter(|at| root(state, Base::Stage(*at)) == root(state, Base::Stage(index)))
        .find_map(|at| before[at].read);
    let read = match known {
        Some(read) => read,
        None => time_of_chunk(&net, task, cx).await?,
    };
    let guess = |seconds, pace| Guess { seconds: Some(seconds), pace, read: Some(read) };
    Ok(match entry.shape {
        Shape::Tune | Shape::Peft => {
            let make = entry.make.expect("a tuner makes models");
            let work = async |cx: &mut Cx| make(&stage.params, net, task, beside, cx).await.map(drop);
            let pace = measure_pace(cx, work).await?;
            let asked = chunks(task.valid.len()) + test + train;
            guess(pace.seconds(pace.of as f64) + read * (looks(&pace) + asked), Some(pace))
        }
        Shape::Attack => {
            let settings = (entry.settings)(&stage.id, &stage.params)?;
            let target = entry.aims(&stage.params, task)?;
            let (task, tries) = (task.taking(stage.take), (1 + stage.epsilons.len()) as f64);
            let view = others(&task.test, target);
            let with: Vec<Net> = with.iter().map(|other| other.net.clone()).collect();
            let aimed = Aimed { entry, params: &stage.params, target, net: &net, with: &with };
            let work = async |cx: &mut Cx| attack_view(aimed, &view, cx).await.map(drop);
            let pace = measure_pace(cx, work).await?;
            let restarts = settings["restarts"].as_f64().unwrap_or(1.0);
            let once = pace.seconds(pace.of as f64 * restarts) + read * 2.0 * chunks(view.len());
            guess(tries * once, None)
        }
        Shape::Unlearn => {
            let Retraining { all, one } = retraining(state, index, task, before, cx)?;
            let (own, own_looks) = match forgetting(entry, state, index, net, beside, cx).await? {
                Forgetting::Retrains => (one, 0.0),
                Forgetting::Trains(pace) => (pace.seconds(pace.of as f64), looks(&pace)),
                Forgetting::Otherwise(seconds) => (seconds, 0.0),
            };
            // Both networks and each reference are evaluated on the forgotten, kept and unseen samples.
            let asked = f64::from(2 + state.spec.seeds_of_reference()) * (train + 2.0 * test);
            guess(all + own + read * (own_looks + asked), None)
        }
        Shape::Measure => {
            let all = if entry.needs.reference { retraining(state, index, task, before, cx)?.all } else { 0.0 };
            guess(all + read * (train + test) * (1 + with.len()) as f64, None)
        }
    })
}

/// Seconds that retraining takes.
struct Retraining {
    /// For all references that are not stored yet.
    all: f64,
    /// For one reference.
    one: f64,
}

/// How long the references of an unlearning stage take.
fn retraining(state: &RunState, index: usize, task: &Task, before: &[Guess], cx: &Cx) -> Result<Retraining> {
    let split = state.split(index, task, cx)?;
    let from = state.plan[index].from.as_ref().expect("a network is made to forget, or is asked");
    let lineage = Lineage::of(state, from, &split);
    let stays = split.retain.len() as f64 / task.train.len() as f64;
    let paces = lineage.stages().iter().filter_map(|at| before[*at].pace);
    let one = paces.map(|pace| pace.seconds(pace.of as f64 * stays)).sum();
    let seeds = references_to_make(state, &lineage, &split, cx.seed);
    Ok(Retraining { all: f64::from(seeds) * one, one })
}

/// How an unlearning method spends its time.
enum Forgetting {
    /// As one retraining.
    Retrains,
    /// In a training of this pace.
    Trains(Pace),
    /// In so many seconds.
    Otherwise(f64),
}

/// The pace of an ordinary training with the stage's settings, which is close to that of a method with such settings;
/// of a method without them, that of its own steps.
async fn forgetting(
    entry: &Entry,
    state: &RunState,
    index: usize,
    net: Net,
    beside: Beside<'_>,
    cx: &mut Cx,
) -> Result<Forgetting> {
    let (stage, planned) = (&state.spec.stages[index], &state.plan[index]);
    let task = &state.tasks[&planned.task];
    if entry.manner == Some(Manner::Reference) {
        return Ok(Forgetting::Retrains);
    }
    let settings = (entry.settings)(&stage.id, &stage.params)?;
    if let Ok(training) = serde_json::from_value::<Training>(settings["train"].clone()) {
        let train =
            async |cx: &mut Cx| descend(net, &training, Mode::Train, &[&task.train], &CrossEntropy, cx).await.map(drop);
        return measure_pace(cx, train).await.map(Forgetting::Trains);
    }
    let forget = entry.forget.expect("an unlearner forgets");
    let begun = cx.clock();
    let work = async |cx: &mut Cx| {
        // Its steps may be of any kind.
        cx.progress.counts_attack_steps = true;
        forget(&stage.params, net, task, beside, index, state, cx).await.map(drop)
    };
    let pace = measure_pace(cx, work).await?;
    // What takes no steps has been done.
    Ok(Forgetting::Otherwise(if pace.of > 0 { pace.seconds(pace.of as f64) } else { cx.clock() - begun }))
}

/// Measures the pace of a loop on its first steps, and stops it then.
async fn measure_pace(cx: &Cx, work: impl AsyncFnOnce(&mut Cx) -> Result) -> Result<Pace> {
    let mut pacing = cx.pacing();
    match work(&mut pacing).await {
        // The work also ends with `Cancelled` when enough steps were measured. The gate tells whether the user
        // cancelled.
        Err(Error::Cancelled) if cx.progress.gate.cancel.get() => Err(Error::Cancelled),
        Ok(()) | Err(Error::Cancelled) => Ok(pacing.progress.pace.unwrap_or_default()),
        Err(error) => Err(error),
    }
}

/// Seconds to evaluate one chunk: the shortest of three attempts.
async fn time_of_chunk(net: &Net, task: &Task, cx: &mut Cx) -> Result<f64> {
    let view = task.test.first(CHUNK);
    let mut seconds = f64::INFINITY;
    for _ in 0..3 {
        let begun = cx.host.now();
        test(net, &view, cx).await?;
        seconds = seconds.min(cx.host.now() - begun);
    }
    Ok(seconds)
}
