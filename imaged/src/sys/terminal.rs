//! The user's terminal: raw while a container's terminal shows through it, restored on every way out.
#![allow(unsafe_code, reason = "TIOCGWINSZ has no safe wrapper among our libraries")]

use std::io::{IsTerminal, Read};
use std::os::fd::AsRawFd;
use std::sync::Mutex;

use nix::libc;
use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};

use crate::error::{Error, Kind, Result};

/// What the terminal was before it became raw; also read by the panic hook.
static SAVED: Mutex<Option<Termios>> = Mutex::new(None);

/// Standard input as a raw terminal, as long as this lives.
#[derive(Debug)]
pub(crate) struct Raw(());

impl Raw {
    /// Makes standard input raw.
    ///
    /// # Errors
    /// When it is not a terminal.
    pub(crate) fn new() -> Result<Self> {
        let stdin = std::io::stdin();
        let before = tcgetattr(&stdin).map_err(|errno| Error::syscall("tcgetattr(0)", errno as i32))?;
        let mut raw = before.clone();
        cfmakeraw(&mut raw);
        if let Ok(mut saved) = SAVED.lock() {
            *saved = Some(before);
        }
        // The release build aborts on a panic: destructors do not run, but the hook does.
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            restore();
            hook(info);
        }));
        tcsetattr(&stdin, SetArg::TCSANOW, &raw)
            .map_err(|errno| Error::syscall("tcsetattr(0)", errno as i32))?;
        Ok(Self(()))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        restore();
    }
}

/// Puts the terminal back as it was; does nothing when it was never raw.
fn restore() {
    if let Ok(mut saved) = SAVED.try_lock()
        && let Some(before) = saved.take()
    {
        let _ = tcsetattr(std::io::stdin(), SetArg::TCSANOW, &before);
    }
}

/// Whether standard input is a terminal.
pub(crate) fn stdin_is_terminal() -> bool {
    std::io::stdin().is_terminal()
}

/// Reads a line from the terminal that is not shown while it is typed.
///
/// # Errors
/// When standard input is not a terminal or ends; `Closed` when it is interrupted.
pub(crate) fn read_secret() -> Result<String> {
    let _raw = Raw::new()?;
    let mut line = Vec::new();
    let mut byte = [0];
    let mut input = std::io::stdin().lock();
    loop {
        let count = input
            .read(&mut byte)
            .map_err(|error| Error::io("read(0)", &error))?;
        match byte[0] {
            _ if count == 0 => break,
            b'\r' | b'\n' => break,
            // Ctrl-C, and Ctrl-D on an empty line.
            3 => return Err(Error::new(Kind::Closed, "interrupted")),
            4 if line.is_empty() => return Err(Error::new(Kind::Closed, "interrupted")),
            8 | 127 => drop(line.pop()),
            // Ctrl-U
            21 => line.clear(),
            other => line.push(other),
        }
    }
    String::from_utf8(line).map_err(|_| Error::new(Kind::Usage, "what was typed is not UTF-8"))
}

/// Rows and columns of the terminal on standard output or input.
pub(crate) fn size() -> Option<(u16, u16)> {
    let of = |fd: i32| {
        let mut size = libc::winsize {
            ws_row: 0,
            ws_col: 0,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        // SAFETY: TIOCGWINSZ writes one winsize through the pointer, which is valid for the call.
        let result = unsafe { libc::ioctl(fd, libc::TIOCGWINSZ, &raw mut size) };
        (result == 0 && size.ws_row > 0 && size.ws_col > 0).then_some((size.ws_row, size.ws_col))
    };
    of(std::io::stdout().as_raw_fd()).or_else(|| of(std::io::stdin().as_raw_fd()))
}
