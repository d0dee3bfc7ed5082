//! Words of the lab.

/// The lab's path.
pub const ID: &str = "adapt";

pub const TITLE: &str = "Adapt";

/// In the blocks about the adapter, where the layer has none.
pub fn no_adapter(title: &str) -> String {
    let title = if title.is_empty() { "This method" } else { title };
    format!("{title} changes weights of the network itself. There is no adapter to take off or to merge.")
}
