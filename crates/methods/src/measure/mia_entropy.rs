//! A membership audit by the entropy of the answer, plain or modified (Song and Mittal 2021, arXiv:2003.10595).

use kit::learn::test;
use kit::run::{Measure, MeasureJob};
use kit::stats::Tested;
use kit::{Cx, Method, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Access, Card, Direction, Family, Metric, Needs, Row};
use std::collections::BTreeSet;

/// What is compared with a threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Score {
    /// Small where the network is certain and right, large where it is certain and wrong.
    #[default]
    Modified,
    /// Small where the network is certain.
    Plain,
}

/// How the audit is made.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What is compared with a threshold.
    pub score: Score,
}

/// Finds thresholds on what stays and what is unseen, and applies them to the forget set.
pub struct MiaEntropy;

impl Measure for MiaEntropy {
    async fn measure(config: &Config, job: &MeasureJob<'_>, cx: &mut Cx) -> Result<Vec<Row>> {
        let split = job.split.expect("its card asks for one");
        let kept = Scored::of(&test(job.net, &split.retain, cx).await?, config.score);
        let unseen = Scored::of(&test(job.net, &split.test, cx).await?, config.score);
        let forget = Scored::of(&test(job.net, &split.forget, cx).await?, config.score);
        let ([kept, other_kept], [unseen, other_unseen]) = (kept.halves(), unseen.halves());
        let thresholds = Thresholds::fit(&kept, &unseen);
        let members =
            |scored: &Scored| scored.0.iter().filter(|(class, score)| thresholds.is_member(*class, *score)).count();
        let share = |scored: &Scored| members(scored) as f64 / scored.0.len().max(1) as f64;
        let balanced = 50.0 * (share(&other_kept) + 1.0 - share(&other_unseen));
        let seen = Row::share(&cx.stage, "mia_entropy", 100.0 * share(&forget), forget.0.len());
        Ok(vec![seen, Row::new(&cx.stage, "mia_entropy_accuracy", balanced)])
    }
}

/// The class and the score of each sample.
struct Scored(Vec<(u16, f64)>);

impl Scored {
    fn of(tested: &Tested, score: Score) -> Self {
        let of = |at: usize| match score {
            Score::Modified => modified_entropy(tested.row(at), tested.labels[at]),
            Score::Plain => entropy(tested.row(at)),
        };
        Self((0..tested.len()).map(|at| (tested.labels[at], of(at))).collect())
    }

    /// Those in even and those in odd places.
    fn halves(&self) -> [Self; 2] {
        [0, 1].map(|first| Self(self.0.iter().skip(first).step_by(2).copied().collect()))
    }
}

/// Scores up to which a sample of a class counts as a member.
struct Thresholds {
    of_class: Vec<Option<f64>>,
    of_all: f64,
}

impl Thresholds {
    fn fit(members: &Scored, others: &Scored) -> Self {
        let classes: BTreeSet<u16> = members.0.iter().map(|(class, _)| *class).collect();
        let of = |scored: &Scored, class: Option<u16>| -> Vec<f64> {
            let wanted = |(of, _): &&(u16, f64)| class.is_none_or(|class| class == *of);
            scored.0.iter().filter(wanted).map(|(_, score)| *score).collect()
        };
        let last = classes.last().map_or(0, |last| usize::from(*last) + 1);
        let of_class = (0..last).map(|class| {
            let class = Some(class as u16);
            let (members, others) = (of(members, class), of(others, class));
            (!members.is_empty() && !others.is_empty()).then(|| threshold(&members, &others))
        });
        Self { of_class: of_class.collect(), of_all: threshold(&of(members, None), &of(others, None)) }
    }

    fn is_member(&self, class: u16, score: f64) -> bool {
        score <= self.of_class.get(usize::from(class)).copied().flatten().unwrap_or(self.of_all)
    }
}

