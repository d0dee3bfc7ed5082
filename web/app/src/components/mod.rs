//! The parts of the page.

pub mod bar;
pub mod block;
pub mod chips;
pub mod chooser;
pub mod controls;
pub mod dialogs;
pub mod icons;
pub mod leaf;
pub mod menu;
pub mod notice;
pub mod pad;
pub mod panel;
pub mod pixels;
pub mod strip;
pub mod table;
pub mod transport;
