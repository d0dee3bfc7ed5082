//! A residual network.

use super::layers::{Conv, Dense, Layer, Norm};
use super::{NetKind, Pass};
use crate::error::{Error, Result};
use crate::seed::Rng;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use ops::Tail;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A residual network in the form for small images (He et al. 2016, arXiv:1512.03385, section 4.2): a 3 × 3
/// convolution; stages of blocks of two convolutions each, where every stage after the first halves the side and
/// doubles the channels; the mean over all pixels; one linear layer. It has 2 · blocks + 2 layers: `[1, 1, 1]` makes 8
/// and `[2, 2, 2]` 14; `[2, 2, 2, 2]` are the stages of ResNet-18.
///
/// Two choices differ from that section: where a block changes the shape, its shortcut is a 1 × 1 convolution (option B
/// of section 3.3; the paper's small nets pad with zeros), and weights are initialised like PyTorch's.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ResnetConfig {
    /// Channels of the first stage; each further one has twice as many.
    #[schemars(range(min = 1, max = 128))]
    pub width: usize,
    /// Blocks of every stage, each of two layers.
    #[schemars(length(max = 4), inner(range(min = 1, max = 2)))]
    pub blocks: Vec<usize>,
    /// Normalisation after every convolution: over the batch, or over groups of channels of each image by itself.
    pub norm: Over,
    /// Groups of channels that are normalised together.
    #[schemars(range(min = 1, max = 64), extend("x-advanced" = true, "x-needs" = { "norm": "group" }))]
    pub groups: usize,
}

/// What one normalisation goes over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Over {
    /// All images of the batch; for evaluation the running mean and variance.
    #[default]
    Batch,
    /// Groups of channels of each image by itself.
    Group,
}

impl Default for ResnetConfig {
    fn default() -> Self {
        Self { width: 16, blocks: vec![1, 1, 1], norm: Over::Batch, groups: 4 }
    }
}

impl ResnetConfig {
    /// Input channels, output channels and stride of each block.
    fn plan(&self) -> impl Iterator<Item = [usize; 3]> {
        let stages = self.blocks.iter().enumerate();
        let strides = stages.flat_map(|(stage, blocks)| (0..*blocks).map(move |at| (stage, stage > 0 && at == 0)));
        strides.map(|(stage, halves)| {
            let outputs = self.width << stage;
            if halves { [outputs / 2, outputs, 2] } else { [outputs, outputs, 1] }
        })
    }

    fn channels(&self) -> usize {
        self.plan().last().map_or(self.width, |[_, outputs, _]| outputs)
    }

    fn norm(&self, channels: usize, device: &Device) -> Norm {
        match self.norm {
            Over::Batch => Norm::batch(channels, device),
            Over::Group => Norm::group(channels, self.groups, device),
        }
    }
}

/// The network of [`ResnetConfig`].
#[derive(Module, Debug)]
pub struct Resnet {
    /// The 3 × 3 convolution before the blocks, from the image's channels to those of the first stage.
    pub stem: Normed,
    /// Residual blocks of all stages, in the order of the forward pass.
    pub blocks: Vec<Block>,
    /// From the mean of each channel over the image to the logits.
    pub head: Dense,
}

/// A convolution and its normalisation.
#[derive(Module, Debug)]
pub struct Normed {
    /// It has no bias, as the normalisation adds a shift of its own.
    pub conv: Conv,
    /// Over the batch or over groups of channels, as the config says, with a scale and a shift for each channel.
    pub norm: Norm,
}

/// relu(second(relu(first(x))) + x).
#[derive(Module, Debug)]
pub struct Block {
    /// The 1 × 1 convolution on the shortcut, where the block changes the shape of x.
    pub shortcut: Option<Normed>,
    /// 3 × 3, from the block's input channels to its output channels; it has the stride.
    pub first: Normed,
    /// 3 × 3, with stride 1 and as many channels in as out.
    pub second: Normed,
}

impl Normed {
    fn new(
        [inputs, outputs, stride]: [usize; 3],
        kernel: usize,
        config: &ResnetConfig,
        rng: &mut Rng,
        device: &Device,
    ) -> Self {
        let conv = Conv::new(inputs, outputs, kernel, false, rng, device).strided(stride);
        Self { conv, norm: config.norm(outputs, device) }
    }

