//! A linear probe (Alain and Bengio 2016, arXiv:1610.01644): the last layer is trained on features of a frozen network.

use burn::tensor::Tensor;
use kit::data::View;
use kit::learn::{Loss, Mode, Objective, Training, descend, mean_loss};
use kit::nets::{Net, Pass};
use kit::run::{Tune, TuneJob};
use kit::seed::Rng;
use kit::{Cx, Method, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Card, Family, Manner, Needs, Pick};

/// How the last layer is trained.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How the last layer is trained.
    pub train: Training,
}

/// Trains a new last layer on features that are computed once.
pub struct LinearProbe;

impl Tune for LinearProbe {
    async fn tune(config: &Config, TuneJob { net, task, .. }: TuneJob<'_>, cx: &mut Cx) -> Result<Net> {
        let features = features(&net, &task.train, cx).await?;
        let [width, _] = net.head().dims();
        let pick = Pick { id: "linear".into(), params: Default::default() };
        let probe = Net::with(&pick, [width, 1, 1], net.classes, &mut Rng::of(0, "probe", &[]), &cx.device)?;
        let objective = Probe { net: net.clone() };
        let probe = probe.put_head(net.head());
        let probe = descend(probe, &config.train, Mode::Train, &[&features], &objective, cx).await?;
        Ok(whole_net(&net, probe))
    }
}

/// Every row's last hidden values, computed once in chunks of one shape.
async fn features(net: &Net, view: &View, cx: &mut Cx) -> Result<View> {
    let chunks = view.len().div_ceil(kit::data::CHUNK);
    let net = net.frozen();
    let mut parts = Vec::with_capacity(chunks);
    for (at, rows) in view.rows.chunks(kit::data::CHUNK).enumerate() {
        let mut pass = Pass::keeping("features", &cx.cost);
        net.forward(view.batch(rows).x, &mut pass);
        parts.push(pass.taps.remove("features").expect("every net has this tap"));
        cx.step(at + 1, chunks).await?;
    }
    let all = Tensor::cat(parts, 0);
    let [n, width] = all.dims();
    Ok(view.over(all.reshape([n, width, 1, 1])))
}

struct Probe {
    net: Net,
}

impl Objective for Probe {
    fn steady(&self) -> Option<Loss> {
        Some(mean_loss)
    }

    fn whole(&self, probe: Net) -> Net {
        whole_net(&self.net, probe)
    }
}

/// The network with the probe as its last layer, everything else frozen as it was.
fn whole_net(net: &Net, probe: Net) -> Net {
    net.put_head(probe.head()).freeze_all_but_head()
}

impl Method for LinearProbe {
    type Config = Config;
    const MANNER: Option<Manner> = Some(Manner::LastLayer);
    const CARD: Card = Card {
        id: "transfer.linear-probe",
        title: "Linear probe",
        family: Family::Transfer,
        authors: "Alain, Bengio",
        year: 2016,
        paper: "Understanding intermediate layers using linear classifier probes, arXiv:1610.01644",
        equation: r"W \gets \arg\min_W \sum_i \ell(W \varphi(x_i), y_i)",
        summary: "Keep all layers as they are and train only the last one.",
        notes: "The last hidden layer only. The paper names no optimiser for its probes on MNIST (section 3.5); the \
            rate is PyTorch's for Adam, epochs and batch are ours. Features are cached, so an epoch costs one small \
            matrix product a batch.",
        needs: Needs::ANY,
        metrics: &[],
    };

    fn tiny(config: Config) -> Config {
        Config { train: Training { epochs: 1, ..config.train } }
    }
}
