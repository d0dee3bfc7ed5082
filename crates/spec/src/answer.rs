use crate::Pick;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the page may ask a model. Each has an [`Answer`] of its name; every list is in the order of the question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Pixels beside the message: f32, `[n, channels, height, width]`, 0 to 1.
    Predict,
    /// Attacks these samples of a task's test split, or inputs of one's own: then there are no `samples`, and pixels
    /// beside the message, f32, `[n, channels, height, width]`, 0 to 1.
    Attack {
        /// The attack with its settings.
        method: Pick,
        /// Name of the task in the run file.
        task: String,
        /// Numbers of the samples in their data set.
        samples: Vec<u32>,
        /// Places of the classes of one's own inputs; where there are none, what the network answers counts as right.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        labels: Vec<u16>,
        /// The models that the attack is crafted on; the one that is asked where there are none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        with: Vec<String>,
    },
    /// Accuracy of the first `n` test samples under the attack at each budget.
    Curve {
        /// The attack with its settings; its budget is replaced, and its step size scaled with the budget.
        method: Pick,
        /// Name of the task in the run file.
        task: String,
        /// Budgets, in the unit of the attack's `epsilon`.
        epsilons: Vec<f64>,
        /// Number of samples.
        n: usize,
        /// The models that the attack is crafted on; the one that is asked where there are none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        with: Vec<String>,
    },
    /// The class over the square of a two-dimensional set.
    Boundary {
        /// Points a side; fewer than 8 or more than 256 become that many.
        size: u32,
    },
    /// The last hidden layer's features of the test split by their first two principal components.
    Embed {
        /// Name of the task in the run file.
        task: String,
    },
    /// Samples of a task, whatever split they are in.
    Samples {
        /// Name of the task in the run file.
        task: String,
        /// Numbers of the samples in their data set.
        ids: Vec<u32>,
    },
    /// The `n` training samples of a task whose pixels lie nearest to a sample's, nearest first. Answered by
    /// [`Answer::Samples`].
    Nearest {
        /// Name of the task in the run file.
        task: String,
        /// Number of the sample in its data set.
        id: u32,
        /// Number of samples; all where the training split has fewer.
        n: usize,
    },
    /// Answers of the model on a task's test split.
    Test {
        /// Name of the task in the run file.
        task: String,
    },
    /// Merges the adapters into the weights and compares the two on a task's test split.
    Merge {
        /// Name of the task in the run file.
        task: String,
    },
    /// The model with its adapters merged, as PyTorch loads it.
    Export,
    /// The adapters alone, as PEFT loads them.
    Adapter,
}

/// What the engine answers, one variant for each [`Question`]. Pixels and files travel beside the message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The probability of each class.
    Predict {
        /// One row for each image: `[n, classes]`, 0 to 1.
        probabilities: Vec<Vec<f32>>,
    },
    /// Beside it two buffers of f32 pixels in `shape`: the samples as they were, and attacked.
    Attack {
        /// Index of each sample's true class in its task.
        labels: Vec<u16>,
        /// `[n, channels, height, width]`.
        shape: [usize; 4],
        /// Probabilities before the attack, `[n, classes]`.
        clean: Vec<Vec<f32>>,
        /// Probabilities after it.
        attacked: Vec<Vec<f32>>,
        /// The class that the network names before and after it, of each sample.
        classes: Vec<[u16; 2]>,
        /// Probability of each sample's label at the start and after each step.
        walk: Vec<Vec<f32>>,
    },
    /// Accuracy at each budget.
    Curve {
        /// One value for each budget, in percent.
        accuracy: Vec<f64>,
    },
    /// Beside it u8 classes, row after row from the top left, `size` a side, over the square from `low` to `high`.
    Boundary {
        /// x and y of the square's lower left corner.
        low: [f64; 2],
        /// x and y of its upper right corner.
        high: [f64; 2],
        /// Points a side.
        size: u32,
    },
    /// One point a sample.
    Embed {
        /// Index of each sample's true class in its task.
        labels: Vec<u16>,
        /// First and second principal component of each sample's features.
        xy: Vec<[f32; 2]>,
    },
    /// Beside it f32 pixels in `shape`, 0 to 1.
    Samples {
        /// Number of each sample in its data set.
        ids: Vec<u32>,
        /// Index of each sample's true class in its task.
        labels: Vec<u16>,
        /// `[n, channels, height, width]`.
        shape: [usize; 4],
    },
    /// Answers on the whole test split.
    Test(Answers),
    /// The difference that merging makes, which should be rounding alone.
    Merge {
        /// Largest absolute change of a logit.
        largest: f32,
        /// Samples whose most probable class changed.
        changed: usize,
        /// Samples that were compared: the whole test split.
        n: usize,
    },
    /// Beside it the safetensors file.
    Export {
        /// Name that a saved file should have: `model.safetensors`.
        name: String,
        /// Number of weights in the file.
        parameters: usize,
    },
    /// Beside it `adapter_model.safetensors`; nothing for a model without adapters.
    Adapter {
        /// Content of `adapter_config.json`; `None` for a model without adapters.
        config: Option<Value>,
    },
}

