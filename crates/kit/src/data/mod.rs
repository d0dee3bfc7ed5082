//! Data: the sets, how they are split and viewed, and what of them is to be forgotten.

mod class;
mod data_set;
mod forget;
mod gunzip;
mod image_views;
mod points;
mod raw_set;
mod rotate;
mod split;
mod task;
mod validation;
mod view;

pub use class::Class;
pub use data_set::{DataSet, Load, SetEntry, find};
pub use forget::{Split, forget_choices, forget_rows};
pub use image_views::ImageViews;
pub use raw_set::RawSet;
pub use rotate::rotate;
pub use split::stratified;
pub use task::Task;
pub use validation::Validation;
pub(crate) use view::upload;
pub use view::{Batch, CHUNK, Set, View};

macro_rules! sets {
    ($($file:ident::$Name:ident,)*) => {
        $(pub mod $file;)*

        /// Every data set that comes with the engine, sorted by id.
        pub static SETS: &[SetEntry] = &[$(SetEntry::of::<$file::$Name>(),)*];
    };
}

sets! {
    digits::Digits,
    glyphs::Glyphs,
    idx::Idx,
    moons::Moons,
    spirals::Spirals,
}
