//! Attacks: inputs in, changed inputs out; the network is not changed.

use super::check_classes;
use crate::attack::{Ball, Victim};
use crate::cx::{Cx, Part};
use crate::data::{Batch, CHUNK, Class, Task, View, upload};
use crate::error::{Error, Result};
use crate::host::Boxed;
use crate::learn::{logits_of, test};
use crate::nets::Net;
use crate::run::entry::{AttackFns, Entry, Method};
use crate::run::results::{AttackStage, Attacked};
use crate::run::state::RunState;
use crate::stats::{Tested, median, percent};
use burn::tensor::Tensor;
use serde_json::{Map, Value};
use spec::{ATTACKED, Event, Exhibit, Kind, PointLine, Row, Shape, Stage, changed_pixels};
use std::rc::Rc;

/// A method that changes inputs.
pub trait Attack: Method<Config: Threat> {
    /// The changed inputs `[n, c, h, w]`. They must lie in the ball and in the box [0, 1]; the harness checks both.
    async fn perturb(config: &Self::Config, job: &AttackJob<'_>, cx: &mut Cx) -> Result<Tensor<4>>;
}

/// What the settings of an attack tell the harness: how far it may go, and where to.
pub trait Threat {
    /// The set around each image that the changed image has to stay within.
    fn ball(&self) -> Ball;

    /// The class that each image is to be taken for; `None` if any wrong class will do.
    fn target(&self) -> Option<&Class> {
        None
    }
}

/// One batch to attack.
pub struct AttackJob<'a> {
    /// The network under attack. It counts the queries.
    pub victim: &'a Victim,
    /// The set around each image that the changed image has to stay within.
    pub ball: Ball,
    /// The clean images, with their true classes as labels, or with the target class if there is one.
    pub batch: &'a Batch,
    /// Whether the labels are the target class.
    pub targeted: bool,
}

impl Entry {
    /// Describes the attack `M` to lists of methods. Stages run it by the harness of attacks.
    pub const fn attack<M: Attack>() -> Self {
        Self { attack: Some(fns::<M>()), ..Self::of::<M>(Shape::Attack, run) }
    }
}

/// The attack with its type erased.
const fn fns<M: Attack>() -> AttackFns {
    AttackFns {
        ball: |params| Ok(M::settings(M::ID, params)?.ball()),
        target: |params| Ok(M::settings(M::ID, params)?.target().cloned()),
        perturb: |params, target, victim, batch, cx| {
            Box::pin(async move {
                let config = M::settings(M::ID, params)?;
                let aimed = match target {
                    Some(class) => {
                        let labels = std::iter::repeat_n(i32::from(class), batch.ids.len());
                        Batch { y: upload(labels, &cx.device), ..batch.clone() }
                    }
                    None => batch.clone(),
                };
                let job = AttackJob { victim, ball: config.ball(), batch: &aimed, targeted: target.is_some() };
                M::perturb(&config, &job, cx).await
            })
        },
    }
}

/// An attack on a network.
#[derive(Clone, Copy)]
pub struct Aimed<'a> {
    /// The method.
    pub entry: &'a Entry,
    /// Its settings.
    pub params: &'a Map<String, Value>,
    /// The place of the class that it aims at, as [`Entry::aims`] gives it.
    pub target: Option<u16>,
    /// The network that it is measured on.
    pub net: &'a Net,
    /// The networks that it is crafted on, `net` itself where there are none.
    pub with: &'a [Net],
}

