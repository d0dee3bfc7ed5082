//! Unlearning: a model in, a model out that has forgotten; compared with networks that never saw the forget set.

use super::tune::{last_look, measured, prepared};
use super::{Beside, check_classes};
use crate::cx::{Cx, Watch, Work};
use crate::data::{Split, Task};
use crate::error::Result;
use crate::host::Boxed;
use crate::learn::{membership, test};
use crate::nets::{Net, weights};
use crate::run::entry::{Entry, Method};
use crate::run::lineage::Lineage;
use crate::run::results::{Judged, Reference};
use crate::run::state::RunState;
use crate::stats::{Mean, Members, mean, percent};
use crate::store::{self, Found};
use burn::module::Module;
use serde_json::{Map, Value, json};
use spec::{Digest, Event, Manner, Row, Shape, Stage};
use std::rc::Rc;

/// A method that makes a network forget.
pub trait Unlearn: Method {
    /// The network that has forgotten.
    async fn unlearn(config: &Self::Config, job: UnlearnJob<'_>, cx: &mut Cx) -> Result<Net>;
}

/// A network that is to forget.
pub struct UnlearnJob<'a> {
    /// Its adapters are merged and all weights are trainable.
    pub net: Net,
    /// The training samples to forget, and those that stay.
    pub split: &'a Split,
    /// The task that the split belongs to.
    pub task: &'a Task,
    /// How the network was made.
    pub lineage: &'a Lineage<'a>,
    /// What else the run has. Nothing of it is without what is to be forgotten.
    pub beside: Beside<'a>,
}

impl Entry {
    /// Describes the method `M` to lists of methods. Stages run it by the harness of unlearning.
    pub const fn unlearn<M: Unlearn>() -> Self {
        Self { forget: Some(forget::<M>), ..Self::of::<M>(Shape::Unlearn, run::<M>) }
    }
}

/// Lets the method forget, without a harness.
fn forget<'a, M: Unlearn>(
    params: &'a Map<String, Value>,
    net: Net,
    task: &'a Task,
    beside: Beside<'a>,
    index: usize,
    state: &'a RunState,
    cx: &'a mut Cx,
) -> Boxed<'a, Result<Net>> {
    Box::pin(async move {
        let split = state.split(index, task, cx)?;
        let below = state.plan[index].from.as_ref().expect("a network is made to forget");
        let lineage = Lineage::of(state, below, &split);
        let job = UnlearnJob { net, split: &split, task, lineage: &lineage, beside };
        M::unlearn(&M::settings(M::ID, params)?, job, cx).await
    })
}

/// The harness: retrains the references, lets the method forget, and compares.
fn run<'a, M: Unlearn>(
    entry: &'a Entry,
    stage: &'a Stage,
    state: &'a mut RunState,
    cx: &'a mut Cx,
) -> Boxed<'a, Result<Vec<Row>>> {
    Box::pin(async move {
        let config = M::settings(&stage.id, &stage.params)?;
        let task = state.task(stage)?.clone();
        let (parent, made) = state.from(stage)?;
        let (parent, original, below) = (parent.to_owned(), made.net.clone(), made.base(parent));
        entry.fits(stage, &task)?;
        check_classes(&original, &task, cx)?;
        let split = state.split(state.index(cx), &task, cx)?;
        let lineage = Lineage::of(state, &below, &split);
        let known = known_before(&lineage, &split, &task, cx).await?;
        let others = state.others(stage)?;

        let references = references(state, &lineage, &split, cx).await?;
        let before = judged_once(&format!("model {parent}"), &original, &split, &task, state, cx).await?;
        let mut retrained = Vec::new();
        for (key, reference) in &references {
            retrained.push(judged_once(key, &reference.net, &split, &task, state, cx).await?);
        }
        cx.say(Event::Classes { series: "original".into(), values: before.classes.clone() });
        cx.say(Event::Classes { series: "retrained".into(), values: mean_by_class(&retrained) });

        cx.say(Event::Phase { name: entry.title.into(), before: false });
        let watch = Watch::of(&task, &state.spec, &*cx.host);
        cx.watch = watch.map(|watch| Watch { gone: split.gone(), ..watch });
        (cx.progress.steps, cx.progress.evaluating) = (0, 0.0);
        let (begun, cost) = (cx.clock(), cx.cost.samples());
        let net = prepared(original, &task, cx)?;
        let beside = Beside { tasks: &state.tasks, others: &others };
        let job = UnlearnJob { net, split: &split, task: &task, lineage: &lineage, beside };
        let net = M::unlearn(&config, job, cx).await?.unfreeze();
        let seconds = cx.clock() - begun - cx.progress.evaluating;
        let cost = cx.cost.samples() - cost;
        let after = judged(&net, &split, &task, cx).await?;
        let tested = test(&net, &task.test, cx).await?;
        last_look(&net, cx).await?;
        cx.publish(&net);
        cx.say_tested("test", &tested);

        let mut rows = measured(&cx.stage, &tested);
        let is_reference = M::MANNER == Some(Manner::Reference);
        rows.extend(
            Comparison { after: &after, before: &before, retrained: &retrained, is_reference }.rows(&split, cx),
        );
        rows.extend(known.map(|known| Row::share(&cx.stage, "start_knows", known, split.forget.len())));
        rows.extend(behind(&before, &retrained, cx).map(|behind| Row::new(&cx.stage, "reference_behind", behind)));
        rows.extend(times(seconds, cost, references.iter().map(|(_, reference)| &**reference), cx));
        rows.append(&mut cx.rows);
        state.push(Some(parent), net, &task, cx);
        Ok(rows)
    })
}

