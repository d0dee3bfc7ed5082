//! The settings of a training.

use ops::Optimizer;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a network is trained: the nested `train = { … }` table of every trained method. Defaults are PyTorch's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Training {
    /// Passes over the training samples.
    #[schemars(range(min = 1, max = 1000))]
    pub epochs: u32,
    /// Samples of one step; an epoch is as many full batches as there are.
    #[schemars(range(min = 1, max = 4096), extend("x-advanced" = true))]
    pub batch: u32,
    /// Rule that turns gradients into steps.
    #[schemars(extend("x-label" = "optimiser"))]
    pub optimizer: Rule,
    /// Length of a step.
    #[schemars(range(min = 1e-6, max = 10.0), extend("x-log" = true, "x-label" = "learning rate", "x-symbol" = "η"))]
    pub lr: f64,
    /// Share of the last step that SGD keeps.
    #[schemars(
        range(min = 0.0, max = 0.999),
        extend("x-advanced" = true, "x-symbol" = "μ", "x-needs" = { "optimizer": "sgd" })
    )]
    pub momentum: f64,
    /// Pull of every weight towards zero: added to the gradient by SGD and Adam, apart from it by AdamW.
    #[schemars(range(min = 0.0, max = 1.0), extend("x-advanced" = true, "x-label" = "weight decay", "x-symbol" = "λ"))]
    pub decay: f64,
    /// How the learning rate changes.
    #[schemars(extend("x-advanced" = true))]
    pub schedule: Schedule,
    /// Epochs between two drops of the learning rate to a tenth.
    #[schemars(range(min = 1, max = 1000), extend("x-advanced" = true, "x-needs" = { "schedule": "step" }))]
    pub step_epochs: u32,
    /// Steps over which the learning rate rises to its full value first.
    #[schemars(range(min = 0, max = 100_000), extend("x-advanced" = true, "x-label" = "warm-up", "x-unit" = "steps"))]
    pub warmup: u32,
}

/// The optimiser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// Stochastic gradient descent with momentum.
    Sgd,
    /// Adam, with weight decay in the gradient.
    Adam,
    /// Adam, with weight decay apart from the gradient.
    Adamw,
}

/// How the learning rate changes after warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// It stays.
    Constant,
    /// Half a cosine, down to zero.
    Cosine,
    /// A tenth after every `step_epochs` epochs.
    Step,
}

impl Default for Training {
    fn default() -> Self {
        Self {
            epochs: 10,
            batch: 64,
            optimizer: Rule::Adam,
            lr: 1e-3,
            momentum: 0.0,
            decay: 0.0,
            schedule: Schedule::Constant,
            step_epochs: 30,
            warmup: 0,
        }
    }
}

impl Training {
    /// How SalUn's code trains each unlearning method (OPTML-Group/Unlearn-Saliency, arg_parser.py), apart from epochs
    /// and learning rate.
    pub fn unlearning(epochs: u32, lr: f64) -> Self {
        Self { epochs, lr, optimizer: Rule::Sgd, momentum: 0.9, decay: 5e-4, batch: 256, ..Self::default() }
    }

    /// The optimiser for a training of `total` steps, `epoch` of them in each epoch.
    pub fn optimizer(&self, total: usize, epoch: usize) -> Optimizer {
        let [momentum, decay] = [self.momentum as f32, self.decay as f32];
        let rule = match self.optimizer {
            Rule::Sgd => ops::Rule::Sgd { momentum, decay },
            Rule::Adam => ops::Rule::Adam { decay, decoupled: false },
            Rule::Adamw => ops::Rule::Adam { decay, decoupled: true },
        };
        let training = self.clone();
        Optimizer::new(rule, move |step| training.rate(step, total, epoch))
    }

    /// The learning rate of step `step` (from 0) of `total`, with `epoch` steps in each epoch.
    ///
    /// Like PyTorch's `LinearLR` from 1/warmup, then `CosineAnnealingLR` over the rest or `StepLR` with γ = 0.1.
    pub fn rate(&self, step: usize, total: usize, epoch: usize) -> f64 {
        let warmup = self.warmup as usize;
        if step < warmup {
            return self.lr * (step + 1) as f64 / warmup as f64;
        }
        let (step, total) = (step - warmup, (total - warmup.min(total)).max(1));
        match self.schedule {
            Schedule::Constant => self.lr,
            Schedule::Cosine => self.lr * 0.5 * (1.0 + libm::cos(std::f64::consts::PI * step as f64 / total as f64)),
            Schedule::Step => self.lr * 0.1_f64.powi((step / (epoch * self.step_epochs as usize).max(1)) as i32),
        }
    }
}
