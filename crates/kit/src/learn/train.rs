//! The training loop.

use super::batches::Batches;
use super::checkpoints::{Checkpoints, Resumed};
use super::{Loss, Objective, Training, every, look};
use crate::cx::{Checkpoint, Cx};
use crate::data::View;
use crate::error::{Error, Result};
use crate::nets::layers::Statistics;
use crate::nets::{Net, Norms, Pass};
use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::Tensor;
use ops::{Graph, Optimizer, Recording};

/// Which statistics norm layers use in training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Those of the batch; the running statistics are updated.
    #[default]
    Train,
    /// The running statistics, which stay unchanged: for PEFT and probes.
    Eval,
}

/// Trains the weights of `net` that are not frozen. The net comes in and goes out without autodiff.
///
/// An epoch has as many full batches as fit into a fresh permutation; the remaining samples are left to later epochs.
/// With several views, an epoch passes over one after the other, under one optimiser. Where a checkpoint of this
/// training is in the store, it goes on from there.
pub async fn descend(
    net: Net,
    training: &Training,
    mode: Mode,
    views: &[&View],
    objective: &dyn Objective,
    cx: &mut Cx,
) -> Result<Net> {
    let mut feeds: Vec<Batches> = views.iter().enumerate().map(|(at, view)| Batches::new(at, view, training)).collect();
    let epoch: usize = feeds.iter().map(Batches::count).sum();
    if epoch == 0 {
        return Err(Error::input("train", "there is no sample to train on"));
    }
    let total = epoch * training.epochs as usize;
    let every = every(cx.watch.as_ref(), total);
    let mut checkpoints = Checkpoints::new(total, cx);
    let optimizer = || training.optimizer(total, epoch);
    let (mut net, mut optimizer, first) = begin(net, optimizer, &mut checkpoints, objective, cx).await?;
    let steady = objective.steady().filter(|_| feeds.len() == 1);
    let mut graph: Option<Recorded> = None;
    for step in first..total {
        let batches = next(&mut feeds, step, epoch, cx);
        let mut this = Step { batches, mode, step, optimizer: &mut optimizer, objective };
        let mut recorded = None;
        if RECORDED.contains(&(step - first))
            && graph.is_none()
            && let Some(loss) = steady
        {
            cx.flush().await?;
            recorded = Recording::prepare(&cx.device).map(|recording| (recording, loss));
        }
        match (&graph, recorded) {
            (Some(Recorded { graph, cost }), _) => {
                this.optimizer.begin();
                // SAFETY: the net, the optimiser, the order and the log are held until the loop ends.
                unsafe { graph.replay() }.map_err(Error::DeviceLost)?;
                cx.cost.add(*cost);
                if mode == Mode::Train {
                    net.statistics(|statistics| statistics.seen += 1);
                }
            }
            (None, Some((recording, loss))) => (net, graph) = this.record(recording, loss, net, cx),
            (None, None) => net = this.run(net, cx).await?,
        }
        cx.losses.wrote(step);
        cx.progress.steps += 1;
        let last = step + 1 == total;
        // A replay writes into the memory of the net, so a model that is kept has to be a copy.
        let current = |net: &Net| objective.whole(if graph.is_some() { copied(net.valid()) } else { net.valid() });
        let mut went = Ok(());
        if (step + 1) % every == 0 || last || cx.progress.gate.paused.get() {
            cx.flush().await?;
            went = observe(current(&net), step + 1, last, cx).await;
        }
        if went.is_ok() {
            went = cx.step(step + 1, total).await;
        }
        let is_stopped = matches!(went, Err(Error::Cancelled));
        if (went.is_ok() || is_stopped) && checkpoints.are_due(last || is_stopped, cx) {
            cx.flush().await?;
            checkpoints.make(step + 1, &net, &optimizer, cx).await?;
        }
        if is_stopped {
            cx.good = Some(Checkpoint { step: step + 1, net: current(&net) });
        }
        went?;
    }
    cx.flush().await?;
    Ok(net.valid())
}

/// The net with autodiff, its optimiser, and the first step: that of the last checkpoint, else 0.
async fn begin(
    net: Net,
    optimizer: impl Fn() -> Optimizer,
    checkpoints: &mut Checkpoints,
    objective: &dyn Objective,
    cx: &mut Cx,
) -> Result<(Net, Optimizer, usize)> {
    if let Some(Resumed { net, optimizer, step }) = checkpoints.resume(&net, optimizer(), cx).await {
        cx.good = Some(Checkpoint { step, net: objective.whole(net.valid()) });
        return Ok((net, optimizer, step));
    }
    observe(objective.whole(net.clone()), 0, false, cx).await?;
    Ok((net.train(), optimizer(), 0))
}

/// Finds the view that a step belongs to and moves its batches to the one of that step. An epoch has `epoch` steps.
fn next<'b, 'v>(feeds: &'b mut [Batches<'v>], step: usize, epoch: usize, cx: &Cx) -> &'b mut Batches<'v> {
    let mut place = step % epoch;
    let turn = feeds.iter().position(|batches| match place.checked_sub(batches.count()) {
        Some(rest) => {
            place = rest;
            false
        }
        None => true,
    });
    let batches = &mut feeds[turn.expect("each step belongs to a view")];
    batches.go_to((step / epoch) as u32, place, cx);
    batches
}

