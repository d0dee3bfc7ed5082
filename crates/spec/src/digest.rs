/// FNV-1a of 64 bits: names of random streams, fingerprints in reports, keys of results. It is no protection against
/// anybody who wants two texts with one digest.
pub struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Digest {
    /// The digest of rows of a set, in their order.
    pub fn of_rows(rows: &[u32]) -> Self {
        let mut digest = Self::default();
        rows.iter().for_each(|row| digest.write(&row.to_le_bytes()));
        digest
    }

    /// Adds one piece; where pieces end counts, so that `ab` and `c` differ from `a` and `bc`.
    pub fn write(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().chain(&[0xff]) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// Adds many numbers as one piece, by their bits: as [`Self::write`], with steps of eight bytes.
    pub fn write_numbers(&mut self, numbers: &[f32]) {
        for pair in numbers.chunks(2) {
            let [first, second] =
                [pair[0], pair.get(1).copied().unwrap_or(f32::NAN)].map(|number| u64::from(number.to_bits()));
            self.0 = (self.0 ^ (first | second << 32)).wrapping_mul(0x0100_0000_01b3).rotate_left(23);
        }
        self.write(&(numbers.len() as u64).to_le_bytes());
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
