//! A terminal for a program: what a person would see and type.

use crate::command::{Cmd, DEADLINE};
use crate::sys;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, Command, ExitStatus};

/// A program on a terminal of its own.
#[derive(Debug)]
pub struct Session {
    master: File,
    child: Child,
    seen: String,
    /// How the terminal was set.
    before: String,
}

/// How a terminal is set, in stty(1)'s form.
#[track_caller]
fn settings(terminal: &File) -> String {
    let terminal = terminal.try_clone().expect("a second descriptor");
    let output = Command::new("stty").arg("-g").stdin(terminal).output();
    let output = output.expect("stty");
    assert!(output.status.success() && !output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

impl Session {
    /// Starts the command as the leader of a session on a terminal of this size.
    #[track_caller]
    pub fn start(mut command: Cmd, rows: u16, columns: u16) -> Self {
        let (master, slave) = sys::open_pty(rows, columns).expect("a pseudoterminal");
        let before = settings(&master);
        let copy = || slave.try_clone().expect("a second descriptor");
        let inner = command.command();
        inner.stdin(copy()).stdout(copy()).stderr(copy());
        sys::in_own_session(inner);
        let child = inner.spawn().unwrap_or_else(|e| panic!("{inner:?}: {e}"));
        // The command holds copies of the slave; they must go, or the end of the session is never seen.
        drop(command);
        Self {
            master,
            child,
            seen: String::new(),
            before,
        }
    }

    /// Types text.
    #[track_caller]
    pub fn type_in(&mut self, text: &str) {
        self.master
            .write_all(text.as_bytes())
            .expect("the terminal takes input");
    }

    /// Changes the terminal's size, as a person does with a window.
    #[track_caller]
    pub fn resize(&self, rows: u16, columns: u16) {
        sys::resize(self.master.as_fd(), rows, columns).expect("the terminal takes a size");
    }

    /// Waits until the text has been shown since the last call, and returns what was shown up to it.
    #[track_caller]
    pub fn shows(&mut self, text: &str) -> String {
        loop {
            if let Some(at) = self.seen.find(text) {
                let rest = self.seen.split_off(at + text.len());
                return std::mem::replace(&mut self.seen, rest);
            }
            assert!(self.more(), "the terminal showed no {text:?} but {:?}", self.seen);
        }
    }

    /// Reads what there is; false at the end of the session.
    fn more(&mut self) -> bool {
        let mut buffer = [0; 4096];
        assert!(
            sys::readable_within(&self.master, DEADLINE),
            "nothing more shown after {:?}",
            self.seen
        );
        // EIO is the end: the last holder of the slave is gone.
        let length = self.master.read(&mut buffer).unwrap_or(0);
        self.seen.push_str(&String::from_utf8_lossy(&buffer[..length]));
        length > 0
    }

    /// Sends the program a signal.
    pub fn signal(&self, signal: i32) {
        sys::kill(self.child.id(), signal);
    }

    /// Whether the terminal is set as it was before the program came.
    #[track_caller]
    pub fn is_as_before(&self) -> bool {
        settings(&self.master) == self.before
    }

    /// Waits for the end, after which the terminal must be as it was before.
    #[track_caller]
    pub fn ends_restored(mut self) -> ExitStatus {
        while self.more() {}
        assert!(
            self.is_as_before(),
            "{} became {}",
            self.before,
            settings(&self.master)
        );
        self.child.wait().expect("our child")
    }

    /// Waits for the end; returns what was shown since the last call too.
    #[track_caller]
    pub fn ends(mut self) -> (ExitStatus, String) {
        while self.more() {}
        assert!(
            sys::exits_within(self.child.id(), DEADLINE),
            "the session is over, the program is not"
        );
        (
            self.child.wait().expect("our child"),
            std::mem::take(&mut self.seen),
        )
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            _ = self.child.kill();
            _ = self.child.wait();
        }
    }
}
