//! How far a network is from a retrained one, against how far retrained networks are from each other: the one
//! definition of what lies inside the noise of retraining, for page, report and terminal.

use crate::{RunView, figure::counted, sentence::Pill};
use spec::Row;

/// Seeds of the reference without which its noise counts as unknown.
const SEEDS: usize = 3;

/// How many retrained networks are too few, as the end of a sentence.
pub fn too_few() -> String {
    format!("fewer than {} leave the noise unknown", counted(SEEDS))
}

/// Where a network lies against the noise of retraining.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noise {
    /// Every measure within two deviations, and the point inside the disc of the gap plane.
    Inside,
    /// Every measure within three.
    Edge,
    /// At least one measure is more than three deviations away.
    Beyond,
    /// Fewer than three retrained networks; how many there are.
    Unknown(usize),
    /// The network that the reference was retrained from had seen what is forgotten, so it is no reference.
    Void,
    /// Retraining has failed: the reference lies far below the original network on what stays.
    Failed,
}

/// The distance of one measure from the retrained network, in points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Distance {
    pub gap: f64,
    /// How far one retrained network lies from the mean of the others, by root mean square; at least half of what one
    /// sample makes, since seeds that agree are not known better than that.
    pub deviation: f64,
    /// Of the retrained network.
    pub seeds: usize,
}

impl Distance {
    /// Of `ua`, `ra`, `ta` or `mia`, from the rows of one stage; `None` where it has no such figure, or none to compare
    /// it with. `is_reference` says that the network is itself one of those that were retrained.
    ///
    /// Of n networks, (x − mean of the others) = (x − mean of all) · n / (n − 1). The root mean square of this over all
    /// is s · √(n / (n − 1)), where s is their standard deviation.
    pub fn of(rows: &[Row], key: &str, is_reference: bool) -> Option<Self> {
        let row = |key: &str| rows.iter().find(|row| row.key == key);
        let (own, reference): (&Row, &Row) = (row(key)?, row(&["retrained_", key].concat())?);
        let samples = own.n.or(reference.n).unwrap_or(usize::MAX).max(1);
        // Networks of different runs, one each, that forgot different samples have no spread: no more is known than of
        // one.
        let seeds = reference.spread.and(reference.seeds).unwrap_or(1);
        if is_reference && seeds < 2 {
            return None;
        }
        let others = if seeds > 1 { seeds as f64 / (seeds - 1) as f64 } else { 1.0 };
        Some(Self {
            gap: (own.value - reference.value).abs() * if is_reference { others } else { 1.0 },
            deviation: (reference.spread.unwrap_or(0.0) * others.sqrt()).max(50.0 / samples as f64),
            seeds,
        })
    }

    /// Whether there are enough seeds to speak of noise.
    pub fn is_known(&self) -> bool {
        self.seeds >= SEEDS
    }

    /// The gap in deviations; 0 where there is no gap, even if retraining has no noise to divide by.
    pub fn deviations(&self) -> f64 {
        if self.gap == 0.0 { 0.0 } else { self.gap / self.deviation }
    }
}

impl Noise {
    /// Of a stage; `None` if it was not held against a retrained network by all measures of its gap.
    pub fn of(view: &RunView, stage: &str) -> Option<Self> {
        let outcome = view.outcome(stage)?;
        let (rows, is_reference) = (&outcome.rows, view.is_reference(stage));
        let heard = MEASURES.iter().filter(|key| **key != "mia" || !is_silent(rows, "retrained_"));
        let all: Option<Vec<Distance>> = heard.map(|key| Distance::of(rows, key, is_reference)).collect();
        let all = all?;
        if rows.iter().any(|row| row.key == "start_knows") {
            return Some(Self::Void);
        }
        if rows.iter().any(|row| row.key == "reference_behind") {
            return Some(Self::Failed);
        }
        let [ua, ra, ..] = all[..] else { return None };
        if !all.iter().all(Distance::is_known) {
            return Some(Self::Unknown(all.iter().map(|distance| distance.seeds).min().unwrap_or(0)));
        }
        let most = all.iter().map(Distance::deviations).fold(0.0, f64::max);
        Some(match most {
            _ if most <= 2.0 && in_disc(ra.deviations(), ua.deviations()) => Self::Inside,
            _ if most <= 3.0 => Self::Edge,
            _ => Self::Beyond,
        })
    }