/// Attacks all rows of a view in chunks of one size, and checks that each result lies in ball and box. The settings
/// must fit the task, see [`Entry::fits`].
pub async fn attack_view(aimed: Aimed<'_>, view: &View, cx: &mut Cx) -> Result<Attacked> {
    let Aimed { entry, params, target, net, with } = aimed;
    let fns = entry.attack.ok_or_else(|| Error::input(entry.id, "is not an attack"))?;
    let ball = (fns.ball)(params)?;
    let victim = Victim::crafted_on(net, with, entry.needs.access, &cx.cost);
    let chunks = view.len().div_ceil(CHUNK);
    let size: usize = view.set.shape.iter().product();
    let (mut attacked, mut pixels, mut stuck) = (Vec::new(), Vec::new(), Vec::new());
    // A network whose answers are no numbers is told of before it is attacked.
    let clean = test(net, view, cx).await?;
    cx.progress.counts_attack_steps = true;
    for (at, rows) in view.rows.chunks(CHUNK).enumerate() {
        cx.progress.part = Part { at, of: chunks };
        let batch = view.batch(rows);
        let x = (fns.perturb)(params, target, &victim, &batch, cx).await?;
        if let Some(zero) = victim.take_stuck() {
            stuck.extend(cx.read(zero.float()).await?.into_iter().map(|zero| zero == 1.0));
        }
        let after = cx.read(logits_of(net, &x)).await?;
        let changed = cx.read(x).await?;
        for (row, values) in rows.iter().zip(changed.chunks(size)) {
            inside(entry.id, ball, view.pixels(*row), values)?;
        }
        attacked.extend(after);
        pixels.extend(changed);
    }
    cx.progress.counts_attack_steps = false;
    cx.progress.part = Part::WHOLE;
    let attacked = Tested::of(view.rows.to_vec(), clean.labels.clone(), net.classes, attacked)?;
    Ok(Attacked { clean, attacked, pixels, stuck, queries: victim.queries() })
}

/// Accuracy in percent under an attack at each of these budgets, on `view`, which may be of this task; `None` of no
/// sample.
pub async fn accuracies(
    aimed: Aimed<'_>,
    epsilons: &[f64],
    task: &Task,
    view: &View,
    cx: &mut Cx,
) -> Result<Vec<Option<f64>>> {
    let mut held = Vec::with_capacity(epsilons.len());
    for budget in epsilons {
        let params = aimed.entry.at_budget(aimed.params, *budget)?;
        (aimed.entry.check_task)(&params, task)?;
        held.push(attack_view(Aimed { params: &params, ..aimed }, view, cx).await?.attacked.accuracy());
        cx.host.turn().await;
    }
    Ok(held)
}

/// The samples of a view that an attack may change the answer on: all that are not of its target already.
pub fn others(view: &View, target: Option<u16>) -> View {
    view.filter(|row| target != Some(view.label(row)))
}

/// An error if a changed sample is outside the box, or outside the ball by more than the rounding of `f32`.
fn inside(id: &str, ball: Ball, clean: &[f32], changed: &[f32]) -> Result {
    let delta: Vec<f32> = clean.iter().zip(changed).map(|(a, b)| b - a).collect();
    let length = ball.length(&delta);
    let boxed = changed.iter().all(|x| (0.0..=1.0).contains(x));
    // One rounding of a pixel near 1 is 6e-8, whatever the radius.
    if boxed && length <= ball.radius() * (1.0 + 1e-5) + 1e-6 {
        return Ok(());
    }
    if delta.iter().any(|change| !change.is_finite()) {
        let why = "the gradient of the network is no finite number there, so the attack has no direction";
        return Err(Error::input(id, why));
    }
    let why = format!("returned an input outside its ball or box (length {length}, radius {})", ball.radius());
    Err(Error::input(id, why))
}

