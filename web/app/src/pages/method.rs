//! The card of a method.
