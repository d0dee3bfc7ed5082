//! One IDX file: its header, then its values.

use crate::data::gunzip::{Gunzip, MAGIC};
use crate::foreign::{HEAD, foreign};
use spec::Wrong;
use std::io::{Cursor, ErrorKind, Read};

/// Largest number of values in one file: a gigabyte of pixels in memory.
const LIMIT: usize = 1 << 28;

/// Largest header: four bytes, and the sizes of four dimensions.
const HEADER: usize = 20;

/// Deflate packs at most this many bytes into one: two one-bit codes repeat 258 bytes.
const DEFLATE_RATIO: usize = 1032;

/// What would be right in place of a file that is not IDX.
const RIGHT: &str = "convert it to IDX, for instance with idx2numpy.convert_to_file";

type Result<T> = std::result::Result<T, Wrong>;

/// A type of values, big-endian.
struct Element {
    /// Its code in the header.
    code: u8,
    /// Bytes of a value.
    size: usize,
    is_whole: bool,
    read: fn(&[u8]) -> f64,
}

/// All that the format has.
const ELEMENTS: [Element; 6] = [
    Element { code: 0x08, size: 1, is_whole: true, read: |bytes| bytes[0].into() },
    Element { code: 0x09, size: 1, is_whole: true, read: |bytes| i8::from_be_bytes(array(bytes)).into() },
    Element { code: 0x0b, size: 2, is_whole: true, read: |bytes| i16::from_be_bytes(array(bytes)).into() },
    Element { code: 0x0c, size: 4, is_whole: true, read: |bytes| i32::from_be_bytes(array(bytes)).into() },
    Element { code: 0x0d, size: 4, is_whole: false, read: |bytes| f32::from_be_bytes(array(bytes)).into() },
    Element { code: 0x0e, size: 8, is_whole: false, read: |bytes| f64::from_be_bytes(array(bytes)) },
];

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("a value is cut to its size")
}

/// A file whose header is read and checked.
pub(super) struct File<'a> {
    /// The setting that names it, for errors.
    key: &'static str,
    /// Sizes of one to four dimensions, none of them zero.
    pub sizes: Vec<usize>,
    element: &'static Element,
    /// What comes after the header.
    values: Box<dyn Read + 'a>,
}

impl<'a> File<'a> {
    /// Reads the header of a file, plain or gzip. `key` is the setting that names it.
    pub fn open(key: &'static str, bytes: &'a [u8]) -> Result<Self> {
        let packed = bytes.starts_with(&MAGIC);
        let mut reader: Box<dyn Read + 'a> =
            if packed { Box::new(Gunzip::new(bytes, HEADER + 8 * LIMIT)) } else { Box::new(bytes) };
        let wrong = |why: String| Wrong::new(key, why);
        let mut head = Vec::new();
        // A file that ends in here is told below.
        let ended = reader.by_ref().take(HEAD as u64).read_to_end(&mut head).err();
        if let Some(error) = ended.as_ref().filter(|error| error.kind() != ErrorKind::UnexpectedEof) {
            return Err(failed(key, error, "header"));
        }
        let named = |why: String| wrong(foreign(&head, RIGHT).unwrap_or(why));
        let cut = || named("the file ends within its header; it may be cut off".into());
        let (&[zero, zeros, code, dims], rest) = head.split_first_chunk().ok_or_else(cut)?;
        if [zero, zeros] != [0, 0] {
            return Err(named("this is no IDX file: the first two bytes are not zero".into()));
        }
        let Some(element) = ELEMENTS.iter().find(|element| element.code == code) else {
            let known: Vec<String> = ELEMENTS.iter().map(|element| format!("{:#04x}", element.code)).collect();
            return Err(wrong(format!("the values are of type {code:#04x}; IDX has {}", known.join(", "))));
        };
        if !(1..=4).contains(&dims) {
            return Err(wrong(format!("the file has {dims} dimensions; one to four are read")));
        }
        let sizes = rest.get(..4 * usize::from(dims)).ok_or_else(cut)?;
        let sizes: Vec<usize> = sizes.chunks(4).map(|size| u32::from_be_bytes(array(size)) as usize).collect();
        let total = sizes.iter().try_fold(1_usize, |total, size| total.checked_mul(*size));
        let total = match total.filter(|total| *total <= LIMIT) {
            Some(0) => return Err(wrong(format!("the file is empty: its sizes are {}", times(&sizes)))),
            Some(total) => total,
            None => {
                return Err(wrong(format!("{} values are more than the {LIMIT} that are read", times(&sizes))));
            }
        };
        if total * element.size / if packed { DEFLATE_RATIO } else { 1 } > bytes.len() {
            return Err(wrong(format!("the file is too short for {} values; it may be cut off", times(&sizes))));
        }
        if let Some(error) = ended {
            return Err(failed(key, &error, "values"));
        }
        let mut values = Cursor::new(head);
        values.set_position(4 + 4 * sizes.len() as u64);
        Ok(Self { key, sizes, element, values: Box::new(values.chain(reader)) })
    }

    /// Whether the values are whole numbers.
    pub fn is_whole(&self) -> bool {
        self.element.is_whole
    }

    /// Whether the values are whole numbers of 32 bits.
    pub fn is_of_ints(&self) -> bool {
        self.element.code == 0x0c
    }

    /// Something is wrong with this file.
    pub fn wrong(&self, why: impl Into<String>) -> Wrong {
        Wrong::new(self.key, why)
    }

    /// Reads to the end, and adds the first of every `step` values to `into`, which has room for them. `step` divides
    /// 2048.
    pub fn read<T>(
        mut self,
        step: usize,
        into: &mut Vec<T>,
        convert: impl Fn(f64) -> std::result::Result<T, String>,
    ) -> Result<()> {
        let size = self.element.size;
        let mut left = size * self.sizes.iter().product::<usize>();
        let mut block = [0; 1 << 14];
        while left > 0 {
            let part = &mut block[..left.min(1 << 14)];
            self.values.read_exact(part).map_err(|error| failed(self.key, &error, "values"))?;
            for value in part.chunks_exact(size).step_by(step) {
                into.push(convert((self.element.read)(value)).map_err(|why| self.wrong(why))?);
            }
            left -= part.len();
        }
        // Reading on to the end also makes gzip verify its checksum.
        match self.values.read(&mut block).map_err(|error| failed(self.key, &error, "values"))? {
            0 => Ok(()),
            _ => Err(self.wrong(format!("the file goes on after its {} values", times(&self.sizes)))),
        }
    }
}

pub(super) fn times(sizes: &[usize]) -> String {
    sizes.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ")
}

fn failed(key: &str, error: &std::io::Error, at: &str) -> Wrong {
    match error.kind() {
        ErrorKind::UnexpectedEof => Wrong::new(key, format!("the file ends within its {at}; it may be cut off")),
        _ => Wrong::new(key, format!("the file cannot be unpacked: {error}")),
    }
}
