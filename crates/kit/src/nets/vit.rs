//! A vision transformer.

use super::layers::{Dense, Embedding, Layer, LayerNorm};
use super::{NetKind, Pass};
use crate::error::{Error, Result};
use crate::seed::Rng;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A vision transformer (Dosovitskiy et al. 2021, arXiv:2010.11929, equations 1 to 4): a linear layer over each patch
/// plus a learned position; blocks of attention and an MLP with GELU, each after a layer norm and with a residual
/// connection; a last layer norm; one linear layer.
///
/// Two choices differ from the paper: the last layer sees the mean of all patches instead of a class token (as in Beyer
/// et al. 2022, arXiv:2205.01580; the paper's appendix D.3 finds both equally good), and weights are initialised like
/// PyTorch's linear layers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VitConfig {
    /// Side of the squares that the image is cut into, in pixels.
    #[schemars(range(min = 1, max = 32))]
    pub patch: usize,
    /// Length of the vector that represents a patch.
    #[schemars(range(min = 1, max = 512))]
    pub width: usize,
    /// Blocks of attention and two linear layers.
    #[schemars(range(min = 1, max = 12))]
    pub depth: usize,
    /// Attention heads; the width is divided among them.
    #[schemars(range(min = 1, max = 16))]
    pub heads: usize,
    /// Units between a block's two linear layers, as a multiple of the width.
    #[schemars(range(min = 1, max = 8), extend("x-advanced" = true, "x-label" = "MLP ratio"))]
    pub mlp_ratio: usize,
}

impl Default for VitConfig {
    fn default() -> Self {
        Self { patch: 4, width: 64, depth: 4, heads: 4, mlp_ratio: 4 }
    }
}

/// Largest number of patches in an image: attention compares each with each, for 64 images at once.
const MOST_PATCHES: usize = 256;

/// The network of [`VitConfig`].
#[derive(Module, Debug)]
pub struct Vit {
    /// From the pixels of a patch to its token.
    pub embed: Dense,
    /// Learned positions, `[patches, width]`.
    pub positions: Embedding,
    /// Blocks of attention and MLP.
    pub blocks: Vec<Block>,
    /// Layer norm after the last block.
    pub norm: LayerNorm,
    /// The last layer.
    pub head: Dense,
    #[module(skip)]
    patch: usize,
}

/// y = x + proj(attention(qkv(norm1(x)))), then y + fc2(gelu(fc1(norm2(y)))).
#[derive(Module, Debug)]
pub struct Block {
    /// Layer norm before attention.
    pub norm1: LayerNorm,
    /// Queries, keys and values, `[width, 3 · width]`.
    pub qkv: Dense,
    /// From the joined heads back to the width.
    pub proj: Dense,
    /// Layer norm before the MLP.
    pub norm2: LayerNorm,
    /// First layer of the MLP.
    pub fc1: Dense,
    /// Second layer of the MLP.
    pub fc2: Dense,
    #[module(skip)]
    heads: usize,
}

impl Block {
    fn new(config: &VitConfig, rng: &mut Rng, device: &Device) -> Self {
        let &VitConfig { width, heads, mlp_ratio, .. } = config;
        Self {
            norm1: LayerNorm::new(width, device),
            qkv: Dense::new(width, 3 * width, rng, device),
            proj: Dense::new(width, width, rng, device),
            norm2: LayerNorm::new(width, device),
            fc1: Dense::new(width, mlp_ratio * width, rng, device),
            fc2: Dense::new(mlp_ratio * width, width, rng, device),
            heads,
        }
    }

    /// `[n, patches, width]` to the same shape.
    fn forward(&self, x: Tensor<3>, pass: &mut Pass) -> Tensor<3> {
        let qkv = self.qkv.each(self.norm1.forward(x.clone()), pass);
        let x = x + self.proj.each(ops::attention(qkv, self.heads), pass);
        let hidden = ops::gelu(self.fc1.each(self.norm2.forward(x.clone()), pass));
        x + self.fc2.each(hidden, pass)
    }
}

