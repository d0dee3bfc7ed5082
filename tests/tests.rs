//! Integration tests over the whole engine. One binary: burn is linked once.

mod cli;
mod common;
mod engine_runs;
