use kit::learn::{CrossEntropy, Mode, Recipe, Rule, Schedule, descend};
use kit::run::{Tune, TuneJob};
use kit::{Cx, Method, Result, nets::Net};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Access, Card, Family, Kind, Needs};

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How it is trained.
    pub train: Recipe,
}

impl Default for Config {
    fn default() -> Self {
        let (optimizer, schedule) = (Rule::Sgd, Schedule::Step);
        let train = Recipe {
            epochs: 25,
            batch: 4,
            optimizer,
            lr: 1e-3,
            momentum: 0.9,
            schedule,
            step_epochs: 7,
            ..Recipe::default()
        };
        Self { train }
    }
}

/// Starts from what the network knows and trains every weight.
pub struct FullFinetune;

impl Method for FullFinetune {
    type Config = Config;
    const CARD: Card = Card {
        id: "transfer.full-finetune",
        title: "Full fine-tune",
        family: Family::Transfer,
        authors: "Yosinski, Clune, Bengio, Lipson",
        year: 2014,
        paper: "How transferable are features in deep neural networks?, NeurIPS 2014, arXiv:1411.1792",
        equation: "<mi>θ</mi><mo>←</mo><mi>arg</mi><munder><mi>min</mi><mi>θ</mi></munder><mfrac><mn>1</mn><mi>n\
            </mi></mfrac><munder><mo>∑</mo><mi>i</mi></munder><mi>ℓ</mi><mo>(</mo><msub><mi>f</mi><mi>θ</mi>\
            </msub><mo>(</mo><msub><mi>x</mi><mi>i</mi></msub><mo>)</mo><mo>,</mo><msub><mi>y</mi><mi>i</mi>\
            </msub><mo>)</mo><mo>,</mo><mspace width='0.6em'/><msub><mi>θ</mi><mn>0</mn></msub><mo>=</mo><msub>\
            <mi>θ</mi><mtext>source</mtext></msub>",
        summary: "Start from a trained network and train every weight on the new task.",
        notes: "The paper trains on ImageNet only; the defaults are those of PyTorch's tutorial \"Transfer Learning \
            for Computer Vision\" (pytorch/tutorials, transfer_learning_tutorial.py): SGD at 0.001 with momentum 0.9, \
            a tenth of it every 7 of 25 epochs, batches of 4. The tutorial goes back to the epoch that is best on \
            its validation set; here the last one counts.",
        needs: Needs { kinds: &[Kind::Images, Kind::Points], access: Access::Weights, min_classes: 2 },
    };

    fn tiny(config: Config) -> Config {
        Config { train: Recipe { epochs: 1, batch: 64, ..config.train } }
    }
}

impl Tune for FullFinetune {
    async fn tune(config: &Config, TuneJob { net, task }: TuneJob<'_>, cx: &mut Cx) -> Result<Net> {
        descend(net, &config.train, Mode::Train, &[&task.train], &mut CrossEntropy, cx).await
    }
}
