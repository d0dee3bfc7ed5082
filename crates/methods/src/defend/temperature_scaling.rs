//! Temperature scaling (Guo et al. 2017, arXiv:1706.04599): one number makes a network as sure as it is right.

use burn::module::Module;
use kit::data::Task;
use kit::learn::logits;
use kit::nets::Net;
use kit::run::{Tune, TuneJob};
use kit::stats::temperature;
use kit::{Cx, Error, Method, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Card, Direction, Event, Family, Metric, Needs, Row};

/// There is nothing to set.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {}

/// Divides the logits by the temperature that fits the validation samples best.
pub struct TemperatureScaling;

impl Tune for TemperatureScaling {
    async fn tune(_: &Config, TuneJob { net, task, .. }: TuneJob<'_>, cx: &mut Cx) -> Result<Net> {
        let logits = logits(&net, &task.valid, cx).await?;
        if logits.iter().any(|logit| !logit.is_finite()) {
            return Err(Error::BadStart);
        }
        let labels: Vec<u16> = task.valid.rows.iter().map(|row| task.valid.label(*row)).collect();
        let found = temperature(&logits, net.classes, &labels).expect("it has validation samples");
        if found.is_bound {
            let message = "The validation samples have no best temperature: the network answers all of them rightly, \
                           or worse than by chance. The nearest bound is taken.";
            cx.say(Event::Warning { message: message.into() });
        }
        cx.rows.push(Row::new(&cx.stage, "temperature", found.value));
        cx.step(1, 1).await?;
        let scale = 1.0 / found.value;
        let mut head = net.head();
        head.weight = head.weight.map(|weight| weight.mul_scalar(scale));
        head.bias = head.bias.map(|bias| bias.map(|bias| bias.mul_scalar(scale)));
        // None of its weights has learned.
        Ok(net.put_head(head).no_grad())
    }
}

impl Method for TemperatureScaling {
    type Config = Config;

    fn check(_: &Config, task: &Task) -> Result {
        match task.valid.is_empty() {
            true => {
                let why = "the task has no validation samples to fit the temperature on; `validation = 0.1` keeps some";
                Err(Error::input(format!("tasks.{}", task.name), why))
            }
            false => Ok(()),
        }
    }

    const CARD: Card = Card {
        id: "defend.temperature-scaling",
        title: "Temperature scaling",
        family: Family::Defend,
        authors: "Guo, Pleiss, Sun, Weinberger",
        year: 2017,
        paper: "On Calibration of Modern Neural Networks, ICML 2017, arXiv:1706.04599, section 4.2",
        equation: r"q(x) = \operatorname{softmax}(f(x) / T), \quad T = \arg\min_T \, -\sum_i \log q_{y_i}(x_i)",
        summary: "One number makes a network as sure as it is right, and changes no answer.",
        notes: "Fitted on the validation samples by Newton's method in 1 / T, where the loss is convex, to a gradient \
            of 1e-10; the authors' code starts at 1.5 and stops before it converges. T goes into the weights of the \
            last layer, so that the network is saved and attacked as it answers. Answers, and attacks by the sign of \
            the gradient, stay as they are; an attack whose loss sees probabilities has smaller gradients where T is \
            small.",
        needs: Needs::ANY,
        metrics: &[Metric::new(
            "temperature",
            "T",
            "",
            Direction::None,
            "what the logits are divided by: above 1, the network was too sure",
        )],
    };
}
