//! Device nodes, links and the terminal, each made below a directory that was opened inside the root.

use super::inside::Inside;
use super::place;
use crate::error::{Context, Error, Kind, Result};
use crate::sys::{files, mount, terminal};
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use std::io::IoSlice;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// A device as the operation gives it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Device<'a> {
    pub(super) path: &'a str,
    pub(super) kind: char,
    pub(super) major: u64,
    pub(super) minor: u64,
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) bind: bool,
}

impl Device<'_> {
    fn type_bits(&self) -> u32 {
        match self.kind {
            'b' => libc::S_IFBLK,
            'p' => libc::S_IFIFO,
            _ => libc::S_IFCHR,
        }
    }

    /// Whether a file is this device.
    fn is(&self, file: BorrowedFd<'_>) -> Result<bool> {
        let status = files::status(file)?;
        let same_type = status.st_mode & libc::S_IFMT == self.type_bits();
        Ok(same_type
            && (self.kind == 'p' || status.st_rdev == nix::sys::stat::makedev(self.major, self.minor)))
    }
}

/// Makes a node, or binds the machine's own where making nodes is not allowed.
pub(super) fn make(inside: &Inside, device: &Device<'_>) -> Result<()> {
    let (dir, name) = place::parent_of(inside.root()?, device.path)?;
    if device.bind {
        return bind(dir.as_fd(), name, device);
    }
    let mode = device.type_bits() | device.mode;
    match files::make_node(dir.as_fd(), name, mode, device.major, device.minor) {
        Err(error) if error.errno() == Some(libc::EEXIST) => {
            return check_existing(dir.as_fd(), name, device);
        }
        Err(error) if error.errno() == Some(libc::EPERM) && device.kind != 'p' => {
            return bind(dir.as_fd(), name, device);
        }
        other => other?,
    }
    if device.uid == 0 && device.gid == 0 {
        return Ok(());
    }
    let node = open_entry(dir.as_fd(), name)?;
    files::change_owner(node.as_fd(), Some(device.uid), Some(device.gid))
}

fn open_entry(dir: BorrowedFd<'_>, name: &str) -> Result<OwnedFd> {
    files::open_in(dir, name, libc::O_PATH | libc::O_NOFOLLOW, libc::RESOLVE_BENEATH)
}

/// An image's own node is fine if it is the same device.
fn check_existing(dir: BorrowedFd<'_>, name: &str, device: &Device<'_>) -> Result<()> {
    if device.is(open_entry(dir, name)?.as_fd())? {
        return Ok(());
    }
    let text = format!(
        "{} exists in the root file system, but is not that device",
        device.path
    );
    Err(Error::new(Kind::Config, text).hint("remove it from the image, or mount a tmpfs at /dev"))
}

fn bind(dir: BorrowedFd<'_>, name: &str, device: &Device<'_>) -> Result<()> {
    let source = files::open_path(device.path).context(|| format!("open the machine's {}", device.path))?;
    if !device.is(source.as_fd())? {
        let Device {
            path,
            kind,
            major,
            minor,
            ..
        } = device;
        let text = format!("the machine's {path} is not the device {kind} {major}:{minor}");
        return Err(Error::new(Kind::Config, text)
            .hint("here devices cannot be made, only the machine's own be shown under their own names"));
    }
    let place = place_for_node(dir, name)?;
    let tree = mount::clone_tree(source.as_fd(), false)?;
    mount::attach(tree.as_fd(), place.as_fd())
}

/// A file to mount on: what is there, never what a symbolic link names.
fn place_for_node(dir: BorrowedFd<'_>, name: &str) -> Result<OwnedFd> {
    match files::make_node(dir, name, libc::S_IFREG | 0o666, 0, 0) {
        Err(error) if error.errno() == Some(libc::EEXIST) => {}
        other => other?,
    }
    open_entry(dir, name)
}

