//! `-info`: what this shim is and what its runtime can do (containerd, api/types/introspection.proto).

use std::io::Read;

use super::options;
use super::{NAME, launch, say};
use crate::error::{Call, Result};
use crate::ttrpc::wire::{Any, Message};

/// The type of the runtime's features, as containerd looks for it.
const FEATURES: &str = "types.containerd.io/opencontainers/runtime-spec/1/features/Features";

/// Reads the runtime's options from stdin and prints the message.
///
/// # Errors
/// stdout is closed.
pub fn print() -> Result<()> {
    let mut asked = Vec::new();
    std::io::stdin()
        .take(1 << 20)
        .read_to_end(&mut asked)
        .call(|| "read(stdin)")?;
    let options_asked = Any::decode(&asked).ok();
    let options =
        options::decode(options_asked.as_ref(), |path| std::fs::read_to_string(path)).unwrap_or_default();
    let program = match options.binary_name.as_str() {
        "" => launch::default_runtime(),
        name => name.into(),
    };
    let version = Message::new().text(1, env!("CARGO_PKG_VERSION"));
    let mut info = Message::new()
        .text(1, "io.containerd.corten.v2")
        .message(2, &version);
    if !asked.is_empty() {
        info = info.bytes(3, &asked);
    }
    // A runtime that does not know `features` has none that matter.
    let features = std::process::Command::new(&program).arg("features").output();
    if let Ok(output) = features
        && output.status.success()
    {
        let any = Any {
            type_url: FEATURES.to_owned(),
            value: output.stdout,
        };
        info = info.message(4, &any.encode());
    }
    let shim = Message::new().text(1, "org.corten.shim").text(2, NAME);
    say(&info.message(5, &shim).into_bytes())
}
