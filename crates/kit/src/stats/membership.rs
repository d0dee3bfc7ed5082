//! Membership inference: does a network treat samples as ones that it has seen in training?

use super::svm::Svm;
use super::{Mean, Tested, mean};
use crate::seed::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which kept samples the attack is trained on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Members {
    /// Twenty draws at random; the figure is their mean.
    #[default]
    Drawn,
    /// The first ones, once, as in the field's released code. What it says hangs on the order of the set.
    First,
}

impl Members {
    /// How often the attack is trained.
    pub const fn draws(self) -> u32 {
        match self {
            Self::Drawn => 20,
            Self::First => 1,
        }
    }
}

/// MIA efficacy by confidence (Jia et al. 2023, "Model Sparsity Can Simplify Machine Unlearning"; the variant that
/// SalUn's tables print).
///
/// An RBF support vector machine (C = 3, γ = 1) sees the probability of the true class. It is trained on kept training
/// samples (members) and as many unseen samples (non-members), then classifies the forget set. The figure is the share
/// of the forget set that it takes for never seen.
///
/// Which kept samples it sees decides much where it has found little: so they are drawn several times, and the attack
/// is held against samples that it was not trained on.
pub struct MembershipAttack {
    kept: Vec<f32>,
    unseen: Vec<f32>,
    forget: Vec<f32>,
    members: Members,
    /// Of the forget set taken for unseen, in percent, by draw.
    efficacies: Vec<f64>,
    /// What it was right about of samples that it was not trained on, by draw.
    held_out: Vec<HeldOut>,
}

/// What the draws of an attack came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Membership {
    /// Share of the forget set that it takes for never seen, in percent, with the spread over draws.
    pub efficacy: Mean,
    /// Balanced accuracy on samples that it was not trained on, in percent: the mean over members and others of the
    /// share that it is right about.
    pub accuracy: f64,
    /// The most that this is of a coin which calls as many of them members, but for 1 in 40: the upper end of its 95 %
    /// binomial interval around 50 %.
    pub chance: f64,
}

impl Membership {
    /// Whether the attack has found more than a coin would.
    pub fn has_signal(&self) -> bool {
        self.accuracy > self.chance
    }
}

impl MembershipAttack {
    /// The attack before its first draw; `None` without something to forget, and with fewer than two kept or unseen
    /// samples, of which one half tells how good the attack is that is trained on the other.
    pub fn new(kept: &Tested, unseen: &Tested, forget: &Tested, members: Members) -> Option<Self> {
        let enough = kept.len() >= 2 && unseen.len() >= 2 && !forget.is_empty();
        let [kept, unseen, forget] = [kept, unseen, forget].map(Tested::confidence_in_label);
        enough.then(|| Self { kept, unseen, forget, members, efficacies: Vec::new(), held_out: Vec::new() })
    }

    /// Trains the attack once, and asks it.
    pub fn draw(&mut self, rng: &mut Rng) {
        let count = self.kept.len().min(self.unseen.len());
        let some = |values: &[f32], rng: &mut Rng| {
            let mut values = values.to_vec();
            rng.shuffle(&mut values);
            values.truncate(count);
            values
        };
        let (members, others) = match self.members {
            Members::Drawn => (some(&self.kept, rng), some(&self.unseen, rng)),
            // In a random order too, because its halves are taken.
            Members::First => (some(&self.kept[..count], rng), {
                let mut all = self.unseen.clone();
                rng.shuffle(&mut all);
                all
            }),
        };
        let machine = Svm::fit(&members, &others);
        let taken = self.forget.iter().filter(|x| !machine.is_member(**x)).count();
        self.efficacies.push(share(taken, self.forget.len()));
        self.held_out.push(HeldOut::of(&members, &others));
    }

    /// The figures of the draws so far, of which there is at least one.
    pub fn figures(&self) -> Membership {
        let of_draws = |of: fn(&HeldOut) -> f64| mean(&self.held_out.iter().map(of).collect::<Vec<_>>()).value;
        Membership {
            efficacy: mean(&self.efficacies),
            accuracy: of_draws(HeldOut::accuracy),
            // Draws share samples, so their mean is not surer than one of them.
            chance: of_draws(HeldOut::chance),
        }
    }
}

/// An attack that is trained on one half of the samples and asked about the other, and the other way round.
struct HeldOut {
    /// Members, and how many of them it takes for such.
    members: [usize; 2],
    /// Others, and how many of them it takes for members.
    others: [usize; 2],
}

impl HeldOut {
    fn of(members: &[f32], others: &[f32]) -> Self {
        let ((a, b), (c, d)) = (members.split_at(members.len() / 2), others.split_at(others.len() / 2));
        let mut found = Self { members: [members.len(), 0], others: [others.len(), 0] };
        for (trained, asked) in [([a, c], [b, d]), ([b, d], [a, c])] {
            let machine = Svm::fit(trained[0], trained[1]);
            let taken = asked.map(|set| set.iter().filter(|x| machine.is_member(**x)).count());
            found.members[1] += taken[0];
            found.others[1] += taken[1];
        }
        found
    }

    /// See [`Membership::accuracy`].
    fn accuracy(&self) -> f64 {
        let [all, taken] = self.others;
        (share(self.members[1], self.members[0]) + share(all - taken, all)) / 2.0
    }