    /// How it was judged, for a tooltip.
    fn why(self) -> String {
        match self {
            Self::Unknown(_) => format!("Of networks that never saw it, {}", too_few()),
            Self::Void => {
                "The source network reads more than half of it, so a network retrained from it has seen it".into()
            }
            Self::Failed => {
                "The retrained network lies more than ten points below the original on what stays, of which both have \
                 learned"
                    .into()
            }
            Self::Inside | Self::Edge | Self::Beyond => "The measures of the gap, each against how far one retrained \
                 network lies from the others: inside where all are within twice that and the point lies in the disc \
                 of the plane, at the edge where all are within three times"
                .into(),
        }
    }

    /// The verdict wherever it is printed: "inside the noise of retraining".
    pub fn words(self) -> String {
        match self {
            Self::Inside => "inside the noise of retraining".into(),
            Self::Edge => "at the edge of the noise".into(),
            Self::Beyond => "beyond the noise of retraining".into(),
            Self::Void => "void: the start had seen it".into(),
            Self::Failed => "void: retraining has failed".into(),
            Self::Unknown(1) => "noise unknown (1 retrained network)".into(),
            Self::Unknown(nets) => ["noise unknown (", &nets.to_string(), " retrained networks)"].concat(),
        }
    }

    /// Beside a sentence; beyond the noise the number stands alone.
    pub(crate) fn pill(self) -> Option<Pill> {
        (self != Self::Beyond).then(|| Pill { words: self.words(), why: self.why() })
    }
}

/// The measures that a network is held against a retrained one by.
pub const MEASURES: [&str; 4] = ["ua", "ra", "ta", "mia"];

/// By how many of [`MEASURES`]: one of no sample is left out, and MIA where it says nothing.
pub(crate) fn compared(rows: &[Row]) -> usize {
    let is_heard = |key: &&&str| **key != "mia" || !is_silent(rows, "retrained_");
    MEASURES.iter().filter(is_heard).filter(|key| Distance::of(rows, key, false).is_some()).count()
}

/// Whether the attack behind MIA finds no more than a coin would in a network of a stage: that of the rows without a
/// prefix, or the one whose rows begin with `original_` or `retrained_`.
pub fn is_silent(rows: &[Row], prefix: &str) -> bool {
    let value = |key: &str| {
        let key = [prefix, key].concat();
        rows.iter().find(|row| row.key == key).map(|row| row.value)
    };
    value("mia_accuracy").zip(value("mia_chance")).is_some_and(|(accuracy, chance)| accuracy <= chance)
}

/// What is said of a figure of MIA that says nothing, as a sentence.
pub const SILENT: &str = "MIA in brackets says nothing: its attack is right no more often than a coin, of this network \
                          or of the retrained ones. Of the retrained ones, it is left out of the gap.";