/// Makes a symbolic link; one that is there already stays, but for the terminal multiplexer's.
pub(super) fn link(inside: &Inside, path: &str, target: &str) -> Result<()> {
    let (dir, name) = place::parent_of(inside.root()?, path)?;
    match files::make_link(target, dir.as_fd(), name) {
        Err(error) if error.errno() == Some(libc::EEXIST) && name == "ptmx" => {
            files::remove(dir.as_fd(), name)?;
            files::make_link(target, dir.as_fd(), name)
        }
        Err(error) if error.errno() == Some(libc::EEXIST) => Ok(()),
        other => other,
    }
}

/// Makes a terminal from the container's own devpts, shows init's as /dev/console, sends its master away.
pub(super) fn make_terminal(
    inside: &mut Inside,
    size: Option<(u16, u16)>,
    uid: u32,
    console: bool,
) -> Result<()> {
    let root = inside.root()?;
    let master = open_multiplexer(root)?;
    let slave = terminal::open_slave(master.as_fd())?;
    if let Some((rows, columns)) = size {
        terminal::set_size(master.as_fd(), rows, columns)?;
    }
    files::change_owner(slave.as_fd(), Some(uid), None)?;
    if console {
        show_as_console(root, slave.as_fd()).context(|| "mount the terminal at /dev/console")?;
    }
    if let Some(console) = inside.console.take() {
        send_master(console.as_fd(), master.as_fd())?;
    }
    terminal::use_as_stdio(slave.as_fd())?;
    terminal::take_control(slave.as_fd())
}

fn show_as_console(root: BorrowedFd<'_>, slave: BorrowedFd<'_>) -> Result<()> {
    let (dev, name) = place::parent_of(root, "/dev/console")?;
    let place = place_for_node(dev.as_fd(), name)?;
    let tree = mount::clone_tree(slave, false)?;
    mount::attach(tree.as_fd(), place.as_fd())
}

/// /dev/pts/ptmx of the container, proven to be one: an image could have put anything there. It is proven before
/// it is opened, for opening has effects, and after it, for processes of the container may have changed it.
fn open_multiplexer(root: BorrowedFd<'_>) -> Result<OwnedFd> {
    let open = |flags| files::open_in(root, "/dev/pts/ptmx", flags, files::IN_ROOT_NO_LINKS);
    let place = open(libc::O_PATH | libc::O_NOFOLLOW)
        .map_err(|error| error.hint("a terminal needs a devpts at /dev/pts among the mounts"))?;
    check_multiplexer(place.as_fd())?;
    let master = open(libc::O_RDWR | libc::O_NOCTTY | libc::O_NONBLOCK)?;
    check_multiplexer(master.as_fd())?;
    files::set_blocking(master.as_fd())?;
    Ok(master)
}

fn check_multiplexer(file: BorrowedFd<'_>) -> Result<()> {
    if files::is_char_device(&files::status(file)?, 5, 2) && files::fs_type(file)? == files::DEVPTS {
        return Ok(());
    }
    Err(Error::new(
        Kind::Config,
        "/dev/pts/ptmx is not a terminal multiplexer of a devpts",
    )
    .hint("a terminal needs a devpts at /dev/pts among the mounts"))
}

/// Gives a terminal's master away.
///
/// # Errors
/// When nobody takes it.
pub fn send_master(console: BorrowedFd<'_>, master: BorrowedFd<'_>) -> Result<()> {
    let fds = [master.as_raw_fd()];
    let rights = [ControlMessage::ScmRights(&fds)];
    let text = [IoSlice::new(b"/dev/ptmx")];
    let sent = sendmsg::<()>(console.as_raw_fd(), &text, &rights, MsgFlags::MSG_NOSIGNAL, None);
    sent.map(|_| ()).map_err(|errno| {
        Error::syscall("sendmsg(the terminal's master)", errno as i32)
            .hint("does anybody listen on the console socket?")
    })
}
