//! The chooser of methods.