/// A model's answers on a list of samples: all lists have one entry a sample.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answers {
    /// Number of each sample in its data set.
    pub ids: Vec<u32>,
    /// Index of each sample's true class in its task.
    pub labels: Vec<u16>,
    /// The classes that the model names.
    pub classes: Vec<u16>,
    /// Probability of that class, 0 to 1.
    pub confidences: Vec<f32>,
    /// Probability of the second guess: "unsure" is a difference below 0.1.
    pub runners_up: Vec<f32>,
}

/// The class that a network answers by its logits: the one with the largest, the first where several are equal, and 0
/// where all are NaN. Probabilities do not tell it: logits that differ by less than a rounding of their exponentials
/// give equal ones.
pub fn best_class(logits: &[f32]) -> u16 {
    let larger = |best: (u16, f32), (at, logit): (usize, &f32)| match *logit > best.1 {
        true => (at as u16, *logit),
        false => best,
    };
    logits.iter().enumerate().fold((0, f32::NEG_INFINITY), larger).0
}

impl Answers {
    /// What a model answers that names these classes ([`best_class`]) and gives each sample this row of probabilities,
    /// one for each class.
    pub fn of<'a>(
        ids: Vec<u32>,
        labels: Vec<u16>,
        classes: Vec<u16>,
        rows: impl IntoIterator<Item = &'a [f32]>,
    ) -> Self {
        let mut answers = Self { ids, labels, classes, ..Self::default() };
        for (row, class) in rows.into_iter().zip(&answers.classes) {
            let others = row.iter().enumerate().filter(|(at, _)| *at != usize::from(*class));
            answers.confidences.push(row.get(usize::from(*class)).copied().unwrap_or(0.0));
            answers.runners_up.push(others.fold(0.0, |most, (_, p)| p.max(most)));
        }
        answers
    }

    /// Whether all lists have one length. What comes over a wire is checked once, so that indexing cannot fail later.
    pub fn is_whole(&self) -> bool {
        let others = [self.labels.len(), self.classes.len(), self.confidences.len(), self.runners_up.len()];
        others.iter().all(|len| *len == self.len())
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// How many samples are answered rightly.
    pub fn rights(&self) -> usize {
        (0..self.len()).filter(|&at| self.right(at)).count()
    }

    /// Whether sample `at` is answered rightly.
    pub fn right(&self, at: usize) -> bool {
        self.labels[at] == self.classes[at]
    }

    /// In percent; samples of the classes `without` are left out. `None` where none are left.
    pub fn accuracy(&self, without: &[u16]) -> Option<f64> {
        let counted: Vec<usize> = (0..self.len()).filter(|&at| !without.contains(&self.labels[at])).collect();
        let right = counted.iter().filter(|&&at| self.right(at)).count();
        (!counted.is_empty()).then(|| 100.0 * right as f64 / counted.len() as f64)
    }

    /// How many samples of a class are answered rightly, and how many there are.
    pub fn count(&self, class: u16) -> (usize, usize) {
        let of = (0..self.len()).filter(|&at| self.labels[at] == class);
        of.fold((0, 0), |(right, all), at| (right + usize::from(self.right(at)), all + 1))
    }

    /// Accuracy of each class in percent; `None` of one without samples.
    pub fn per_class(&self, classes: usize) -> Vec<Option<f32>> {
        (0..classes)
            .map(|class| match self.count(class as u16) {
                (_, 0) => None,
                (right, all) => Some(100.0 * right as f32 / all as f32),
            })
            .collect()
    }

    /// Places of at most `n` wrong answers, most confident first.
    pub fn hardest(&self, n: usize) -> Vec<usize> {
        let mut wrong: Vec<usize> = (0..self.len()).filter(|&at| !self.right(at)).collect();
        wrong.sort_by(|&a, &b| self.confidences[b].total_cmp(&self.confidences[a]));
        wrong.truncate(n);
        wrong
    }

    /// The place of a sample in the lists.
    pub fn at(&self, id: u32) -> Option<usize> {
        self.ids.iter().position(|other| *other == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_guess_is_found_on_either_side() {
        assert_eq!(
            [best_class(&[0.2, 0.5, 0.3]), best_class(&[-1.0, -3.0, -2.0]), best_class(&[f32::NAN; 2])],
            [1, 0, 0]
        );
        let answers = Answers::of(vec![7, 8], vec![1, 1], vec![1, 0], [&[0.2, 0.5, 0.3][..], &[0.5, 0.5, 0.0]]);
        assert_eq!((answers.accuracy(&[]), answers.runners_up), (Some(50.0), vec![0.3, 0.5]));
    }

    #[test]
    fn answers_count() {
        let answers = Answers {
            ids: vec![7, 8, 9, 4],
            labels: vec![0, 1, 1, 3],
            classes: vec![0, 1, 0, 1],
            confidences: vec![0.9, 0.8, 0.7, 0.95],
            runners_up: vec![0.0; 4],
        };
        assert_eq!(answers.accuracy(&[]), Some(50.0));
        assert_eq!(answers.accuracy(&[3]), Some(100.0 * 2.0 / 3.0));
        assert_eq!(answers.count(1), (1, 2));
        assert_eq!(answers.per_class(4), [Some(100.0), Some(50.0), None, Some(0.0)]);
        assert_eq!(answers.hardest(5), [3, 2]);
        assert!(answers.is_whole() && !Answers { labels: vec![], ..answers }.is_whole());
    }
}