impl NetKind for Vit {
    type Config = VitConfig;
    const TITLE: &str = "Vision transformer";
    const HELP: &str = "patches of the image, each of which looks at all others";

    fn size(config: &VitConfig, [channels, height, width]: [usize; 3], classes: usize) -> Option<usize> {
        let &VitConfig { patch, width: wide, depth, mlp_ratio, .. } = config;
        let norm = 2 * wide;
        let block = 2 * norm
            + Dense::stack_size(wide, &[], 3 * wide)?
            + Dense::stack_size(wide, &[], wide)?
            + Dense::stack_size(wide, &[mlp_ratio * wide], wide)?;
        let embed = Dense::stack_size(channels.checked_mul(patch * patch)?, &[], wide)?;
        let positions = (height / patch).checked_mul(width / patch)?.checked_mul(wide)?;
        let head = Dense::stack_size(wide, &[], classes)?;
        embed.checked_add(positions)?.checked_add(depth * block + norm)?.checked_add(head)
    }

    fn new(config: &VitConfig, shape: [usize; 3], classes: usize, rng: &mut Rng, device: &Device) -> Result<Self> {
        let &VitConfig { patch, width, depth, heads, .. } = config;
        let [channels, high, wide] = shape;
        if !width.is_multiple_of(heads) {
            let why = format!("must divide the width: {width} elements do not make {heads} equal heads");
            return Err(Error::input("model.heads", why));
        }
        if !high.is_multiple_of(patch) || !wide.is_multiple_of(patch) {
            let why = format!("must divide both sides of the image; this task's are {high} × {wide}");
            return Err(Error::input("model.patch", why));
        }
        let patches = high / patch * (wide / patch);
        if patches > MOST_PATCHES {
            let why = format!("must be larger: it cuts an image into {patches} patches, the most is {MOST_PATCHES}");
            return Err(Error::input("model.patch", why));
        }
        Ok(Self {
            embed: Dense::new(channels * patch * patch, width, rng, device),
            positions: Embedding::new(patches, width, rng, device),
            blocks: (0..depth).map(|_| Block::new(config, rng, device)).collect(),
            norm: LayerNorm::new(width, device),
            head: Dense::new(width, classes, rng, device),
            patch,
        })
    }

    fn forward(&self, x: Tensor<4>, pass: &mut Pass) -> Tensor<2> {
        let [n, channels, height, width] = x.dims();
        let side = self.patch;
        let (rows, columns) = (height / side, width / side);
        // A patch's values in the order of a convolution's kernel: channel, row, column.
        let x = x.reshape([n, channels, rows, side, columns, side]).permute([0, 2, 4, 1, 3, 5]);
        let x = self.embed.each(x.reshape([n, rows * columns, channels * side * side]), pass);
        let mut x = x + self.positions.weight.val().unsqueeze::<3>();
        for block in &self.blocks {
            x = block.forward(x, pass);
        }
        let x = self.norm.forward(x).mean_dim(1).squeeze_dim(1);
        pass.tap("features", &x);
        self.head.forward(x, pass)
    }

    fn layers(&mut self, visit: &mut dyn FnMut(&str, Layer<'_>)) {
        visit("embed", Layer::Dense(&mut self.embed));
        visit("positions", Layer::Embedding(&mut self.positions));
        for (at, block) in self.blocks.iter_mut().enumerate() {
            let name = |part: &str| format!("blocks.{at}.{part}");
            visit(&name("norm1"), Layer::LayerNorm(&mut block.norm1));
            visit(&name("qkv"), Layer::Dense(&mut block.qkv));
            visit(&name("proj"), Layer::Dense(&mut block.proj));
            visit(&name("norm2"), Layer::LayerNorm(&mut block.norm2));
            visit(&name("fc1"), Layer::Dense(&mut block.fc1));
            visit(&name("fc2"), Layer::Dense(&mut block.fc2));
        }
        visit("norm", Layer::LayerNorm(&mut self.norm));
        visit("head", Layer::Dense(&mut self.head));
    }

    fn head(&mut self) -> &mut Dense {
        &mut self.head
    }
}