/// Steps of the loop at which it tries to record. By the first of them all buffers have been allocated. The device may
/// refuse for lack of free memory, and a later attempt may succeed.
const RECORDED: [usize; 3] = [3, 6, 12];

/// A step that was recorded.
struct Recorded {
    graph: Graph,
    /// What each replay asks of networks, as [`Cost`](crate::nets::Cost) counts it.
    cost: u64,
}

/// One training step.
struct Step<'a, 'v> {
    batches: &'a mut Batches<'v>,
    mode: Mode,
    step: usize,
    optimizer: &'a mut Optimizer,
    objective: &'a dyn Objective,
}

impl Step<'_, '_> {
    /// Runs the step.
    async fn run(&mut self, net: Net, cx: &mut Cx) -> Result<Net> {
        self.optimizer.begin();
        let (batch, mut pass) = (self.batches.batch(), self.pass(cx));
        let loss = self.objective.loss(self.step, &net, &batch, &mut pass, cx).await?;
        Ok(self.descend(net, &pass, loss, cx))
    }

    fn pass(&self, cx: &Cx) -> Pass {
        let norms = if self.mode == Mode::Train { Norms::Batch } else { Norms::Running };
        Pass::train(norms, cx.rng("dropout", 0, self.step as u32), &cx.cost)
    }

    /// The rest of a step after the forward pass: gradients, optimiser, running statistics, the loss's entry in the
    /// log.
    fn descend(&mut self, net: Net, pass: &Pass, loss: Tensor<1>, cx: &mut Cx) -> Net {
        let mut tape = loss.backward();
        let gradients = self.objective.gradients(&net, &mut tape);
        let mut net = self.optimizer.apply(net, gradients);
        net.update_statistics(pass);
        self.batches.log(loss.inner(), cx);
        self.objective.after(net)
    }

    /// Runs the step. Then records it for the steps that follow, if the device can.
    fn record(&mut self, mut recording: Recording, loss: Loss, net: Net, cx: &mut Cx) -> (Net, Option<Recorded>) {
        let (spare, optimizer) = (copied(net.clone()), self.optimizer.copied());
        let before = cx.cost.samples();
        self.optimizer.begin();
        let net = self.steadily(loss, net, cx);
        let run = cx.cost.samples();
        recording.begin();
        let mut net = self.steadily(loss, net, cx);
        let cost = cx.cost.samples() - run;
        if let Some(graph) = recording.end() {
            // Recording does not execute anything.
            cx.cost.go_back(run);
            if self.mode == Mode::Train {
                // Nor have the statistics seen this batch.
                net.statistics(|statistics| statistics.seen -= 1);
            }
            return (net, Some(Recorded { graph, cost }));
        }
        // Recording failed: run the step again, from the state before it.
        *self.optimizer = optimizer;
        self.batches.restart(&cx.device);
        cx.losses.clear();
        cx.cost.go_back(before);
        self.optimizer.begin();
        (self.steadily(loss, spare, cx), None)
    }

    /// The step with a loss that needs no value from the host, so that it can be recorded.
    fn steadily(&mut self, loss: Loss, net: Net, cx: &mut Cx) -> Net {
        let (batch, mut pass) = (self.batches.batch(), self.pass(cx));
        let loss = loss(&net, &batch, &mut pass);
        self.descend(net, &pass, loss, cx)
    }
}

/// A copy of the net in memory of its own.
fn copied(net: Net) -> Net {
    struct Copied;
    impl ModuleMapper for Copied {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let (id, tensor, mapper) = param.consume();
            let (tracked, wanted) = (tensor.is_autodiff(), tensor.is_require_grad());
            // A multiplication by 1 forces a copy into fresh memory.
            let copy = if tracked { tensor.inner() } else { tensor }.mul_scalar(1.0);
            let copy = if tracked { Tensor::from_inner(copy).set_require_grad(wanted) } else { copy };
            Param::from_mapped_value(id, copy, mapper)
        }
    }
    let mut net = net.map(&mut Copied);
    net.statistics(|Statistics { mean, var, .. }| {
        for held in [mean, var] {
            *held = held.clone().mul_scalar(1.0);
        }
    });
    net
}

/// Looks at the model after `step` steps, and publishes and keeps it if its logits are finite. The `last` one is only
/// kept: the harness looks at the finished model itself.
async fn observe(net: Net, step: usize, last: bool, cx: &mut Cx) -> Result {
    if let Some(watch) = cx.watch.clone().filter(|watch| !last && watch.seen.set.shape == net.shape) {
        match look(&net, step, &watch, cx).await {
            // The loss will say so.
            Err(Error::NoNumbers { .. }) => {}
            looked => {
                looked?;
                cx.publish(&net);
                cx.good = Some(Checkpoint { step, net });
            }
        }
    } else if last {
        cx.good = Some(Checkpoint { step, net });
    }
    Ok(())
}
