mod raw;
pub use raw::Raw;
