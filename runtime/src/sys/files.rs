//! Opening and making files relative to descriptors, so that no path is walked twice or out of its root.
#![allow(unsafe_code, reason = "openat2(2) has no safe wrapper that takes every flag")]

use super::call::{c_string, check, named};
use super::old;
use crate::error::Result;
use nix::fcntl::{self, AtFlags};
use nix::sys::stat::{self, FileStat, Mode, SFlag};
use nix::unistd;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// The walk treats the directory as `/`: neither `..` nor symbolic links lead out of it.
pub const IN_ROOT: u64 = libc::RESOLVE_IN_ROOT | libc::RESOLVE_NO_MAGICLINKS;
/// The walk follows no symbolic link and stays below the directory.
pub const NO_LINKS: u64 = libc::RESOLVE_BENEATH | libc::RESOLVE_NO_SYMLINKS | libc::RESOLVE_NO_MAGICLINKS;
/// As [`IN_ROOT`], but a symbolic link anywhere is an error (ELOOP).
pub const IN_ROOT_NO_LINKS: u64 = IN_ROOT | libc::RESOLVE_NO_SYMLINKS;
/// As open(2) walks, through magic links too: for the machine's own /proc.
pub const ANYWHERE: u64 = 0;
/// Below the directory and on its own file system.
pub const SAME_FS: u64 = libc::RESOLVE_BENEATH | libc::RESOLVE_NO_XDEV | libc::RESOLVE_NO_MAGICLINKS;

/// Opens `path` below `dir` with openat2(2); the descriptor is close-on-exec.
///
/// # Errors
/// The kernel's, with the call.
pub fn open_in(dir: BorrowedFd<'_>, path: &str, flags: i32, resolve: u64) -> Result<OwnedFd> {
    create_in(dir, path, flags, 0, resolve)
}