/// What forgetting took, beside what retraining takes.
fn times<'a>(seconds: f64, cost: u64, references: impl Iterator<Item = &'a Reference> + Clone, cx: &Cx) -> Vec<Row> {
    let mut rows = vec![Row::new(&cx.stage, "rte", seconds)];
    let (count, all) = (references.clone().count() as u64, references.clone().map(|it| it.cost).sum::<u64>());
    // Where no stage was trained, retraining costs nothing.
    if all > 0 {
        // Both are whole numbers, so that the share has the same bits everywhere.
        rows.push(Row::new(&cx.stage, "rte_share", (100 * count * cost) as f64 / all as f64));
    }
    let retrained: Vec<f64> = references.map(|it| it.seconds).collect();
    rows.push(of_networks(Row::new(&cx.stage, "retrained_rte", 0.0), &retrained, cx));
    rows
}

/// A figure of retrained networks, the first of which has the run's seed.
fn of_networks(row: Row, values: &[f64], cx: &Cx) -> Row {
    let Mean { value, deviation: spread } = mean(values);
    let networks = (u64::from(cx.seed)..).zip(values.iter().copied()).collect();
    // An interval is one network's.
    let interval = row.interval.filter(|_| values.len() == 1);
    Row { value, spread, interval, seeds: Some(values.len()), networks, ..row }
}

/// The retrained networks with their keys, in the order of their seeds: those that were retrained before, in this
/// session or for the store, are not retrained again.
pub(super) async fn references(
    state: &RunState,
    lineage: &Lineage<'_>,
    split: &Split,
    cx: &mut Cx,
) -> Result<Vec<(String, Rc<Reference>)>> {
    let mut all = Vec::new();
    for at in 0..state.spec.seeds_of_reference() {
        let key = key(state, lineage, split, cx.seed + at);
        let known = state.references.borrow().get(&key).cloned();
        let made = match known {
            Some(known) => known,
            None => Rc::new(reference(state, lineage, &key, at, cx).await?),
        };
        state.references.borrow_mut().insert(key.clone(), made.clone());
        all.push((key, made));
    }
    Ok(all)
}

/// The network of the seed at this place, from the store if it is there.
async fn reference(state: &RunState, lineage: &Lineage<'_>, key: &str, at: u32, cx: &mut Cx) -> Result<Reference> {
    let lease = match store::recall_or_lease::<(f64, u64)>(key, cx).await? {
        Found::Kept((seconds, cost), files) => match files.first().map(|file| store::net(file, cx)) {
            Some(Ok(net)) => {
                cx.say(Event::Phase { name: "Retrained reference, from the store".into(), before: true });
                store::delete_checkpoints(key, cx).await;
                return Ok(Reference { net, seconds, cost });
            }
            // What cannot be read is as good as none.
            _ => None,
        },
        Found::Missing(lease) => lease,
    };
    let seeds = state.spec.seeds_of_reference();
    let name = format!("Retraining without what is forgotten, {} of {seeds}", at + 1);
    cx.say(Event::Phase { name, before: true });
    let mut beside = cx.beside(cx.seed + at);
    beside.work = cx.work.as_ref().map(|_| Work::new(key.to_owned()));
    let begun = beside.clock();
    let net = lineage.again(&mut beside).await?;
    let (seconds, cost) = (beside.clock() - begun - beside.progress.evaluating, beside.cost.samples());
    cx.progress.earlier += beside.progress.earlier;
    cx.progress.waited += beside.progress.waited;
    if cx.work.is_some() {
        store::keep(key, json!((seconds, cost)), &[weights::save(&net).await?], cx).await;
        store::delete_checkpoints(key, cx).await;
    }
    drop(lease);
    Ok(Reference { net, seconds, cost })
}

