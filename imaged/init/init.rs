//! The first process of a container run with `--init`: starts the command, passes signals on, reaps what
//! the container leaves behind, and ends as the command ended. Compiled alone, so it uses nothing but std
//! and the few C functions named here.

use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

/// As large as the largest `sigset_t` of the C libraries.
#[repr(C)]
struct SignalSet([u64; 16]);

const SIG_SETMASK: i32 = 2;
const SIGCHLD: i32 = 17;
const WNOHANG: i32 = 1;

unsafe extern "C" {
    fn sigfillset(set: *mut SignalSet) -> i32;
    fn sigprocmask(how: i32, set: *const SignalSet, old: *mut SignalSet) -> i32;
    fn sigwait(set: *const SignalSet, signal: *mut i32) -> i32;
    fn waitpid(pid: i32, status: *mut i32, options: i32) -> i32;
    fn kill(pid: i32, signal: i32) -> i32;
    fn isatty(fd: i32) -> i32;
    fn setpgid(pid: i32, group: i32) -> i32;
    fn tcsetpgrp(fd: i32, group: i32) -> i32;
    fn getpid() -> i32;
}

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1).peekable();
    words.next_if(|word| word == "--");
    let Some(program) = words.next() else {
        eprintln!("init: no command");
        return ExitCode::from(127);
    };
    let mut all = SignalSet([0; 16]);
    // SAFETY: the set is as large as any `sigset_t`, and lives for the call.
    unsafe { sigfillset(&mut all) };
    // SAFETY: the set was just filled; the old one is not wanted.
    unsafe { sigprocmask(SIG_SETMASK, &all, std::ptr::null_mut()) };
    let mut command = Command::new(&program);
    command.args(words);
    // SAFETY: between fork and exec only system calls are made. The signal that tcsetpgrp from the
    // background would raise is still blocked; the command itself starts with no signal blocked, because
    // std lets it inherit the mask.
    unsafe {
        command.pre_exec(|| {
            if isatty(0) == 1 {
                setpgid(0, 0);
                tcsetpgrp(0, getpid());
            }
            sigprocmask(SIG_SETMASK, &SignalSet([0; 16]), std::ptr::null_mut());
            Ok(())
        });
    }
    match command.spawn() {
        Ok(child) => ExitCode::from(keep(i32::try_from(child.id()).unwrap_or(-1), &all)),
        Err(error) => {
            eprintln!("exec {}: {error}", program.to_string_lossy());
            ExitCode::from(if error.kind() == ErrorKind::NotFound { 127 } else { 126 })
        }
    }
}

/// Serves until the child ended; returns its exit code.
fn keep(child: i32, all: &SignalSet) -> u8 {
    loop {
        let mut signal = 0;
        // SAFETY: the set is filled, and the signal is written through a valid pointer.
        unsafe { sigwait(all, &mut signal) };
        if signal != SIGCHLD {
            // SAFETY: a plain system call; the child has not been reaped, so the number is still its own.
            unsafe { kill(child, signal) };
            continue;
        }
        loop {
            let mut status = 0;
            // SAFETY: the status is written through a valid pointer.
            let pid = unsafe { waitpid(-1, &mut status, WNOHANG) };
            if pid <= 0 {
                break;
            }
            if pid == child {
                return exit_code(status);
            }
        }
    }
}

/// The exit status, or 128 and the signal that ended it.
fn exit_code(status: i32) -> u8 {
    let signal = status & 0x7f;
    let code = if signal == 0 { status >> 8 & 0xff } else { 128 + signal };
    u8::try_from(code).unwrap_or(255)
}