/// [`open_in`] with the mode of a file that O_CREAT makes.
///
/// # Errors
/// The kernel's, with the call.
pub fn create_in(dir: BorrowedFd<'_>, path: &str, flags: i32, mode: u32, resolve: u64) -> Result<OwnedFd> {
    let name = c_string(path)?;
    // SAFETY: open_how is plain integers, for which zero is valid.
    let mut how: libc::open_how = unsafe { std::mem::zeroed() };
    how.flags = u64::from((flags | libc::O_CLOEXEC).cast_unsigned());
    how.mode = u64::from(mode);
    how.resolve = resolve;
    loop {
        // SAFETY: the name and the struct live through the call and have the size given.
        let result = unsafe {
            libc::syscall(
                libc::SYS_openat2,
                dir.as_raw_fd(),
                name.as_ptr(),
                &raw const how,
                size_of::<libc::open_how>(),
            )
        };
        let opened = check(result, || {
            format!("openat2({path:?}, flags {flags:#o}, resolve {resolve:#x})")
        });
        match opened {
            // The kernel could not prove the walk safe because of a rename meanwhile; it asks to try again.
            Err(error) if error.errno() == Some(libc::EAGAIN) => {}
            Err(error) if old::is_missing(&error) => match old::walk::open(dir, path, flags, mode, resolve) {
                Err(error) if error.errno() == Some(libc::EAGAIN) => {}
                walked => return walked,
            },
            // SAFETY: the call returned a new descriptor that nobody else owns.
            Ok(fd) => return Ok(unsafe { OwnedFd::from_raw_fd(fd_number(fd)) }),
            Err(error) => return Err(error),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "descriptors are ints")]
pub(super) fn fd_number(value: libc::c_long) -> i32 {
    value as i32
}

/// Opens an absolute path, as the caller sees it, as a place (O_PATH).
///
/// # Errors
/// The kernel's, with the call.
pub fn open_path(path: &str) -> Result<OwnedFd> {
    open(path, libc::O_PATH)
}

/// Opens an absolute path as the caller sees it.
///
/// # Errors
/// The kernel's, with the call.
pub fn open(path: &str, flags: i32) -> Result<OwnedFd> {
    let flags = fcntl::OFlag::from_bits_retain(flags | libc::O_CLOEXEC);
    named(fcntl::open(path, flags, Mode::empty()), || {
        format!("open({path:?})")
    })
}

/// Makes a directory.
///
/// # Errors
/// The kernel's, with the call.
pub fn make_dir(dir: BorrowedFd<'_>, name: &str, mode: u32) -> Result<()> {
    named(stat::mkdirat(dir, name, Mode::from_bits_truncate(mode)), || {
        format!("mkdirat({name:?}, {mode:#o})")
    })
}

/// Makes a device node, fifo or empty file: `mode` holds the type.
///
/// # Errors
/// The kernel's, with the call.
pub fn make_node(dir: BorrowedFd<'_>, name: &str, mode: u32, major: u64, minor: u64) -> Result<()> {
    let made = stat::mknodat(
        dir,
        name,
        SFlag::from_bits_truncate(mode & libc::S_IFMT),
        Mode::from_bits_truncate(mode & !libc::S_IFMT),
        stat::makedev(major, minor),
    );
    named(made, || format!("mknodat({name:?}, {mode:#o}, {major}:{minor})"))
}

/// Sets the SELinux label of a directory that is open as a place.
///
/// # Errors
/// The kernel's, with the call.
pub fn set_label(directory: BorrowedFd<'_>, label: &str) -> Result<()> {
    let text = c_string(label)?;
    // Attributes are not for places (O_PATH).
    let directory = open_in(directory, ".", libc::O_RDONLY | libc::O_DIRECTORY, SAME_FS)?;
    // SAFETY: the name and the value live through the call, and the value has the size given: with its NUL, as
    // setfilecon(3) writes it.
    let result = unsafe {
        libc::fsetxattr(
            directory.as_raw_fd(),
            c"security.selinux".as_ptr(),
            text.as_ptr().cast(),
            text.count_bytes() + 1,
            0,
        )
    };
    check(result.into(), || {
        format!("fsetxattr(\"security.selinux\", {label:?})")
    })
    .map(drop)
}

/// Makes a symbolic link.
///
/// # Errors
/// The kernel's, with the call.
pub fn make_link(target: &str, dir: BorrowedFd<'_>, name: &str) -> Result<()> {
    named(unistd::symlinkat(target, dir, name), || {
        format!("symlinkat({target:?}, {name:?})")
    })
}

/// What a symbolic link says.
///
/// # Errors
/// The kernel's, with the call.
pub fn read_link(dir: BorrowedFd<'_>, name: &str) -> Result<String> {
    let target = named(fcntl::readlinkat(dir, name), || format!("readlinkat({name:?})"))?;
    Ok(target.to_string_lossy().into_owned())
}

/// Type, mode, owner and numbers of an open file.
///
/// # Errors
/// The kernel's, with the call.
pub fn status(file: BorrowedFd<'_>) -> Result<FileStat> {
    named(stat::fstat(file), || "fstat()".to_owned())
}

/// Whether a file is a directory.
pub fn is_dir(status: &FileStat) -> bool {
    status.st_mode & libc::S_IFMT == libc::S_IFDIR
}

/// Whether a file is a fifo or a pipe.
pub fn is_fifo(status: &FileStat) -> bool {
    status.st_mode & libc::S_IFMT == libc::S_IFIFO
}

/// Whether a file is the slave of a pseudo-terminal (the kernel's devices.txt).
pub fn is_pseudo_terminal(status: &FileStat) -> bool {
    let is_device = status.st_mode & libc::S_IFMT == libc::S_IFCHR;
    is_device && (136..=143).contains(&stat::major(status.st_rdev))
}

/// Whether a file is the character device of these numbers.
pub fn is_char_device(status: &FileStat, major: u64, minor: u64) -> bool {
    status.st_mode & libc::S_IFMT == libc::S_IFCHR && status.st_rdev == stat::makedev(major, minor)
}

/// Gives a file (also one opened with O_PATH) another owner.
///
/// # Errors
/// The kernel's, with the call.
pub fn change_owner(file: BorrowedFd<'_>, uid: Option<u32>, gid: Option<u32>) -> Result<()> {
    let owner = (uid.map(unistd::Uid::from_raw), gid.map(unistd::Gid::from_raw));
    named(
        unistd::fchownat(file, "", owner.0, owner.1, AtFlags::AT_EMPTY_PATH),
        || format!("fchownat({uid:?}, {gid:?})"),
    )
}

/// Changes the permission bits of a file below a directory.
///
/// # Errors
/// The kernel's, with the call.
pub fn change_mode(dir: BorrowedFd<'_>, name: &str, mode: u32) -> Result<()> {
    let mode = Mode::from_bits_truncate(mode);
    named(
        stat::fchmodat(dir, name, mode, stat::FchmodatFlags::FollowSymlink),
        || format!("fchmodat({name:?}, {mode:?})"),
    )
}

/// [`fs_type`] of a procfs.
pub const PROCFS: i64 = 0x9fa0;
/// [`fs_type`] of a devpts.
pub const DEVPTS: i64 = 0x1cd1;

/// The magic number of the file system that a file is on.
///
/// # Errors
/// The kernel's, with the call.
#[expect(
    clippy::unnecessary_cast,
    reason = "the field's type differs between C libraries"
)]
pub fn fs_type(file: BorrowedFd<'_>) -> Result<i64> {
    named(nix::sys::statfs::fstatfs(file), || "fstatfs()".to_owned()).map(|fs| fs.filesystem_type().0 as i64)
}