    /// See [`Membership::chance`], with Yates's correction for counts.
    fn chance(&self) -> f64 {
        let ([members, right], [others, wrong]) = (self.members, self.others);
        let taken = (right + wrong) as f64 / (members + others) as f64;
        let of_one = 1.0 / members as f64 + 1.0 / others as f64;
        50.0 + 100.0 * (QUANTILE * (taken * (1.0 - taken) * of_one).sqrt() / 2.0 + of_one / 4.0)
    }
}

/// Of the standard normal distribution at 97.5 %.
const QUANTILE: f64 = 1.959_963_984_540_054;

fn share(part: usize, of: usize) -> f64 {
    100.0 * part as f64 / of as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A network that gives the true class these probabilities.
    fn sure_of(values: &[f32]) -> Tested {
        let probabilities = values.iter().flat_map(|p| [*p, 1.0 - p]).collect();
        let n = values.len();
        Tested { ids: vec![0; n], labels: vec![0; n], classes: 2, named: vec![0; n], probabilities }
    }

    fn confidences(seed: u32, count: usize, mean: f32, spread: f32) -> Vec<f32> {
        let mut rng = Rng::of(seed, "confidences", &[]);
        (0..count).map(|_| 1.0 / (1.0 + libm::expf(-(mean + spread * rng.normal())))).collect()
    }

    fn attacked(sets: [&[f32]; 3], members: Members) -> Membership {
        let [kept, unseen, forget] = sets.map(sure_of);
        let mut attack = MembershipAttack::new(&kept, &unseen, &forget, members).unwrap();
        (0..members.draws()).for_each(|draw| attack.draw(&mut Rng::of(1, "membership", &[draw])));
        attack.figures()
    }

    #[test]
    fn there_is_no_audit_without_samples() {
        let some = |n: usize| sure_of(&vec![0.9; n]);
        let made = |[kept, unseen, forget]: [usize; 3]| {
            MembershipAttack::new(&some(kept), &some(unseen), &some(forget), Members::Drawn).is_some()
        };
        assert!(made([4, 4, 2]));
        for sizes in [[0, 4, 2], [4, 0, 2], [4, 4, 0], [1, 4, 2], [4, 1, 2]] {
            assert!(!made(sizes), "{sizes:?}");
        }
    }

    /// Kept and unseen samples are of one distribution: single draws call most of the forget set unseen or none of it.
    #[test]
    fn an_attack_that_tosses_a_coin_has_no_signal() {
        let mut silent = 0;
        for seed in 0..20_u32 {
            let set = |at: u32, count| confidences(3 * seed + at, count, 4.0, 2.0);
            let found = attacked([&set(0, 1200), &set(1, 300), &set(2, 120)], Members::Drawn);
            silent += usize::from(!found.has_signal());
        }
        assert!(silent >= 19, "{silent} of 20");
    }

    #[test]
    fn an_overfitted_network_has_a_signal() {
        let [kept, unseen] = [confidences(1, 1200, 9.0, 2.0), confidences(2, 300, 3.0, 3.0)];
        for (forget, low, high) in
            [(confidences(3, 120, 9.0, 2.0), 0.0, 20.0), (confidences(4, 120, 3.0, 3.0), 40.0, 100.0)]
        {
            let found = attacked([&kept, &unseen, &forget], Members::Drawn);
            assert!(found.has_signal(), "{found:?}");
            assert!((low..=high).contains(&found.efficacy.value), "{found:?}");
            assert!(found.efficacy.deviation.unwrap() < 10.0, "{found:?}");
        }
    }

    /// Of 360 each: 50.8 % by calling nearly all members is luck, but not if no
    /// member is called unseen.
    #[test]
    fn chance_is_that_of_a_coin_which_calls_as_many_members() {
        let of = |right, wrong| {
            let found = HeldOut { members: [360, right], others: [360, wrong] };
            (found.accuracy(), found.chance())
        };
        let near = |(accuracy, chance): (f64, f64), expected: [f64; 2]| {
            assert!(
                (accuracy - expected[0]).abs() < 0.01 && (chance - expected[1]).abs() < 0.01,
                "{accuracy} {chance}"
            );
        };
        // 50 ± 3.65, as of 720 tosses, and half a toss.
        near(of(186, 180), [50.83, 53.79]);
        near(of(355, 349), [50.83, 51.22]);
        near(of(360, 354), [50.83, 50.80]);
        near(of(360, 360), [50.0, 50.14]);
    }

    /// Harder samples stand first, as among the digits.
    #[test]
    fn the_order_of_the_set_has_a_say_only_over_the_first_ones() {
        let [kept, unseen, forget] =
            [(1, 6.0), (2, 3.0), (3, 4.0)].map(|(seed, mean)| confidences(seed, 400, mean, 2.0));
        let mut sorted = kept.clone();
        sorted.sort_unstable_by(f32::total_cmp);
        let of = |kept: &[f32], members| attacked([kept, &unseen[..100], &forget], members).efficacy;
        assert_eq!(of(&kept, Members::First).deviation, None);
        let moved = |members| (of(&kept, members).value - of(&sorted, members).value).abs();
        let (first, drawn) = (moved(Members::First), moved(Members::Drawn));
        assert!(drawn < 1.0 && first > 5.0, "{first} {drawn}");
    }
}
