//! gzip (RFC 1952) around a library's deflate and a library's sum. flate2's own reader comes with 16 KB of tables for
//! the sum, which do not compress, in an engine that every visitor downloads.

use crc::{CRC_32_ISO_HDLC, Crc, Digest};
use flate2::bufread::DeflateDecoder;
use std::io::{Error, ErrorKind, Read, Result};

static CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// Reads one member; its sum and its length are checked at its end.
pub struct Gunzip<'a> {
    /// The whole file, until its header was read.
    header: Option<&'a [u8]>,
    stream: DeflateDecoder<&'a [u8]>,
    /// None once they were checked.
    sum: Option<Digest<'static, u32>>,
    length: u32,
}

impl<'a> Gunzip<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { header: Some(bytes), stream: DeflateDecoder::new(&[]), sum: Some(CRC.digest()), length: 0 }
    }
}

impl Read for Gunzip<'_> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        if let Some(bytes) = self.header.take() {
            self.stream = DeflateDecoder::new(behind_header(bytes)?);
        }
        let n = self.stream.read(into)?;
        match &mut self.sum {
            Some(sum) if n > 0 => {
                sum.update(&into[..n]);
                self.length = self.length.wrapping_add(n as u32);
            }
            sum if n == 0 && !into.is_empty() => {
                if let Some(sum) = sum.take() {
                    let mut rest = *self.stream.get_ref();
                    let wanted = u32::from_le_bytes(take(rest)?);
                    let length = u32::from_le_bytes(take(skip(&mut rest, 4)?)?);
                    if [wanted, length] != [sum.finalize(), self.length] {
                        return Err(damaged("its sum is another one"));
                    }
                }
            }
            _ => {}
        }
        Ok(n)
    }
}

/// What comes behind the header: ten bytes, and what its flags say.
fn behind_header(mut bytes: &[u8]) -> Result<&[u8]> {
    let [_, _, method, flags] = take(bytes)?;
    if method != 8 || flags & 0xe0 != 0 {
        return Err(damaged("it is packed in an unknown way"));
    }
    skip(&mut bytes, 10)?;
    if flags & 4 != 0 {
        let extra = u16::from_le_bytes(take(bytes)?);
        skip(&mut bytes, 2 + usize::from(extra))?;
    }
    // A name and a comment, each up to a zero.
    for flag in [8, 16] {
        if flags & flag != 0 {
            let end = bytes.iter().position(|byte| *byte == 0).ok_or(ErrorKind::UnexpectedEof)?;
            skip(&mut bytes, end + 1)?;
        }
    }
    if flags & 2 != 0 {
        skip(&mut bytes, 2)?;
    }
    Ok(bytes)
}

fn take<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    Ok(*bytes.first_chunk().ok_or(ErrorKind::UnexpectedEof)?)
}

fn skip<'a>(bytes: &mut &'a [u8], n: usize) -> Result<&'a [u8]> {
    *bytes = bytes.get(n..).ok_or(ErrorKind::UnexpectedEof)?;
    Ok(bytes)
}

fn damaged(why: &str) -> Error {
    Error::new(ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, GzBuilder};
    use std::io::Write;

    fn unpacked(bytes: &[u8]) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        Gunzip::new(bytes).read_to_end(&mut all).map(|_| all)
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
}
