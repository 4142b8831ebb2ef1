//! `delete`: removes what the shim of a container left that has died. It may be repeated.

use std::path::Path;
use std::time::{Duration, Instant};

use super::api::{Exit, deleted};
use super::container::{is_own_process, noted_exit};
use super::flags::Flags;
use super::runtime::{Files, NOTE, Runtime};
use super::{place, say};
use crate::contract::record::Ended;
use crate::error::{Call as _, Error, Kind, Result};
use crate::supervise::call::{Call, check_id};
use crate::supervise::init::read_pid;
use crate::sys::mount;
use crate::sys::process::{self, PidFd, wait_until};

/// How long the runtime may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// containerd's code for an end that nobody saw.
const UNKNOWN: i32 = 255;

/// Runs `delete`.
///
/// # Errors
/// The runtime failed, or there is no telling where the bundle is.
pub fn delete(flags: &Flags) -> Result<()> {
    check_id(&flags.id)?;
    let bundle = match &flags.bundle {
        Some(bundle) => bundle.clone(),
        // containerd runs this in another bundle's directory, or in the very one.
        None => std::env::current_dir()
            .call(|| "getcwd")?
            .with_file_name(&flags.id),
    };
    let files = Files {
        bundle: std::path::absolute(&bundle).call(|| format!("the absolute path of {}", bundle.display()))?,
        id: flags.id.clone(),
    };
    // First: who asks containerd to delete the same container meanwhile takes the bundle away.
    if let Ok(address) = std::fs::read_to_string(files.bundle.join("address")) {
        place::remove_dead(&address);
    }
    let pid = read_pid(&files.of("").pid).unwrap_or(0);
    // Nobody else knows how it ends from here on: if it still runs, it is this that ends it.
    let lives = is_own_process(&files.bundle, pid);
    // Without a note there is nothing: it is written before the runtime is called, and goes with the container.
    if let Some(runtime) = noted_runtime(&files.bundle)? {
        call_delete(&runtime, &files)?;
    }
    let _ = mount::unmount_all(&files.rootfs());
    let end = match lives {
        true => Ended::Signaled(libc::SIGKILL),
        false => Ended::Exited(UNKNOWN),
    };
    let exit = noted_exit(&files.bundle).unwrap_or_else(|| Exit::now(end));
    say(&deleted(pid, exit).into_bytes())
}

fn noted_runtime(bundle: &Path) -> Result<Option<Runtime>> {
    let path = bundle.join(NOTE);
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).call(|| format!("read({})", path.display())),
    };
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(|error| Error::new(Kind::Input, format!("{}: {error}", path.display())))
}

fn call_delete(runtime: &Runtime, files: &Files) -> Result<()> {
    let line = runtime.delete(files);
    let call = Call::spawn(&line, [None, None, None], files.of("").log)?;
    let child = PidFd::open(call.pid)?;
    if !wait_until(&child, Instant::now() + PATIENCE)? {
        process::end(call.pid);
        let why = format!("the runtime's delete took more than {} s", PATIENCE.as_secs());
        return Err(Error::new(Kind::Runtime, why).hint("it may be repeated"));
    }
    let ended = process::reap(Some(call.pid)).map_or(Ended::Exited(0), |reaped| reaped.ended);
    call.result(runtime.program.as_os_str(), ended)
        .map_err(|reason| Error::new(Kind::Runtime, reason.message).context("delete"))
}
