//! What must stand before the runtime is called: directory, lock, signals, mounts, sockets; and their end.

use std::fs::File;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use nix::fcntl::Flock;
use nix::sys::signalfd::SignalFd;

use super::call::LOG;
use super::init::PID_FILE;
use super::{LogRequest, LogTarget, Request, orders};
use crate::contract::control::Step;
use crate::contract::health::{self, Check};
use crate::contract::mounts;
use crate::error::{Call, Context, Error, Result};
use crate::exit::SPARE;
use crate::stdio::log::journald::Journald;
use crate::stdio::log::{self, Log};
use crate::sys::epoll::Watch;
use crate::sys::files::{lock, open_dir, remove_durably, short_path};
use crate::sys::mount::{Mounted, Outside, enter_own_namespace};
use crate::sys::process;
use crate::sys::socket::{Control, listen};

const ATTACH_SOCKET: &str = "attach.sock";

/// What the shim holds besides the container itself.
pub struct Place {
    /// The shim's directory.
    pub dir: File,
    /// The shim's own number and start.
    pub pid: i32,
    /// As in the contract.
    pub start_time: u64,
    /// The caller, while it is of interest.
    pub control: Option<(Control, Watch)>,
    /// The signals that are passed on, and SIGCHLD.
    pub signals: SignalFd,
    mounted: Option<Mounted>,
    outside: Outside,
    path: PathBuf,
    /// Released when this process ends or becomes another program.
    _lock: Flock<File>,
}

/// A place, with what stdio needs.
pub struct Prepared {
    /// The place.
    pub place: Place,
    /// Where clients come.
    pub listener: UnixListener,
    /// The log, if there is one.
    pub log: Option<Log>,
    /// The health check, if there is one.
    pub health: Option<Check>,
}

/// Prepares everything; nothing is left behind when it fails.
///
/// # Errors
/// With the step that the caller is told.
pub fn prepare(
    request: &Request,
    control: Option<Control>,
) -> Result<Prepared, (Error, Step, Option<Control>)> {
    match attempt(request) {
        Ok((mut prepared, mounts)) => match mount(request, &mut prepared.place, &mounts) {
            Ok(()) => {
                prepared.place.control = control.map(|control| (control, Watch::default()));
                Ok(prepared)
            }
            Err(error) => {
                prepared.place.take_down(true);
                Err((error, Step::Mount, control))
            }
        },
        Err((error, step)) => Err((error, step, control)),
    }
}

fn attempt(request: &Request) -> Result<(Prepared, Vec<mounts::Mount>), (Error, Step)> {
    let list = read_list(request).map_err(|error| (error, Step::Mount))?;
    let prepared = set_up(request).map_err(|error| (error, Step::Setup))?;
    Ok((prepared, list))
}

fn read_list(request: &Request) -> Result<Vec<mounts::Mount>> {
    let Some(path) = &request.mounts else {
        return Ok(Vec::new());
    };
    let text = std::fs::read(path).call(|| format!("read({})", path.display()))?;
    mounts::parse(&text).context(|| path.display().to_string())
}

fn open_log(wanted: &LogRequest) -> Result<Option<Log>> {
    match wanted.target {
        LogTarget::File(format) => log::open(&wanted.path, wanted.limits, format, wanted.buffer)
            .map(|log| Some(log.carrying(&wanted.attributes))),
        LogTarget::Journald => Journald::connect(&wanted.path, &wanted.fields, wanted.buffer)
            .map(|journal| Some(Log::journald(journal).carrying(&wanted.attributes))),
        LogTarget::None => Ok(None),
    }
}

fn read_check(path: &Path) -> Result<Check> {
    let text = std::fs::read(path).call(|| format!("read({})", path.display()))?;
    health::parse(&text).context(|| path.display().to_string())
}

fn set_up(request: &Request) -> Result<Prepared> {
    let dir = open_dir(&request.dir)?;
    let lock = lock(&request.dir.join("shim.lock"))?;
    remove_durably(&request.exit_file).context(|| "the exit record")?;
    for stale in [LOG, PID_FILE, SPARE, orders::FILE, super::health::FILE] {
        let _ = std::fs::remove_file(request.dir.join(stale));
    }
    let health = request.health.as_deref().map(read_check).transpose()?;
    let pid = std::process::id().cast_signed();
    let log = open_log(&request.log)?;
    let signals = process::signals()?;
    process::become_subreaper()?;
    let start_time = process::start_time(pid)?;
    let outside = enter_own_namespace()?;
    let listener = listen(&dir, ATTACH_SOCKET)?;
    let path = request.dir.clone();
    let place = Place {
        dir,
        pid,
        start_time,
        control: None,
        signals,
        mounted: None,
        outside,
        path,
        _lock: lock,
    };
    Ok(Prepared {
        place,
        listener,
        log,
        health,
    })
}

fn mount(request: &Request, place: &mut Place, list: &[mounts::Mount]) -> Result<()> {
    place.mounted = Some(Mounted::new(&request.bundle, list)?);
    let _ = std::env::set_current_dir("/");
    Ok(())
}

impl Place {
    /// Unmounts everything and removes what this shim made, but for the runtime's log; after a failure
    /// not even its state stays.
    pub fn take_down(&mut self, failed: bool) {
        if let Some(mounted) = &mut self.mounted {
            mounted.unmount();
        }
        let _ = std::fs::remove_file(short_path(&self.dir, ATTACH_SOCKET));
        let _ = std::fs::remove_file(self.path.join(PID_FILE));
        // Of clients that came too late to be let in.
        for entry in std::fs::read_dir(&self.path).into_iter().flatten().flatten() {
            if entry.file_name().as_encoded_bytes().starts_with(b"exec-") {
                let _ = std::fs::remove_file(entry.path());
            }
        }
        if failed {
            let _ = std::fs::remove_file(self.path.join("shim.json"));
        }
    }

    /// Goes back to the caller's mount namespace.
    ///
    /// # Errors
    /// The privilege has been lost since.
    pub fn leave_namespace(&self) -> Result<()> {
        self.outside.enter()
    }
}
