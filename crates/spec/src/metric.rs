use serde::{Deserialize, Serialize};

/// Which values of a figure are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Higher is better.
    Up,
    /// Lower is better.
    Down,
    /// Neither is better; nearest to the retrained reference is.
    Near,
    /// Neither is better: the figure only describes.
    None,
}

impl Direction {
    /// How bad a value is, to sort by: the best is the least. `reference` is the retrained network's value, without
    /// which a value that should be near it is worst; a figure that only describes is sorted upwards.
    pub fn cost(self, value: f64, reference: Option<f64>) -> f64 {
        match self {
            Self::Up => -value,
            Self::Down | Self::None => value,
            Self::Near => reference.map_or(f64::INFINITY, |reference| (value - reference).abs()),
        }
    }
}

/// What a key means. The figures that harnesses make stand in [`METRICS`], those that a method makes itself on its
/// card; a catalogue knows both.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Metric<'a> {
    /// The key of a [`crate::Row`], by which the table is sorted.
    pub key: &'a str,
    /// As in a table's head.
    pub label: &'a str,
    /// `%`, `points`, `s` or `per sample`; empty for a bare number.
    pub unit: &'a str,
    /// Which values are better.
    pub direction: Direction,
    /// In plain words, for a tooltip.
    pub help: &'a str,
}

/// [`Metric`] as the catalogue file carries it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricData {
    key: String,
    label: String,
    unit: String,
    direction: Direction,
    help: String,
}

impl<'a> Metric<'a> {
    /// A figure by its key, its label in a table's head, its unit, which values are better, and what it is.
    pub const fn new(key: &'a str, label: &'a str, unit: &'a str, direction: Direction, help: &'a str) -> Self {
        Self { key, label, unit, direction, help }
    }

    /// For the catalogue file.
    pub fn data(self) -> MetricData {
        let [key, label, unit, help] = [self.key, self.label, self.unit, self.help].map(String::from);
        MetricData { key, label, unit, direction: self.direction, help }
    }
}

impl MetricData {
    /// What it says.
    pub fn metric(&self) -> Metric<'_> {
        Metric::new(&self.key, &self.label, &self.unit, self.direction, &self.help)
    }
}

const fn m(
    key: &'static str,
    label: &'static str,
    unit: &'static str,
    direction: Direction,
    help: &'static str,
) -> Metric<'static> {
    Metric::new(key, label, unit, direction, help)
}

use Direction::{Down, Near, None as Neither, Up};

