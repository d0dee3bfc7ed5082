//! Attacked samples: those of a task, or a visitor's own.

use super::{Answered, Asker, pixels_of, rows};
use burn::tensor::Tensor;
use kit::attack::Victim;
use kit::cx::Cx;
use kit::data::{CHUNK, Task, View};
use kit::learn::{logits, logits_of};
use kit::nets::Net;
use kit::stats::{Tested, softmax};
use kit::{Error, Result};
use spec::{Answer, Pick, best_class};

impl Asker {
    /// The samples that are attacked: some of the task's test split, or the inputs beside the question under `labels`,
    /// or under what the network answers where there are none.
    pub(super) async fn attacked_samples(
        &self,
        net: &Net,
        task: &Task,
        samples: &[u32],
        labels: &[u16],
        buffers: &[Vec<u8>],
        cx: &mut Cx,
    ) -> Result<View> {
        if buffers.is_empty() {
            let test = &task.test;
            if !labels.is_empty() {
                return Err(Error::input("labels", "samples of a task have their own; inputs of one's own take some"));
            }
            if samples.is_empty() || samples.iter().any(|id| !test.rows.contains(id)) {
                return Err(Error::input("samples", "one or more samples of the test split are right"));
            }
            return Ok(test.at(samples.to_vec()));
        }
        if !samples.is_empty() {
            return Err(Error::input("samples", "none are right beside inputs of one's own"));
        }
        let (pixels, size) = (pixels_of(buffers), task.set.shape.iter().product::<usize>());
        let n = pixels.len() / size;
        if n == 0 || pixels.len() != n * size || pixels.iter().any(|x| !(0.0..=1.0).contains(x)) {
            return Err(Error::input("pixels", format!("{size} numbers from 0 to 1 for each input are right")));
        }
        let own = |labels: Vec<u16>| View::of_pixels(task.set.shape, pixels.clone(), labels, &self.device);
        if labels.is_empty() {
            let answers = logits(net, &own(vec![0; n]), cx).await?;
            return Ok(own(answers.chunks(net.classes).map(best_class).collect()));
        }
        let classes = task.classes.len();
        if labels.len() != n || labels.iter().any(|label| usize::from(*label) >= classes) {
            let why = format!("a class from 0 to {} for each of {n} inputs is right", classes - 1);
            return Err(Error::input("labels", why));
        }
        Ok(own(labels.to_vec()))
    }

    /// Attacks the samples of `view`, chunk by chunk.
    pub(super) async fn attack(
        &self,
        net: &Net,
        with: &[Net],
        method: &Pick,
        task: &Task,
        view: &View,
        cx: &mut Cx,
    ) -> Result<Answered> {
        let entry = self.registry.entry(&method.id)?;
        let fns = entry.attack.ok_or_else(|| Error::input(&method.id, "is not an attack"))?;
        let target = entry.aims(&method.params, task)?;
        (entry.check_task)(&method.params, task)?;
        let labels: Vec<u16> = view.rows.iter().map(|row| view.label(*row)).collect();
        let (mut clean, mut attacked, mut after) = (Vec::new(), Vec::new(), Vec::new());
        let mut walk: Vec<Vec<f32>> = Vec::with_capacity(view.len());
        for ids in view.rows.chunks(CHUNK) {
            let victim = Victim::crafted_on(net, with, entry.needs.access, &cx.cost);
            let batch = view.batch(ids);
            let labels: Vec<u16> = ids.iter().map(|row| view.label(*row)).collect();
            cx.trace = Some(Vec::new());
            let x = (fns.perturb)(&method.params, target, &victim, &batch, cx).await?;
            let mut steps = vec![self.confidence(net, &batch.x, &labels, cx).await?];
            for step in cx.trace.take().unwrap_or_default() {
                steps.push(self.confidence(net, &step, &labels, cx).await?);
                cx.breathe().await?;
            }
            walk.extend((0..ids.len()).map(|at| steps.iter().map(|step| step[at]).collect::<Vec<f32>>()));
            clean.extend(cx.read(logits_of(net, &batch.x)).await?);
            attacked.extend(cx.read(logits_of(net, &x)).await?);
            after.extend(cx.read(x).await?);
        }
        let both = clean.chunks(net.classes).zip(attacked.chunks(net.classes));
        let classes = both.map(|(clean, attacked)| [best_class(clean), best_class(attacked)]).collect();
        let (clean, attacked) = (softmax(clean, net.classes)?, softmax(attacked, net.classes)?);
        let answer = Answer::Attack {
            labels,
            shape: view.shape(),
            clean: rows(&clean, net.classes),
            attacked: rows(&attacked, net.classes),
            classes,
            walk,
        };
        let before = view.rows.iter().flat_map(|row| view.pixels(*row)).flat_map(|x| x.to_le_bytes()).collect();
        let after = after.iter().flat_map(|x| x.to_le_bytes()).collect();
        Ok((answer, vec![before, after]))
    }

    async fn confidence(&self, net: &Net, x: &Tensor<4>, labels: &[u16], cx: &Cx) -> Result<Vec<f32>> {
        let logits = cx.read(logits_of(net, x)).await?;
        Ok(Tested::of(vec![0; labels.len()], labels.to_vec(), net.classes, logits)?.confidence_in_label())
    }
}
