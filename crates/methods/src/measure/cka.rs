//! Linear centred kernel alignment (Kornblith et al. 2019, arXiv:1905.00414): how alike are the features of networks?

use kit::learn::features;
use kit::nets::Net;
use kit::run::{Measure, MeasureJob, Place};
use kit::stats::{linear_cka, mean_of};
use kit::{Cx, Method, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Card, Direction, Exhibit, Family, MOST_WITH, Metric, Needs, Row};

/// How many samples are compared.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Test samples, each class with its share; all where there are fewer.
    #[schemars(range(min = 16, max = 2048))]
    pub samples: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { samples: 512 }
    }
}

/// Compares the features before the last layers of its network and of those under `with`.
pub struct Cka;

impl Measure for Cka {
    fn check_place(place: &Place<'_>) -> Result {
        place.check_others(Self::ID, Net::fits)
    }

    async fn measure(config: &Config, job: &MeasureJob<'_>, cx: &mut Cx) -> Result<Vec<Row>> {
        let view = job.task.test.share(config.samples as usize);
        let drawn = |draw: u32| {
            let net = job.net.drawn_anew(&mut cx.rng("cka", 0, draw), &cx.device);
            net.map(|net| (format!("random {}", draw + 1), net))
        };
        let random = [drawn(0)?, drawn(1)?];
        let mut nets = job.nets();
        nets.extend(random.iter().map(|(name, net)| (&**name, net)));
        let mut all = Vec::with_capacity(nets.len());
        for (_, net) in &nets {
            all.push(features(net, &view, cx).await?);
        }
        let pair = |a: usize, b: usize| 100.0 * linear_cka(&all[a], &all[b], view.len());
        let given = nets.len() - random.len();
        let own = mean_of((1..given).map(|other| pair(0, other))).expect("its card asks for another network");
        let names: Vec<String> = nets.iter().map(|(name, _)| (*name).to_owned()).collect();
        cx.show(Exhibit::Matrix {
            series: "alike features".into(),
            values: (0..nets.len()).map(|a| (0..nets.len()).map(|b| Some(pair(a, b))).collect()).collect(),
            rows: names.clone(),
            columns: names,
            unit: "%".into(),
            diverging: false,
        });
        Ok(vec![Row::new(&cx.stage, "cka", own), Row::new(&cx.stage, "cka_random", pair(given, given + 1))])
    }
}

impl Method for Cka {
    type Config = Config;
    const CARD: Card = Card {
        id: "measure.cka",
        title: "Feature similarity",
        family: Family::Measure,
        authors: "Kornblith, Norouzi, Lee, Hinton",
        year: 2019,
        paper: "Similarity of Neural Network Representations Revisited, ICML 2019, arXiv:1905.00414, eq. 3",
        equation: r"\frac{\| X^\top Y \|_F^2}{\| X^\top X \|_F \, \| Y^\top Y \|_F}",
        summary: "How alike are the features that these networks have learned?",
        notes: "Linear kernels, on the features before the last layer. Computed from Gram matrices in double \
            precision, so that widths may differ. With far more features than samples it is near 1 for any two \
            networks, so two random ones of the same kind stand beside it. Constant features give 0.",
        needs: Needs { with: [1, MOST_WITH], ..Needs::ANY },
        metrics: &[
            Metric::new(
                "cka",
                "CKA",
                "%",
                Direction::None,
                "likeness of the features to those of the other networks, mean over these",
            ),
            Metric::new(
                "cka_random",
                "CKA, random",
                "%",
                Direction::None,
                "likeness of the features of two random networks",
            ),
        ],
    };
}