/// The first observed score that tells members from others best: half of the share of members up to it and the share of
/// others above it.
fn threshold(members: &[f64], others: &[f64]) -> f64 {
    let sorted = |scores: &[f64]| {
        let mut scores = scores.to_vec();
        scores.sort_unstable_by(f64::total_cmp);
        scores
    };
    let (members, others) = (sorted(members), sorted(others));
    let up_to =
        |scores: &[f64], most: f64| scores.partition_point(|score| *score <= most) as f64 / scores.len().max(1) as f64;
    let told = |most: f64| up_to(&members, most) + 1.0 - up_to(&others, most);
    let mut all = [&members[..], &others].concat();
    all.sort_unstable_by(f64::total_cmp);
    all.into_iter()
        .fold((f64::NEG_INFINITY, f64::NEG_INFINITY), |best, most| {
            let told = told(most);
            if told > best.1 { (most, told) } else { best }
        })
        .0
}

/// Probabilities below this count as this in logarithms.
const LEAST: f64 = 1e-30;

fn log(p: f64) -> f64 {
    p.max(LEAST).ln()
}

/// Entropy of an answer in nats.
fn entropy(p: &[f32]) -> f64 {
    p.iter().map(|p| f64::from(*p)).map(|p| -p * log(p)).sum()
}

/// Song and Mittal's modified entropy of an answer (eq. 7).
fn modified_entropy(p: &[f32], label: u16) -> f64 {
    let of = |(class, p): (usize, &f32)| {
        let p = f64::from(*p);
        if class == usize::from(label) { -(1.0 - p) * log(p) } else { -p * log(1.0 - p) }
    };
    p.iter().enumerate().map(of).sum()
}

impl Method for MiaEntropy {
    type Config = Config;
    const CARD: Card = Card {
        id: "measure.mia-entropy",
        title: "Membership by entropy",
        family: Family::Measure,
        authors: "Song, Mittal",
        year: 2020,
        paper: "Systematic Evaluation of Privacy Risks of Machine Learning Models, USENIX Security 2021, \
            arXiv:2003.10595, eq. 7 and section 4",
        equation: r"-(1 - p_y) \log p_y - \sum_{i \neq y} p_i \log (1 - p_i)",
        summary: "Does the certainty of an answer give away what the network was to forget?",
        notes: "A threshold for each class, chosen on half of what stays against half of the unseen samples by \
            balanced accuracy; where a class has none of either, one threshold for all. The paper chooses on a shadow \
            model. The other halves give the audit's own accuracy: at 50 % it tells nothing. Probabilities are clipped \
            at 1e-30; a port that is in use takes log p in place of log(1 - p), and its value of a row depends on its \
            batch.",
        needs: Needs { access: Access::Scores, ..Needs::FORGET },
        metrics: &[
            Metric::new(
                "mia_entropy",
                "MIA by entropy",
                "%",
                Direction::Near,
                "share of the forget set that the audit takes for seen",
            ),
            Metric::new(
                "mia_entropy_accuracy",
                "Its accuracy",
                "%",
                Direction::None,
                "balanced accuracy of the audit on samples that stay and unseen ones: at 50 % it tells nothing",
            ),
        ],
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// numpy.
    #[test]
    fn entropies_are_numpys() {
        for (p, plain, modified) in [
            ([0.7, 0.2, 0.1], 0.801_818_552_5, 0.162_167_245_0),
            ([0.1, 0.8, 0.1], 0.639_031_859_7, 3.370_412_965_2),
            ([1.0, 0.0, 0.0], 0.0, 0.0),
            ([0.0, 1.0, 0.0], 0.0, 138.155_105_6),
        ] {
            assert!((entropy(&p) - plain).abs() < 1e-7, "{p:?}: {}", entropy(&p));
            assert!((modified_entropy(&p, 0) - modified).abs() < 1e-6, "{p:?}: {}", modified_entropy(&p, 0));
        }
    }

    #[test]
    fn the_first_best_threshold_counts() {
        assert_eq!(threshold(&[0.1, 0.2, 0.9], &[0.3, 0.8, 1.0]), 0.2);
        assert_eq!(threshold(&[1.0], &[0.0]), 1.0);
        let scored = |all: &[(u16, f64)]| Scored(all.to_vec());
        let fit = Thresholds::fit(&scored(&[(0, 0.1), (2, 0.5)]), &scored(&[(0, 0.4), (1, 0.9)]));
        assert!(fit.is_member(0, 0.1) && !fit.is_member(0, 0.2));
        // Of a class without samples of both kinds, all samples decide.
        assert!(fit.is_member(1, 0.1) && !fit.is_member(7, 2.0));
    }
}
