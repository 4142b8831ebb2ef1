//! The resctrl file system (Intel RDT and its like): where it is, and what stands in a class of service.

use crate::error::{Context, Error, Result};
use std::fs;
use std::path::Path;

/// What was found for one class.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The mount point.
    pub mount: String,
    /// The class's `schemata`, if the class exists.
    pub schemata: Option<String>,
}

/// Looks for a class of service; none without a resctrl file system.
///
/// # Errors
/// When what is there cannot be read.
pub fn find(class: &str) -> Result<Option<Found>> {
    let mounts =
        fs::read_to_string("/proc/self/mountinfo").map_err(|error| failed("/proc/self/mountinfo", &error))?;
    let Some(mount) = mount_point(&mounts) else {
        return Ok(None);
    };
    let schemata = read_schemata(&Path::new(mount).join(class.trim_start_matches('/')))?;
    let mount = mount.to_owned();
    Ok(Some(Found { mount, schemata }))
}

/// The first resctrl in a mountinfo (proc_pid_mountinfo(5)): the type stands after ` - `.
fn mount_point(mountinfo: &str) -> Option<&str> {
    mountinfo.lines().find_map(|line| {
        let (own, file_system) = line.split_once(" - ")?;
        let is_resctrl = file_system.split(' ').next() == Some("resctrl");
        own.split(' ').nth(4).filter(|_| is_resctrl)
    })
}

/// The lines of a class; none if there is no such class.
fn read_schemata(class: &Path) -> Result<Option<String>> {
    let path = class.join("schemata");
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(failed(&path.display().to_string(), &error)).context(|| "look at the resctrl class")
        }
    }
}

fn failed(path: &str, error: &std::io::Error) -> Error {
    Error::syscall(format!("read {path}"), error.raw_os_error().unwrap_or(libc::EIO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mount_point_is_found_by_type() {
        let text = "24 1 0:22 / /proc rw shared:5 - proc proc rw\n\
                    30 24 0:27 / /sys/fs/resctrl rw,relatime shared:9 - resctrl resctrl rw,mba_MBps\n";
        assert_eq!(mount_point(text), Some("/sys/fs/resctrl"));
        assert_eq!(mount_point("24 1 0:22 / /resctrl rw - tmpfs resctrl rw\n"), None);
    }

    #[test]
    fn a_class_is_there_when_it_has_schemata() {
        let tree = tempfile::tempdir().unwrap();
        assert_eq!(read_schemata(&tree.path().join("c")).unwrap(), None);
        fs::create_dir(tree.path().join("c")).unwrap();
        fs::write(tree.path().join("c/schemata"), "MB:0=100\n").unwrap();
        assert_eq!(
            read_schemata(&tree.path().join("c")).unwrap().unwrap(),
            "MB:0=100\n"
        );
    }
}
