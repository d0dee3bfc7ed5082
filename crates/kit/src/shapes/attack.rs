//! Inputs in, inputs out; the model stays as it was.

use crate::ball::Ball;
use crate::cx::{Boxed, Cx};
use crate::data::{Batch, Task, View, upload};
use crate::entry::{Entry, Method};
use crate::error::{Error, Result};
use crate::lab::Lab;
use crate::metrics::{Tested, logits_of, softmax};
use crate::victim::{CHUNK, Victim};
use burn::tensor::Tensor;
use serde_json::{Map, Value};
use spec::{Event, Leaf, Row, Stage};

pub trait Attack: Method<Config: Threat> {
    /// Changed inputs inside the ball and the box; the harness checks both.
    async fn perturb(config: &Self::Config, job: &AttackJob<'_>, cx: &mut Cx) -> Result<Tensor<4>>;
}

/// How far an attack may go, and where to: what its settings say to the harness.
pub trait Threat {
    fn ball(&self) -> Ball;

    /// The class that every image is pushed to; none: away from its own.
    fn target(&self) -> Option<u16> {
        None
    }
}

pub struct AttackJob<'a> {
    pub victim: &'a Victim,
    pub ball: Ball,
    /// The labels are the images' own, or the target where there is one.
    pub batch: &'a Batch,
    pub targeted: bool,
}

pub type Perturb =
    for<'a> fn(&'a Map<String, Value>, &'a Victim, &'a Batch, &'a mut Cx) -> Boxed<'a, Result<Tensor<4>>>;

/// An attack with its type erased.
#[derive(Clone, Copy)]
pub struct AttackFns {
    pub ball: fn(&Map<String, Value>) -> Result<Ball>,
    pub target: fn(&Map<String, Value>) -> Result<Option<u16>>,
    /// The batch carries the images' own labels.
    pub perturb: Perturb,
}

