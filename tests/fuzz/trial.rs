//! One decoder and many inputs.

use crate::mutate::mutated;
use arbitrary::Unstructured;
use kit::seed::Rng;
use std::env;
use std::fs::{self, File};
use std::io::{Seek, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What is fuzzed.
pub struct Decoder {
    /// Names the test, and the folder of inputs that were at fault once.
    pub name: &'static str,
    /// Valid files, from which inputs are made.
    pub files: Vec<Vec<u8>>,
    /// Reads an input. An error is what the user is told; what is read and can be written must come back.
    pub read: fn(&[u8]) -> Result<(), String>,
    /// Bytes in memory that an input announces.
    pub announced: fn(&[u8]) -> usize,
}

/// Time for each decoder in the test command.
const TIME: Duration = Duration::from_secs(10);

/// Most bytes that a decoder may take beside the input and what it announces.
const MEMORY: usize = 64 << 20;

/// Most time for one input, as this is built for tests.
const SLOW: Duration = Duration::from_secs(1);

/// Most characters of what the user is told.
const SENTENCE: usize = 600;

/// Tries valid files, inputs that were at fault once, and mutations of both. `PALIMPSEST_FUZZ_INPUTS` says how many in
/// place of a time, `PALIMPSEST_FUZZ_SEED` which.
#[allow(clippy::disallowed_methods, reason = "a test's clock")]
pub fn fuzz(decoder: &Decoder) {
    let name = decoder.name;
    let number = |key: &str| env::var(key).ok().map(|text| text.parse::<u32>().expect("it is a number"));
    let (inputs, seed) = (number("PALIMPSEST_FUZZ_INPUTS"), number("PALIMPSEST_FUZZ_SEED").unwrap_or(1));
    let mut files = decoder.files.clone();
    for (at, file) in files.iter().enumerate() {
        assert_eq!(trial(decoder, file), Ok(true), "{name}: valid file {at}");
    }
    for path in found(name) {
        let file = fs::read(&path).unwrap();
        trial(decoder, &file).unwrap_or_else(|fault| panic!("{name}: {}: {fault}", path.display()));
        files.push(file);
    }
    let mut tried = Tried::new(name);
    let (start, mut n, mut accepted) = (Instant::now(), 0, 0_u32);
    while inputs.map_or_else(|| start.elapsed() < TIME, |inputs| n < inputs) {
        let mut rng = Rng::of(seed, name, &[n]);
        let choices: Vec<u8> = (0..128).flat_map(|_| rng.bits().to_le_bytes()).collect();
        let input = mutated(&mut Unstructured::new(&choices), &files);
        tried.keep(&input);
        match trial(decoder, &input) {
            Ok(is_read) => accepted += u32::from(is_read),
            Err(fault) => panic!("{name}: {fault}\nInput {n} of seed {seed} lies in {}", tried.path.display()),
        }
        n += 1;
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{name}: {n} inputs in {seconds:.0} s, {:.0} a second; {:.0} % of them were read; seed {seed}",
        f64::from(n) / seconds,
        100.0 * f64::from(accepted) / f64::from(n.max(1))
    );
    fs::remove_file(&tried.path).unwrap();
}

/// Whether the decoder takes this input; what is at fault, if it does not behave.
fn trial(decoder: &Decoder, input: &[u8]) -> Result<bool, String> {
    let (read, took, bytes) = measured(decoder, input);
    // The machine may have been busy.
    if took > SLOW && measured(decoder, input).1 > SLOW {
        return Err(format!("it took {took:?}"));
    }
    let announced = (decoder.announced)(input);
    if bytes > input.len() + announced + MEMORY {
        return Err(format!("it took {bytes} bytes for {} that announce {announced}", input.len()));
    }
    match read? {
        Ok(()) => Ok(true),
        Err(said) if said.chars().any(char::is_control) => Err(format!("it says more than a line: {said:?}")),
        Err(said) if said.chars().count() >= SENTENCE => Err(format!("it says too much: {said}")),
        Err(_) => Ok(false),
    }
}

/// What a decoder says, the time it takes and the bytes that it holds at most. The error is that of a panic.
#[allow(clippy::disallowed_methods, reason = "a test's clock")]
fn measured(decoder: &Decoder, input: &[u8]) -> (Result<Result<(), String>, String>, Duration, usize) {
    let start = Instant::now();
    let mut read = Err(String::new());
    let memory = allocation_counter::measure(|| {
        read = catch_unwind(AssertUnwindSafe(|| (decoder.read)(input))).map_err(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            format!("panic: {}", text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default())
        });
    });
    (read, start.elapsed(), memory.bytes_max as usize)
}

/// Inputs that were at fault once.
fn found(name: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/found").join(name);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

/// The input that is being tried: it stays in its file where the whole process ends, as it does without a stack.
struct Tried {
    path: PathBuf,
    file: File,
}

impl Tried {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        Self { file: File::create(&path).unwrap(), path }
    }

    fn keep(&mut self, input: &[u8]) {
        self.file.rewind().unwrap();
        self.file.write_all(input).unwrap();
        self.file.set_len(input.len() as u64).unwrap();
    }
}