/// Figures of harnesses, sorted by key. `retrained_X` is X of the reference that never saw the forget set, `original_X`
/// of the model before.
pub const METRICS: &[Metric<'static>] = &[
    m("accuracy", "Accuracy", "%", Up, "right answers on the test split"),
    m(
        "asr_all",
        "Fooled of all",
        "%",
        Up,
        "samples answered wrongly under attack, those wrong before included; of an attack with a target, samples \
         answered with it",
    ),
    m(
        "asr_correct",
        "Fooled",
        "%",
        Up,
        "of the samples answered rightly before, the share answered wrongly under attack; of an attack with a target, \
         the share answered with it",
    ),
    m("clean_accuracy", "Clean", "%", Up, "right answers on the same samples without attack"),
    m(
        "gap",
        "Gap",
        "points",
        Down,
        "mean distance of UA, RA, TA and MIA from the retrained network, as far as there are samples for them; without \
         MIA where its attack finds nothing in the retrained network",
    ),
    m(
        "gradients",
        "Gradients",
        "per sample",
        Neither,
        "gradients that the attack asked of the network, mean over samples",
    ),
    m(
        "l2_median",
        "L2",
        "",
        Neither,
        "median Euclidean length of the change among fooled samples that were answered rightly before",
    ),
    m(
        "linf_median",
        "L∞",
        "",
        Neither,
        "median largest change of a pixel, or of a point's coordinate, among fooled samples that were answered rightly \
         before",
    ),
    m("mia", "MIA", "%", Near, "share of the forget set that an attacker takes for never seen, mean over its draws"),
    m(
        "mia_accuracy",
        "MIA right",
        "%",
        Neither,
        "how often the attacker behind MIA is right about samples that it was not trained on, mean of members and \
         others",
    ),
    m(
        "mia_chance",
        "MIA coin",
        "%",
        Neither,
        "the most that MIA right is of a coin which calls as many of them members, but for 1 in 40; MIA says nothing \
         where its attacker is not right more often",
    ),
    m("mia_spread", "MIA ±", "points", Neither, "standard deviation of MIA over the draws of what the attacker sees"),
    m("original_mia", "MIA before", "%", Near, "MIA of the network before forgetting"),
    m("original_mia_accuracy", "MIA right before", "%", Neither, "MIA right of the network before forgetting"),
    m("original_mia_chance", "MIA coin before", "%", Neither, "MIA coin of the network before forgetting"),
    m("original_mia_spread", "MIA ± before", "points", Neither, "MIA ± of the network before forgetting"),
    m("original_ra", "RA before", "%", Near, "RA of the network before forgetting"),
    m("original_ta", "TA before", "%", Near, "TA of the network before forgetting"),
    m("original_ua", "UA before", "%", Near, "UA of the network before forgetting"),
    m(
        "pixels_median",
        "Pixels",
        "",
        Neither,
        "median number of changed pixels among fooled samples that were answered rightly before; one with several \
         changed channels counts once",
    ),
    m(
        "queries",
        "Queries",
        "per sample",
        Down,
        "forward passes that the attack asked of the network, mean over samples",
    ),
    m("ra", "RA", "%", Near, "accuracy on what was kept"),
    m(
        "reference_behind",
        "Reference behind",
        "points",
        Neither,
        "how far RA of the retrained network lies below RA before; given above 10 points, where retraining has failed, \
         which voids the comparison",
    ),
    m(
        "retrained_gap",
        "Retrained gap",
        "points",
        Neither,
        "gap of one retrained network from the mean of the others: what retraining alone makes",
    ),
    m("retrained_mia", "Retrained MIA", "%", Near, "MIA of a network that never saw the forget set"),
    m(
        "retrained_mia_accuracy",
        "Retrained MIA right",
        "%",
        Neither,
        "MIA right of a network that never saw the forget set; where it is no better than a coin, MIA is left out of \
         the gap",
    ),
    m(
        "retrained_mia_chance",
        "Retrained MIA coin",
        "%",
        Neither,
        "MIA coin of a network that never saw the forget set",
    ),
    m("retrained_mia_spread", "Retrained MIA ±", "points", Neither, "MIA ± of a network that never saw the forget set"),
    m("retrained_ra", "Retrained RA", "%", Near, "RA of a network that never saw the forget set"),
    m("retrained_rte", "Retrained time", "s", Down, "time to retrain once without the forget set"),
    m("retrained_ta", "Retrained TA", "%", Near, "TA of a network that never saw the forget set"),
    m("retrained_ua", "Retrained UA", "%", Near, "UA of a network that never saw the forget set"),
    m(
        "robust_accuracy",
        "Under attack",
        "%",
        Up,
        "right answers once this attack has changed the samples, also those that were wrong before; a stronger one may \
         leave fewer, so it is an upper bound, and one with a target, which does not look for other wrong answers, may \
         leave many",
    ),
    m(
        "robust_accuracy_8bit",
        "Under attack, 8 bits",
        "%",
        Up,
        "right answers on the attacked images when they are rounded to 8 bits inside the ball, as they are saved",
    ),
    m("rte", "Time", "s", Down, "time that the forgetting took, evaluation and pauses left out"),
    m(
        "rte_share",
        "Cost",
        "%",
        Down,
        "what the forgetting asked of networks, as a share of one retraining: samples passed forward, where a gradient \
         counts as three; equal on every machine",
    ),
    m("seconds", "Time", "s", Down, "time of the stage, evaluation included, pauses left out"),
    m(
        "start_knows",
        "Start knows",
        "%",
        Neither,
        "right answers of the source network on what is to be forgotten; given where that voids the comparison",
    ),
    m("steps", "Steps", "", Neither, "training steps"),
    m("ta", "TA", "%", Near, "accuracy on unseen samples; a forgotten class is left out"),
    m("train_accuracy", "Seen", "%", Up, "right answers on the samples it learned from"),
    m("trainable", "Trained weights", "", Down, "weights that the method may change"),
    m("trainable_share", "Trained share", "%", Down, "trained weights, as a share of the network's"),
    m("ua", "UA", "%", Near, "forget accuracy lost: 100 minus accuracy on the forget set"),
    m(
        "unnamed_classes",
        "Unnamed classes",
        "",
        Neither,
        "classes of a network whose file does not name them, so that only their number was compared with that of the \
         data; if their order differs, no figure of the row means anything",
    ),
    m(
        "validation_accuracy",
        "Validation",
        "%",
        Up,
        "right answers on the validation samples, which it did not learn from: settings are chosen by this figure, and \
         not by the one on the test split",
    ),
    m(
        "zero_gradients",
        "Zero gradient",
        "%",
        Down,
        "samples that were not fooled because their gradient is exactly zero, so that the attack could not begin; \
         given above 1 %",
    ),
];

