//! The engine on the CPU: small, and ready at once.

use engine::Opened;
use spec::{DeviceChoice, Why};

fn main() {
    worker::serve(|choice| {
        let why = if choice == DeviceChoice::Cpu { Why::Chosen } else { Why::Default };
        Box::pin(async move { Ok(Opened::cpu(why)) })
    });
}
