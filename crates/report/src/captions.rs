//! Captions: short texts that the page sets beside pictures and figures.

use crate::{
    figure::{counted, fixed, one},
    view::RunView,
};

/// What a network answered of one sample: the right class, and its answer.
pub type LabelAndAnswer = (u16, u16);

impl RunView<'_> {
    /// Whether a stage trains the last layer of the network alone.
    pub fn trains_only_last(&self, name: &str) -> bool {
        self.method(name).and_then(|method| method.manner) == Some(spec::Manner::LastLayer)
    }

    /// How many weights of a network of `all` learn in a stage, played or not: "All 62,410 weights learn."
    pub fn weights_that_learn(&self, name: &str, all: usize) -> String {
        let only_last = self.trains_only_last(name);
        let count = |weights: f64| fixed(weights, 0);
        let all = count(all as f64);
        match self.outcome(name).and_then(|outcome| outcome.figure("trainable")) {
            // The network that learns may have another last layer, and another number of weights.
            Some(trained) if !only_last => format!("All {} weights learn.", count(trained)),
            Some(trained) => format!("{} of {all} weights learn.", count(trained)),
            None if only_last => format!("{all} weights; only the last layer learns."),
            None => format!("All {all} weights learn."),
        }
    }

    /// How often one sample was read rightly by the layers, in their order, and as what it is read now.
    pub fn over_layers(&self, task: &str, layers: &[LabelAndAnswer]) -> String {
        let Some(&(label, answer)) = layers.last() else { return "It has not been read by a layer yet.".into() };
        let right = layers.iter().filter(|(label, answer)| label == answer).count();
        if right == layers.len() {
            return "It is read rightly after every layer.".into();
        }
        let was = match right {
            0 => "It was never read rightly".to_owned(),
            1 => "It was read rightly once".into(),
            2 => "It was read rightly twice".into(),
            n => format!("It was read rightly {} times", counted(n)),
        };
        let of_class = |class: u16| one(&self.one_of(task, class));
        match label == answer {
            true => format!("{was}; now it is read as what it is."),
            false => format!("{was}; now {} looks to it like {}.", of_class(label), of_class(answer)),
        }
    }

    /// Whether the layer that an attack asks holds: it was hardened, or is right on half of the samples at least.
    pub fn holds(&self, attack: &str) -> bool {
        let is_hardened = self.family(&self.layer_of(attack)) == Some(spec::Family::Defend);
        let left = self.outcome(attack).and_then(|outcome| outcome.figure("robust_accuracy"));
        is_hardened || left.is_none_or(|left| left >= 50.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sentence::tests::{catalogue, sample};

    #[test]
    fn one_sample_is_followed_through_the_layers() {
        let (report, catalogue) = (sample(), catalogue());
        let view = RunView::of(&report, &catalogue);
        let said = |layers: &[LabelAndAnswer]| view.over_layers("digits", layers);
        assert_eq!(said(&[]), "It has not been read by a layer yet.");
        assert_eq!(said(&[(3, 3), (3, 3)]), "It is read rightly after every layer.");
        assert_eq!(said(&[(3, 8), (3, 3)]), "It was read rightly once; now it is read as what it is.");
        assert_eq!(said(&[(3, 8)]), "It was never read rightly; now a three looks to it like an eight.");
    }

    #[test]
    fn a_hardened_layer_holds_whatever_is_left() {
        let (report, catalogue) = (sample(), catalogue());
        let view = RunView::of(&report, &catalogue);
        assert!(!view.holds("before"));
        assert!(view.holds("after"));
    }
}
