//! `cargo bench --bench memory`: bytes that live while networks train for long. Fails where they grow. Prints one line
//! for each network.

mod watch;

use mimalloc::MiMalloc;
use spec::{Event, RunSpec};
use std::alloc::{GlobalAlloc, Layout};
use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The allocator of the command line, with a count. (`allocation-counter` counts for one thread, and here one thread
/// frees what another has made.)
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Relaxed);
        unsafe { MiMalloc.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        unsafe { MiMalloc.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Run files of this folder, how many steps are taken, and how many samples there are, so that a thousand epochs are
/// enough.
const TRAININGS: [(&str, usize, u32); 4] =
    [("mlp", 100_000, 20_000), ("conv", 100_000, 10_000), ("resnet", 3_000, 2_000), ("vit", 3_000, 2_000)];

/// So many words of progress are noted without new memory.
const WORDS: usize = 1 << 16;

/// Most bytes by which the least of the last tenth of the steps may lie above the least of the second tenth, beside
/// what a training keeps of its looks.
const GROWTH: usize = 64 << 10;

fn main() {
    engine::device::threads(None);
    let grows = |(name, steps, samples)| (!is_flat(name, steps, samples)).then_some(name);
    let grown: Vec<&str> = TRAININGS.into_iter().filter_map(grows).collect();
    assert!(grown.is_empty(), "the bytes that live grow while these train: {}", grown.join(", "));
}

fn is_flat(name: &str, steps: usize, samples: u32) -> bool {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/bench/{name}.toml"));
    let spec = RunSpec::read(&fs::read_to_string(file).expect("a run file")).expect("it can be read");
    let spec = spec.set("tasks.glyphs.n", samples.into()).expect("it has glyphs");
    // Steps done and bytes that live, at every word of progress.
    let heard = Rc::new(RefCell::new(Vec::with_capacity(WORDS)));
    let hears = heard.clone();
    let seconds = watch::play(spec, move |said, _| {
        let Event::Step { done, .. } = said.event else { return false };
        hears.borrow_mut().push((done, LIVE.load(Relaxed)));
        done >= steps
    });
    let heard = heard.borrow();
    // What a step works with is freed at its end or at that of the next, so that words of progress see more or less
    // of it: the least is what lives for long.
    let least = |tenth: usize| {
        let is_in = |done: usize| (tenth * steps / 10..=(tenth + 1) * steps / 10).contains(&done);
        heard.iter().filter(|(done, _)| is_in(*done)).map(|(_, live)| *live).min().expect("there are words")
    };
    let [early, middle, late] = [1, 5, 9].map(least);
    let [early_mb, middle_mb, late_mb] = [early, middle, late].map(|bytes| bytes as f64 / 1e6);
    println!(
        "{name}: {early_mb:.3} MB live in the second tenth of {steps} steps, {middle_mb:.3} in the middle, \
         {late_mb:.3} in the last tenth; {seconds:.0} s"
    );
    late <= early + GROWTH
}
