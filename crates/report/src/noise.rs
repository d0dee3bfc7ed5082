//! How far a network is from a retrained one, against how far retrained networks are from each other.

use crate::{figure::counted, sentence::Pill};
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
    /// Every measure within two standard deviations, and the point inside the disc of the gap plane.
    Inside,
    /// Every measure within three.
    Edge,
    /// At least one measure is more than three standard deviations away.
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
    /// Of retraining; at least half of what one sample makes, since seeds that agree are not known better than that.
    pub deviation: f64,
    /// Of the retrained network.
    pub seeds: usize,
}

impl Distance {
    /// Of `ua`, `ra`, `ta` or `mia`, from the rows of one stage; `None` where it has no such figure, or none to compare
    /// it with.
    pub fn of(rows: &[Row], key: &str) -> Option<Self> {
        let row = |key: &str| rows.iter().find(|row| row.key == key);
        let (own, reference): (&Row, &Row) = (row(key)?, row(&["retrained_", key].concat())?);
        let samples = own.n.or(reference.n).unwrap_or(usize::MAX).max(1);
        Some(Self {
            gap: (own.value - reference.value).abs(),
            deviation: reference.spread.unwrap_or(0.0).max(50.0 / samples as f64),
            // Networks of different runs, one each, have no spread: no more is known than of one.
            seeds: reference.spread.and(reference.seeds).unwrap_or(1),
        })
    }

    /// Whether there are enough seeds to speak of noise.
    pub fn is_known(&self) -> bool {
        self.seeds >= SEEDS
    }

    /// The gap in standard deviations; 0 where there is no gap, even if retraining has no noise to divide by.
    pub fn deviations(&self) -> f64 {
        if self.gap == 0.0 { 0.0 } else { self.gap / self.deviation }
    }
}

impl Noise {
    /// From the rows of one stage; `None` if it was not held against a retrained network by all four measures.
    pub fn of(rows: &[Row]) -> Option<Self> {
        let all = distances(rows)?;
        if rows.iter().any(|row| row.key == "start_knows") {
            return Some(Self::Void);
        }
        if rows.iter().any(|row| row.key == "reference_behind") {
            return Some(Self::Failed);
        }
        let [ua, ra, ..] = all;
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
            Self::Inside | Self::Edge | Self::Beyond => "UA, RA, TA and MIA, each against the standard deviation of \
                 retraining: inside where all are within two and the point lies in the disc of the plane, at the edge \
                 where all are within three"
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

/// By how many of [`MEASURES`]: one of no sample is left out.
pub(crate) fn compared(rows: &[Row]) -> usize {
    MEASURES.iter().filter(|key| Distance::of(rows, key).is_some()).count()
}

/// By all [`MEASURES`], in their order.
fn distances(rows: &[Row]) -> Option<[Distance; 4]> {
    let [ua, ra, ta, mia] = MEASURES.map(|key| Distance::of(rows, key));
    Some([ua?, ra?, ta?, mia?])
}

/// The noise of retraining in the gap plane: (x/2σ)² + (y/2σ)² ≤ 1, both in standard deviations.
fn in_disc(x: f64, y: f64) -> bool {
    x.hypot(y) <= 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sentence::tests::sample;

    #[test]
    fn a_reference_that_has_seen_it_judges_nothing() {
        let mut rows = rows(&sample(), "salun");
        rows.push(Row::share("salun", "start_knows", 97.0, 36));
        let noise = Noise::of(&rows).unwrap();
        assert_eq!((noise, noise.pill().unwrap().words.as_str()), (Noise::Void, "void: the start had seen it"));
    }

    #[test]
    fn a_reference_that_failed_to_train_judges_nothing() {
        let mut rows = rows(&sample(), "salun");
        rows.push(Row::new("salun", "reference_behind", 31.0));
        let noise = Noise::of(&rows).unwrap();
        assert_eq!((noise, noise.pill().unwrap().words.as_str()), (Noise::Failed, "void: retraining has failed"));
    }

    fn noise(key: &str, value: f64, seeds: usize) -> Option<Noise> {
        let mut report = sample();
        for row in report.rows.iter_mut().filter(|row| row.stage == "salun") {
            row.seeds = row.seeds.map(|_| seeds);
            if row.key == key {
                row.value = value;
            }
        }
        Noise::of(&rows(&report, "salun"))
    }

    fn rows(report: &spec::Report, stage: &str) -> Vec<Row> {
        report.rows.iter().filter(|row| row.stage == stage).cloned().collect()
    }

    #[test]
    fn the_noise_is_judged() {
        // One of 36 images is 2.8 points: two deviations of a reference whose seeds agree.
        assert_eq!(noise("ra", 98.9, 3), Some(Noise::Inside));
        // Retrained 94.0 ± 1.4.
        assert_eq!(noise("ta", 91.1, 3), Some(Noise::Edge));
        assert_eq!(noise("ta", 89.7, 3), Some(Noise::Beyond));
        // Within two deviations on each axis, but not in the disc.
        assert_eq!(noise("ra", 97.2, 3), Some(Noise::Edge));
        assert_eq!(noise("ra", 98.9, 2).unwrap().words(), "noise unknown (2 retrained networks)");
        assert_eq!(noise("ra", 98.9, 1).unwrap().words(), "noise unknown (1 retrained network)");
        assert_eq!(Noise::of(&rows(&sample(), "taught")), None);
    }

    /// Cases in which the page once said the opposite: it looked at two of the measures, and at bare deviations.
    #[test]
    fn page_and_terminal_judge_alike() {
        // Two seeds that agree have no deviation, yet one image is within what can be told apart.
        assert_eq!(noise("ua", 3500.0 / 36.0, 3), Some(Noise::Inside));
        assert_eq!(noise("ta", 80.0, 3), Some(Noise::Beyond));
        assert_eq!(noise("mia", 50.0, 3), Some(Noise::Beyond));
    }
}
