//! The page's address: the path of a place is what its hash holds behind `#/`.

const START: &str = "#/";

/// The path of the page about data, networks and licences.
pub const DATA: &str = "data";

/// For a link: `#/runs`.
pub fn hash(path: &str) -> String {
    format!("{START}{path}")
}

/// The path that a hash holds; `None` of a hash that is no path.
pub fn path(hash: &str) -> Option<&str> {
    hash.strip_prefix(START)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_in_its_hash() {
        assert_eq!(path(&hash("method/attack.pgd")), Some("method/attack.pgd"));
        assert_eq!((path("#/"), path("#r=abc"), path("")), (Some(""), None, None));
    }
}
