//! The names in an open directory, without what the C library keeps for each directory it reads: memory of its own
//! allocator, which nothing else in this program wakes up.
#![allow(unsafe_code, reason = "getdents64(2) has no safe wrapper")]

use super::call::check;
use crate::error::Result;
use std::ffi::{CStr, OsStr, OsString};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;

/// Where an entry has its length and its name (struct linux_dirent64).
const LENGTH: usize = 16;
const NAME: usize = 19;

/// The names in a directory that was not read yet through this descriptor, but for `.` and `..`.
///
/// # Errors
/// The kernel's, with the call.
pub fn names(directory: BorrowedFd<'_>) -> Result<Vec<OsString>> {
    let mut found = Vec::new();
    let mut buffer = [0_u8; 2048];
    loop {
        // SAFETY: the pointer and the length are of one array.
        let result = unsafe {
            libc::syscall(
                libc::SYS_getdents64,
                directory.as_raw_fd(),
                buffer.as_mut_ptr(),
                buffer.len(),
            )
        };
        let filled = usize::try_from(check(result, || "getdents64()".to_owned())?).unwrap_or(0);
        if filled == 0 {
            return Ok(found);
        }
        let mut rest = &buffer[..filled];
        while let Some((entry, others)) = split_entry(rest) {
            found.extend(name_of(entry));
            rest = others;
        }
    }
}

fn split_entry(entries: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = entries.get(LENGTH..LENGTH + 2)?;
    entries.split_at_checked(usize::from(u16::from_ne_bytes([length[0], length[1]])))
}

fn name_of(entry: &[u8]) -> Option<OsString> {
    let name = CStr::from_bytes_until_nul(entry.get(NAME..)?).ok()?;
    let name = OsStr::from_bytes(name.to_bytes());
    (name != "." && name != "..").then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn all_names_are_found_over_several_calls() {
        let dir = tempfile::tempdir().unwrap();
        let mut expected: Vec<OsString> = (0..200)
            .map(|n| format!("a name that is long {n}").into())
            .collect();
        for name in &expected {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let mut found = names(std::fs::File::open(dir.path()).unwrap().as_fd()).unwrap();
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn an_empty_directory_has_none_and_a_file_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        assert!(
            names(std::fs::File::open(dir.path()).unwrap().as_fd())
                .unwrap()
                .is_empty()
        );
        let file = tempfile::tempfile().unwrap();
        assert_eq!(names(file.as_fd()).unwrap_err().errno(), Some(libc::ENOTDIR));
    }
}
