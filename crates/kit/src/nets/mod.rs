//! Networks: one file and one line in `nets!` each.

pub mod layers;
mod pass;

pub use pass::{Norms, Pass};

use crate::control;
use crate::data::Task;
use crate::error::{Error, Result};
use crate::seed::Rng;
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use layers::{Dense, Layer, Norm, Statistics};
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use spec::{Choice, Pick, Wrong};
use std::sync::Arc;

/// What a network's file says of it.
pub trait NetKind: Sized {
    type Config: Clone + Default + Serialize + DeserializeOwned + JsonSchema;
    const TITLE: &str;
    const HELP: &str;
    /// Weights of such a net, known before memory is taken for it; none where the count overflows.
    fn size(config: &Self::Config, shape: [usize; 3], classes: usize) -> Option<usize>;
    /// For inputs of `shape` `[channels, height, width]`.
    fn new(config: &Self::Config, shape: [usize; 3], classes: usize, rng: &mut Rng, device: &Device) -> Result<Self>;
    /// `[n, channels, height, width]` to logits `[n, classes]`. Passes the last hidden values through the tap
    /// `features`.
    fn forward(&self, x: Tensor<4>, pass: &mut Pass) -> Tensor<2>;
    /// Every layer that a method may reach into, by PyTorch's name, in the order of the forward pass.
    fn layers(&mut self, visit: &mut dyn FnMut(&str, Layer<'_>));
    fn head(&mut self) -> &mut Dense;
}

macro_rules! nets {
    ($($id:literal $file:ident::$Name:ident,)*) => {
        $(mod $file; pub use $file::$Name;)*

        #[derive(Module, Debug)]
        #[expect(clippy::large_enum_variant, reason = "a run holds a handful of nets")]
        enum Body { $($Name($Name),)* }

        impl Body {
            fn new(pick: &Pick, shape: [usize; 3], classes: usize, rng: &mut Rng, device: &Device) -> Result<Self> {
                match pick.id.as_str() {
                    $($id => {
                        let config = control::resolve::<<$Name as NetKind>::Config>("model", &pick.params)?;
                        Ok(Self::$Name($Name::new(&config, shape, classes, rng, device)?))
                    })*
                    other => Err(Wrong::unknown("network", "model", other, [$($id),*]).into()),
                }
            }
            fn size(pick: &Pick, shape: [usize; 3], classes: usize) -> Result<Option<usize>> {
                match pick.id.as_str() {
                    $($id => Ok($Name::size(&control::resolve("model", &pick.params)?, shape, classes)),)*
                    other => Err(Wrong::unknown("network", "model", other, [$($id),*]).into()),
                }
            }
            fn forward(&self, x: Tensor<4>, pass: &mut Pass) -> Tensor<2> {
                match self { $(Self::$Name(net) => net.forward(x, pass),)* }
            }
            fn layers(&mut self, visit: &mut dyn FnMut(&str, Layer<'_>)) {
                match self { $(Self::$Name(net) => net.layers(visit),)* }
            }
            fn head(&mut self) -> &mut Dense {
                match self { $(Self::$Name(net) => net.head(),)* }
            }
        }

        /// Every network with its settings, for page and command line.
        pub fn choices() -> Vec<Choice> {
            vec![$(Choice {
                id: $id.into(),
                title: $Name::TITLE.into(),
                help: $Name::HELP.into(),
                licence: String::new(),
                controls: control::controls::<<$Name as NetKind>::Config>(),
                facts: None,
            },)*]
        }
    };
}

/// Weights of the largest net that is made: half a gigabyte.
const MOST: usize = 1 << 27;

/// Pixels of one input, all channels.
fn inputs(shape: [usize; 3]) -> Option<usize> {
    shape.into_iter().try_fold(1_usize, usize::checked_mul)
}

nets! {
    "cnn" cnn::Cnn,
    "linear" linear::Linear,
    "mlp" mlp::Mlp,
    "resnet" resnet::Resnet,
    "vit" vit::Vit,
}

/// A network and how it was made.
#[derive(Module, Debug)]
pub struct Net {
    body: Body,
    /// The run file's words for it, without `weights`.
    #[module(skip)]
    pub pick: Arc<Pick>,
    /// `[channels, height, width]` of its inputs.
    #[module(skip)]
    pub shape: [usize; 3],
    #[module(skip)]
    pub classes: usize,
}

impl Net {
    /// Drawn on the host: one seed, one start on every device.
    pub fn new(pick: &Pick, task: &Task, rng: &mut Rng, device: &Device) -> Result<Self> {
        Self::with(pick, task.set.shape, task.classes.len(), rng, device)
    }

    pub fn with(pick: &Pick, shape: [usize; 3], classes: usize, rng: &mut Rng, device: &Device) -> Result<Self> {
        let mut pick = pick.clone();
        pick.params.shift_remove("weights");
        if Body::size(&pick, shape, classes)?.is_none_or(|size| size > MOST) {
            return Err(Error::input("model", format!("it would have more than {MOST} weights; make it smaller")));
        }
        let body = Body::new(&pick, shape, classes, rng, device)?;
        Ok(Self { body, pick: Arc::new(pick), shape, classes })
    }

    /// Weights that such a net will have, adapters left out; none where the count overflows.
    pub fn size(pick: &Pick, shape: [usize; 3], classes: usize) -> Result<Option<usize>> {
        let mut pick = pick.clone();
        pick.params.shift_remove("weights");
        Body::size(&pick, shape, classes)
    }

    pub fn forward(&self, x: Tensor<4>, pass: &mut Pass) -> Tensor<2> {
        self.body.forward(x, pass)
    }

    /// Every layer that a method may reach into, by PyTorch's name, in the order of the forward pass.
    pub fn layers(&mut self, mut visit: impl FnMut(&str, Layer<'_>)) {
        self.body.layers(&mut visit);
    }

    /// Moves the statistics that a training pass left into the running ones.
    pub fn absorb(&mut self, pass: &Pass) {
        if pass.stats.is_empty() {
            return;
        }
        let mut stats = pass.stats.iter();
        self.statistics(|statistics| {
            if let Some((batch, count)) = stats.next() {
                statistics.absorb(batch, *count);
            }
        });
    }

    /// The running statistics of every batch norm layer, in the order of the forward pass.
    pub fn statistics(&mut self, mut visit: impl FnMut(&mut Statistics)) {
        self.layers(|_, layer| {
            if let Layer::Norm(Norm { statistics: Some(statistics), .. }) = layer {
                visit(statistics);
            }
        });
    }

    /// No tape and no gradients: for victims, teachers, evaluation.
    pub fn frozen(&self) -> Self {
        self.valid()
    }

    /// Adapters added into the weights. The net that this was called on keeps its base, so unmerging is exact.
    pub fn merged(&self) -> Self {
        let mut net = self.clone();
        net.layers(|_, layer| match layer {
            Layer::Dense(layer) => layer.merge(),
            Layer::Conv(layer) => layer.merge(),
            Layer::Norm(_) | Layer::LayerNorm(_) | Layer::Embedding(_) => {}
        });
        net
    }

    /// The base alone.
    pub fn without_adapters(&self) -> Self {
        let mut net = self.clone();
        net.layers(|_, layer| match layer {
            Layer::Dense(layer) => layer.adapter = None,
            Layer::Conv(layer) => layer.adapter = None,
            Layer::Norm(_) | Layer::LayerNorm(_) | Layer::Embedding(_) => {}
        });
        net
    }

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

    /// A new head for another number of classes, drawn a hundred times smaller than a first one: trained features are
    /// large, and a full-sized random head would begin far below chance (Kolesnikov et al. 2020, BiT, start at zero).
    pub fn with_head(&self, classes: usize, rng: &mut Rng, device: &Device) -> Self {
        let mut net = self.clone();
        let [inputs, _] = net.body.head().dims();
        let mut head = Dense::new(inputs, classes, rng, device);
        head.weight = head.weight.map(|weight| weight.mul_scalar(0.01));
        *net.body.head() = head;
        net.classes = classes;
        net
    }

    /// The last layer's weights.
    pub fn head(&self) -> Dense {
        self.body.clone().head().clone()
    }

    /// This net with another last layer of the same sizes.
    pub fn put_head(&self, head: Dense) -> Self {
        let mut net = self.clone();
        *net.body.head() = head;
        net
    }

    pub fn freeze_all_but_head(&self) -> Self {
        let mut net = self.clone().no_grad();
        let head = net.body.head();
        *head = head.clone().unfreeze();
        net
    }

    /// Names of the layers with weights, and how many weights each has (adapters left out).
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

    /// Weights of the base, adapters left out.
    pub fn base_size(&self) -> usize {
        self.without_adapters().num_params()
    }

    /// Parameters that a training step would change.
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

    /// One sentence if this net cannot take the task's inputs.
    pub fn fits(&self, task: &Task) -> Result {
        if self.shape == task.set.shape {
            return Ok(());
        }
        let [[a, b, c], [d, e, f]] = [self.shape, task.set.shape];
        Err(Error::input(&task.name, format!("its inputs are {d} × {e} × {f}, but the network takes {a} × {b} × {c}")))
    }
}
