//! The parts that views are made of: buttons, controls, blocks, charts, menus, dialogs, pictures. None of them knows
//! the run, the engine or a lab: what they show and what a press does is handed in. What all of them need from the page
//! is in [`PageHost`].

pub mod block;
pub mod button;
pub mod chart;
pub mod chips;
pub mod dialog;
pub mod elements;
pub mod export;
pub mod field;
pub mod host;
pub mod icons;
pub mod math;
pub mod menu;
pub mod pixels;
pub mod say;
pub mod scale;
pub mod segments;
pub mod select;
pub mod slider;
pub mod stepper;
pub mod switch;
pub mod table;
pub mod value;

pub use block::Block;
pub use button::{Button, IconButton};
pub use chart::{ChartBlock, Marks};
pub use chips::{Chip, Chips};
pub use dialog::{Dialog, Modal};
pub use field::Field;
pub use host::{Drawn, MenuEntry, PageHost};
pub use icons::{Glyph, Icon};
pub use math::Equation;
pub use menu::{MenuButton, MenuLayer};
pub use pixels::{Image, Pixels};
pub use say::Say;
pub use segments::{Segment, Segments};
pub use select::{Select, SelectOption};
pub use slider::Range;
pub use stepper::Stepper;
pub use switch::Switch;
