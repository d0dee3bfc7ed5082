/// FNV-1a of 64 bits: names of random streams, fingerprints in reports, keys of results. It is no protection against
/// anybody who wants two texts with one digest.
pub struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Digest {
    /// Adds one piece; where pieces end counts, so that `ab` and `c` differ from `a` and `bc`.
    pub fn write(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().chain(&[0xff]) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// The digest of all pieces so far, as a number.
    pub const fn value(&self) -> u64 {
        self.0
    }

    /// Sixteen digits.
    pub fn hex(&self) -> String {
        format!("{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_count() {
        let of = |pieces: &[&str]| {
            let mut digest = Digest::default();
            pieces.iter().for_each(|piece| digest.write(piece.as_bytes()));
            digest.hex()
        };
        assert_eq!(Digest::default().hex(), "cbf29ce484222325");
        assert_eq!(of(&["ab", "c"]), of(&["ab", "c"]));
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
    }
}
