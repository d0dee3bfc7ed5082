//! What attack stages leave for later.

use crate::session::Session;
use kit::attack::eight_bits;
use kit::run::{AttackStage, RunState};
use spec::{Kind, RunSpec};
use std::rc::Rc;

/// Changed inputs of an attack stage.
#[derive(Clone)]
pub struct Adversarials(Rc<AttackStage>);

impl Adversarials {
    /// Whether the inputs are images, and no points.
    pub fn are_images(&self) -> bool {
        self.0.view.set.kind == Kind::Images
    }

    /// Ids of the samples, `[n]`.
    pub fn ids(&self) -> &[u32] {
        &self.0.view.rows
    }

    /// Their true classes, `[n]`.
    pub fn labels(&self) -> Vec<u16> {
        self.0.view.rows.iter().map(|row| self.0.view.label(*row)).collect()
    }

    /// `[n, channels, height, width]`.
    pub fn shape(&self) -> [usize; 4] {
        let [channels, height, width] = self.0.view.set.shape;
        [self.0.view.len(), channels, height, width]
    }

    /// Their elements in row-major order.
    pub fn pixels(&self) -> &[f32] {
        &self.0.done.pixels
    }

    pub(crate) fn stage(&self) -> &AttackStage {
        &self.0
    }

    /// The images in levels of eight bits inside the ball; `None` of points, and where the ball around an image has no
    /// image of eight bits.
    pub(crate) fn levels(&self) -> Option<Vec<u8>> {
        let AttackStage { ball, view, done, .. } = &*self.0;
        let size = view.set.shape.iter().product();
        let images = view.rows.iter().zip(done.pixels.chunks(size));
        let levels: Option<Vec<Vec<u8>>> =
            images.map(|(row, changed)| eight_bits(*ball, view.pixels(*row), changed)).collect();
        levels.filter(|_| self.are_images()).map(|levels| levels.concat())
    }
}

impl Session {
    /// Whether a stage of this run reads what attack stages leave.
    pub(crate) fn reads_attacks(&self, spec: &RunSpec) -> bool {
        spec.stages.iter().any(|stage| self.registry.entry(&stage.id).is_ok_and(|entry| entry.needs.attacks.is_some()))
    }

    /// Puts what attack stages before `first` have left into the run, if it was left by the same stages.
    pub(crate) fn bring_attacks(&self, state: &mut RunState, first: usize) {
        for index in 0..first.min(state.spec.stages.len()) {
            let (name, key) = (state.spec.stage_name(index), self.key(index, state));
            if let Some((_, left)) = self.attacks.get(&name).filter(|(known, _)| *known == key) {
                state.attacks.insert(name, left.clone());
            }
        }
    }

    /// Keeps what the run's attack stages have left.
    pub(crate) fn keep_attacks(&mut self, state: &RunState) {
        for index in 0..state.spec.stages.len() {
            let name = state.spec.stage_name(index);
            let Some(left) = state.attacks.get(&name) else { continue };
            self.adversarials.insert(name.clone(), Adversarials(left.clone()));
            self.attacks.insert(name, (self.key(index, state), left.clone()));
        }
    }
}