pub(crate) const fn fns<M: Attack>() -> AttackFns {
    AttackFns {
        ball: |params| Ok(M::settings(M::ID, params)?.ball()),
        target: |params| Ok(M::settings(M::ID, params)?.target()),
        perturb: |params, victim, batch, cx| {
            Box::pin(async move {
                let config = M::settings(M::ID, params)?;
                let target = config.target();
                aim(M::ID, target, victim.classes())?;
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

/// One sentence if there is no such class to push an image to.
pub(crate) fn aim(id: &str, target: Option<u16>, classes: usize) -> Result {
    match target.filter(|class| usize::from(*class) >= classes) {
        Some(class) => {
            let why = format!("there is no class {class}; there are 0 to {}", classes - 1);
            Err(Error::input(format!("{id}.target"), why))
        }
        None => Ok(()),
    }
}

/// What an attack did to a view.
pub struct Attacked {
    pub clean: Tested,
    pub attacked: Tested,
    /// Changed pixels, image after image.
    pub pixels: Vec<f32>,
    pub forwards: u64,
    pub gradients: u64,
}

/// Attacks every row of a view in chunks of one size.
pub async fn attack_view(
    entry: &Entry,
    params: &Map<String, Value>,
    net: &crate::nets::Net,
    view: &View,
    cx: &mut Cx,
) -> Result<Attacked> {
    let fns = entry.attack.expect("an attack has its functions");
    let ball = (fns.ball)(params)?;
    let victim = Victim::of(net, entry.needs.access);
    let chunks = view.len().div_ceil(CHUNK);
    let size: usize = view.set.shape.iter().product();
    let (mut clean, mut attacked, mut pixels) = (Vec::new(), Vec::new(), Vec::new());
    cx.paced = true;
    for (at, rows) in view.rows.chunks(CHUNK).enumerate() {
        cx.lap = (at, chunks);
        let batch = view.batch(rows);
        let x = (fns.perturb)(params, &victim, &batch, cx).await?;
        let before = cx.read(logits_of(net, &batch.x)).await?;
        let after = cx.read(logits_of(net, &x)).await?;
        let changed = cx.read(x).await?;
        for (row, values) in rows.iter().zip(changed.chunks(size)) {
            inside(entry.id, ball, view.pixels(*row), values)?;
        }
        clean.extend(before);
        attacked.extend(after);
        pixels.extend(changed);
    }
    cx.paced = false;
    cx.lap = (0, 1);
    let tested = |logits: Vec<f32>| Tested {
        ids: view.rows.to_vec(),
        labels: view.rows.iter().map(|row| view.label(*row)).collect(),
        classes: net.classes,
        probabilities: softmax(logits, net.classes),
    };
    let (forwards, gradients) = victim.asked();
    Ok(Attacked { clean: tested(clean), attacked: tested(attacked), pixels, forwards, gradients })
}

/// The harness's own check: in the box, and in the ball up to the rounding of `f32`.
fn inside(id: &str, ball: Ball, clean: &[f32], changed: &[f32]) -> Result {
    let delta: Vec<f32> = clean.iter().zip(changed).map(|(a, b)| b - a).collect();
    let length = ball.length(&delta);
    let boxed = changed.iter().all(|x| (0.0..=1.0).contains(x));
    // One rounding of a pixel near 1 is 6e-8, whatever the radius.
    if boxed && length <= ball.radius() * (1.0 + 1e-5) + 1e-6 {
        return Ok(());
    }
    let why = format!("returned an input outside its ball or box (length {length}, radius {})", ball.radius());
    Err(Error::input(id, why))
}

/// The rows of a view that are shown: the first few of every class.
pub fn leaf(view: &View) -> View {
    let places = Leaf::places(view.rows.iter().map(|row| view.label(*row)));
    view.at(places.into_iter().map(|place| view.rows[place]).collect::<Vec<_>>())
}

pub(crate) fn run<'a>(
    entry: &'a Entry,
    stage: &'a Stage,
    lab: &'a mut Lab,
    cx: &'a mut Cx,
) -> Boxed<'a, Result<Vec<Row>>> {
    Box::pin(async move {
        let task: Task = lab.task(stage)?.clone();
        let net = lab.from(stage)?.1.net.clone();
        net.fits(&task)?;
        entry.fits(stage, &task)?;
        if net.classes != task.classes.len() {
            let why =
                format!("the network knows {} classes, task \"{}\" has {}", net.classes, task.name, task.classes.len());
            return Err(Error::input(&stage.id, why));
        }
        let fns = entry.attack.expect("an attack has its functions");
        let target = (fns.target)(&stage.params)?;
        let ball = (fns.ball)(&stage.params)?;
        // An image of the target class is there already.
        let view = task.test.filter(|row| target != Some(task.test.label(row)));
        let begun = cx.host.now();
        let done = attack_view(entry, &stage.params, &net, &view, cx).await?;
        let seconds = cx.host.now() - begun;
        cx.say(done.clean.event("clean"));
        cx.say(done.attacked.event("attacked"));
        show(&done, &view, cx);
        let rows = figures(&done, &view, target, seconds, &cx.stage);
        lab.seen.insert(cx.stage.clone(), (ball, view, done));
        Ok(rows)
    })
}

fn show(done: &Attacked, view: &View, cx: &Cx) {
    let size: usize = view.set.shape.iter().product();
    let leaf = leaf(view);
    let mut bytes = Vec::with_capacity(leaf.len() * size * 4);
    for row in leaf.rows.iter() {
        let at = view.rows.iter().position(|other| other == row).expect("the leaf is part of the view");
        bytes.extend(done.pixels[at * size..][..size].iter().flat_map(|x| x.to_le_bytes()));
    }
    let [channels, height, width] = view.set.shape;
    let shape = [leaf.len(), channels, height, width];
    cx.say_with(Event::Images { series: "attacked".into(), shape, ids: leaf.rows.to_vec() }, vec![bytes]);
}

fn figures(done: &Attacked, view: &View, target: Option<u16>, seconds: f64, stage: &str) -> Vec<Row> {
    let Attacked { clean, attacked, pixels, .. } = done;
    let n = view.len();
    let size: usize = view.set.shape.iter().product();
    let fooled = |at: usize| match target {
        Some(class) => attacked.answer(at) == class,
        None => !attacked.right(at),
    };
    let right: Vec<usize> = (0..n).filter(|at| clean.right(*at)).collect();
    let won: Vec<usize> = right.iter().copied().filter(|at| fooled(*at)).collect();
    let all = (0..n).filter(|at| fooled(*at)).count();
    let percent = |part: usize, of: usize| 100.0 * part as f64 / of.max(1) as f64;
    let lengths = |length: &dyn Fn(&[f32]) -> f64| -> f64 {
        let delta = |at: usize| -> Vec<f32> {
            let changed = &pixels[at * size..][..size];
            view.pixels(view.rows[at]).iter().zip(changed).map(|(a, b)| b - a).collect()
        };
        median(won.iter().map(|at| length(&delta(*at))).collect())
    };
    let mut rows = vec![
        Row::share(stage, "clean_accuracy", clean.accuracy(), n),
        Row::share(stage, "robust_accuracy", attacked.accuracy(), n),
        Row::share(stage, "asr_correct", percent(won.len(), right.len()), right.len()),
        Row::share(stage, "asr_all", percent(all, n), n),
    ];
    if !won.is_empty() {
        rows.push(Row {
            n: Some(won.len()),
            ..Row::new(stage, "linf_median", lengths(&|d| Ball::Linf(0.0).length(d)))
        });
        rows.push(Row { n: Some(won.len()), ..Row::new(stage, "l2_median", lengths(&|d| Ball::L2(0.0).length(d))) });
        let changed = lengths(&|d| d.iter().filter(|d| d.abs() > 1e-6).count() as f64);
        rows.push(Row { n: Some(won.len()), ..Row::new(stage, "pixels_median", changed) });
    }
    rows.push(Row::new(stage, "queries", done.forwards as f64 / n.max(1) as f64));
    rows.push(Row::new(stage, "gradients", done.gradients as f64 / n.max(1) as f64));
    rows.push(Row::new(stage, "seconds", seconds));
    rows
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) { (values[middle - 1] + values[middle]) / 2.0 } else { values[middle] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_of_even_and_odd() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
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