/// The entry of [`METRICS`] with this key; `None` for a key that it does not have.
pub fn metric(key: &str) -> Option<&'static Metric<'static>> {
    METRICS.binary_search_by(|metric| metric.key.cmp(key)).ok().map(|at| &METRICS[at])
}

/// A channel that changed by no more than this counts as unchanged: one rounding of a value near 1 is 6e-8.
const UNCHANGED: f32 = 1e-6;

/// How many pixels an attack changed, of `change` in `[channels, height, width]`: the figure `pixels_median`. A pixel
/// counts once if any of its channels changed.
pub fn changed_pixels(change: &[f32], channels: usize) -> usize {
    let pixels = change.len() / channels.max(1);
    let is_changed = |pixel: &usize| (0..channels).any(|channel| change[channel * pixels + pixel].abs() > UNCHANGED);
    (0..pixels).filter(is_changed).count()
}

/// Lower and upper end of the 95 % interval of a share of `n` samples, all in percent: Wilson, "Probable inference, the
/// law of succession, and statistical inference", 1927. Its middle lies nearer to 50 % than the share does.
pub fn interval(percent: f64, n: usize) -> [f64; 2] {
    if n == 0 {
        return [0.0, 100.0];
    }
    let (p, n, z) = (percent / 100.0, n as f64, 1.959_963_984_540_054_f64);
    let middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    [100.0 * (middle - half).max(0.0), 100.0 * (middle + half).min(1.0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted() {
        assert!(METRICS.windows(2).all(|pair| pair[0].key < pair[1].key));
        assert_eq!(metric("ua").unwrap().label, "UA");
        assert!(metric("nonsense").is_none());
    }

    #[test]
    fn the_best_costs_least() {
        let cost = |key: &str, value| metric(key).unwrap().direction.cost(value, Some(97.0));
        assert!(cost("accuracy", 96.0) < cost("accuracy", 90.0));
        assert!(cost("gap", 1.0) < cost("gap", 2.0));
        assert!(cost("ra", 96.0) < cost("ra", 99.0) && cost("ra", 98.0) < cost("ra", 95.0));
        assert_eq!(Direction::Near.cost(96.0, None), f64::INFINITY);
    }

    #[test]
    fn a_pixel_of_three_channels_counts_once() {
        // Four pixels: all channels, the last channel, a rounding, nothing.
        let change = [0.1, 0.0, 6e-8, 0.0, -0.1, 0.0, 0.0, 0.0, 0.1, 2e-6, 0.0, 0.0];
        assert_eq!(changed_pixels(&change, 3), 2);
        assert_eq!(changed_pixels(&change, 1), 4);
        assert_eq!(changed_pixels(&[], 0), 0);
    }

    #[test]
    fn interval_is_wilsons() {
        // 342 of 360: the score interval is 92.2356 to 96.8142.
        let near = |percent, n, ends: [f64; 2]| {
            let found: [f64; 2] = interval(percent, n);
            assert!(found.iter().zip(ends).all(|(a, b)| (a - b).abs() < 1e-4), "{found:?}");
        };
        near(95.0, 360, [92.2356, 96.8142]);
        near(0.0, 36, [0.0, 9.641_863]);
        near(100.0, 36, [90.358_137, 100.0]);
        near(50.0, 0, [0.0, 100.0]);
    }
}
