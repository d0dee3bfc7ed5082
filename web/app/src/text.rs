//! The page's own words: names of its places, notices, the device. What is said of a run stands in [`report`].

use crate::{
    state::strip::Lab,
    store::{Act, Device, DeviceState, Notice, Page, Route, Theme, catalogue},
};
use report::{
    Sentence,
    figure::{capital, counted, fixed, seconds},
    view::Past,
};
use spec::{Family, Wrong};

pub const NAME: &str = "Palimpsest";
pub const TAKEN_OFF: &str = "It is taken off. Control Shift Z puts it back.";
pub const NO_LAYER: &str = "There is no such layer on the strip yet. Add one, and it is played from here.";
pub const COPIED: &str = "Copied";
pub const NO_RESULT: &str = "no result yet";
pub const PRIVACY: &str = "Everything runs in this tab. No image and no weight leaves it.";
pub const NO_ENGINE: &str = "This browser cannot run the engine: it lacks WebAssembly with SIMD, or module workers. \
    The methods can still be read.";

pub const fn lab(lab: Lab) -> &'static str {
    match lab {
        Lab::Transfer => "Transfer",
        Lab::Adapt => "Adapt",
        Lab::Attack => "Attack & defend",
        Lab::Forget => "Forget",
    }
}

pub fn hash(route: &Route) -> String {
    match route {
        Route::Lab(Lab::Transfer) => "#/transfer".into(),
        Route::Lab(Lab::Adapt) => "#/adapt".into(),
        Route::Lab(Lab::Attack) => "#/attack".into(),
        Route::Lab(Lab::Forget) => "#/forget".into(),
        Route::Runs => "#/runs".into(),
        Route::Data => "#/data".into(),
        Route::Method(id) => format!("#/method/{id}"),
    }
}

pub fn route(hash: &str) -> Option<Route> {
    let path = hash.strip_prefix("#/")?;
    Some(match path {
        "transfer" => Route::Lab(Lab::Transfer),
        "adapt" => Route::Lab(Lab::Adapt),
        "attack" => Route::Lab(Lab::Attack),
        "forget" => Route::Lab(Lab::Forget),
        "runs" => Route::Runs,
        "data" => Route::Data,
        _ => {
            let id = path.strip_prefix("method/")?;
            let full =
                catalogue().methods.iter().find(|m| m.card.id == id || crate::state::strip::short(&m.card.id) == id);
            Route::Method(full?.card.id.clone())
        }
    })
}

// --- names of things on the strip ---

/// At the right of the source card: what it was trained on.
pub fn source_knows(page: &Page) -> String {
    match page.view(|view| view.source().past) {
        Past::Known(things) => things,
        Past::Own => "own weights".into(),
        Past::Untrained => "untrained".into(),
    }
}

/// `LoRA` or `Hardened`: a victim in the attack lab.
pub fn victim(page: &Page, name: &str) -> String {
    let place = page.number(name);
    match page.family(name) {
        None => page.title(name),
        Some(Family::Defend) => format!("{place} Hardened"),
        Some(_) => format!("{place} {}", page.view(|view| view.method_title(name))),
    }
}

// --- the transport ---

pub fn all_stages(layers: usize, total: Option<f64>) -> String {
    let layers = match layers {
        1 => "the whole strip".into(),
        n => format!("all {} layers", counted(n)),
    };
    total.map_or_else(|| layers.clone(), |total| format!("{layers}, about {}", seconds(total)))
}

pub fn reset_question(name: &str, lost: f64) -> String {
    format!("{name} took {}. Its result goes from the strip; its row stays in Runs.", seconds(lost))
}

// --- sentences ---

/// In place of what an adapter would be asked.
pub fn no_adapter(page: &Page, name: &str) -> String {
    let title = page.method(name).map_or("This method", |method| method.card.title.as_str());
    format!("{title} changes weights of the network itself. There is no adapter to take off or to merge.")
}

pub fn runs_sentence(n: usize) -> String {
    match n {
        0 => "No runs yet. Whatever you play is kept here, in this browser only.".into(),
        1 => "One run. Whatever you play is kept here, in this browser only.".into(),
        n => format!("{} runs. Pick any two to see what differs.", capital(&counted(n))),
    }
}

// --- the device ---

/// Name and the words after it.
pub const fn device(state: DeviceState) -> (&'static str, &'static str) {
    match state {
        DeviceState::Checking => ("", "Checking graphics…"),
        DeviceState::Gpu => ("WebGPU", "checked against CPU"),
        DeviceState::Software => ("WebGPU", "software adapter"),
        DeviceState::NoGpu => ("CPU", "no WebGPU here"),
        DeviceState::CpuAlone => ("CPU", "the only engine here"),
        DeviceState::CpuFaster => ("CPU", "faster here"),
        DeviceState::GpuFailed => ("CPU", "graphics failed its check"),
        DeviceState::GpuWaits => ("CPU", "graphics after this run"),
        DeviceState::CpuChosen => ("CPU", "your choice"),
        DeviceState::Lost => ("GPU lost", "starting again"),
    }
}

