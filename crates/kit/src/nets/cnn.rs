//! A convolutional network.

use super::Pass;
use super::layers::{Activation, Conv, Dense, Layer, Norm};
use super::net_kind::{NetKind, inputs};
use crate::error::{Error, Result};
use crate::seed::Rng;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use ops::Tail;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Convolutions, each followed by 2×2 max-pooling.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CnnConfig {
    /// Channels of every convolution.
    #[schemars(length(min = 1, max = 5), inner(range(min = 1, max = 512)))]
    pub channels: Vec<usize>,
    /// Side of every kernel: 1, 3, 5 or 7.
    #[schemars(range(min = 1, max = 7))]
    pub kernel: usize,
    /// Batch normalisation after every convolution.
    pub norm: bool,
    /// Units of the hidden layers between the convolutions and the classes.
    #[schemars(length(max = 3), inner(range(min = 1, max = 4096)))]
    pub hidden: Vec<usize>,
    /// Nonlinearity after every pooling and hidden layer.
    pub activation: Activation,
}

impl Default for CnnConfig {
    fn default() -> Self {
        Self { channels: vec![16, 32], kernel: 3, norm: false, hidden: vec![], activation: Activation::Relu }
    }
}

/// The network of [`CnnConfig`].
#[derive(Module, Debug)]
pub struct Cnn {
    /// The convolutions, first to last; padded, so that only pooling changes the size of the image.
    pub convs: Vec<Conv>,
    /// Batch normalisation after each convolution; empty without it.
    pub norms: Vec<Norm>,
    /// Hidden layers between the flattened image and the head; may be none.
    pub layers: Vec<Dense>,
    /// From the last hidden layer, or the flattened image, to the logits.
    pub head: Dense,
    #[module(skip)]
    activation: Activation,
}

impl NetKind for Cnn {
    type Config = CnnConfig;
    const TITLE: &str = "Convolutional";
    const HELP: &str = "convolutions with max-pooling, then linear layers";

    fn size(config: &CnnConfig, [mut channels, mut height, mut width]: [usize; 3], classes: usize) -> Option<usize> {
        let mut size = 0_usize;
        for &out in &config.channels {
            // A convolution has a bias, or a norm layer with scale and shift follows it.
            let kernels = channels.checked_mul(config.kernel * config.kernel)?.checked_mul(out)?;
            size = size.checked_add(kernels)?.checked_add(if config.norm { 2 * out } else { out })?;
            (channels, height, width) = (out, height / 2, width / 2);
        }
        size.checked_add(Dense::stack_size(inputs([channels, height, width])?, &config.hidden, classes)?)
    }

    fn new(config: &CnnConfig, shape: [usize; 3], classes: usize, rng: &mut Rng, device: &Device) -> Result<Self> {
        let [mut channels, mut height, mut width] = shape;
        if config.kernel.is_multiple_of(2) {
            return Err(Error::input("model.kernel", format!("must be odd (1, 3, 5 or 7), not {}", config.kernel)));
        }
        let (mut convs, mut norms) = (Vec::new(), Vec::new());
        for &out in &config.channels {
            if height < 2 || width < 2 {
                let why = format!(
                    "{} poolings need an image of at least {} pixels a side; this task's are {} × {}",
                    config.channels.len(),
                    1 << config.channels.len(),
                    shape[1],
                    shape[2]
                );
                return Err(Error::input("model.channels", why));
            }
            convs.push(Conv::new(channels, out, config.kernel, !config.norm, rng, device));
            if config.norm {
                norms.push(Norm::batch(out, device));
            }
            (channels, height, width) = (out, height / 2, width / 2);
        }
        let (layers, head) = Dense::stack(channels * height * width, &config.hidden, classes, rng, device);
        Ok(Self { convs, norms, layers, head, activation: config.activation })
    }

    fn forward(&self, mut x: Tensor<4>, pass: &mut Pass) -> Tensor<2> {
        for (at, conv) in self.convs.iter().enumerate() {
            x = match self.norms.get(at) {
                Some(norm) => self.activation.pooled(norm.forward(conv.forward(x, pass), Tail::default(), pass)),
                None => conv.pooled(x, self.activation, pass),
            };
        }
        let mut x = x.flatten(1, 3);
        for layer in &self.layers {
            x = layer.activated(x, self.activation, pass);
        }
        pass.tap("features", &x);
        self.head.forward(x, pass)
    }

    fn layers(&mut self, visit: &mut dyn FnMut(&str, Layer<'_>)) {
        for (at, conv) in self.convs.iter_mut().enumerate() {
            visit(&format!("convs.{at}"), Layer::Conv(conv));
        }
        for (at, norm) in self.norms.iter_mut().enumerate() {
            visit(&format!("norms.{at}"), Layer::Norm(norm));
        }
        for (at, layer) in self.layers.iter_mut().enumerate() {
            visit(&format!("layers.{at}"), Layer::Dense(layer));
        }
        visit("head", Layer::Dense(&mut self.head));
    }

    fn head(&mut self) -> &mut Dense {
        &mut self.head
    }
}
