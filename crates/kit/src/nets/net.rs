//! A network of any kind: forward pass, layers, adapters, head.

use super::entry::find;
use super::layers::{Dense, Layer, Norm, Statistics};
use super::{Body, Pass};
use crate::data::Task;
use crate::error::{Error, Result};
use crate::seed::Rng;
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use spec::Pick;
use std::sync::Arc;

/// Largest number of weights of a net: half a gigabyte.
const MOST: usize = 1 << 27;

/// A network, and the description it was made from.
#[derive(Module, Debug)]
pub struct Net {
    body: Body,
    /// Its description in the run file, without `weights`.
    #[module(skip)]
    pub pick: Arc<Pick>,
    /// `[channels, height, width]` of its inputs.
    #[module(skip)]
    pub shape: [usize; 3],
    /// Number of classes: the length of a row of logits.
    #[module(skip)]
    pub classes: usize,
    /// Names of the classes that it was made for or trained on, in the order of its logits; empty where a file of
    /// weights does not say them.
    #[module(skip)]
    pub names: Arc<[String]>,
}

impl Net {
    /// A net for a task. Its weights are drawn on the host, so one seed gives the same weights on every device.
    pub fn new(pick: &Pick, task: &Task, rng: &mut Rng, device: &Device) -> Result<Self> {
        let net = Self::with(pick, task.set.shape, task.classes.len(), rng, device)?;
        Ok(net.for_classes(&task.classes))
    }

    /// A net for inputs of `shape` `[channels, height, width]` and classes without names, its weights drawn from `rng`.
    pub fn with(pick: &Pick, shape: [usize; 3], classes: usize, rng: &mut Rng, device: &Device) -> Result<Self> {
        let mut pick = pick.clone();
        pick.params.shift_remove("weights");
        let kind = find("model", &pick.id)?;
        if (kind.size)(&pick, shape, classes)?.is_none_or(|size| size > MOST) {
            return Err(Error::input("model", format!("it would have more than {MOST} weights; make it smaller")));
        }
        let body = (kind.make)(&pick, shape, classes, rng, device)?;
        Ok(Self { body, pick: Arc::new(pick), shape, classes, names: Arc::default() })
    }

    /// A random net of the same kind, for the same inputs and number of classes.
    pub fn drawn_anew(&self, rng: &mut Rng, device: &Device) -> Result<Self> {
        Self::with(&self.pick, self.shape, self.classes, rng, device)
    }

    /// The same net, which from here on knows classes of these names, as many as it has.
    pub fn for_classes(self, names: &[String]) -> Self {
        Self { names: names.into(), ..self }
    }

    /// How many weights such a net has, without adapters; `None` where the count overflows.
    pub fn size(pick: &Pick, shape: [usize; 3], classes: usize) -> Result<Option<usize>> {
        let mut pick = pick.clone();
        pick.params.shift_remove("weights");
        (find("model", &pick.id)?.size)(&pick, shape, classes)
    }

    /// Inputs `[n, channels, height, width]` to logits `[n, classes]`.
    pub fn forward(&self, x: Tensor<4>, pass: &mut Pass) -> Tensor<2> {
        let logits = self.body.forward(x, pass);
        pass.count(&logits);
        logits
    }

