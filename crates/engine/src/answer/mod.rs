//! Answers to questions beside a run.

mod attack;

use crate::Registry;
use burn::tensor::{Device, Tensor, TensorData};
use kit::cx::{Cx, Published};
use kit::data::{CHUNK, Task, View};
use kit::host::{Gate, Host};
use kit::learn::{logits, logits_of, test};
use kit::nets::weights::{self, AdapterFiles};
use kit::nets::{Net, Pass};
use kit::run::{Aimed, accuracies, others};
use kit::stats::{Tested, softmax};
use kit::{Error, Result};
use spec::{Answer, Question, Wrong, best_class};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Answers questions beside a run. It sees the published models and the loaded tasks, but not the state of the run.
#[derive(Clone)]
pub struct Asker {
    registry: Registry,
    device: Device,
    host: Rc<dyn Host>,
    published: Rc<RefCell<Published>>,
    tasks: Rc<RefCell<BTreeMap<String, Task>>>,
}

/// An answer, and the binary buffers that are sent with it.
type Answered = (Answer, Vec<Vec<u8>>);

impl Asker {
    pub(crate) fn new(
        registry: Registry,
        device: Device,
        host: Rc<dyn Host>,
        published: Rc<RefCell<Published>>,
        tasks: Rc<RefCell<BTreeMap<String, Task>>>,
    ) -> Self {
        Self { registry, device, host, published, tasks }
    }

    /// The answer to a question. `stage` names a published model, `None` the one that was published last; with `base`
    /// its adapters are left out. `buffers` are the pixels that come with the question.
    pub async fn answer(
        &self,
        stage: Option<&str>,
        base: bool,
        question: &Question,
        buffers: &[Vec<u8>],
    ) -> Result<Answered> {
        let net = self.net(stage)?;
        let net = if base { net.without_adapters() } else { net };
        // It has its own gate: questions are answered while the run is paused, and cancelling the run does not end
        // them.
        let mut cx = Cx::new(self.device.clone(), 0, 0, self.host.clone(), Rc::<Gate>::default());
        cx.quiet = true;
        match question {
            Question::Predict => self.predict(&net, buffers, &cx).await,
            Question::Attack { method, task, samples, labels, with } => {
                let task = self.fitting(&net, task)?;
                let with = self.crafted_on(with, &task)?;
                let view = self.attacked_samples(&net, &task, samples, labels, buffers, &mut cx).await?;
                self.attack(&net, &with, method, &task, &view, &mut cx).await
            }
            Question::Curve { method, task, epsilons, n, with } => {
                let task = self.fitting(&net, task)?;
                let with = self.crafted_on(with, &task)?;
                let entry = self.registry.entry(&method.id)?;
                let (params, target) = (&method.params, entry.aims(&method.params, &task)?);
                let view = others(&task.test, target).first(*n);
                let aimed = Aimed { entry, params, target, net: &net, with: &with };
                let held = accuracies(aimed, epsilons, &task, &view, &mut cx).await?;
                let accuracy: Option<Vec<f64>> = held.into_iter().collect();
                let accuracy = accuracy.ok_or_else(|| Error::input("n", "at least one sample is right"))?;
                Ok((Answer::Curve { accuracy }, Vec::new()))
            }
            Question::Boundary { size } => self.boundary(&net, *size, &cx).await,
            Question::Embed { task } => self.embed(&net, task, &mut cx).await,
            Question::Samples { task, ids } => {
                let view = self.task(task)?.test;
                exist(task, &view, ids)?;
                Ok(samples(&view.at(ids.clone())))
            }
            Question::Nearest { task, id, n } => {
                let view = self.task(task)?.train;
                exist(task, &view, &[*id])?;
                Ok(samples(&nearest(&view, view.pixels(*id), *n)))
            }
            Question::Test { task } => {
                let tested = test(&net, &self.fitting(&net, task)?.test, &mut cx).await?;
                Ok((Answer::Test(tested.answers()), Vec::new()))
            }
            Question::Merge { task } => self.merge(&net, task, &mut cx).await,
            Question::Export => {
                let file = weights::export(&net).await?;
                Ok((Answer::Export { name: "model.safetensors".into(), parameters: net.base_size() }, vec![file]))
            }
            Question::Adapter => Ok(match weights::export_adapter(&net).await? {
                Some(AdapterFiles { config, weights }) => (Answer::Adapter { config: Some(config) }, vec![weights]),
                None => (Answer::Adapter { config: None }, Vec::new()),
            }),
        }
    }

    fn net(&self, stage: Option<&str>) -> Result<Net> {
        let published = self.published.borrow();
        let name = stage.or(published.latest.as_deref()).unwrap_or(spec::START);
        let known = published.nets.keys().map(String::as_str);
        published.nets.get(name).cloned().ok_or_else(|| Wrong::unknown("model", "ask", name, known).into())
    }

    fn task(&self, name: &str) -> Result<Task> {
        let tasks = self.tasks.borrow();
        let known = tasks.values().map(|task| task.name.as_str());
        let found = tasks.values().find(|task| task.name == name).cloned();
        found.ok_or_else(|| Wrong::unknown("task", "ask", name, known).into())
    }

    /// The task with this name, or an error if the net's inputs or classes do not fit it.
    fn fitting(&self, net: &Net, name: &str) -> Result<Task> {
        let task = self.task(name)?;
        net.knows(&task)?;
        Ok(task)
    }

    /// The networks that an attack on a task is crafted on.
    fn crafted_on(&self, names: &[String], task: &Task) -> Result<Vec<Net>> {
        let nets: Vec<Net> = names.iter().map(|name| self.net(Some(name))).collect::<Result<_>>()?;
        nets.iter().try_for_each(|net| net.knows(task))?;
        Ok(nets)
    }