/// The flags of the mount that a file was opened through: ST_… of statfs(2), those that the C library hides, too.
///
/// # Errors
/// The kernel's, with the call.
pub fn mount_flags(file: BorrowedFd<'_>) -> Result<u64> {
    // SAFETY: the struct is plain integers, for which zero is valid.
    let mut found: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: the struct lives through the call, which fills it.
    let result = unsafe { libc::fstatvfs(file.as_raw_fd(), &raw mut found) };
    check(result.into(), || "fstatvfs()".to_owned())?;
    Ok(found.f_flag)
}

/// Writes all of a short text with one call, as the files of procfs and cgroupfs want it.
///
/// # Errors
/// The kernel's, with the call.
pub fn write_once(file: BorrowedFd<'_>, text: &str) -> Result<()> {
    named(unistd::write(file, text.as_bytes()), || {
        format!("write({text:?})")
    })
    .map(|_| ())
}

/// Reads at most `limit` bytes of a file from its present position.
///
/// # Errors
/// The kernel's, with the call.
pub fn read_up_to(file: BorrowedFd<'_>, limit: usize) -> Result<Vec<u8>> {
    let mut content = vec![0; limit];
    let mut filled = 0;
    while filled < limit {
        match named(unistd::read(file, &mut content[filled..]), || "read()".to_owned())? {
            0 => break,
            count => filled += count,
        }
    }
    content.truncate(filled);
    Ok(content)
}

/// Removes a file, not a directory.
///
/// # Errors
/// The kernel's, with the call.
pub fn remove(dir: BorrowedFd<'_>, name: &str) -> Result<()> {
    named(
        unistd::unlinkat(dir, name, unistd::UnlinkatFlags::NoRemoveDir),
        || format!("unlinkat({name:?})"),
    )
}

/// Takes O_NONBLOCK back.
///
/// # Errors
/// The kernel's, with the call.
pub fn set_blocking(file: BorrowedFd<'_>) -> Result<()> {
    let flags = named(fcntl::fcntl(file, fcntl::FcntlArg::F_GETFL), || {
        "fcntl(F_GETFL)".to_owned()
    })?;
    let flags = fcntl::OFlag::from_bits_retain(flags & !libc::O_NONBLOCK);
    named(fcntl::fcntl(file, fcntl::FcntlArg::F_SETFL(flags)), || {
        "fcntl(F_SETFL)".to_owned()
    })
    .map(|_| ())
}

/// Whether a file was opened through a mount that cannot be written.
///
/// # Errors
/// The kernel's, with the call.
pub fn on_read_only_mount(file: BorrowedFd<'_>) -> Result<bool> {
    let found = named(nix::sys::statvfs::fstatvfs(file), || "fstatvfs()".to_owned())?;
    Ok(found.flags().contains(nix::sys::statvfs::FsFlags::ST_RDONLY))
}

/// The seals after which a file in memory cannot change any more.
const SEALS: fcntl::SealFlag = fcntl::SealFlag::all();

/// Whether a file is in memory and cannot change any more.
pub fn is_sealed(file: BorrowedFd<'_>) -> bool {
    let seals = fcntl::fcntl(file, fcntl::FcntlArg::F_GET_SEALS).unwrap_or(0);
    seals & SEALS.bits() == SEALS.bits()
}

/// Copies a file to memory and seals the copy.
///
/// # Errors
/// The kernel's, with the call.
pub fn sealed_copy(file: BorrowedFd<'_>, name: &str) -> Result<OwnedFd> {
    use nix::sys::memfd::{MFdFlags, memfd_create};
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    let copy = named(memfd_create(name, flags), || format!("memfd_create({name:?})"))?;
    let io_error = |error: std::io::Error| {
        crate::error::Error::syscall("copy a file to memory", error.raw_os_error().unwrap_or(libc::EIO))
    };
    let mut from = std::fs::File::from(file.try_clone_to_owned().map_err(io_error)?);
    let mut to = std::fs::File::from(copy);
    std::io::copy(&mut from, &mut to).map_err(io_error)?;
    let copy = OwnedFd::from(to);
    named(fcntl::fcntl(&copy, fcntl::FcntlArg::F_ADD_SEALS(SEALS)), || {
        "fcntl(F_ADD_SEALS)".to_owned()
    })?;
    Ok(copy)
}
