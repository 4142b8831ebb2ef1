//! The two ends of a process's stdio: what the process gets, and what stays here.

use std::fs::File;
use std::os::fd::OwnedFd;

use super::log::Stream;
use super::output::Output;
use super::stdin::Stdin;
use crate::cli::Size;
use crate::error::{Call, Result};
use crate::sys::files::{pipe, set_nonblocking};
use crate::sys::tty;

/// The shim's ends.
pub struct Ends {
    /// Where stdin is written.
    pub stdin: Stdin,
    /// Where output is read.
    pub outputs: Vec<Output>,
}

/// Pipes for stdout and stderr, and for stdin if it is wanted; with the process's ends of stdin, stdout and stderr.
///
/// # Errors
/// The kernel has no descriptor or memory left.
pub fn pipes(with_stdin: bool) -> Result<(Ends, [Option<OwnedFd>; 3])> {
    let (their_stdin, stdin) = match with_stdin {
        true => pipe().map(|(read, write)| (Some(read), Some(File::from(write))))?,
        false => (None, None),
    };
    let (stdout, their_stdout) = pipe()?;
    let (stderr, their_stderr) = pipe()?;
    let (stdout, stderr) = (File::from(stdout), File::from(stderr));
    for end in [Some(&stdout), Some(&stderr), stdin.as_ref()]
        .into_iter()
        .flatten()
    {
        set_nonblocking(end)?;
    }
    let ends = Ends {
        stdin: Stdin::new(stdin, false),
        outputs: vec![
            Output::new(stdout, Stream::Stdout, false),
            Output::new(stderr, Stream::Stderr, false),
        ],
    };
    Ok((ends, [their_stdin, Some(their_stdout), Some(their_stderr)]))
}

/// The master of a terminal, perhaps with its first size.
///
/// # Errors
/// It is no terminal.
pub fn terminal(master: File, with_stdin: bool, size: Option<Size>) -> Result<Ends> {
    if let Some(size) = size {
        tty::set_size(&master, size)?;
    }
    set_nonblocking(&master)?;
    let stdin = match with_stdin {
        true => Some(master.try_clone().call(|| "dup(pty)")?),
        false => None,
    };
    Ok(Ends {
        stdin: Stdin::new(stdin, true),
        outputs: vec![Output::new(master, Stream::Stdout, true)],
    })
}