    /// Number of weights of such a pair; `None` where the count overflows.
    fn size([inputs, outputs, _]: [usize; 3], kernel: usize) -> Option<usize> {
        inputs.checked_mul(kernel * kernel)?.checked_add(2)?.checked_mul(outputs)
    }

    fn forward(&self, x: Tensor<4>, tail: Tail, pass: &mut Pass) -> Tensor<4> {
        let x = self.conv.forward(x, pass);
        self.norm.forward(x, tail, pass)
    }

    fn layers(&mut self, conv: &str, norm: &str, visit: &mut dyn FnMut(&str, Layer<'_>)) {
        visit(conv, Layer::Conv(&mut self.conv));
        visit(norm, Layer::Norm(&mut self.norm));
    }
}

impl Block {
    fn new(sizes: [usize; 3], config: &ResnetConfig, rng: &mut Rng, device: &Device) -> Self {
        let [_, outputs, stride] = sizes;
        Self {
            shortcut: (stride > 1).then(|| Normed::new(sizes, 1, config, rng, device)),
            first: Normed::new(sizes, 3, config, rng, device),
            second: Normed::new([outputs, outputs, 1], 3, config, rng, device),
        }
    }

    fn size(sizes: [usize; 3]) -> Option<usize> {
        let [_, outputs, stride] = sizes;
        let shortcut = if stride > 1 { Normed::size(sizes, 1)? } else { 0 };
        let layers = Normed::size(sizes, 3)?.checked_add(Normed::size([outputs, outputs, 1], 3)?)?;
        layers.checked_add(shortcut)
    }

    fn forward(&self, x: Tensor<4>, pass: &mut Pass) -> Tensor<4> {
        let around = match &self.shortcut {
            Some(shortcut) => shortcut.forward(x.clone(), Tail::default(), pass),
            None => x.clone(),
        };
        let x = self.first.forward(x, Tail { relu: true, ..Tail::default() }, pass);
        self.second.forward(x, Tail { residual: Some(around), relu: true }, pass)
    }
}

impl NetKind for Resnet {
    type Config = ResnetConfig;
    const TITLE: &str = "Residual";
    const HELP: &str = "convolutions in blocks with a way around each; up to 18 layers";

    fn size(config: &ResnetConfig, [channels, ..]: [usize; 3], classes: usize) -> Option<usize> {
        let stem = Normed::size([channels, config.width, 1], 3)?;
        let head = Dense::stack_size(config.channels(), &[], classes)?;
        config.plan().try_fold(stem.checked_add(head)?, |size, block| size.checked_add(Block::size(block)?))
    }

    fn new(config: &ResnetConfig, shape: [usize; 3], classes: usize, rng: &mut Rng, device: &Device) -> Result<Self> {
        let (width, groups) = (config.width, config.groups);
        if config.norm == Over::Group && !width.is_multiple_of(groups) {
            let why = format!("must divide the width: {width} channels do not make {groups} equal groups");
            return Err(Error::input("model.groups", why));
        }
        Ok(Self {
            stem: Normed::new([shape[0], width, 1], 3, config, rng, device),
            blocks: config.plan().map(|sizes| Block::new(sizes, config, rng, device)).collect(),
            head: Dense::new(config.channels(), classes, rng, device),
        })
    }

    fn forward(&self, x: Tensor<4>, pass: &mut Pass) -> Tensor<2> {
        let mut x = self.stem.forward(x, Tail { relu: true, ..Tail::default() }, pass);
        for block in &self.blocks {
            x = block.forward(x, pass);
        }
        let pixels: Tensor<3> = x.flatten(2, 3);
        let x = pixels.mean_dim(2).squeeze_dim(2);
        pass.tap("features", &x);
        self.head.forward(x, pass)
    }

    fn layers(&mut self, visit: &mut dyn FnMut(&str, Layer<'_>)) {
        self.stem.layers("stem.conv", "stem.norm", visit);
        for (at, block) in self.blocks.iter_mut().enumerate() {
            let name = |part: &str| format!("blocks.{at}.{part}");
            if let Some(shortcut) = &mut block.shortcut {
                shortcut.layers(&name("shortcut.conv"), &name("shortcut.norm"), visit);
            }
            block.first.layers(&name("conv1"), &name("norm1"), visit);
            block.second.layers(&name("conv2"), &name("norm2"), visit);
        }
        visit("head", Layer::Dense(&mut self.head));
    }

    fn head(&mut self) -> &mut Dense {
        &mut self.head
    }
}