    async fn predict(&self, net: &Net, buffers: &[Vec<u8>], cx: &Cx) -> Result<Answered> {
        let size: usize = net.shape.iter().product();
        let pixels = pixels_of(buffers);
        let n = pixels.len() / size;
        if n == 0 || n > CHUNK || pixels.len() != n * size || pixels.iter().any(|x| !x.is_finite()) {
            let [c, h, w] = net.shape;
            return Err(Error::input(
                "picture",
                format!("1 to {CHUNK} images of {c} × {h} × {w} finite pixels are right"),
            ));
        }
        let [channels, height, width] = net.shape;
        let x = Tensor::from_data(TensorData::new(pixels, [n, channels, height, width]), &self.device);
        let probabilities = softmax(cx.read(logits_of(net, &x)).await?, net.classes)?;
        Ok((Answer::Predict { probabilities: rows(&probabilities, net.classes) }, Vec::new()))
    }

    async fn boundary(&self, net: &Net, size: u32, cx: &Cx) -> Result<Answered> {
        if net.shape != [2, 1, 1] {
            return Err(Error::input("boundary", "only networks over points in the plane have one to draw"));
        }
        let size = size.clamp(8, 256) as usize;
        let at = |i: usize| (i as f32 + 0.5) / size as f32;
        let points: Vec<f32> = (0..size * size).flat_map(|i| [at(i % size), 1.0 - at(i / size)]).collect();
        let mut classes = Vec::new();
        for part in points.chunks(2 * CHUNK) {
            let x = Tensor::from_data(TensorData::new(part.to_vec(), [part.len() / 2, 2, 1, 1]), &self.device);
            let n = part.len() / 2;
            let logits = cx.read(logits_of(net, &x)).await?;
            let tested = Tested::of(vec![0; n], vec![0; n], net.classes, logits)?;
            classes.extend(tested.named.iter().map(|class| *class as u8));
        }
        Ok((Answer::Boundary { low: [0.0; 2], high: [1.0; 2], size: size as u32 }, vec![classes]))
    }

    async fn merge(&self, net: &Net, task: &str, cx: &mut Cx) -> Result<Answered> {
        let view = self.fitting(net, task)?.test;
        if !net.has_adapters() {
            return Err(Error::input(
                "merge",
                "this network has no adapter; its method changed the weights themselves",
            ));
        }
        let beside = logits(net, &view, cx).await?;
        let merged = logits(&net.merged(), &view, cx).await?;
        let largest = beside.iter().zip(&merged).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        let rows = beside.chunks(net.classes).zip(merged.chunks(net.classes));
        let changed = rows.filter(|(a, b)| best_class(a) != best_class(b)).count();
        Ok((Answer::Merge { largest, changed, n: view.len() }, Vec::new()))
    }

    /// The first two principal components of the features.
    async fn embed(&self, net: &Net, task: &str, cx: &mut Cx) -> Result<Answered> {
        let task = self.task(task)?;
        net.fits(&task)?;
        let frozen = net.frozen();
        let mut parts = Vec::new();
        for chunk in task.test.rows.chunks(CHUNK) {
            let mut pass = Pass::keeping("features", &cx.cost);
            frozen.forward(task.test.batch(chunk).x, &mut pass);
            parts.push(pass.taps.remove("features").expect("every net has this tap"));
        }
        let features = cx.read(Tensor::cat(parts, 0)).await?;
        let xy = kit::stats::principal_components(&features, task.test.len());
        let labels: Vec<u16> = task.test.rows.iter().map(|row| task.test.label(*row)).collect();
        Ok((Answer::Embed { labels, xy }, Vec::new()))
    }
}

/// The numbers of the first buffer beside a question.
fn pixels_of(buffers: &[Vec<u8>]) -> Vec<f32> {
    let bytes = buffers.first().map_or(&[][..], Vec::as_slice);
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

fn exist(task: &str, view: &View, ids: &[u32]) -> Result {
    let known = view.set.pixels.len() / view.set.shape.iter().product::<usize>();
    match ids.iter().find(|id| **id as usize >= known) {
        Some(id) => Err(Error::input(task, format!("there is no sample {id}"))),
        None => Ok(()),
    }
}

fn samples(view: &View) -> Answered {
    let labels: Vec<u16> = view.rows.iter().map(|row| view.label(*row)).collect();
    let bytes = view.rows.iter().flat_map(|row| view.pixels(*row)).flat_map(|x| x.to_le_bytes()).collect();
    let [channels, height, width] = view.set.shape;
    let shape = [view.len(), channels, height, width];
    (Answer::Samples { ids: view.rows.to_vec(), labels, shape }, vec![bytes])
}

/// The `n` rows of a view that are nearest to a sample by the distance of their pixels, nearest first.
fn nearest(view: &View, sample: &[f32], n: usize) -> View {
    let distance = |row: u32| view.pixels(row).iter().zip(sample).map(|(a, b)| (a - b) * (a - b)).sum::<f32>();
    let mut near: Vec<(f32, u32)> = view.rows.iter().map(|&row| (distance(row), row)).collect();
    near.sort_by(|a, b| a.0.total_cmp(&b.0));
    view.at(near.into_iter().take(n).map(|(_, row)| row).collect::<Vec<_>>())
}

fn rows(values: &[f32], columns: usize) -> Vec<Vec<f32>> {
    values.chunks(columns).map(<[f32]>::to_vec).collect()
}
