//! Words of the page around the labs: the device, notices, places. What figures say is worded by `report`.

use crate::{
    engine::{Device, DeviceState, EngineState},
    run::{Notice, Run, Taken, files},
};
use report::{
    figure::{capital, counted, fixed},
    view::Past,
};
use spec::{Wrong, device_name};

/// The page's name.
pub const NAME: &str = "Palimpsest";
/// Spoken when a layer was taken off.
pub const TAKEN_OFF: &str = "It is taken off. Control Shift Z puts it back.";
/// After something was copied.
pub const COPIED: &str = "Copied";
/// Fused operations or burn's own, in the device's dialog.
pub const PLAIN_HELP: &str =
    "Fused operations are our own; plain ones are burn's, and slower. Both learn the same, up to rounding.";

/// What a device is called, and what is said after its name.
pub fn device(state: DeviceState) -> (&'static str, &'static str) {
    let (cpu, webgpu) = (device_name("cpu"), device_name("webgpu"));
    match state {
        DeviceState::Checking => ("", "Checking graphics…"),
        DeviceState::Gpu => (webgpu, "checked against CPU"),
        DeviceState::Software => (webgpu, "software adapter"),
        DeviceState::NoGpu => (cpu, "no WebGPU here"),
        DeviceState::CpuAlone => (cpu, "the only engine here"),
        DeviceState::CpuFaster => (cpu, "faster here"),
        DeviceState::GpuFailed => (cpu, "graphics failed its check"),
        DeviceState::GpuWaits => (cpu, "graphics after this run"),
        DeviceState::CpuChosen => (cpu, "your choice"),
        DeviceState::Lost => ("GPU lost", "starting again"),
    }
}

/// Why there is no engine, where there is none.
pub const fn no_engine(state: EngineState) -> Option<&'static str> {
    match state {
        EngineState::Absent => Some(
            "This browser cannot run the engine: it lacks WebAssembly with SIMD, or module workers. The methods can \
             still be read.",
        ),
        EngineState::NotStarted => Some(
            "The engine did not start: its files could not be loaded, or this browser cannot run them. Look at the \
             connection and load the page again; the methods can still be read.",
        ),
        EngineState::Loading | EngineState::Ready | EngineState::Restarting => None,
    }
}

/// Why this device is used, in a sentence or two.
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
            "This browser has no WebGPU that the engine can use, so the CPU engine runs. Results are alike, up to \
             rounding; the larger networks are slower."
        }
        DeviceState::CpuAlone => {
            "The engine for graphics devices is not beside this page. Results are alike on every device, up \
             to rounding."
        }
        DeviceState::CpuFaster => {
            let by = times.map_or_else(String::new, |times| format!(" by {times} times"));
            return format!(
                "For a network this small the CPU won the one-second probe{by}. Results are alike on every device, up \
                 to rounding."
            );
        }
        DeviceState::GpuFailed => "The graphics device gave a wrong result or none, so it is not used.",
        DeviceState::GpuWaits => "The graphics device is ready and takes over when this run has ended.",
        DeviceState::CpuChosen => "You chose the CPU engine.",
        DeviceState::Lost => "The graphics device stopped answering and is started again.",
    };
    words.into()
}

/// At the right of the source card: what the network was trained on.
pub fn knows(run: Run) -> String {
    match run.view(|view| view.source().past) {
        Past::Known(things) => things,
        Past::Own => "own weights".into(),
        Past::Untrained => "untrained".into(),
    }
}

/// What happened in bold, then what was kept or what to do.
pub fn notice(notice: &Notice) -> (String, String) {
    let said = |bold: &str, rest: &str| (bold.to_owned(), rest.to_owned());
    match notice {
        Notice::Lost => said(
            "The graphics device stopped answering.",
            "This layer starts again on a new device, from the same seed. Nothing finished is lost.",
        ),
        Notice::LostTwice => {
            said("The graphics device was lost again, so the CPU takes over.", "This layer starts again there.")
        }
        Notice::Panicked { .. } => {
            said("The engine stopped at an error of its own.", "It was started again; finished layers are kept.")
        }
        Notice::StorageFull(old) => {
            let rest = match old {
                0 => "The run is listed until it is closed; save or share what shall stay.".into(),
                1 => "The oldest run can go.".into(),
                old => format!("The {} oldest runs can go.", counted(*old)),
            };
            (String::from("The browser's storage for this page is full."), rest)
        }
        Notice::StorageRefused => said(
            "This browser keeps nothing for this page.",
            "Runs are listed until it is closed; save or share what shall stay.",
        ),
        Notice::WorkLeft(left) => {
            let rest = match left {
                1 => "The oldest one was deleted to make room for the newest.".into(),
                left => format!("The {} oldest were deleted to make room for the newest.", counted(*left)),
            };
            (String::from("This browser has no room for more finished layers."), rest)
        }
        Notice::WorkNotKept => said(
            "This browser has no room for what was finished.",
            "It is here until the page is closed; save or share what shall stay.",
        ),
        Notice::NotLoaded => said(
            "This part of the page could not be loaded.",
            "Look at the connection and press again; nothing is lost.",
        ),
        Notice::Refused(Wrong { what, why, .. }) => (sentence(what), sentence(why)),
        Notice::BrokenLink(Wrong { why, .. }) => {
            (String::from("This link cannot be read."), format!("{} The default is shown.", sentence(why)))
        }
        Notice::LeftOut(names) => said(
            &format!("Not on the strip: {}.", names.join(", ")),
            "They ask the network before its first layer, which only the command line plays.",
        ),
        Notice::PlaysOnce => said(
            "The page plays one run of this file.",
            "That of its first seed, with the settings that its stages have; the command line plays grid and repeats.",
        ),
        Notice::RunRefused(message) => (String::from("This run was refused."), sentence(message.trim_end_matches('.'))),
        Notice::FileRefused(message) => {
            (String::from("The engine could not take a file."), sentence(message.trim_end_matches('.')))
        }
        Notice::NotAFile(name) => {
            (format!("{name} is none of the files this page reads."), format!("{}.", capital(&files::readable())))
        }
        Notice::FileRead(name) => (format!("{name} is being read."), String::new()),
        Notice::FileNotUsed { name, why } => {
            (format!("{name} cannot be used as it is."), sentence(why.trim_end_matches('.')))
        }
        Notice::FileTaken { name, what } => {
            let what = match what {
                Taken::Weights => "The strip starts from these weights now.",
                Taken::Data => "The first task of the strip reads it as its images or labels.",
            };
            (format!("{name} is loaded."), what.into())
        }
        Notice::NoWebgpu => said(
            "This browser has no WebGPU, so the CPU engine runs.",
            "Results are alike, up to rounding; the larger networks are slower.",
        ),
    }
}

fn sentence(words: &str) -> String {
    format!("{}.", capital(words))
}