pub const BODIES_HELP: &str =
    "Fused operations are our own; plain ones are burn's, and slower. Both learn the same, up to rounding.";

pub fn device_help(device: &Device) -> String {
    let times = device.times.map(|times| fixed(times, 1));
    let words = match device.state {
        DeviceState::Checking => "The CPU engine is ready; the graphics device is being checked.",
        DeviceState::Gpu => match times {
            Some(times) => {
                return format!(
                    "Chosen because a one-second probe ran {times} times faster on it than on the CPU. It passed its \
                     self-test against the CPU."
                );
            }
            None => "You chose WebGPU. It passed its self-test against the CPU.",
        },
        DeviceState::Software => "This adapter is emulated on the CPU: fine for correctness, meaningless for speed.",
        DeviceState::NoGpu => {
            "This browser has no WebGPU that the engine can use, so the CPU engine runs. Results are the same; the \
             larger networks are slower."
        }
        DeviceState::CpuAlone => {
            "The engine for graphics devices is not beside this page. Results are the same on every device."
        }
        DeviceState::CpuFaster => {
            let by = times.map_or_else(String::new, |times| format!(" by {times} times"));
            return format!(
                "For a network this small the CPU won the one-second probe{by}. Results are the same on every device."
            );
        }
        DeviceState::GpuFailed => "The graphics device gave a wrong result or none, so it is not used.",
        DeviceState::GpuWaits => "The graphics device is ready and takes over when this run has ended.",
        DeviceState::CpuChosen => "You chose the CPU engine.",
        DeviceState::Lost => "The graphics device stopped answering and is started again.",
    };
    words.into()
}

pub fn device_name(key: &str) -> &'static str {
    match key {
        "webgpu" => "WebGPU",
        "cpu" => "CPU",
        _ => "–",
    }
}

pub const fn theme(theme: Theme) -> &'static str {
    match theme {
        Theme::System => "as the system",
        Theme::Light => "light",
        Theme::Dark => "dark",
    }
}

// --- notices ---

fn notice(bold: &str, rest: &str) -> Notice {
    Notice { bold: bold.into(), rest: rest.into(), alert: false, action: None }
}

pub fn lost() -> Notice {
    Notice {
        alert: true,
        action: Some(("Go on with CPU instead".into(), Act::UseCpu)),
        ..notice(
            "The graphics device stopped answering.",
            "This layer starts again on a new device; its result is the same, since the seed is. \
             Nothing finished is lost.",
        )
    }
}

pub fn lost_twice() -> Notice {
    Notice {
        alert: true,
        ..notice("The graphics device was lost again, so the CPU takes over.", "This layer starts again there.")
    }
}

pub fn panicked(report: String) -> Notice {
    Notice {
        alert: true,
        action: Some(("Copy the report".into(), Act::CopyReport(report))),
        ..notice("The engine stopped at an error of its own.", "It was started again; finished layers are kept.")
    }
}

pub fn no_webgpu() -> Notice {
    notice(
        "This browser has no WebGPU, so the CPU engine runs.",
        "Results are the same; the larger networks are slower.",
    )
}

pub fn storage_full() -> Notice {
    Notice {
        action: Some(("Delete them".into(), Act::DropOldRuns)),
        ..notice("The browser's storage for this page is full.", "The three oldest runs can go.")
    }
}

pub fn not_loaded() -> Notice {
    notice("This part of the page could not be loaded.", "Look at the connection and press again; nothing is lost.")
}

pub fn refused(wrong: &Wrong) -> Notice {
    let action = wrong.why.contains("newer Palimpsest").then(|| ("Reload".into(), Act::Reload));
    Notice { action, ..notice(&format!("{}.", capital(&wrong.what)), &format!("{}.", capital(&wrong.why))) }
}

pub fn broken_link(wrong: &Wrong) -> Notice {
    let action = wrong.why.contains("newer Palimpsest").then(|| ("Reload".into(), Act::Reload));
    Notice { action, ..notice("This link cannot be read.", &format!("{}. The default is shown.", capital(&wrong.why))) }
}

pub fn run_refused(message: &str) -> Notice {
    notice("This run was refused.", &Sentence::refused(message).to_string())
}

pub fn not_a_file(name: &str) -> Notice {
    notice(
        &format!("{name} is none of the files this page reads."),
        "A run file ends in .toml or .json, weights in .safetensors, IDX data in -ubyte or -ubyte.gz.",
    )
}

pub fn file_taken(name: &str, as_what: &str) -> Notice {
    notice(&format!("{name} is loaded."), as_what)
}