/// The harness: attacks the test split and measures.
fn run<'a>(entry: &'a Entry, stage: &'a Stage, state: &'a mut RunState, cx: &'a mut Cx) -> Boxed<'a, Result<Vec<Row>>> {
    Box::pin(async move {
        let task = state.task(stage)?.clone();
        let (on, made) = state.from(stage)?;
        let (on, net) = (on.to_owned(), made.net.clone());
        check_classes(&net, &task, cx)?;
        let with: Vec<Net> = state.others(stage)?.into_iter().map(|other| other.net).collect();
        with.iter().try_for_each(|net| net.knows(&task))?;
        entry.fits(stage, &task)?;
        let task: Task = task.taking(stage.take);
        let fns = entry.attack.expect("an attack has its functions");
        let target = entry.aims(&stage.params, &task)?;
        let ball = (fns.ball)(&stage.params)?;
        let view = others(&task.test, target);
        let begun = cx.host.now();
        let aimed = Aimed { entry, params: &stage.params, target, net: &net, with: &with };
        let done = attack_view(aimed, &view, cx).await?;
        let seconds = cx.host.now() - begun;
        cx.say(done.clean.event("clean"));
        cx.say(done.attacked.event("attacked"));
        show(&done, &view, cx);
        let mut rows = figures(&done, &view, target, seconds, &cx.stage);
        let stuck = stuck(&done, target);
        if stuck > MOST_STUCK {
            rows.push(Row::share(&cx.stage, "zero_gradients", stuck, view.len()));
            let message = "Some samples held because their gradient is exactly zero, so that the attack could not \
                           begin. Another attack may fool them.";
            cx.say(Event::Warning { message: message.into() });
        }
        if !stage.epsilons.is_empty() {
            let held = accuracies(aimed, &stage.epsilons, &task, &view, cx).await?;
            let points = stage.epsilons.iter().zip(held).map(|(budget, held)| [*budget, held.unwrap_or(f64::NAN)]);
            cx.show(Exhibit::Points {
                series: "robust accuracy by budget".into(),
                axes: ["ε".into(), "robust accuracy, %".into()],
                lines: vec![PointLine::new(entry.title, points)],
            });
        }
        rows.append(&mut cx.rows);
        let crafted_on = if stage.with.is_empty() { vec![on.clone()] } else { stage.with.clone() };
        let left = AttackStage { on, crafted_on, task: task.name, target, ball, view, done };
        state.attacks.insert(cx.stage.clone(), Rc::new(left));
        Ok(rows)
    })
}

/// Sends the changed images of the first samples of each class.
fn show(done: &Attacked, view: &View, cx: &Cx) {
    let size: usize = view.set.shape.iter().product();
    let shown = view.first_of_each_class();
    let mut pixels = Vec::with_capacity(shown.len() * size);
    for row in shown.rows.iter() {
        let at = view.rows.iter().position(|other| other == row).expect("what is shown is part of the view");
        pixels.extend_from_slice(&done.pixels[at * size..][..size]);
    }
    let [channels, height, width] = view.set.shape;
    let (series, shape) = (ATTACKED.into(), [shown.len(), channels, height, width]);
    let ids = shown.rows.to_vec();
    cx.show_images(Exhibit::Images { series, shape, ids, captions: Vec::new(), signed: false }, &pixels);
}

/// Percent of the samples up to which zero gradients are not reported.
const MOST_STUCK: f64 = 1.0;

/// Percent of the samples that were not fooled and had a gradient of exactly zero wherever the attack began.
fn stuck(done: &Attacked, target: Option<u16>) -> f64 {
    let held = done.stuck.iter().enumerate().filter(|(at, stuck)| **stuck && !done.fooled(*at, target)).count();
    100.0 * held as f64 / done.stuck.len().max(1) as f64
}

