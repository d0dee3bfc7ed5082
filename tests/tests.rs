//! Integration tests over the whole engine. One binary: burn is linked once.

mod attacks;
mod bad_input;
mod catalogue;
mod cli;
mod common;
mod curves;
mod engine_runs;
mod exhibits;
mod foreign_files;
mod forgetting;
mod goldens;
mod gradients;
mod hostile;
mod kept;
mod laws;
mod measures;
mod readme;
mod recipes;
mod results;
mod store;
mod stored;
mod streams;
mod tidy;
mod told;
mod toy_set;
mod with;
