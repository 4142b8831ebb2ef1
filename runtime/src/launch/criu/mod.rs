//! Saving a container to files and bringing it back, by CRIU.
//!
//! CRIU does the work; what it cannot know it is told: which mounts and namespaces come from outside, into which
//! groups the processes go, who gets the terminal.

mod checkpoint;
mod log;
mod restore;
mod session;
mod streams;

pub use checkpoint::{Checkpoint, checkpoint, saved_mounts};
pub use restore::{Progress, ROOT, Restore, restore};

use crate::error::{Context, Error, Kind, Result};
use crate::oci::{Map, Text};
use crate::plan::criu::{CgroupsMode, Common};
use crate::sys::files;
use nix::sys::stat::Mode;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

/// Where CRIU reads more options from if an annotation says so.
const CONFIG_ANNOTATION: &str = "org.criu.config";
/// Where it reads them from otherwise; the file need not exist.
const CONFIG_FILE: &str = "/etc/criu/runc.conf";

/// What saving and restoring are told alike.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "the words of criu(8)")]
pub struct Options {
    pub images: PathBuf,
    pub work: Option<PathBuf>,
    pub cgroups: CgroupsMode,
    pub empty_network: bool,
    pub tcp_established: bool,
    pub ext_unix_sockets: bool,
    pub shell_job: bool,
    pub file_locks: bool,
    pub auto_dedup: bool,
    pub lazy_pages: bool,
}

/// The open directories of one piece of work.
struct Dirs {
    images: OwnedFd,
    work: Option<OwnedFd>,
    log: PathBuf,
}

impl Dirs {
    fn open(options: &Options, log_file: &str) -> Result<Self> {
        let work = options.work.as_deref();
        if let Some(work) = work {
            make_dir(work)?;
        }
        let log = work.unwrap_or(&options.images).join(log_file);
        Ok(Self {
            images: open_dir(&options.images)?,
            work: work.map(open_dir).transpose()?,
            log,
        })
    }
}

fn open_dir(path: &Path) -> Result<OwnedFd> {
    files::open(&path.to_string_lossy(), libc::O_RDONLY | libc::O_DIRECTORY)
        .context(|| "open the directory for CRIU")
}

/// Makes a directory that may be there.
fn make_dir(path: &Path) -> Result<()> {
    match nix::unistd::mkdir(path, Mode::S_IRWXU) {
        Ok(()) | Err(nix::errno::Errno::EEXIST) => Ok(()),
        Err(errno) => Err(Error::syscall(
            format!("mkdir(\"{}\")", path.display()),
            errno as i32,
        )),
    }
}

/// The request's common part, but for the mounts.
fn common<'a>(
    options: &Options,
    dirs: &Dirs,
    log_file: &'a str,
    root: &'a str,
    annotations: &'a Map<'a, Text<'a>>,
) -> Common<'a> {
    let config_file = match annotations.get(CONFIG_ANNOTATION).map(Text::as_str) {
        Some("") => None,
        given => Some(given.unwrap_or(CONFIG_FILE)),
    };
    Common {
        images_dir: dirs.images.as_raw_fd(),
        work_dir: dirs.work.as_ref().map(AsRawFd::as_raw_fd),
        log_file,
        root,
        config_file,
        cgroups: options.cgroups,
        empty_namespaces: if options.empty_network {
            libc::CLONE_NEWNET.cast_unsigned()
        } else {
            0
        },
        tcp_established: options.tcp_established,
        ext_unix_sockets: options.ext_unix_sockets,
        shell_job: options.shell_job,
        file_locks: options.file_locks,
        auto_dedup: options.auto_dedup,
        lazy_pages: options.lazy_pages,
        mounts: Vec::new(),
    }
}

/// CRIU's answer must not be taken for one that a program of another name gave.
fn must_support(supported: bool, feature: &str) -> Result<()> {
    if supported {
        return Ok(());
    }
    Err(Error::new(
        Kind::Unsupported,
        format!("criu is missing features: [{feature}]"),
    )
    .hint("the kernel must support it, too: `criu check --feature` tells"))
}
