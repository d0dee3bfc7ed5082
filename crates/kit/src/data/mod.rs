pub mod digits;
mod raw;
mod split;
pub use raw::Raw;
pub use split::stratified;