    /// Visits each layer that a method may change, by its name in PyTorch, in the order of the forward pass.
    pub fn layers(&mut self, mut visit: impl FnMut(&str, Layer<'_>)) {
        self.body.layers(&mut visit);
    }

    /// Updates the running statistics with those of the batch that a training pass has recorded.
    pub fn update_statistics(&mut self, pass: &Pass) {
        if pass.stats.is_empty() {
            return;
        }
        let mut stats = pass.stats.iter();
        self.statistics(|statistics| {
            if let Some(batch) = stats.next() {
                statistics.update(batch);
            }
        });
    }

    /// Visits the running statistics of each batch norm layer, in the order of the forward pass.
    pub fn statistics(&mut self, mut visit: impl FnMut(&mut Statistics)) {
        self.layers(|_, layer| {
            if let Layer::Norm(Norm { statistics: Some(statistics), .. }) = layer {
                visit(statistics);
            }
        });
    }

    /// A copy without autodiff: for victims, teachers and evaluation.
    pub fn frozen(&self) -> Self {
        self.valid()
    }

    /// A copy whose adapters are merged into its weights. The original keeps its base weights, so unmerging is exact.
    pub fn merged(&self) -> Self {
        let mut net = self.clone();
        net.layers(|_, layer| match layer {
            Layer::Dense(layer) => layer.merge(),
            Layer::Conv(layer) => layer.merge(),
            Layer::Norm(_) | Layer::LayerNorm(_) | Layer::Embedding(_) => {}
        });
        net
    }

    /// A copy without its adapters, on the base weights that they were attached to.
    pub fn without_adapters(&self) -> Self {
        let mut net = self.clone();
        net.layers(|_, layer| match layer {
            Layer::Dense(layer) => layer.adapter = None,
            Layer::Conv(layer) => layer.adapter = None,
            Layer::Norm(_) | Layer::LayerNorm(_) | Layer::Embedding(_) => {}
        });
        net
    }

    /// Whether an adapter is attached to any layer.
    pub fn has_adapters(&self) -> bool {
        let mut found = false;
        self.clone().layers(|_, layer| {
            found |= match layer {
                Layer::Dense(layer) => layer.adapter.is_some(),
                Layer::Conv(layer) => layer.adapter.is_some(),
                Layer::Norm(_) | Layer::LayerNorm(_) | Layer::Embedding(_) => false,
            }
        });
        found
    }

    /// A copy with a new head for another number of classes. Its weights are a hundred times smaller than those of a
    /// fresh net: trained features are large, and a full-sized random head would begin far below chance (Kolesnikov et
    /// al. 2020, BiT, start at zero).
    pub fn with_head(&self, classes: usize, rng: &mut Rng, device: &Device) -> Self {
        let mut net = self.clone();
        let [inputs, _] = net.body.head().dims();
        let mut head = Dense::new(inputs, classes, rng, device);
        head.weight = head.weight.map(|weight| weight.mul_scalar(0.01));
        *net.body.head() = head;
        (net.classes, net.names) = (classes, Arc::default());
        net
    }

    /// A copy of the last layer, the one that gives the logits; an adapter on it is copied too.
    pub fn head(&self) -> Dense {
        self.body.clone().head().clone()
    }

    /// A copy with another last layer of the same sizes.
    pub fn put_head(&self, head: Dense) -> Self {
        let mut net = self.clone();
        *net.body.head() = head;
        net
    }

    /// A copy in which only the last layer is trainable.
    pub fn freeze_all_but_head(&self) -> Self {
        let mut net = self.clone().no_grad();
        let head = net.body.head();
        *head = head.clone().unfreeze();
        net
    }

    /// Name of each layer with weights, and how many weights it has (without adapters).
    pub fn sizes(&self) -> Vec<(String, usize)> {
        let mut sizes = Vec::new();
        self.without_adapters().layers(|name, layer| {
            sizes.push((
                name.into(),
                match layer {
                    Layer::Dense(layer) => layer.num_params(),
                    Layer::Conv(layer) => layer.num_params(),
                    Layer::Norm(layer) => layer.num_params(),
                    Layer::LayerNorm(layer) => layer.num_params(),
                    Layer::Embedding(layer) => layer.num_params(),
                },
            ));
        });
        sizes
    }

    /// Number of weights without adapters.
    pub fn base_size(&self) -> usize {
        self.without_adapters().num_params()
    }

    /// Number of parameters that a training step would change.
    pub fn trainable(&self) -> usize {
        struct Count(usize);
        impl burn::module::ModuleVisitor for Count {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                if param.val().is_require_grad() {
                    self.0 += param.lazy_shape().num_elements();
                }
            }
        }
        let mut count = Count(0);
        self.clone().train().visit(&mut count);
        count.0
    }

    /// An error if this net cannot be asked about the task: other inputs, or other classes. A net that does not say the
    /// names of its classes is held against their number alone.
    pub fn knows(&self, task: &Task) -> Result {
        self.fits(task)?;
        let (known, wanted) = (self.classes, task.classes.len());
        if known != wanted {
            return Err(Error::input(&task.name, format!("it has {wanted} classes, but the network knows {known}")));
        }
        if !self.names.is_empty() && *self.names != *task.classes {
            let [known, wanted] = [&self.names[..], &task.classes[..]].map(listed);
            let why = format!("its classes are {wanted}, but the network was trained on {known}");
            return Err(Error::input(&task.name, why));
        }
        Ok(())
    }

    /// An error if this net cannot take the task's inputs.
    pub fn fits(&self, task: &Task) -> Result {
        if self.shape == task.set.shape {
            return Ok(());
        }
        let [[a, b, c], [d, e, f]] = [self.shape, task.set.shape];
        Err(Error::input(&task.name, format!("its inputs are {d} × {e} × {f}, but the network takes {a} × {b} × {c}")))
    }
}

/// "5, 6, 7, 8, …": the first names, as they may come from a file.
fn listed(names: &[String]) -> String {
    const MOST: usize = 10;
    let short = |name: &String| name.chars().take(20).collect::<String>();
    let more = if names.len() > MOST { ", …" } else { "" };
    names.iter().take(MOST).map(short).collect::<Vec<_>>().join(", ") + more
}