/// How many references for this lineage and this split were not retrained in this session.
pub fn references_to_make(state: &RunState, lineage: &Lineage<'_>, gone: &Split, seed: u32) -> u32 {
    let known = state.references.borrow();
    let is_new = |at: &u32| !known.contains_key(&key(state, lineage, gone, seed + at));
    (0..state.spec.seeds_of_reference()).filter(is_new).count() as u32
}

/// What tells a split from others of the same task.
fn forgotten(split: &Split) -> Value {
    split.all().map(|gone| json!([Digest::of_rows(&gone.rows).hex(), gone.set.origin])).collect()
}

/// All that a retrained network depends on: data, lineage, forget set, seed.
fn key(state: &RunState, lineage: &Lineage<'_>, split: &Split, seed: u32) -> String {
    json!({
        "what": "reference",
        "contents": state.contents,
        "stages": lineage.identity(),
        "forget": forgotten(split),
        "seed": seed,
    })
    .to_string()
}

/// Warns if a network that a file holds and that this one was made from has seen the forget set: then a network
/// retrained from it has seen it too, and is no reference. Returns what share of it is answered rightly, in percent, if
/// that is more than half; the largest of several.
async fn known_before(lineage: &Lineage<'_>, split: &Split, task: &Task, cx: &mut Cx) -> Result<Option<f64>> {
    let mut most = None::<f64>;
    for (word, net) in lineage.files() {
        // Its classes are those of the same names; where it says none, those of the same numbers.
        let may_know = match &net.names[..] {
            [] => net.classes == task.classes.len(),
            names => task.classes.iter().any(|class| names.contains(class)),
        };
        if !may_know || net.shape != task.set.shape {
            continue;
        }
        let tested = test(net, &split.forget, cx).await?;
        let is_right = |at: &usize| match net.names.get(usize::from(tested.answer(*at))) {
            Some(name) => *name == task.classes[usize::from(tested.labels[*at])],
            None => tested.right(*at),
        };
        let known = percent((0..tested.len()).filter(is_right).count(), tested.len());
        if let Some(known) = known.filter(|known| *known > 50.0) {
            let message = format!(
                "The {word} already knows {known:.0} % of what is to be forgotten, so a network retrained from it has \
                 seen it too."
            );
            cx.say(Event::Warning { message });
            most = Some(most.map_or(known, |most| most.max(known)));
        }
    }
    Ok(most)
}

/// Points by which the retrained networks may lie below the original one on what stays, of which all have learned.
const BEHIND: f64 = 10.0;

/// Warns if the retrained networks lie far below the original one on what stays: then their training has failed, and
/// they are no reference. Returns by how many points, if it is so.
fn behind(before: &Judged, retrained: &[Rc<Judged>], cx: &Cx) -> Option<f64> {
    let kept = |judged: &Judged| judged.figures[1];
    let retrained: Vec<f64> = retrained.iter().filter_map(|judged| kept(judged)).collect();
    let (original, retrained) = (kept(before)?, mean(&retrained).value);
    let behind = Some(original - retrained).filter(|behind| *behind > BEHIND)?;
    let message = format!(
        "The retrained network names {retrained:.1} % of what stays, and the original {original:.1} %: its training \
         has failed, so it is no reference. Other settings of the stages that train may help, or another seed."
    );
    cx.say(Event::Warning { message });
    Some(behind)
}