/// The noise of retraining in the gap plane: (x/2σ)² + (y/2σ)² ≤ 1, both in standard deviations.
fn in_disc(x: f64, y: f64) -> bool {
    x.hypot(y) <= 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sentence::tests::sample;

    use crate::sentence::tests::catalogue;

    /// What is said of the noise of the stage `salun` in a report.
    fn judged(report: &spec::Report) -> Option<Noise> {
        Noise::of(&RunView::of(report, &catalogue()), "salun")
    }

    #[test]
    fn a_reference_that_has_seen_it_judges_nothing() {
        let mut report = sample();
        report.rows.push(Row::share("salun", "start_knows", 97.0, 36));
        let noise = judged(&report).unwrap();
        assert_eq!((noise, noise.pill().unwrap().words.as_str()), (Noise::Void, "void: the start had seen it"));
    }

    #[test]
    fn a_reference_that_failed_to_train_judges_nothing() {
        let mut report = sample();
        report.rows.push(Row::new("salun", "reference_behind", 31.0));
        let noise = judged(&report).unwrap();
        assert_eq!((noise, noise.pill().unwrap().words.as_str()), (Noise::Failed, "void: retraining has failed"));
    }

    fn changed(key: &str, value: f64, seeds: usize) -> spec::Report {
        let mut report = sample();
        for row in report.rows.iter_mut().filter(|row| row.stage == "salun") {
            row.seeds = row.seeds.map(|_| seeds);
            if row.key == key {
                row.value = value;
            }
        }
        report
    }

    fn noise(key: &str, value: f64, seeds: usize) -> Option<Noise> {
        judged(&changed(key, value, seeds))
    }

    #[test]
    fn the_noise_is_judged() {
        // One of 36 images is 2.8 points: two deviations of a reference whose seeds agree.
        assert_eq!(noise("ra", 98.9, 3), Some(Noise::Inside));
        // Retrained 94.0 ± 1.4: one lies 1.7 from the mean of two others.
        assert_eq!(noise("ta", 90.1, 3), Some(Noise::Edge));
        assert_eq!(noise("ta", 88.8, 3), Some(Noise::Beyond));
        // Within two deviations on each axis, but not in the disc.
        assert_eq!(noise("ra", 96.8, 3), Some(Noise::Edge));
        assert_eq!(noise("ra", 98.9, 2).unwrap().words(), "noise unknown (2 retrained networks)");
        assert_eq!(noise("ra", 98.9, 1).unwrap().words(), "noise unknown (1 retrained network)");
        assert_eq!(Noise::of(&RunView::of(&sample(), &catalogue()), "taught"), None);
    }

    /// Cases in which the page once said the opposite: it looked at two of the measures, and at bare deviations.
    #[test]
    fn page_and_terminal_judge_alike() {
        // Two seeds that agree have no deviation, yet one image is within what can be told apart.
        assert_eq!(noise("ua", 3500.0 / 36.0, 3), Some(Noise::Inside));
        assert_eq!(noise("ta", 80.0, 3), Some(Noise::Beyond));
        assert_eq!(noise("mia", 50.0, 3), Some(Noise::Beyond));
    }

    #[test]
    fn mia_without_a_signal_has_no_say() {
        let said = |accuracy| {
            let mut report = changed("mia", 50.0, 3);
            report.rows.push(Row::new("salun", "retrained_mia_accuracy", accuracy));
            report.rows.push(Row::new("salun", "retrained_mia_chance", 53.8));
            let rows: Vec<Row> = report.rows.iter().filter(|row| row.stage == "salun").cloned().collect();
            (judged(&report), compared(&rows))
        };
        assert_eq!(said(50.8), (Some(Noise::Inside), 3));
        assert_eq!(said(60.0), (Some(Noise::Beyond), 4));
    }

    /// Values 0, 3 and 6 of three networks: the mean is 3, their deviation 3. The first lies 4.5 from the mean of the
    /// others, the second 0, the third 4.5: by root mean square 3.67.
    #[test]
    fn one_retrained_network_is_held_against_the_others() {
        let retrained = Row { spread: Some(3.0), seeds: Some(3), ..Row::new("a", "retrained_ra", 3.0) };
        let rows = |seeds| [Row::new("a", "ra", 0.0), Row { seeds: Some(seeds), ..retrained.clone() }];
        let first = Distance::of(&rows(3), "ra", true).unwrap();
        assert_eq!((first.gap, first.deviation), (4.5, 3.0 * 1.5_f64.sqrt()));
        assert_eq!(Distance::of(&rows(3), "ra", false).unwrap().gap, 3.0);
        // Alone it is its own reference.
        assert_eq!(Distance::of(&rows(1), "ra", true), None);
    }
}
