//! What a run is, what it says, and which controls exist: plain data, shared by engine, page and command line.
//!
//! No tensors here. A type that crosses the worker's boundary lives in this crate.
#![deny(missing_docs)]

mod answer;
mod card;
mod catalogue;
mod command;
mod control;
mod digest;
mod event;
mod exhibit;
mod facts;
mod grid;
mod metric;
mod model;
mod outline;
pub(crate) mod run;
#[cfg(any(test, feature = "samples"))]
pub mod samples;
mod shown;
mod strict;
mod write;
mod wrong;

pub use answer::{Answer, Answers, Question, best_class};
pub use card::{Access, Card, CardData, Family, Kind, MOST_WITH, Manner, Needs, Shape};
pub use catalogue::{Catalogue, Choice, Leaf, MethodInfo, Recipe};
pub use command::{Command, Import};
pub use control::{Control, Setting, Source, Widget, check_all};
pub use digest::Digest;
pub use event::{Cause, Event, FORMAT, Report, Reports, Row, Said, Samples, Why};
pub use exhibit::{ATTACKED, Exhibit, Exhibited, PointLine, finite};
pub use facts::{Adjective, CLASSES, DataFacts, FamilyInfo, Noun, SourceFacts};
pub use grid::{GridRun, Point, point_name};
pub use metric::{Direction, METRICS, Metric, MetricData, changed_pixels, interval, metric};
pub use model::Model;
pub use run::{DeviceChoice, Pick, RESERVED, RunSpec, SEEDS, START, START_STREAM, Stage, VERSION, device_name, short};
pub use shown::{SHOWN, first_of_each_class};
pub use wrong::{Wrong, nearest};
