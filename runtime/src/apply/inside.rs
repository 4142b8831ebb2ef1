//! What the container's process holds while it builds the container around itself.

use crate::error::{Context, Error, Kind, Result};
use crate::plan::op::Slot;
use crate::sys::files;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Descriptors and findings that one operation leaves for a later one.
#[derive(Debug)]
pub struct Inside {
    /// The root file system, once it is a mount.
    pub(super) root: Option<OwnedFd>,
    /// The machine's /proc, verified, from before any mount of the container.
    pub(super) proc: Option<OwnedFd>,
    /// What the runtime opened.
    pub(super) slots: Vec<Option<OwnedFd>>,
    /// The connection that receives the terminal's master.
    pub(super) console: Option<OwnedFd>,
    /// The container's own /proc and /sys: where they were mounted, and their roots.
    pub(super) kernel: Vec<(String, OwnedFd)>,
    /// The tmpfs that covers masked directories, once there is one.
    pub(super) mask: Option<OwnedFd>,
    /// What masks files: the machine's /dev/null, verified.
    pub(super) null: Option<OwnedFd>,
    /// HOME, if config.json has none.
    pub(super) home: Option<String>,
    /// The program's path.
    pub(super) program: Option<String>,
    /// The working directory could not be entered as root.
    pub(super) work_dir_pending: bool,
}

impl Inside {
    /// To be made right after the clone, while the machine's file systems are still in view.
    ///
    /// # Errors
    /// When /proc is not a procfs.
    pub fn new(slots: Vec<Option<OwnedFd>>, console: Option<OwnedFd>) -> Result<Self> {
        Ok(Self {
            root: None,
            proc: Some(open_proc()?),
            slots,
            console,
            kernel: Vec::new(),
            mask: None,
            null: None,
            home: None,
            program: None,
            work_dir_pending: false,
        })
    }

    /// The root file system.
    pub(super) fn root(&self) -> Result<BorrowedFd<'_>> {
        let root = self.root.as_ref().map(AsFd::as_fd);
        root.ok_or_else(|| Error::new(Kind::System, "the root file system is not open yet"))
    }

    /// The machine's /proc.
    pub(super) fn proc(&self) -> Result<BorrowedFd<'_>> {
        let proc = self.proc.as_ref().map(AsFd::as_fd);
        proc.ok_or_else(|| Error::new(Kind::System, "the machine's /proc is closed already"))
    }

    /// Closes all that leads outside, as well as what is not needed once the root is entered.
    pub(super) fn let_go(&mut self) {
        self.slots.clear();
        self.kernel.clear();
        (self.root, self.proc, self.console, self.mask, self.null) = (None, None, None, None, None);
    }

    /// Closes what leads to the machine's file systems and processes.
    pub fn let_go_of_machine(&mut self) {
        self.slots.clear();
        self.proc = None;
    }

    /// Takes what the runtime opened.
    pub(super) fn take(&mut self, slot: Slot) -> Option<OwnedFd> {
        self.slots.get_mut(slot).and_then(Option::take)
    }
}

/// The machine's /proc as a place, proven to be the root of a procfs.
fn open_proc() -> Result<OwnedFd> {
    let proc = files::open("/proc", libc::O_PATH | libc::O_DIRECTORY).context(|| "open /proc")?;
    let root_of_proc = 1;
    let is_proc =
        files::fs_type(proc.as_fd())? == files::PROCFS && files::status(proc.as_fd())?.st_ino == root_of_proc;
    if is_proc {
        Ok(proc)
    } else {
        Err(Error::new(Kind::System, "/proc is not a procfs"))
    }
}
