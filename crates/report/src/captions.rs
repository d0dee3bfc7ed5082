//! Captions: short texts that the page sets beside pictures and figures.

use crate::{
    figure::{capital, counted, fixed, one, percent},
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
        let read = self.participle(task);
        let Some(&(label, answer)) = layers.last() else { return format!("It has not been {read} by a layer yet.") };
        let right = layers.iter().filter(|(label, answer)| label == answer).count();
        if right == layers.len() {
            return format!("It is {read} rightly after every layer.");
        }
        let was = match right {
            0 => format!("It was never {read} rightly"),
            1 => format!("It was {read} rightly once"),
            2 => format!("It was {read} rightly twice"),
            n => format!("It was {read} rightly {} times", counted(n)),
        };
        let of_class = |class: u16| one(&self.one_of(task, class));
        match label == answer {
            true => format!("{was}; now it is {read} as what it is."),
            false => format!("{was}; now {} looks to it like {}.", of_class(label), of_class(answer)),
        }
    }

    /// One network's answer on one sample, a class's name, and how sure of it the network is, of 1: "reads three,
    /// 98 %".
    pub fn answer(&self, task: &str, answer: &str, confidence: f64) -> String {
        format!("{} {answer}, {}", self.verb(task), percent(100.0 * confidence, 0))
    }

    /// As [`Self::answer`], for a screen reader: "Reads three, 98 per cent".
    pub fn spoken_answer(&self, task: &str, answer: &str, confidence: f64) -> String {
        format!("{} {answer}, {} per cent", capital(self.verb(task)), fixed(100.0 * confidence, 0))
    }

    /// A sample of the leaf for a screen reader, by the name of its class, and in which state it is, where that is not
    /// its own: "a three, attacked, read as eight".
    pub fn spoken_sample(&self, task: &str, class: &str, state: Option<&str>, answer: Option<&str>) -> String {
        let state = state.map_or_else(String::new, |state| format!(", {state}"));
        let read = self.participle(task);
        match answer {
            Some(answer) => format!("{}{state}, {read} as {answer}", one(class)),
            None => format!("{}, not {read} yet", one(class)),
        }
    }

    /// As [`Self::spoken_sample`], with how sure of it the network is, of 1: "a three, read as eight, 98 per cent".
    pub fn spoken_sure(&self, task: &str, class: &str, answer: &str, confidence: f64) -> String {
        let sample = self.spoken_sample(task, class, None, Some(answer));
        format!("{sample}, {} per cent", fixed(100.0 * confidence, 0))
    }

    /// What stands over the samples of one class that got one answer, of which at most `shown` are drawn: "12 digits of
    /// class three read as eight, surest first."
    pub fn behind_cell(&self, task: &str, [label, answer]: [&str; 2], n: usize, shown: usize) -> String {
        let (samples, read) = (self.samples(task, n), self.participle(task));
        let many = if n > shown { format!(" The {shown} surest are shown.") } else { String::new() };
        format!("{n} {samples} of class {label} {read} as {answer}, surest first.{many}")
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
    fn what_is_no_writing_is_named() {
        let (mut report, catalogue) = (sample(), catalogue());
        report.spec.tasks.insert("spirals".into(), spec::Pick { id: "spirals".into(), params: serde_json::Map::new() });
        let view = RunView::of(&report, &catalogue);
        let of = |task: &str| {
            [
                view.answer(task, "1", 0.984),
                view.spoken_answer(task, "1", 0.984),
                view.spoken_sample(task, "1", None, None),
                view.spoken_sample(task, "1", Some("attacked"), Some("2")),
                view.spoken_sure(task, "1", "2", 0.984),
                view.behind_cell(task, ["1", "2"], 60, 40),
                view.over_layers(task, &[]),
                view.over_layers(task, &[(0, 0)]),
                view.over_layers(task, &[(0, 1), (0, 0)]),
            ]
        };
        let points = of("spirals");
        assert_eq!(crate::figure::plain_spaces(&points[0]), "names 1, 98 %");
        assert_eq!(points[3], "a 1, attacked, named as 2");
        assert_eq!(points[5], "60 points of class 1 named as 2, surest first. The 40 surest are shown.");
        for (points, digits) in points.iter().zip(of("digits")) {
            assert!(!points.to_lowercase().contains("read"), "{points}");
            assert!(digits.to_lowercase().contains("read"), "{digits}");
        }
    }

    #[test]
    fn a_hardened_layer_holds_whatever_is_left() {
        let (report, catalogue) = (sample(), catalogue());
        let view = RunView::of(&report, &catalogue);
        assert!(!view.holds("before"));
        assert!(view.holds("after"));
    }
}
