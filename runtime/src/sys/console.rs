//! The caller's side of a container's terminal: its size, and a descriptor that comes through a socket.
#![allow(
    unsafe_code,
    reason = "ioctl(2) and received descriptors have no safe wrapper"
)]

use crate::error::{Error, Kind, Result};
use nix::errno::Errno;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};
use std::io::IoSliceMut;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// A terminal's rows and columns.
///
/// # Errors
/// The kernel's; `ENOTTY` when it is no terminal.
pub fn size(terminal: BorrowedFd<'_>) -> Result<(u16, u16)> {
    let mut size = libc::winsize {
        ws_row: 0,
        ws_col: 0,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: TIOCGWINSZ writes a winsize, and `size` lives through the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_ioctl,
            terminal.as_raw_fd(),
            libc::TIOCGWINSZ,
            &raw mut size,
        )
    };
    match Errno::result(result) {
        Ok(_) => Ok((size.ws_row, size.ws_col)),
        Err(errno) => Err(Error::syscall("ioctl(TIOCGWINSZ)", errno as i32)),
    }
}

/// Waits for one message with a descriptor in it.
///
/// # Errors
/// When the other end closes, or sends something else.
pub fn receive_descriptor(socket: BorrowedFd<'_>) -> Result<OwnedFd> {
    let (_, descriptor) = receive(socket, &mut [0; 4096])?;
    descriptor.ok_or_else(|| Error::new(Kind::System, "no descriptor came"))
}

/// Waits for one message; returns its length, 0 when the other end closed, and the descriptor in it.
///
/// # Errors
/// The kernel's.
pub fn receive(socket: BorrowedFd<'_>, message: &mut [u8]) -> Result<(usize, Option<OwnedFd>)> {
    let mut space = nix::cmsg_space!([RawFd; 1]);
    let mut buffers = [IoSliceMut::new(message)];
    let received = loop {
        match recvmsg::<()>(
            socket.as_raw_fd(),
            &mut buffers,
            Some(&mut space),
            MsgFlags::MSG_CMSG_CLOEXEC,
        ) {
            Err(Errno::EINTR) => {}
            received => break received.map_err(|errno| Error::syscall("recvmsg", errno as i32))?,
        }
    };
    let mut control = received
        .cmsgs()
        .map_err(|errno| Error::syscall("recvmsg", errno as i32))?;
    let descriptor = control.find_map(|message| match message {
        ControlMessageOwned::ScmRights(descriptors) => descriptors.first().copied(),
        _ => None,
    });
    // SAFETY: the kernel has just made this descriptor for us, and nobody else owns it.
    let descriptor = descriptor.map(|descriptor| unsafe { OwnedFd::from_raw_fd(descriptor) });
    Ok((received.bytes, descriptor))
}