/// The figures of an attack.
fn figures(done: &Attacked, view: &View, target: Option<u16>, seconds: f64, stage: &str) -> Vec<Row> {
    let Attacked { clean, attacked, pixels, queries, .. } = done;
    let n = view.len();
    let size: usize = view.set.shape.iter().product();
    let fooled = |at: usize| done.fooled(at, target);
    let right: Vec<usize> = (0..n).filter(|at| clean.right(*at)).collect();
    let won: Vec<usize> = right.iter().copied().filter(|at| fooled(*at)).collect();
    let all = (0..n).filter(|at| fooled(*at)).count();
    let lengths = |length: &dyn Fn(&[f32]) -> f64| -> f64 {
        let delta = |at: usize| -> Vec<f32> {
            let changed = &pixels[at * size..][..size];
            view.pixels(view.rows[at]).iter().zip(changed).map(|(a, b)| b - a).collect()
        };
        median(won.iter().map(|at| length(&delta(*at))).collect())
    };
    let shares = [
        ("clean_accuracy", clean.accuracy(), n),
        ("robust_accuracy", attacked.accuracy(), n),
        ("asr_correct", percent(won.len(), right.len()), right.len()),
        ("asr_all", percent(all, n), n),
    ];
    // A share of no image is no figure.
    let mut rows: Vec<Row> =
        shares.iter().filter_map(|(key, value, of)| Some(Row::share(stage, key, (*value)?, *of))).collect();
    if !won.is_empty() {
        rows.push(Row {
            n: Some(won.len()),
            ..Row::new(stage, "linf_median", lengths(&|d| Ball::Linf(0.0).length(d)))
        });
        rows.push(Row { n: Some(won.len()), ..Row::new(stage, "l2_median", lengths(&|d| Ball::L2(0.0).length(d))) });
        // Points have none.
        if view.set.kind == Kind::Images {
            let changed = lengths(&|d| changed_pixels(d, view.set.shape[0]) as f64);
            rows.push(Row { n: Some(won.len()), ..Row::new(stage, "pixels_median", changed) });
        }
    }
    if n > 0 {
        rows.push(Row::new(stage, "queries", queries.forwards as f64 / n as f64));
        rows.push(Row::new(stage, "gradients", queries.gradients as f64 / n as f64));
    }
    rows.push(Row::new(stage, "seconds", seconds));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attack::Queries;
    use burn::tensor::Device;

    #[test]
    fn a_pixel_counts_once_whichever_of_its_channels_changed() {
        let shape = [3, 1, 4];
        let view = View::of_pixels(shape, vec![0.5; 12], vec![0], &Device::flex());
        let mut pixels = view.pixels(0).to_vec();
        // All channels of the first pixel, one channel of the second.
        [0, 4, 8, 9].iter().for_each(|at| pixels[*at] = 0.6);
        let tested = |logits: [f32; 2]| Tested::of(vec![0], vec![0], 2, logits.into()).unwrap();
        let (clean, attacked) = (tested([2.0, 0.0]), tested([0.0, 2.0]));
        let done = Attacked { clean, attacked, pixels, stuck: vec![false], queries: Queries::default() };
        let rows = figures(&done, &view, None, 0.0, "attack");
        let changed = rows.iter().find(|row| row.key == "pixels_median").unwrap();
        assert_eq!((changed.value, changed.n), (2.0, Some(1)));
    }

    #[test]
    fn figures_of_no_image_are_none() {
        let none = Tested::of(vec![], vec![], 2, vec![]).unwrap();
        let view = View::of_pixels([1, 1, 1], vec![0.5], vec![0], &Device::flex()).at(vec![]);
        let done = Attacked {
            clean: none.clone(),
            attacked: none,
            pixels: vec![],
            stuck: vec![],
            queries: Queries::default(),
        };
        let keys = |done: &Attacked, view: &View| -> Vec<String> {
            figures(done, view, None, 0.0, "attack").into_iter().map(|row| row.key).collect()
        };
        assert_eq!(keys(&done, &view), ["seconds"]);
        // One image that was read wrongly before: of those read rightly there is none.
        let wrong = Tested::of(vec![0], vec![0], 2, vec![0.0, 2.0]).unwrap();
        let done = Attacked {
            clean: wrong.clone(),
            attacked: wrong,
            pixels: vec![0.5],
            stuck: vec![],
            queries: Queries::default(),
        };
        let expected = ["clean_accuracy", "robust_accuracy", "asr_all", "queries", "gradients", "seconds"];
        assert_eq!(keys(&done, &view.at(vec![0])), expected);
    }

    #[test]
    fn outside_the_ball_or_the_box_is_refused() {
        let clean = [0.0, 0.5];
        assert!(inside("a", Ball::Linf(0.1), &clean, &[0.1, 0.4]).is_ok());
        assert!(inside("a", Ball::Linf(0.1), &clean, &[0.2, 0.5]).is_err());
        assert!(inside("a", Ball::L2(0.1), &clean, &[0.1, 0.6]).is_err());
        assert!(inside("a", Ball::Linf(1.0), &clean, &[-0.1, 0.5]).is_err());
        assert!(inside("a", Ball::Linf(1.0), &clean, &[f32::NAN, 0.5]).is_err());
    }
}
