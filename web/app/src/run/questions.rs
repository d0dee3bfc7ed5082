//! What the page asks of models by their stages' names.

use super::context::Run;
use crate::engine::{AskError, Subject};
use js_sys::{ArrayBuffer, Float32Array};
use leptos::prelude::*;
use report::Images;
use spec::{Answer, Question, START};
use std::sync::Arc;
use wasm_bindgen_futures::spawn_local;

impl Run {
    /// Asks the model of a stage, or its base without adapters. Nothing is tracked.
    ///
    /// # Errors
    /// See [`AskError`].
    pub async fn ask(
        self,
        stage: &str,
        base: bool,
        question: Question,
        buffers: Vec<ArrayBuffer>,
    ) -> Result<(Answer, Vec<ArrayBuffer>), AskError> {
        let with = match &question {
            Question::Attack { with, .. } | Question::Curve { with, .. } => with.as_slice(),
            _ => &[],
        };
        let named = |name: &str| (name.to_owned(), untrack(|| self.print(name)).unwrap_or_default());
        let subject = Subject { model: named(stage), base, beside: with.iter().map(|name| named(name)).collect() };
        self.engine.ask(subject, question, buffers).await
    }

    /// Asks for answers of a model on a task that it was not played on, or of its base alone; they come into
    /// [`Run::asked`].
    pub fn ask_test(self, stage: &str, base: bool, task: &str) {
        let Some(print) = untrack(|| self.print(stage)) else { return };
        let (stage, key) = (stage.to_owned(), (print, task.to_owned(), base));
        let question = Question::Test { task: task.into() };
        spawn_local(async move {
            let Ok((Answer::Test(answers), _)) = self.ask(&stage, base, question, vec![]).await else { return };
            if answers.is_whole() {
                self.asked.update(|asked| drop(asked.insert(key, Arc::new(answers))));
            }
        });
    }

    /// Asks for images of a task by their numbers; they come into [`Run::samples`].
    pub fn ask_samples(self, task: &str, ids: Vec<u32>) {
        let key = untrack(|| self.task_key(task));
        let question = Question::Samples { task: task.into(), ids };
        spawn_local(async move {
            if let Ok((images, _)) = self.ask_images(question).await {
                self.samples.update(|samples| {
                    samples.insert(key, Arc::new(images));
                });
            }
        });
    }

    /// Images and their labels, of a question that is answered by such.
    ///
    /// # Errors
    /// See [`AskError`].
    pub async fn ask_images(self, question: Question) -> Result<(Images, Vec<u16>), AskError> {
        let (answer, buffers) = self.ask(START, false, question, vec![]).await?;
        let Answer::Samples { ids, labels, shape } = answer else { return Err(AskError::Unreadable) };
        let pixels = buffers.first().map(floats).unwrap_or_default();
        Ok((Images::new(ids, shape, pixels).ok_or(AskError::Unreadable)?, labels))
    }

    /// The safetensors of a stage's model, if the page keeps it.
    pub fn weights(&self, stage: &str) -> Option<Vec<u8>> {
        self.engine.model(&untrack(|| self.print(stage))?)
    }

    /// Whether the page keeps a stage's model.
    pub fn has_weights(&self, stage: &str) -> bool {
        untrack(|| self.print(stage)).is_some_and(|print| self.engine.has_model(&print))
    }
}

/// Numbers of a buffer that came beside an answer.
pub fn floats(buffer: &ArrayBuffer) -> Vec<f32> {
    Float32Array::new(buffer).to_vec()
}

/// A buffer to send beside a question.
pub fn buffer(values: &[f32]) -> ArrayBuffer {
    Float32Array::from(values).buffer()
}
