//! A run: its data and models, its methods, and the harness of each shape of method.

mod entry;
mod lineage;
mod place;
mod results;
mod shapes;
mod state;

pub use entry::{Attach, AttackFns, Entry, Forget, Harness, Method, Perturb};
pub use lineage::Lineage;
pub use place::{Leaves, Place};
pub use results::{AttackStage, Attacked, Judged, Reference};
pub use shapes::attack::{Aimed, Attack, AttackJob, Threat, accuracies, attack_view, others};
pub use shapes::measure::{Measure, MeasureJob};
pub use shapes::peft::{Attached, Peft};
pub use shapes::tune::{Tune, TuneJob, prepared};
pub use shapes::unlearn::{Unlearn, UnlearnJob, references_to_make};
pub use shapes::{Beside, Other};
pub use state::{Base, Begun, Given, Made, Make, Makers, Planned, Request, RunState};
