//! The labs: views on a layer by what its family does. This list is the only one; tabs, keys, routes and the chooser
//! loop over it.

mod accuracy;
mod exhibits;
pub mod lab;
pub mod part;

pub use exhibits::Exhibits;
use lab::Lab;
use spec::Family;

macro_rules! labs {
    ($($(#[$only:meta])* $id:ident,)*) => {
        $($(#[$only])* mod $id;)*
        /// In the order of their tabs.
        pub static LABS: &[&Lab] = &[$($(#[$only])* &$id::LAB),*];
    };
}

labs! {
    transfer,
    adapt,
    attack,
    forget,
    #[cfg(feature = "toy")]
    toy,
}

/// The lab of a family. Every family has exactly one; a lab may have several, or none.
pub fn of(family: Family) -> &'static Lab {
    LABS.iter().find(|lab| lab.families.contains(&family)).expect("every family has a lab")
}

/// The lab with this id.
pub fn find(id: &str) -> Option<&'static Lab> {
    LABS.iter().copied().find(|lab| lab.id == id)
}

/// The id of a family's lab, which is its path.
pub fn home(family: Family) -> &'static str {
    of(family).id
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::catalogue;
    use std::collections::HashSet;

    #[test]
    fn every_family_has_one_lab() {
        for method in &catalogue().methods {
            let family = method.card.family;
            assert_eq!(LABS.iter().filter(|lab| lab.families.contains(&family)).count(), 1, "{family:?}");
        }
    }

    #[test]
    fn ids_are_told_apart() {
        assert_eq!(LABS.iter().map(|lab| lab.id).collect::<HashSet<_>>().len(), LABS.len());
    }
}
