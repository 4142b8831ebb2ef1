//! What corten says about its own doings, as far as `--log-level` wants it: lines in logrus' text form on
//! standard error, as docker and podman write them.
//!
//! The level is the whole program's, set once from the command line. Results, the progress of pulls and the
//! error that ends a command are no log lines and come at every level: they are in `output`.

use std::ffi::OsStr;
use std::fmt::Display;
use std::io::Write;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::format::timestamp::Timestamp;

/// How much is said: a level's own lines and those of the levels behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Level {
    /// Each step, with requests, layers and the other programs' command lines
    Debug,
    /// Warnings
    Info,
    /// Warnings
    Warn,
    /// Only the error that ends the command
    Error,
    /// Only the error that ends the command
    Fatal,
}

static LEVEL: AtomicU8 = AtomicU8::new(Level::Info as u8);

/// Sets the level for the rest of the program.
pub(crate) fn set_level(level: Level) {
    LEVEL.store(level as u8, Ordering::Relaxed);
}

/// Whether each step is told.
pub(crate) fn is_debug() -> bool {
    says(Level::Debug)
}

fn says(level: Level) -> bool {
    LEVEL.load(Ordering::Relaxed) <= level as u8
}

/// Tells a step, for somebody who wants to know what happens.
pub(crate) fn debug(message: impl Display) {
    if is_debug() {
        write("debug", &message.to_string());
    }
}

/// Tells what does not stop the command but may surprise later.
pub(crate) fn warn(message: impl Display) {
    if says(Level::Warn) {
        write("warning", &message.to_string());
    }
}

/// A command line as a shell would take it, for [`debug`].
pub(crate) fn command_line(command: &std::process::Command) -> String {
    words(std::iter::once(command.get_program()).chain(command.get_args()))
}

/// Words as a shell would take them.
pub(crate) fn words<'a>(words: impl Iterator<Item = &'a OsStr>) -> String {
    let quoted: Vec<_> = words.map(|word| quoted(&word.to_string_lossy())).collect();
    quoted.join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,+@%".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// One line, written at once. Nothing can be done when standard error is gone.
fn write(level: &str, message: &str) {
    let line = render(level, message, &Timestamp::now().to_string());
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// The message is quoted: nothing in it begins another line or steers the terminal.
fn render(level: &str, message: &str, time: &str) -> String {
    format!("time=\"{time}\" level={level} msg={message:?}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_logrus_lines_and_stay_one_line() {
        assert_eq!(
            render("debug", "a \"b\"\n\u{1b}[2J", "2026-01-02T03:04:05Z"),
            "time=\"2026-01-02T03:04:05Z\" level=debug msg=\"a \\\"b\\\"\\n\\u{1b}[2J\"\n"
        );
    }

    #[test]
    fn command_lines_can_be_given_to_a_shell() {
        let mut command = std::process::Command::new("/bin/echo");
        command.args(["-n", "", "a b", "it's", "x=1:2"]);
        assert_eq!(command_line(&command), r"/bin/echo -n '' 'a b' 'it'\''s' x=1:2");
    }
}
