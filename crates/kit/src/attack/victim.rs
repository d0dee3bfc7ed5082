//! The network under attack.

use crate::data::CHUNK;
use crate::error::{Error, Result};
use crate::nets::{Cost, Net, Pass};
use burn::tensor::{Bool, Int, Tensor};
use spec::Access;
use std::cell::{Cell, RefCell};

/// The network under attack. An attack sees it only through this type, which counts the queries and refuses what the
/// attack's card does not ask for.
pub struct Victim {
    /// Its logits are the mean of theirs.
    nets: Vec<Net>,
    access: Access,
    /// Where its forward passes are counted, those of filling rows too.
    pub(super) cost: Cost,
    /// Samples of one forward pass.
    chunk: usize,
    /// Samples whose scores were asked for.
    forwards: Cell<u64>,
    /// Samples whose gradients were asked for.
    gradients: Cell<u64>,
    /// See [`Self::take_stuck`].
    stuck: RefCell<Option<Tensor<1, Bool>>>,
}

/// How many samples an attack has asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queries {
    /// Samples that were passed forward for their scores.
    pub forwards: u64,
    /// Samples whose gradient was taken, each with one forward and one backward pass.
    pub gradients: u64,
}

/// How a victim responds to inputs `[n, c, h, w]`; without autodiff.
pub struct Response {
    /// `[n, classes]`.
    pub logits: Tensor<2>,
    /// The loss of each sample, `[n]`.
    pub loss: Tensor<1>,
    /// The gradient of the loss with respect to the inputs, `[n, c, h, w]`.
    pub gradient: Tensor<4>,
}

/// The loss of each sample, `[n]`, from logits `[n, classes]` and labels `[n]`. An attack increases it.
pub type SampleLoss<'a> = dyn Fn(Tensor<2>, Tensor<1, Int>) -> Tensor<1> + 'a;

impl Victim {
    /// A victim with a copy of `net`, which no query changes. What it is asked is counted by `cost`.
    pub fn of(net: &Net, access: Access, cost: &Cost) -> Self {
        Self::over(std::slice::from_ref(net), access, cost)
    }

    /// A victim that answers with the mean of the logits of several networks, at least one (Liu et al. 2017,
    /// arXiv:1611.02770, section 2.3, whose mean is of probabilities; Dong et al. 2018, arXiv:1710.06081, eq. 10, of
    /// logits). A query of all of them is one query.
    pub fn over(nets: &[Net], access: Access, cost: &Cost) -> Self {
        let (forwards, gradients, stuck) = (Cell::new(0), Cell::new(0), RefCell::default());
        let nets = nets.iter().map(Net::frozen).collect();
        Self { nets, access, cost: cost.clone(), chunk: CHUNK, forwards, gradients, stuck }
    }

    /// The victim that an attack on `net` is crafted on: the networks of `with`, `net` itself where there are none.
    pub fn crafted_on(net: &Net, with: &[Net], access: Access, cost: &Cost) -> Self {
        Self::over(if with.is_empty() { std::slice::from_ref(net) } else { with }, access, cost)
    }

    /// Logits `[n, classes]` of `x` `[n, c, h, w]`.
    fn forward(&self, x: &Tensor<4>) -> Tensor<2> {
        let logits = |net: &Net| net.forward(x.clone(), &mut Pass::eval(&self.cost));
        let sum = self.nets.iter().map(logits).reduce(Tensor::add).expect("there is at least one network");
        match self.nets.len() {
            1 => sum,
            n => sum.div_scalar(n as f32),
        }
    }

    /// A victim for adversarial training: a chunk is a whole batch of `batch` samples.
    pub fn in_training(net: &Net, batch: usize, cost: &Cost) -> Self {
        Self { chunk: batch, ..Self::of(net, Access::Gradients, cost) }
    }

    /// The queries so far.
    pub fn queries(&self) -> Queries {
        Queries { forwards: self.forwards.get(), gradients: self.gradients.get() }
    }

    /// Logits `[n, classes]` of `x` `[n, c, h, w]`.
    pub fn scores(&self, x: &Tensor<4>) -> Result<Tensor<2>> {
        let scores = self.uncounted_scores(x)?;
        self.count_forwards(x.dims()[0] as u64);
        Ok(scores)
    }

    /// Counts the scores of `n` samples, for an attack that is already done with some samples of its batch.
    pub fn count_forwards(&self, n: u64) {
        self.forwards.set(self.forwards.get() + n);
    }

    /// Like [`Self::scores`], but the caller counts, with [`Self::count_forwards`].
    pub fn uncounted_scores(&self, x: &Tensor<4>) -> Result<Tensor<2>> {
        self.allow(Access::Scores)?;
        let n = x.dims()[0];
        let parts = self.chunks(n).map(|at| {
            let (x, real) = self.cut(x, at);
            self.forward(&x).narrow(0, 0, real)
        });
        Ok(Tensor::cat(parts.collect(), 0))
    }

