//! Integration tests over the whole engine. One binary: burn is linked once.

mod common;
mod engine_runs;
