//! Finding the user's program, and explaining why the kernel did not run it.

use crate::error::{Error, Kind, Result};
use crate::sys::files;
use nix::sys::stat::FileStat;
use std::os::fd::AsFd;

/// How much of a program's beginning tells what it needs to run.
const HEAD: usize = 4096;

/// The path of the program that `name` means: itself if it has a slash, or else the first match of PATH.
///
/// # Errors
/// In the words that Go's os/exec made known, since callers look for them.
pub(super) fn find(name: &str, search: Option<&str>) -> Result<String> {
    if name.contains('/') {
        return match look(name) {
            Found::Program => Ok(name.to_owned()),
            other => Err(other.refusal(name)),
        };
    }
    let mut seen = Found::Nothing;
    for dir in search.unwrap_or_default().split(':') {
        let candidate = format!("{}/{name}", if dir.is_empty() { "." } else { dir });
        match look(&candidate) {
            Found::Program => return Ok(candidate),
            Found::Forbidden => seen = Found::Forbidden,
            Found::Directory | Found::Nothing => {}
        }
    }
    if let Found::Forbidden = seen {
        return Err(Found::Forbidden.refusal(name));
    }
    let error = Error::new(
        Kind::System,
        format!("exec: {name:?}: executable file not found in $PATH"),
    );
    Err(match search {
        Some(path) => error.hint(format!("the container's PATH is {path}")),
        None => error.hint("process.env has no PATH"),
    })
}

enum Found {
    Program,
    Directory,
    Forbidden,
    Nothing,
}

impl Found {
    fn refusal(&self, name: &str) -> Error {
        let (why, errno) = match self {
            Self::Directory => ("is a directory", libc::EISDIR),
            Self::Forbidden => ("permission denied", libc::EACCES),
            Self::Program | Self::Nothing => ("no such file or directory", libc::ENOENT),
        };
        let error = Error::new(Kind::System, format!("exec {name}: {why}"));
        match errno {
            libc::EACCES => error.hint(format!(
                "{name} is not executable, or a directory above it is closed"
            )),
            libc::ENOENT => error.hint(format!("the container's root file system has no {name}")),
            _ => error,
        }
    }
}

/// What is there. Whether this user may run it is the kernel's to say, at execve.
fn look(path: &str) -> Found {
    match nix::sys::stat::stat(path) {
        Ok(status) if files::is_dir(&status) => Found::Directory,
        Ok(status) if is_executable(&status) => Found::Program,
        Ok(_) | Err(nix::errno::Errno::EACCES) => Found::Forbidden,
        Err(_) => Found::Nothing,
    }
}

fn is_executable(status: &FileStat) -> bool {
    status.st_mode & libc::S_IFMT == libc::S_IFREG && status.st_mode & 0o111 != 0
}

/// The failure of execve with its likely cause.
pub(super) fn explain(error: Error, path: &str) -> Error {
    let plain = |why: &str| Error::new(Kind::System, format!("exec {path}: {why}"));
    match error.errno() {
        Some(libc::ENOENT) => match interpreter(path) {
            Some(missing) => plain("no such file or directory")
                .hint(format!("{path} is there, but its interpreter {missing} is not in the root file system")),
            None => plain("no such file or directory"),
        },
        Some(libc::ENOEXEC) => plain("exec format error").hint(format_hint(path)),
        Some(libc::EACCES) => plain("permission denied")
            .hint("the file is not executable for this user, a directory above it is closed, or its mount is noexec"),
        Some(errno) => plain(&nix::errno::Errno::from_raw(errno).desc().to_lowercase()),
        None => error,
    }
}

fn head(path: &str) -> Option<Vec<u8>> {
    let file = files::open(path, libc::O_RDONLY | libc::O_NONBLOCK).ok()?;
    files::read_up_to(file.as_fd(), HEAD).ok()
}

/// The interpreter that a script or a dynamic program asks for.
fn interpreter(path: &str) -> Option<String> {
    interpreter_of(&head(path)?)
}

fn interpreter_of(head: &[u8]) -> Option<String> {
    if let Some(line) = head.strip_prefix(b"#!") {
        let line = line.split(|byte| *byte == b'\n').next()?;
        let line = String::from_utf8_lossy(line);
        return line.split_whitespace().next().map(|name| name.to_owned());
    }
    elf_interpreter(head)
}

/// PT_INTERP of a 64-bit ELF file of this machine's byte order (elf(5)).
fn elf_interpreter(head: &[u8]) -> Option<String> {
    const PT_INTERP: u64 = 3;
    if !head.starts_with(b"\x7fELF\x02") {
        return None;
    }
    let number = |at: usize, size: usize| {
        let bytes = head.get(at..at.checked_add(size)?)?;
        let value = bytes
            .iter()
            .rev()
            .fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        usize::try_from(value).ok()
    };
    let (table, entry, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
    let headers = (0..count).filter_map(|index| table.checked_add(index.checked_mul(entry)?));
    let found = headers
        .into_iter()
        .find(|at| number(*at, 4) == usize::try_from(PT_INTERP).ok())?;
    let (offset, length) = (
        number(found.checked_add(8)?, 8)?,
        number(found.checked_add(32)?, 8)?,
    );
    let name = head.get(offset..offset.checked_add(length)?)?;
    Some(String::from_utf8_lossy(name).trim_end_matches('\0').to_owned())
}

fn format_hint(path: &str) -> String {
    match head(path) {
        Some(head) if head.is_empty() => format!("{path} is empty"),
        Some(head) if head.starts_with(b"\x7fELF") => {
            format!("{path} is a program for another processor than this machine's")
        }
        _ => format!("{path} is neither a program of this machine nor a script that begins with #!"),
    }
}

#[cfg(test)]
mod tests {
    use super::interpreter_of;

    #[test]
    fn scripts_name_their_interpreter() {
        assert_eq!(
            interpreter_of(b"#! /bin/sh -e\nexit\n").as_deref(),
            Some("/bin/sh")
        );
        assert_eq!(interpreter_of(b"#!\n"), None);
        assert_eq!(interpreter_of(b"exit\n"), None);
    }

    #[test]
    fn a_dynamic_program_names_its_loader() {
        let own = std::fs::read("/bin/sh").unwrap();
        let loader = interpreter_of(&own[..4096]).unwrap();
        assert!(loader.contains("ld-"), "{loader}");
    }

    #[test]
    fn a_lying_header_is_harmless() {
        let mut head = b"\x7fELF\x02\x01\x01".to_vec();
        head.resize(64, 0xff);
        assert_eq!(interpreter_of(&head), None);
    }
}
