//! Questions to a model.

use super::{
    context::{Engine, EngineState},
    message::Reply,
};
use futures_channel::oneshot;
use js_sys::ArrayBuffer;
use leptos::prelude::*;
use spec::{Answer, Command, Question};

/// The model that is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The stage's name, or the name of the source network, and the print of its model: the worker is given the model
    /// if it lacks it.
    pub model: (String, String),
    /// The same of the models that the question names beside it.
    pub beside: Vec<(String, String)>,
    /// Ask the base alone, with the model's adapters off.
    pub base: bool,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskError {
    /// There is no engine, or not yet.
    NotReady,
    /// The worker is gone, or the same question was asked again.
    Dropped,
    /// The engine cannot answer; its sentence says why.
    Refused(String),
    /// The answer is of another form than the question asks for.
    Unreadable,
}

impl Engine {
    /// Asks a finished or growing model. The answer comes with one of the next frames. Of two equal questions under
    /// way only the newest asker gets the answer, and the worker is asked once. Buffers change hands.
    ///
    /// # Errors
    /// See [`AskError`]. A question never stays open: when the worker dies it ends with [`AskError::Dropped`].
    pub async fn ask(
        self,
        subject: Subject,
        question: Question,
        buffers: Vec<ArrayBuffer>,
    ) -> Result<(Answer, Vec<ArrayBuffer>), AskError> {
        let reply = self.send_question(subject, question, &buffers)?;
        reply.await.map_err(|_| AskError::Dropped)?.map_err(AskError::Refused)
    }

    fn send_question(
        self,
        subject: Subject,
        question: Question,
        buffers: &[ArrayBuffer],
    ) -> Result<oneshot::Receiver<Reply>, AskError> {
        if self.state.get_untracked() != EngineState::Ready {
            return Err(AskError::NotReady);
        }
        let (sender, receiver) = oneshot::channel();
        let Subject { model: (stage, print), beside, base } = subject;
        self.change(|connection| {
            connection.give(&stage, &print);
            beside.iter().for_each(|(name, print)| connection.give(name, print));
            let ask = connection.next();
            if buffers.is_empty() {
                let words = serde_json::to_string(&question).unwrap_or_default();
                let key = format!("{stage} {print} {beside:?} {base} {words}");
                if let Some(earlier) = connection.pending.get(&key).copied() {
                    connection.asks.insert(earlier, sender);
                    return;
                }
                connection.pending.insert(key, ask);
            }
            connection.asks.insert(ask, sender);
            connection.send(&Command::Ask { ask, stage: Some(stage), base, question }, buffers);
        });
        Ok(receiver)
    }

    pub(super) fn answered(self, ask: u32, answer: Result<Answer, String>, buffers: Vec<ArrayBuffer>) {
        let sender = self.change(|connection| {
            connection.pending.retain(|_, other| *other != ask);
            connection.asks.remove(&ask)
        });
        if let Some(sender) = sender {
            // Nobody waits any more if the view that asked is gone.
            let _ = sender.send(answer.map(|answer| (answer, buffers)));
        }
    }
}
