//! Effects on the resctrl file system.

use crate::error::{Context, Error, Result};
use crate::plan::resctrl::Op;
use crate::sys::files;
use std::fs::{DirBuilder, remove_dir};
use std::os::fd::AsFd;
use std::os::unix::fs::DirBuilderExt;

/// Runs one operation for the process of that id.
///
/// # Errors
/// The failed call, with the kernel's own words about it.
pub fn run(op: &Op, pid: i32) -> Result<()> {
    match op {
        Op::MakeGroup { path } => make_group(path),
        Op::Allocate { path, lines } => write(path, "schemata", lines),
        Op::Assign { path } => write(path, "tasks", &pid.to_string()),
    }
}

fn make_group(path: &str) -> Result<()> {
    match DirBuilder::new().mode(0o755).create(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => {
            Err(failed("mkdir", path, &error).hint("the processor has a fixed number of such groups"))
        }
        Ok(()) => Ok(()),
    }
}

fn write(path: &str, file: &str, text: &str) -> Result<()> {
    let opened = files::open(&format!("{path}/{file}"), libc::O_WRONLY)?;
    files::write_once(opened.as_fd(), text).map_err(|error| explain(error, path))
}

/// The kernel says in a file of its own why it refused.
fn explain(error: Error, path: &str) -> Error {
    let mut above = std::path::Path::new(path).ancestors();
    let said = above.find_map(|dir| std::fs::read_to_string(dir.join("info/last_cmd_status")).ok());
    match said {
        Some(said) => error.hint(format!("the kernel says: {}", said.trim())),
        None => error,
    }
}

/// Removes a container's own groups; those that are gone are fine.
///
/// # Errors
/// The kernel's.
pub fn remove(groups: &[String]) -> Result<()> {
    for path in groups {
        match remove_dir(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            other => other
                .map_err(|error| failed("rmdir", path, &error))
                .context(|| "remove the resctrl group")?,
        }
    }
    Ok(())
}

fn failed(call: &str, path: &str, error: &std::io::Error) -> Error {
    Error::syscall(
        format!("{call}({path:?})"),
        error.raw_os_error().unwrap_or(libc::EIO),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Plain files and directories stand for the kernel's.
    #[test]
    fn a_tree_of_files_gets_groups_lines_and_tasks() {
        let tree = tempfile::tempdir().unwrap();
        let path = tree.path().join("c1").to_str().unwrap().to_owned();
        let op = Op::MakeGroup { path: path.clone() };
        run(&op, 7).unwrap();
        run(&op, 7).unwrap();
        for file in ["schemata", "tasks"] {
            fs::write(tree.path().join("c1").join(file), "").unwrap();
        }
        let lines = "L3:0=f\n".to_owned();
        run(
            &Op::Allocate {
                path: path.clone(),
                lines,
            },
            7,
        )
        .unwrap();
        run(&Op::Assign { path: path.clone() }, 7).unwrap();
        assert_eq!(
            fs::read_to_string(tree.path().join("c1/schemata")).unwrap(),
            "L3:0=f\n"
        );
        assert_eq!(fs::read_to_string(tree.path().join("c1/tasks")).unwrap(), "7");
        for file in ["schemata", "tasks"] {
            fs::remove_file(tree.path().join("c1").join(file)).unwrap();
        }
        let gone = format!("{path}/mon_groups/c1");
        remove(&[gone, path.clone()]).unwrap();
        assert!(!tree.path().join("c1").exists());
    }

    #[test]
    fn the_kernels_words_are_in_the_error() {
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir_all(tree.path().join("info")).unwrap();
        fs::write(
            tree.path().join("info/last_cmd_status"),
            "mask f is out of range\n",
        )
        .unwrap();
        let error = explain(
            Error::syscall("write", libc::EINVAL),
            tree.path().join("c1").to_str().unwrap(),
        );
        assert_eq!(error.hints(), ["the kernel says: mask f is out of range"]);
    }
}
