//! The engine on the CPU: small, and ready at once.

fn main() {
    worker::serve(|_| Box::pin(async { Ok(engine::Opened::cpu("The CPU engine runs.")) }));
}
