//! Every method: one file and one line in its family's list. `first` behind it: a good first choice of its family.
#![allow(async_fn_in_trait)]

use kit::Entry;

macro_rules! methods {
    ($($shape:ident $file:ident::$Name:ident $($first:ident)?,)*) => {
        $(mod $file;)*
        pub(crate) const ENTRIES: &[kit::Entry] = &[$(kit::Entry::$shape::<$file::$Name>()$(.$first())?,)*];
    };
}

mod attack;
mod defend;
mod measure;
mod peft;
mod train;
mod transfer;
mod unlearn;

/// All methods by family, both sorted by id.
pub static CATALOGUE: [&[Entry]; 7] = [
    attack::ENTRIES,
    defend::ENTRIES,
    measure::ENTRIES,
    peft::ENTRIES,
    train::ENTRIES,
    transfer::ENTRIES,
    unlearn::ENTRIES,
];
