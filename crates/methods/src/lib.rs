//! Every method: one file for it or for a family of variants, and its line in the family's list. `first` behind its
//! name: a good first choice of its family.
#![allow(async_fn_in_trait)]

use kit::Entry;
use std::sync::LazyLock;

macro_rules! methods {
    ($($shape:ident $file:ident::$($Name:ident $($first:ident)?)?$({$($Variant:ident $($lead:ident)?),+})?,)*) => {
        $(mod $file;)*
        pub(crate) static ENTRIES: &[kit::Entry] = &[$(
            $(kit::Entry::$shape::<$file::$Name>()$(.$first())?,)?
            $($(kit::Entry::$shape::<$file::$Variant>()$(.$lead())?,)+)?
        )*];
    };
}

mod attack;
mod defend;
mod measure;
mod peft;
mod train;
mod transfer;
mod unlearn;

/// All methods, sorted by id.
pub static CATALOGUE: LazyLock<Vec<&'static Entry>> = LazyLock::new(|| {
    let families = [
        attack::ENTRIES,
        defend::ENTRIES,
        measure::ENTRIES,
        peft::ENTRIES,
        train::ENTRIES,
        transfer::ENTRIES,
        unlearn::ENTRIES,
    ];
    let mut all: Vec<&Entry> = families.into_iter().flatten().collect();
    all.sort_unstable_by_key(|entry| entry.card.id);
    all
});