    /// Logits, losses and gradients, by one forward and one backward pass. `labels` is `[n]`.
    pub fn gradient(&self, x: &Tensor<4>, labels: &Tensor<1, Int>, loss: &SampleLoss<'_>) -> Result<Response> {
        let response = self.uncounted_gradient(x, labels, loss)?;
        self.count_gradients(x.dims()[0]);
        Ok(response)
    }

    /// Like [`Self::gradient`], at a point where an attack on the batch begins: it notes which samples have none there.
    pub fn first_gradient(&self, x: &Tensor<4>, labels: &Tensor<1, Int>, loss: &SampleLoss<'_>) -> Result<Response> {
        let response = self.gradient(x, labels, loss)?;
        let largest: Tensor<1> = response.gradient.clone().abs().flatten::<2>(1, 3).max_dim(1).squeeze_dim(1);
        let none = largest.equal_elem(0.0);
        self.stuck.replace_with(|before| Some(before.take().map_or(none.clone(), |before| before.bool_and(none))));
        Ok(response)
    }

    /// For each sample of the batch that was just attacked `[n]`, whether its gradient was exactly zero wherever the
    /// attack began, so that no step has moved it. `None` for an attack that asked for no gradient. It stays on the
    /// device.
    pub fn take_stuck(&self) -> Option<Tensor<1, Bool>> {
        self.stuck.take()
    }

    /// Counts the gradients of `n` samples, for a recorded step that is replayed.
    pub(crate) fn count_gradients(&self, n: usize) {
        self.gradients.set(self.gradients.get() + n as u64);
    }

    /// Like [`Self::gradient`], for a step that is recorded and not run.
    pub(crate) fn uncounted_gradient(
        &self,
        x: &Tensor<4>,
        labels: &Tensor<1, Int>,
        loss: &SampleLoss<'_>,
    ) -> Result<Response> {
        self.allow(Access::Gradients)?;
        let n = x.dims()[0];
        let (mut scores, mut losses, mut gradients) = (Vec::new(), Vec::new(), Vec::new());
        for at in self.chunks(n) {
            let (x, real) = self.cut(x, at);
            let labels = self.cut_labels(labels, at);
            let x = x.autodiff().require_grad();
            let logits = self.forward(&x);
            let value = loss(logits.clone(), labels);
            // The sum, not the mean: a sample's gradient must not depend on how many others there are.
            let mut tape = value.clone().sum().backward();
            let gradient = x.grad_remove(&mut tape).expect("the loss depends on the input");
            scores.push(without_autodiff(logits).narrow(0, 0, real));
            losses.push(without_autodiff(value).narrow(0, 0, real));
            gradients.push(without_autodiff(gradient).narrow(0, 0, real));
        }
        Ok(Response { logits: join(scores), loss: join(losses), gradient: join(gradients) })
    }

    /// An error if the attack may not see this much of the network.
    fn allow(&self, wanted: Access) -> Result {
        if wanted <= self.access {
            return Ok(());
        }
        Err(Error::input("victim", "this method's card does not ask for what it wants to see of the network"))
    }

    /// The first row of each chunk.
    fn chunks(&self, n: usize) -> impl Iterator<Item = usize> + use<> {
        (0..n).step_by(self.chunk)
    }

    /// The chunk from row `at`, and how many of its rows are real: the last chunk is filled with its own first row.
    fn cut(&self, x: &Tensor<4>, at: usize) -> (Tensor<4>, usize) {
        let real = self.chunk.min(x.dims()[0] - at);
        let part = if real == x.dims()[0] { x.clone() } else { x.clone().narrow(0, at, real) };
        if real == self.chunk {
            return (part, real);
        }
        let fill = part.clone().narrow(0, 0, 1).repeat_dim(0, self.chunk - real);
        (Tensor::cat(vec![part, fill], 0), real)
    }

    /// The labels of the chunk from row `at`, filled in the same way.
    fn cut_labels(&self, labels: &Tensor<1, Int>, at: usize) -> Tensor<1, Int> {
        let real = self.chunk.min(labels.dims()[0] - at);
        let part = if real == labels.dims()[0] { labels.clone() } else { labels.clone().narrow(0, at, real) };
        if real == self.chunk {
            return part;
        }
        let fill = part.clone().narrow(0, 0, 1).repeat_dim(0, self.chunk - real);
        Tensor::cat(vec![part, fill], 0)
    }
}

/// The tensor without autodiff.
fn without_autodiff<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if x.is_autodiff() { x.inner() } else { x }
}

/// The parts one after the other.
fn join<const D: usize>(mut parts: Vec<Tensor<D>>) -> Tensor<D> {
    if parts.len() == 1 { parts.remove(0) } else { Tensor::cat(parts, 0) }
}
