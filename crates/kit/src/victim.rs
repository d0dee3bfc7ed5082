use crate::error::{Error, Result};
use crate::nets::{Net, Pass};
use burn::tensor::{Int, Tensor};
use spec::Access;
use std::cell::Cell;

/// Samples of every forward pass outside training: one shape, so that an image's result is the same bits alone and
/// among 31 others (matrix products take another path at other sizes), and no new shape reaches the device mid-run.
pub const CHUNK: usize = 64;

/// The one door to a model under attack: counts what is asked, refuses what access forbids.
pub struct Victim {
    net: Net,
    access: Access,
    chunk: usize,
    forwards: Cell<u64>,
    gradients: Cell<u64>,
}

/// What a victim says of inputs `[n, c, h, w]`, without a tape.
pub struct Answer {
    /// `[n, classes]`.
    pub logits: Tensor<2>,
    /// Of every sample, `[n]`.
    pub loss: Tensor<1>,
    /// Of the loss in the inputs.
    pub gradient: Tensor<4>,
}

/// Maps logits `[n, classes]` and labels `[n]` to one number a sample, `[n]`; an attack raises it.
pub type Loss<'a> = dyn Fn(Tensor<2>, Tensor<1, Int>) -> Tensor<1> + 'a;

impl Victim {
    /// A frozen copy: nothing that is asked of it changes the net that it was made from.
    pub fn of(net: &Net, access: Access) -> Self {
        Self { net: net.frozen(), access, chunk: CHUNK, forwards: Cell::new(0), gradients: Cell::new(0) }
    }

    /// For objectives that attack their own batch: the batch is the chunk.
    pub fn in_training(net: &Net, batch: usize) -> Self {
        Self { chunk: batch, ..Self::of(net, Access::Gradients) }
    }

    pub fn classes(&self) -> usize {
        self.net.classes
    }

    /// Samples that were passed forward, and samples whose gradient was taken (each counts as one of either).
    pub fn asked(&self) -> (u64, u64) {
        (self.forwards.get(), self.gradients.get())
    }

    /// Logits `[n, classes]`.
    pub fn scores(&self, x: &Tensor<4>) -> Result<Tensor<2>> {
        let scores = self.uncounted_scores(x)?;
        self.count_forwards(x.dims()[0] as u64);
        Ok(scores)
    }

    /// Counts what was asked, where not every sample of a batch still has to be.
    pub fn count_forwards(&self, n: u64) {
        self.forwards.set(self.forwards.get() + n);
    }

    /// As [`Self::scores`]; the caller counts, by [`Self::count_forwards`].
    pub fn uncounted_scores(&self, x: &Tensor<4>) -> Result<Tensor<2>> {
        self.allow(Access::Scores)?;
        let n = x.dims()[0];
        let parts = self.chunks(n).map(|at| {
            let (x, real) = self.cut(x, at);
            self.net.forward(x, &mut Pass::eval()).narrow(0, 0, real)
        });
        Ok(Tensor::cat(parts.collect(), 0))
    }

    /// Logits, losses and gradients, by one pass in either direction.
    pub fn gradient(&self, x: &Tensor<4>, labels: &Tensor<1, Int>, loss: &Loss<'_>) -> Result<Answer> {
        let answer = self.uncounted_gradient(x, labels, loss)?;
        self.again(x.dims()[0]);
        Ok(answer)
    }

    /// Counts the gradients of `n` samples, where a recorded step takes them again.
    pub(crate) fn again(&self, n: usize) {
        self.gradients.set(self.gradients.get() + n as u64);
    }

    /// As [`Self::gradient`], for a step that is recorded and not run.
    pub(crate) fn uncounted_gradient(&self, x: &Tensor<4>, labels: &Tensor<1, Int>, loss: &Loss<'_>) -> Result<Answer> {
        self.allow(Access::Gradients)?;
        let n = x.dims()[0];
        let (mut scores, mut losses, mut gradients) = (Vec::new(), Vec::new(), Vec::new());
        for at in self.chunks(n) {
            let (x, real) = self.cut(x, at);
            let labels = self.cut_labels(labels, at);
            let x = x.autodiff().require_grad();
            let logits = self.net.forward(x.clone(), &mut Pass::eval());
            let value = loss(logits.clone(), labels);
            // The sum: a sample's gradient does not depend on how many others there are.
            let mut tape = value.clone().sum().backward();
            let gradient = x.grad_remove(&mut tape).expect("the loss depends on the input");
            scores.push(plain(logits).narrow(0, 0, real));
            losses.push(plain(value).narrow(0, 0, real));
            gradients.push(plain(gradient).narrow(0, 0, real));
        }
        Ok(Answer { logits: join(scores), loss: join(losses), gradient: join(gradients) })
    }

    fn allow(&self, wanted: Access) -> Result {
        if wanted <= self.access {
            return Ok(());
        }
        Err(Error::input("victim", "this method's card does not ask for what it wants to see of the network"))
    }

    fn chunks(&self, n: usize) -> impl Iterator<Item = usize> + use<> {
        (0..n).step_by(self.chunk)
    }

    /// One chunk from row `at`, the last one filled up by its own first row, and how many rows are real.
    fn cut(&self, x: &Tensor<4>, at: usize) -> (Tensor<4>, usize) {
        let real = self.chunk.min(x.dims()[0] - at);
        let part = if real == x.dims()[0] { x.clone() } else { x.clone().narrow(0, at, real) };
        if real == self.chunk {
            return (part, real);
        }
        let fill = part.clone().narrow(0, 0, 1).repeat_dim(0, self.chunk - real);
        (Tensor::cat(vec![part, fill], 0), real)
    }

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

fn plain<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if x.is_autodiff() { x.inner() } else { x }
}

fn join<const D: usize>(mut parts: Vec<Tensor<D>>) -> Tensor<D> {
    if parts.len() == 1 { parts.remove(0) } else { Tensor::cat(parts, 0) }
}
