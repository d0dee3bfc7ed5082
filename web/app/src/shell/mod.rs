//! What stands around the labs on every page.

pub mod bar;
pub mod chooser;
pub mod dialogs;
pub mod document;
pub mod files;
pub mod keys;
pub mod leaf;
pub mod notices;
pub mod pad;
pub mod panel;
pub mod query;
pub mod stage;
pub mod strip_view;
pub mod tools;
pub mod transport;
