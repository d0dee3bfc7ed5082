//! Which pixels does an answer hang on? Input gradients (Simonyan et al. 2013, arXiv:1312.6034) and integrated
//! gradients (Sundararajan et al. 2017, arXiv:1703.01365).

use burn::tensor::{Int, Tensor};
use kit::attack::Victim;
use kit::learn::test;
use kit::run::{Measure, MeasureJob};
use kit::{Cx, Method, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Access, Card, Direction, Exhibit, Family, Kind, Metric, Needs, Row};

/// What the answer is explained by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Map {
    /// The gradient, summed on the way from black to the image, times the image.
    #[default]
    Integrated,
    /// The gradient at the image.
    Gradient,
}

/// How maps are made.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What the answer is explained by.
    pub map: Map,
    /// Steps on the way from black to the image.
    #[schemars(range(min = 1, max = 1024), extend("x-needs" = { "map": "integrated" }))]
    pub steps: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { map: Map::Integrated, steps: 64 }
    }
}

/// Shows the maps of the first test images of each class.
pub struct SaliencyMap;

impl Measure for SaliencyMap {
    async fn measure(config: &Config, job: &MeasureJob<'_>, cx: &mut Cx) -> Result<Vec<Row>> {
        let view = job.task.test.first_of_each_class();
        let (batch, n) = (view.batch(&view.rows), view.len());
        let named = test(job.net, &view, cx).await?.named;
        let classes = named.iter().map(|class| i32::from(*class)).collect::<Vec<_>>();
        let classes = Tensor::<1, Int>::from_ints(&*classes, &cx.device);
        let victim = Victim::of(job.net, Access::Gradients, &cx.cost);
        let [_, channels, height, width] = batch.x.dims();
        let size = channels * height * width;
        let (maps, gaps) = match config.map {
            Map::Gradient => (cx.read(victim.gradient(&batch.x, &classes, &logit)?.gradient).await?, Vec::new()),
            Map::Integrated => {
                let mut sum = batch.x.zeros_like();
                for step in 0..config.steps {
                    let share = (f64::from(step) + 0.5) / f64::from(config.steps);
                    let at = batch.x.clone().mul_scalar(share);
                    sum = sum + victim.gradient(&at, &classes, &logit)?.gradient;
                    cx.step(step as usize + 1, config.steps as usize).await?;
                }
                let maps = cx.read(sum.mul_scalar(1.0 / f64::from(config.steps)) * batch.x.clone()).await?;
                let black = cx.read(victim.gradient(&batch.x.zeros_like(), &classes, &logit)?.loss).await?;
                let full = cx.read(victim.gradient(&batch.x, &classes, &logit)?.loss).await?;
                let gap = |at: usize| {
                    let whole: f64 = maps[at * size..][..size].iter().map(|value| f64::from(*value)).sum();
                    let change = f64::from(full[at]) - f64::from(black[at]);
                    (whole - change).abs() / change.abs().max(1e-3)
                };
                let gaps: Vec<f64> = (0..n).map(gap).collect();
                (maps, gaps)
            }
        };
        let names = &job.task.classes;
        let caption = |at: usize| match gaps.get(at) {
            Some(gap) if *gap > COMPLETE => format!("{}, not complete", names[usize::from(named[at])]),
            _ => names[usize::from(named[at])].clone(),
        };
        let signed = Exhibit::Images {
            series: "what the answer hangs on".into(),
            shape: [n, channels, height, width],
            ids: view.rows.to_vec(),
            captions: (0..n).map(caption).collect(),
            signed: true,
        };
        cx.show_images(signed, &scaled(&maps, size));
        let gap = gaps.iter().copied().reduce(f64::max);
        Ok(gap.map(|gap| Row::new(&cx.stage, "completeness_gap", 100.0 * gap)).into_iter().collect())
    }
}

/// Up to this share of the change of the logit a map counts as complete.
const COMPLETE: f64 = 0.05;

/// The logit of a class for each sample, `[n]`. Victims climb their losses, and here it is no loss.
fn logit(logits: Tensor<2>, classes: Tensor<1, Int>) -> Tensor<1> {
    let n = logits.dims()[0];
    logits.gather(1, classes.reshape([n, 1])).reshape([n])
}

/// Each map over the 99th percentile of its own sizes, within -1 and 1.
fn scaled(maps: &[f32], size: usize) -> Vec<f32> {
    let of = |map: &[f32]| -> Vec<f32> {
        let mut sizes: Vec<f32> = map.iter().map(|value| value.abs()).collect();
        sizes.sort_unstable_by(f32::total_cmp);
        let most = sizes[(99 * size / 100).min(size - 1)].max(f32::MIN_POSITIVE);
        map.iter().map(|value| (value / most).clamp(-1.0, 1.0)).collect()
    };
    maps.chunks(size).flat_map(of).collect()
}

impl Method for SaliencyMap {
    type Config = Config;
    const CARD: Card = Card {
        id: "measure.saliency-map",
        title: "Saliency map",
        family: Family::Measure,
        authors: "Sundararajan, Taly, Yan",
        year: 2017,
        paper: "Axiomatic Attribution for Deep Networks, ICML 2017, arXiv:1703.01365, eq. 1; the plain gradient after \
            Simonyan et al., arXiv:1312.6034, section 3",
        equation: r"(x - \bar x) \odot \int_0^1 \nabla f_c(\bar x + \alpha (x - \bar x)) \, d\alpha",
        summary: "Which pixels does the answer hang on?",
        notes: "Of the logit of the class that the network names, from black; midpoints of 64 steps, where the \
            authors' code takes ends. A map is complete where its sum is the change of the logit; one that misses it \
            by more than 5 % says so. Each map is drawn on a scale of its own, up to the 99th percentile of its sizes. \
            A black start gives nothing to black pixels.",
        needs: Needs { kinds: &[Kind::Images], access: Access::Gradients, ..Needs::ANY },
        metrics: &[Metric::new(
            "completeness_gap",
            "Gap to complete",
            "%",
            Direction::Down,
            "by how much the sum of a map misses the change of the logit, as a share of that; of the map that misses \
                it most",
        )],
    };

    fn tiny(config: Config) -> Config {
        Config { steps: 8, ..config }
    }
}
