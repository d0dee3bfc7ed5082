//! Valid files, changed: bits, sizes, numbers and words, parts that are doubled, moved, nested or cut.

use arbitrary::{Result, Unstructured};

/// Most bytes that one change adds.
const MOST: usize = 1 << 18;

/// What formats are made of, and what they stumble over.
const WORDS: [&[u8]; 36] = [
    b"[",
    b"{",
    b"]",
    b"}",
    b"{\"a\":",
    b"[{\"a\":",
    b"a.",
    b"a={",
    b"a=[",
    b"\n[a]\n",
    b"\n[[stage]]\n",
    b"\"\"\"",
    b"'''",
    b"\"",
    b"\\u0000",
    b"\\ud800",
    b"\\",
    b"\n",
    b"\r",
    b"\0",
    b"\x1b[2J",
    b"\x7f",
    b"\xef\xbb\xbf",
    "\u{202e}".as_bytes(),
    "𝛿".as_bytes(),
    b"null",
    b"true",
    b"nan",
    b"-inf",
    b"1979-05-27T07:32:00Z",
    b"\"__metadata__\":",
    b"\"palimpsest\":",
    b"\"8/0\"",
    b"#",
    b",",
    b"=",
];

/// Numbers at the edges of types.
const NUMBERS: [&str; 20] = [
    "0",
    "-0",
    "-0.0",
    "1",
    "-1",
    "100",
    "101",
    "255",
    "65536",
    "2147483648",
    "4294967295",
    "4294967296",
    "9007199254740991",
    "9007199254740992",
    "18446744073709551615",
    "18446744073709551616",
    "1e308",
    "1e999",
    "5e-324",
    "0.1",
];

/// One of the files with some changes, by what these choices say.
pub fn mutated(choices: &mut Unstructured, files: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = choices.choose(files).expect("there are files").clone();
    // Where choices end, so do changes.
    let changes = choices.choose(&[1, 1, 1, 2, 3, 6]).copied().unwrap_or(1);
    for _ in 0..changes {
        if change(choices, &mut bytes, files).is_err() {
            break;
        }
    }
    bytes
}

fn change(choices: &mut Unstructured, bytes: &mut Vec<u8>, files: &[Vec<u8>]) -> Result<()> {
    match choices.int_in_range(0..=11)? {
        0 if !bytes.is_empty() => {
            let at = choices.choose_index(bytes.len())?;
            bytes[at] ^= 1 << choices.int_in_range(0..=7)?;
        }
        1 if !bytes.is_empty() => {
            let at = choices.choose_index(bytes.len())?;
            bytes[at] = choices.arbitrary()?;
        }
        2 => bytes.truncate(choices.int_in_range(0..=bytes.len())?),
        3 => drop(bytes.drain(part(choices, bytes.len())?)),
        4 => {
            let copy = bytes[part(choices, bytes.len())?].to_vec();
            insert(choices, bytes, &copy)?;
        }
        5 => {
            let other = choices.choose(files)?;
            let piece = &other[part(choices, other.len())?];
            insert(choices, bytes, piece)?;
        }
        6 => {
            let other = choices.choose(files)?;
            let (ours, theirs) = (part(choices, bytes.len())?, part(choices, other.len())?);
            bytes.splice(ours, other[theirs].iter().copied());
        }
        7 => size(choices, bytes)?,
        8 => number(choices, bytes)?,
        9 | 10 => {
            let word = choices.choose(&WORDS)?;
            insert(choices, bytes, word)?;
        }
        _ => {
            let text: [u8; 8] = choices.arbitrary()?;
            insert(choices, bytes, &text)?;
        }
    }
    Ok(())
}

/// A part of so many bytes; most parts are short.
fn part(choices: &mut Unstructured, len: usize) -> Result<std::ops::Range<usize>> {
    let start = choices.int_in_range(0..=len)?;
    let most = if choices.ratio(1, 4)? { len - start } else { (len - start).min(32) };
    Ok(start..start + choices.int_in_range(0..=most)?)
}

/// Puts a piece somewhere, now and then so often that what is nested is nested deeply.
fn insert(choices: &mut Unstructured, bytes: &mut Vec<u8>, piece: &[u8]) -> Result<()> {
    let times = match choices.int_in_range(0..=255_u8)? {
        0 => 100_000,
        1..=3 => 3_000,
        4..=15 => 130,
        16..=31 => 2,
        _ => 1,
    };
    let at = choices.int_in_range(0..=bytes.len())?;
    bytes.splice(at..at, piece.repeat(times.min(MOST / piece.len().max(1))));
    Ok(())
}

/// Writes a size over bytes that may be one, with either end first.
fn size(choices: &mut Unstructured, bytes: &mut [u8]) -> Result<()> {
    let width = *choices.choose(&[1, 2, 4, 8])?;
    // Headers come first.
    let reach = if choices.ratio(1, 2)? { bytes.len().min(32) } else { bytes.len() };
    let Some(last) = reach.checked_sub(width) else { return Ok(()) };
    let at = choices.int_in_range(0..=last)?;
    let edge = 1_u64 << choices.int_in_range(0..=63)?;
    let value = *choices.choose(&[0, edge, edge - 1, u64::MAX - edge, u64::MAX])?;
    let value = value.to_le_bytes();
    bytes[at..at + width].copy_from_slice(&value[..width]);
    if choices.arbitrary()? {
        bytes[at..at + width].reverse();
    }
    Ok(())
}

/// Writes another number where one stands in a text.
fn number(choices: &mut Unstructured, bytes: &mut Vec<u8>) -> Result<()> {
    let from = choices.int_in_range(0..=bytes.len())?;
    let Some(start) = bytes[from..].iter().position(u8::is_ascii_digit).map(|at| from + at) else { return Ok(()) };
    let end = bytes[start..].iter().position(|byte| !byte.is_ascii_digit()).map_or(bytes.len(), |at| start + at);
    bytes.splice(start..end, choices.choose(&NUMBERS)?.bytes());
    Ok(())
}
