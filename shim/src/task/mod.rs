//! containerd's shim of the second generation, under the name `containerd-shim-corten-v2`: keeps the containers of a pod
//! and serves the task API (docs/contracts/containerd-shim.md).
//!
//! From pure to the kernel: `api`, `options`, `events`, `metrics` and `flags` are formats; `process`, `container` and
//! `state` are what the shim knows; `relay`, `streams`, `logger`, `runtime`, `rootfs`, `oom`, `peers` and `publisher` are
//! what it holds; `service` answers requests, `jobs` ends what takes time; `reactor` is the loop. `launch`, `cleanup` and
//! `info` are the commands that containerd runs.

pub mod api;
pub mod cgroup;
pub mod cleanup;
pub mod container;
pub mod events;
pub mod flags;
pub mod info;
pub mod jobs;
pub mod launch;
pub mod log;
pub mod logger;
pub mod metrics;
pub mod options;
pub mod peers;
pub mod place;
pub mod process;
pub mod publisher;
pub mod reactor;
pub mod relay;
pub mod runtime;
pub mod service;
pub mod state;
pub mod streams;

use std::ffi::OsString;
use std::io::Write;

use crate::error::Result;
use flags::{Command, USAGE};

/// The name under which the program is this shim.
pub const NAME: &str = "containerd-shim-corten-v2";

/// Runs the shim with the words after the program's name.
///
/// # Errors
/// What to report.
pub fn main(args: impl IntoIterator<Item = OsString>) -> Result<()> {
    // What containerd's caller forgot to close must not live as long as a container.
    crate::sys::process::close_others(&[]);
    let flags = flags::parse(args)?;
    match flags.command {
        Command::Start => launch::start(&flags),
        Command::Delete => cleanup::delete(&flags),
        Command::Info => info::print(),
        Command::Version => say(format!("{NAME}:\n  Version:  {}\n", env!("CARGO_PKG_VERSION")).as_bytes()),
        Command::Help => say(USAGE.as_bytes()),
    }
}

/// Writes to stdout, which is for containerd.
fn say(text: &[u8]) -> Result<()> {
    use crate::error::Call;
    let mut out = std::io::stdout();
    out.write_all(text)
        .and_then(|()| out.flush())
        .call(|| "write(stdout)")
}
