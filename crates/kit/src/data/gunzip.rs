//! gzip with a limit on what comes out, because the file may come from anyone.

use flate2::bufread::GzDecoder;
use std::io::{Error, ErrorKind, Read, Result};

/// The first two bytes of a member.
pub(super) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Unpacks a gzip file of any number of members, one after the other. Each member's checksum is verified at its end;
/// other bytes after the last one are an error.
pub struct Gunzip<'a> {
    /// The member that is read.
    member: GzDecoder<&'a [u8]>,
    limit: usize,
    /// Bytes that may still come out.
    left: usize,
}

impl<'a> Gunzip<'a> {
    /// A file from which at most `limit` bytes may come out; more is an error.
    pub fn new(bytes: &'a [u8], limit: usize) -> Self {
        Self { member: GzDecoder::new(bytes), limit, left: limit }
    }
}

impl Read for Gunzip<'_> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        let n = loop {
            let n = self.member.read(into).map_err(|error| match error.kind() {
                ErrorKind::UnexpectedEof => error,
                _ => Error::new(ErrorKind::InvalidData, error),
            })?;
            let rest = *self.member.get_ref();
            if n > 0 || into.is_empty() || rest.is_empty() {
                break n;
            }
            // A member that is cut within these two is told as cut.
            if !MAGIC.starts_with(&rest[..rest.len().min(MAGIC.len())]) {
                let many = if rest.len() == 1 { "another byte follows" } else { "other bytes follow" };
                return Err(Error::new(ErrorKind::InvalidData, format!("{many} the end of its compressed data")));
            }
            self.member = GzDecoder::new(rest);
        };
        self.left = self.left.checked_sub(n).ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidData,
                format!("more than the {} that are read come out of it", size(self.limit)),
            )
        })?;
        Ok(n)
    }
}

/// Bytes in the largest unit that is not a fraction.
fn size(bytes: usize) -> String {
    if bytes >= 1 << 20 { format!("{} MB", bytes >> 20) } else { format!("{bytes} bytes") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, GzBuilder};
    use std::io::Write;

    fn unpacked(bytes: &[u8]) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        Gunzip::new(bytes, usize::MAX).read_to_end(&mut all).map(|_| all)
    }

    #[test]
    fn headers_of_any_kind_are_read_and_cuts_refused() {
        let text: Vec<u8> = (0..50_000_u32).map(|i| ((i * i) >> 7) as u8).collect();
        let plain = GzBuilder::new;
        let named = || GzBuilder::new().filename("images").comment("of nobody");
        for builder in [plain(), named(), named().extra([7; 300]), plain().extra([]).mtime(1 << 30)] {
            let mut encoder = builder.write(Vec::new(), Compression::best());
            encoder.write_all(&text).unwrap();
            let packed = encoder.finish().unwrap();
            assert!(unpacked(&packed).unwrap() == text);
            // Near both ends, and here and there between.
            let ends = (0..400).chain((400..packed.len() - 20).step_by(997)).chain(packed.len() - 20..packed.len());
            for end in ends {
                assert!(unpacked(&packed[..end]).is_err(), "{end} of {}", packed.len());
            }
            for at in [2, packed.len() - 8, packed.len() - 1] {
                let mut wrong = packed.clone();
                wrong[at] ^= 1;
                assert_eq!(unpacked(&wrong).unwrap_err().kind(), ErrorKind::InvalidData, "{at}");
            }
        }
    }

    #[test]
    fn nothing_is_a_file_too() {
        let packed = GzBuilder::new().write(Vec::new(), Compression::fast()).finish().unwrap();
        assert!(unpacked(&packed).unwrap().is_empty());
        assert!(unpacked(&[]).is_err());
    }

    #[test]
    fn members_are_read_one_after_the_other() {
        let member = |bytes: &[u8]| {
            let mut encoder = GzBuilder::new().write(Vec::new(), Compression::best());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        };
        let packed = [member(b"one "), member(b""), member(b"two")].concat();
        assert_eq!(unpacked(&packed).unwrap(), b"one two");
        assert!(unpacked(&packed[..packed.len() - 1]).is_err());
        // However short what follows is, and zeros too.
        for (rest, many) in
            [(&b"rubbish"[..], "other bytes follow"), (b"\n", "another byte follows"), (&[0; 512], "other")]
        {
            let error = unpacked(&[&packed[..], rest].concat()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData);
            assert!(error.to_string().starts_with(many), "{error}");
        }
        // The first bytes of a further member, which is cut off.
        for cut in 1..10 {
            let error = unpacked(&[&packed[..], &packed[..cut]].concat()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{cut}: {error}");
        }
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let mut encoder = GzBuilder::new().write(Vec::new(), Compression::best());
        encoder.write_all(&vec![0; 1 << 22]).unwrap();
        let packed = encoder.finish().unwrap();
        assert!(packed.len() < 1 << 13);
        let read = |limit: usize| {
            let mut all = Vec::new();
            let end = Gunzip::new(&packed, limit).read_to_end(&mut all);
            (all.len(), end.map_err(|error| error.to_string()))
        };
        assert_eq!(read(1 << 22), (1 << 22, Ok(1 << 22)));
        let (came_out, end) = read(1 << 20);
        assert!(came_out <= 1 << 20, "{came_out}");
        assert_eq!(end.unwrap_err(), "more than the 1 MB that are read come out of it");
    }
}