/// What is compared of a network, which several stages of a run may ask for.
async fn judged_once(
    name: &str,
    net: &Net,
    split: &Split,
    task: &Task,
    state: &RunState,
    cx: &mut Cx,
) -> Result<Rc<Judged>> {
    let key = [name.to_owned(), format!("{} {}", task.name, forgotten(split))];
    let known = state.judged.borrow().get(&key).cloned();
    let found = match known {
        Some(known) => known,
        None => Rc::new(judged(net, split, task, cx).await?),
    };
    state.judged.borrow_mut().insert(key, found.clone());
    Ok(found)
}

/// What is compared of a network.
async fn judged(net: &Net, split: &Split, task: &Task, cx: &mut Cx) -> Result<Judged> {
    let forget = test(net, &split.forget, cx).await?;
    let retain = test(net, &split.retain, cx).await?;
    let unseen = test(net, &split.test, cx).await?;
    let mia = membership([&retain, &unseen, &forget], Members::Drawn, cx).await?;
    Ok(Judged {
        figures: [
            forget.accuracy().map(|right| 100.0 - right),
            retain.accuracy(),
            unseen.accuracy(),
            mia.map(|mia| mia.efficacy.value),
            mia.and_then(|mia| mia.efficacy.deviation),
            mia.map(|mia| mia.accuracy),
            mia.map(|mia| mia.chance),
        ],
        classes: test(net, &task.test, cx).await?.by_class(),
    })
}

/// A network that has forgotten beside the one before and the retrained ones, the first of which has the run's seed.
struct Comparison<'a> {
    after: &'a Judged,
    before: &'a Judged,
    retrained: &'a [Rc<Judged>],
    /// Whether it is the first of the retrained ones: then it is held against the others.
    is_reference: bool,
}

impl Comparison<'_> {
    /// The figures of the result, the original and the references, and the gap.
    fn rows(&self, split: &Split, cx: &Cx) -> Vec<Row> {
        let [forget, retain, test] = [&split.forget, &split.retain, &split.test].map(|view| Some(view.len()));
        let sizes = [forget, retain, test, forget, None, None, None];
        let mut rows = Vec::new();
        for (at, (key, n)) in Judged::KEYS.iter().zip(sizes).enumerate() {
            // They are of the same samples, so that there are all of them or none.
            let (Some(after), Some(before), Some(retrained)) =
                (self.after.figures[at], self.before.figures[at], values(self.retrained, at))
            else {
                continue;
            };
            let row = |key: &str, value: f64| match n {
                Some(n) => Row::share(&cx.stage, key, value, n),
                None => Row::new(&cx.stage, key, value),
            };
            rows.push(row(key, after));
            rows.push(row(&format!("original_{key}"), before));
            let all = mean(&retrained).value;
            rows.push(of_networks(row(&format!("retrained_{key}"), all), &retrained, cx));
        }
        let others = if self.is_reference { &self.retrained[1..] } else { self.retrained };
        rows.extend(self.gap(self.after, others).map(|gap| Row::new(&cx.stage, "gap", gap)));
        let alone = |at: usize| {
            let mut others = self.retrained.to_vec();
            let one = others.remove(at);
            self.gap(&one, &others)
        };
        let alone: Option<Vec<f64>> = (0..self.retrained.len()).map(alone).collect();
        rows.extend(alone.map(|gaps| of_networks(Row::new(&cx.stage, "retrained_gap", 0.0), &gaps, cx)));
        rows
    }

    /// The mean distance of a network's figures from those of others; `None` without others or figures. MIA counts
    /// only if its attack finds anything in the retrained networks.
    fn gap(&self, one: &Judged, others: &[Rc<Judged>]) -> Option<f64> {
        let [accuracy, chance] = Judged::SIGNAL.map(|at| values(self.retrained, at).map(|values| mean(&values).value));
        let heard = accuracy > chance;
        let of = |at: usize| Some((one.figures[at]? - mean(&values(others, at)?).value).abs());
        let gaps: Vec<f64> = (0..Judged::COMPARED).filter(|at| *at != Judged::MIA || heard).filter_map(of).collect();
        (!gaps.is_empty()).then(|| mean(&gaps).value)
    }
}

/// A figure of several networks; `None` where there is none of them, or they have none.
fn values(networks: &[Rc<Judged>], at: usize) -> Option<Vec<f64>> {
    let values: Option<Vec<f64>> = networks.iter().map(|network| network.figures[at]).collect();
    values.filter(|values| !values.is_empty())
}

