use burn::module::Module;
use burn::optim::GradientsParams;
use kit::Result;
use kit::cx::Cx;
use kit::lab::Lab;
use kit::nets::{Net, Norms, Pass};
use kit::shapes::tune::prepared;
use kit::train::{Recipe, mean_loss};
use kit::victim::CHUNK;
use serde_json::Value;
use spec::Shape;

/// Seconds that each stage will take on this machine: its training steps, times the time of one.
///
/// A gradient for the input alone is counted as 0.6 of a training step, evaluation is left out.
pub async fn estimate(lab: &Lab, cx: &mut Cx) -> Result<Vec<Option<f64>>> {
    let step = time_of_step(lab, cx).await?;
    let mut trained = Vec::new();
    let mut all = Vec::new();
    for stage in &lab.spec.stages {
        let entry = lab.entry(&stage.id)?;
        let task = match &stage.on {
            Some(name) => &lab.tasks[name],
            None => lab.tasks.values().next().expect("a run has a task"),
        };
        let settings = (entry.settings)(&stage.id, &stage.params)?;
        let images = task.train.len() as f64;
        let inner = settings["steps"].as_f64().unwrap_or(0.0);
        let own = match (&settings["train"], entry.shape) {
            (train @ Value::Object(_), _) => {
                train["epochs"].as_f64().unwrap_or(1.0) * images / CHUNK as f64 * (1.0 + 0.6 * inner)
            }
            (_, Shape::Attack) => {
                let restarts = settings["restarts"].as_f64().unwrap_or(1.0);
                task.test.len() as f64 / CHUNK as f64 * 0.6 * inner.max(1.0) * restarts
            }
            _ => task.train.len() as f64 / CHUNK as f64 / 3.0,
        };
        let reference = match entry.shape {
            Shape::Unlearn => trained.iter().sum::<f64>() * f64::from(lab.spec.retrain_seeds.unwrap_or(3)),
            _ => 0.0,
        };
        if matches!(entry.shape, Shape::Tune | Shape::Peft) {
            trained.push(own);
        }
        all.push(Some((own + reference) * step));
    }
    Ok(all)
}

/// Seconds of one training step of a chunk: the shortest of four, because the first ones compile and fill caches.
async fn time_of_step(lab: &Lab, cx: &mut Cx) -> Result<f64> {
    let task = lab.tasks.values().next().expect("a run has a task");
    let start: &Net = &lab.models[kit::lab::START].net;
    let net = prepared(start.clone(), task, cx)?.train();
    let rows: Vec<u32> = task.train.rows.iter().copied().cycle().take(CHUNK).collect();
    let mut optimizer = Recipe::default().optimizer();
    let mut seconds = f64::INFINITY;
    let mut net = net;
    for _ in 0..4 {
        let begun = cx.host.now();
        let mut pass = Pass::train(Norms::Batch, cx.rng("probe", 0, 0));
        let loss = mean_loss(&net, &task.train.batch(&rows), &mut pass);
        let gradients = GradientsParams::from_grads(loss.backward(), &net);
        net = optimizer.step(1e-3, net, gradients);
        cx.read(loss.inner()).await?;
        seconds = seconds.min(cx.host.now() - begun);
    }
    Ok(seconds)
}
