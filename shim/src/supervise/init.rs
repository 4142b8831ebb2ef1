//! The container's init: found once after `create`, and from then on never mistaken for another process.

use std::path::Path;

use crate::contract::record::Usage;
use crate::error::{Call, Error, Kind, Result};
use crate::exit::oom::OomCounter;
use crate::sys::process::{PidFd, is_own_child, start_time};

/// Where the runtime writes init's number, in the shim's directory.
pub const PID_FILE: &str = "init.pid";

/// Init.
pub struct Init {
    /// Its number.
    pub pid: i32,
    /// Its start in clock ticks after boot: with the number it names the process for others.
    pub start_time: u64,
    /// The process itself.
    pub handle: PidFd,
    /// What it used, once it has ended.
    pub usage: Usage,
    oom: Option<OomCounter>,
}

impl Init {
    /// Reads the number that `create` left. Nobody has reaped children since, so that the number is sure
    /// even if init has ended already.
    ///
    /// # Errors
    /// There is no number, or no such process.
    pub fn find(dir: &Path) -> Result<Self> {
        let pid = read_pid(&dir.join(PID_FILE))?;
        let handle = PidFd::open(pid)?;
        Ok(Self {
            pid,
            start_time: start_time(pid)?,
            usage: Usage::default(),
            handle,
            oom: OomCounter::open(pid).map(|(counter, _)| counter),
        })
    }

    /// Whether it is paused.
    pub fn is_frozen(&self) -> bool {
        crate::exit::cgroup::is_frozen(self.pid)
    }

    /// How many of the container's processes the kernel has killed for want of memory.
    pub fn oom_kills(&mut self) -> u64 {
        self.oom.as_mut().map_or(0, OomCounter::kills)
    }
}

/// The process whose number a runtime that failed has left, if it is there: nobody else will ever ask for it.
pub fn find_left(file: &Path) -> Option<PidFd> {
    let pid = read_pid(file).ok()?;
    let handle = PidFd::open(pid).ok()?;
    // A runtime that failed by itself may have reaped it; then the number is anybody's.
    is_own_child(pid).then_some(handle)
}

/// The number in a file that the runtime wrote.
///
/// # Errors
/// There is none.
pub fn read_pid(path: &Path) -> Result<i32> {
    let text = std::fs::read_to_string(path).call(|| format!("read({})", path.display()))?;
    match text.trim().parse() {
        Ok(pid) if pid > 1 => Ok(pid),
        _ => Err(Error::new(
            Kind::Runtime,
            format!("the runtime wrote {text:?} as a process id"),
        )),
    }
}