/// The mean over several networks of the accuracy of each class; `None` where none of them has a value.
fn mean_by_class(networks: &[Rc<Judged>]) -> Vec<Option<f32>> {
    let classes = networks.first().map_or(0, |network| network.classes.len());
    (0..classes)
        .map(|class| {
            let values: Vec<f32> = networks.iter().filter_map(|network| network.classes[class]).collect();
            (!values.is_empty()).then(|| values.iter().sum::<f32>() / values.len() as f32)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::View;
    use crate::host::Gate;
    use crate::host::tests::Patient;
    use burn::tensor::Device;

    /// A network with this share of right answers everywhere, and with an attack that is right this often.
    fn network(right: f64, mia: Option<[f64; 2]>) -> Rc<Judged> {
        let [efficacy, accuracy] = [mia.map(|mia| mia[0]), mia.map(|mia| mia[1])];
        let [spread, chance] = [1.0, 53.8].map(|value| mia.map(|_| value));
        let figures = [Some(100.0 - right), Some(right), None, efficacy, spread, accuracy, chance];
        Rc::new(Judged { figures, classes: Vec::new() })
    }

    /// The value of a figure of the first network, held against the others.
    fn compared(
        after: &Rc<Judged>,
        retrained: &[Rc<Judged>],
        is_reference: bool,
    ) -> impl Fn(&str) -> Option<f64> + use<> {
        let device = Device::flex();
        let all = View::of_pixels([1, 1, 1], vec![0.0, 1.0], vec![0, 1], &device);
        let split = Split { forget: all.at(vec![0]), before: vec![], retain: all.at(vec![1]), test: all.at(vec![]) };
        let cx = Cx::new(device, 7, 1, Rc::new(Patient::default()), Rc::new(Gate::default()));
        let before = network(100.0, Some([0.0, 90.0]));
        let rows = Comparison { after, before: &before, retrained, is_reference }.rows(&split, &cx);
        move |key| rows.iter().find(|row| row.key == key).map(|row| row.value)
    }

    #[test]
    fn figures_of_no_sample_are_none() {
        let value = compared(&network(90.0, None), &[network(70.0, None), network(80.0, None)], false);
        assert_eq!((value("ua"), value("original_ra"), value("retrained_ra")), (Some(10.0), Some(100.0), Some(75.0)));
        for key in ["ta", "original_ta", "retrained_ta", "mia", "original_mia", "retrained_mia"] {
            assert_eq!(value(key), None, "{key}");
        }
        // Over the two figures that there are.
        assert_eq!(value("gap"), Some(15.0));
        assert_eq!(compared(&network(90.0, None), &[], false)("gap"), None);
    }

    /// An attack that is right about 50.8 % of its samples says 0 or 100.
    #[test]
    fn mia_without_a_signal_is_left_out_of_the_gap() {
        let after = network(90.0, Some([100.0, 60.0]));
        let gap = |accuracy| compared(&after, &[network(90.0, Some([0.0, accuracy]))], false)("gap");
        assert_eq!(gap(50.8), Some(0.0));
        assert_eq!(gap(60.0), Some(100.0 / 3.0));
        assert_eq!(compared(&after, &[network(90.0, Some([0.0, 50.8]))], false)("mia"), Some(100.0));
    }

    /// The network that retraining leaves is the first of the references.
    #[test]
    fn a_reference_is_held_against_the_others() {
        let networks = [80.0, 90.0, 94.0].map(|right| network(right, None));
        let value = compared(&networks[0], &networks, true);
        assert_eq!((value("gap"), value("retrained_ra")), (Some(12.0), Some(88.0)));
        // Of 80 from 92, 90 from 87, 94 from 85.
        assert_eq!(value("retrained_gap"), Some(8.0));
        let alone = compared(&networks[0], &networks[..1], true);
        assert_eq!((alone("gap"), alone("retrained_gap"), alone("ra")), (None, None, Some(80.0)));
    }

    #[test]
    fn classes_are_averaged_over_seeds() {
        let of = |classes: [Option<f32>; 2]| {
            Rc::new(Judged { figures: [None; Judged::KEYS.len()], classes: classes.into() })
        };
        assert_eq!(mean_by_class(&[of([Some(1.0), None]), of([Some(3.0), None])]), [Some(2.0), None]);
    }
}
