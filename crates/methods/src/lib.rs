//! Every method: one file for it or for a family of variants, and its line in the family's list. `first` behind its
//! name: a good first choice of its family.
#![allow(async_fn_in_trait)]
#![deny(missing_docs)]

use kit::Entry;
use spec::Card;
use std::sync::LazyLock;

macro_rules! methods {
    ($($shape:ident $file:ident::$($Name:ident $($first:ident)?)?$({$($Variant:ident $($lead:ident)?),+})?,)*) => {
        $(mod $file;)*
        pub(crate) static ENTRIES: &[kit::Entry] = &[$(
            $(kit::Entry::$shape::<$file::$Name>()$(.$first())?,)?
            $($(kit::Entry::$shape::<$file::$Variant>()$(.$lead())?,)+)?
        )*];
        pub(crate) static CARDS: &[spec::Card] = &[$(
            $(<$file::$Name as kit::Method>::CARD,)?
            $($(<$file::$Variant as kit::Method>::CARD,)+)?
        )*];
    };
}

macro_rules! families {
    ($($family:ident,)*) => {
        $(mod $family;)*
        const ENTRIES: &[&[Entry]] = &[$($family::ENTRIES),*];
        const CARDS: &[&[Card]] = &[$($family::CARDS),*];
    };
}

families! {
    attack,
    defend,
    measure,
    peft,
    train,
    transfer,
    unlearn,
}

/// All methods, sorted by id.
pub static CATALOGUE: LazyLock<Vec<&'static Entry>> = LazyLock::new(|| {
    let mut all: Vec<&Entry> = ENTRIES.iter().copied().flatten().collect();
    all.sort_unstable_by_key(|entry| entry.id);
    all
});

/// The cards of all methods, sorted by id. They are a list of their own, so that a program which runs methods and never
/// asks for their cards is linked without those texts.
pub fn cards() -> Vec<&'static Card> {
    let mut all: Vec<&Card> = CARDS.iter().copied().flatten().collect();
    all.sort_unstable_by_key(|card| card.id);
    all
}
