//! What stands around the labs on every page.

pub mod bar;
mod boundary;
pub mod chooser;
pub mod dialogs;
pub mod document;
pub mod files;
pub mod keys;
pub mod layer_menu;
pub mod leaf;
mod leaf_asking;
mod leaf_tiles;
mod looks;
pub mod notices;
pub mod pad;
mod pad_surface;
pub mod panel;
mod play_state;
mod settings;
pub mod stage;
mod strip_notes;
pub mod strip_view;
pub mod tools;
pub mod transport;
pub mod words;
