use crate::cx::Cx;
use crate::data::View;
use crate::error::Result;
use crate::nets::{Net, Pass};
use crate::victim::CHUNK;
use burn::tensor::Tensor;
use spec::{Answers, Event};

/// Answers of a model on a view.
#[derive(Clone, Debug, PartialEq)]
pub struct Tested {
    pub ids: Vec<u32>,
    pub labels: Vec<u16>,
    pub classes: usize,
    /// Row after row, `[n, classes]`.
    pub probabilities: Vec<f32>,
}

/// Logits of every row of a view, in chunks of one shape: `[n, classes]` on the host, row after row.
pub async fn logits(net: &Net, view: &View, cx: &mut Cx) -> Result<Vec<f32>> {
    let net = net.frozen();
    let mut parts = Vec::with_capacity(view.len().div_ceil(CHUNK));
    for rows in view.rows.chunks(CHUNK) {
        parts.push(net.forward(view.batch(&padded(rows)).x, &mut Pass::eval()));
        cx.breathe().await?;
    }
    let mut all = if parts.is_empty() { Vec::new() } else { cx.read(Tensor::cat(parts, 0)).await? };
    all.truncate(view.len() * net.classes);
    Ok(all)
}

/// [`logits`] as probabilities, beside the labels.
pub async fn test(net: &Net, view: &View, cx: &mut Cx) -> Result<Tested> {
    let start = cx.host.now();
    let probabilities = softmax(logits(net, view, cx).await?, net.classes);
    cx.evaluating += cx.host.now() - start;
    let labels = view.rows.iter().map(|row| view.label(*row)).collect();
    Ok(Tested { ids: view.rows.to_vec(), labels, classes: net.classes, probabilities })
}

/// Logits of at most one chunk of inputs, in the chunk's shape: `[n, c, h, w]` to `[n, classes]`.
pub fn logits_of(net: &Net, x: &Tensor<4>) -> Tensor<2> {
    let n = x.dims()[0];
    let x = match CHUNK - n {
        0 => x.clone(),
        fill => Tensor::cat(vec![x.clone(), x.clone().narrow(0, 0, 1).repeat_dim(0, fill)], 0),
    };
    net.frozen().forward(x, &mut Pass::eval()).narrow(0, 0, n)
}

/// The last chunk repeats its first row, so that no second shape appears.
fn padded(rows: &[u32]) -> Vec<u32> {
    let mut rows = rows.to_vec();
    rows.resize(CHUNK, rows[0]);
    rows
}

/// In place by rows, in `f32` on the host: the same on every device for the same logits.
pub fn softmax(mut logits: Vec<f32>, classes: usize) -> Vec<f32> {
    for row in logits.chunks_mut(classes) {
        let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        row.iter_mut().for_each(|x| *x = libm::expf(*x - max));
        let sum: f32 = row.iter().sum();
        row.iter_mut().for_each(|x| *x /= sum);
    }
    logits
}

impl Tested {
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.probabilities.chunks(self.classes)
    }

    /// The answer to sample `at`, the first of equals; none if its probabilities are not numbers.
    pub fn answer(&self, at: usize) -> u16 {
        best(&self.probabilities[at * self.classes..][..self.classes]).0
    }

    pub fn right(&self, at: usize) -> bool {
        self.answer(at) == self.labels[at]
    }

    /// In percent; 100 of none.
    pub fn accuracy(&self) -> f64 {
        if self.is_empty() {
            return 100.0;
        }
        let right = (0..self.len()).filter(|at| self.right(*at)).count();
        100.0 * right as f64 / self.len() as f64
    }

    /// In percent, by label; none where the view has none of a class.
    pub fn by_class(&self) -> Vec<Option<f32>> {
        let mut counts = vec![(0_u32, 0_u32); self.classes];
        for (at, label) in self.labels.iter().enumerate() {
            if let Some((right, all)) = counts.get_mut(usize::from(*label)) {
                *right += u32::from(self.right(at));
                *all += 1;
            }
        }
        counts.into_iter().map(|(right, all)| (all > 0).then(|| 100.0 * right as f32 / all as f32)).collect()
    }

    /// The probability of the true class of every sample.
    pub fn confidence_in_label(&self) -> Vec<f32> {
        self.rows().zip(&self.labels).map(|(row, label)| row[usize::from(*label)]).collect()
    }

    pub fn is_finite(&self) -> bool {
        self.probabilities.iter().all(|p| p.is_finite())
    }

    /// The class of each sample, and how sure the model is of it.
    pub fn answers(&self) -> Answers {
        let best: Vec<(u16, f32, f32)> = self.rows().map(best).collect();
        Answers {
            ids: self.ids.clone(),
            labels: self.labels.clone(),
            classes: best.iter().map(|best| best.0).collect(),
            confidences: best.iter().map(|best| best.1).collect(),
            runners_up: best.iter().map(|best| best.2).collect(),
        }
    }

    /// [`Self::answers`] as an event.
    pub fn event(&self, series: &str) -> Event {
        Event::Answers { series: series.into(), answers: self.answers() }
    }
}

/// Class and probability of the best answer, probability of the second.
fn best(row: &[f32]) -> (u16, f32, f32) {
    let (mut class, mut first, mut second) = (0, f32::NEG_INFINITY, 0.0);
    for (at, &p) in row.iter().enumerate() {
        if p > first {
            second = first.max(0.0);
            (class, first) = (at as u16, p);
        } else if p > second {
            second = p;
        }
    }
    (class, first.max(0.0), second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tested() -> Tested {
        Tested {
            ids: vec![5, 6, 9],
            labels: vec![0, 1, 1],
            classes: 3,
            probabilities: vec![0.7, 0.2, 0.1, 0.5, 0.4, 0.1, 0.1, 0.8, 0.1],
        }
    }

    #[test]
    fn accuracy_counts_right_answers() {
        assert!((tested().accuracy() - 66.666_666).abs() < 1e-4);
        assert_eq!(tested().by_class(), [Some(100.0), Some(50.0), None]);
        assert_eq!(tested().confidence_in_label(), [0.7, 0.4, 0.8]);
    }

    #[test]
    fn second_guess_is_found_on_either_side() {
        assert_eq!(best(&[0.2, 0.5, 0.3]), (1, 0.5, 0.3));
        assert_eq!(best(&[0.5, 0.3, 0.2]), (0, 0.5, 0.3));
    }

    #[test]
    fn softmax_sums_to_one_even_for_large_logits() {
        let p = softmax(vec![1000.0, 0.0, -1000.0, 1.0, 1.0, 1.0], 3);
        assert_eq!(p[0], 1.0);
        assert!((p[3..].iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }
}
