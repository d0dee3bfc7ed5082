//! The data sets with their licences.
