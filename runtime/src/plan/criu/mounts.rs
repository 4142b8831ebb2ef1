//! A container's mounts as CRIU sees them: most it saves and restores itself; what comes from outside it must be
//! given again.

use crate::plan::build::Plan;
use crate::plan::op::{InitOp, Mount, RootOp, What};

/// A mount that comes from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct External {
    /// Where it is in the container, as config.json says.
    pub destination: String,
    /// What CRIU calls it: the destination, or what all masks have in common.
    pub name: String,
    /// What it shows.
    pub source: String,
    /// Whether it covers a path that need not exist, and directories in another way.
    pub mask: bool,
}

/// The machine's null device covers masked files.
const NULL: &str = "/dev/null";

/// The mounts of a plan that come from outside: bind mounts, bound devices, and what masks files.
pub fn external(plan: &Plan<'_>) -> Vec<External> {
    let bound = |destination: &str, source: &str| External {
        destination: destination.to_owned(),
        name: destination.to_owned(),
        source: source.to_owned(),
        mask: false,
    };
    let covered = |path: &str| External {
        destination: path.to_owned(),
        name: NULL.to_owned(),
        source: NULL.to_owned(),
        mask: true,
    };
    root_ops(plan)
        .filter_map(|op| match op {
            RootOp::Mount(mount) => match &mount.what {
                What::Bind { source, .. } => Some(bound(&mount.destination, source)),
                What::New { .. } => None,
            },
            RootOp::Device { path, bind: true, .. } => Some(bound(path, path)),
            RootOp::Mask { path } => Some(covered(path)),
            _ => None,
        })
        .collect()
}

/// What a mount point must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointKind<'a> {
    /// A directory: a file system of its own comes there.
    Directory,
    /// The same as this source, which is mounted while the other mount points are made.
    Like(&'a str),
}

/// The mount points that must be in the root file system before CRIU mounts, in order. Below other new file systems
/// CRIU finds its own.
pub fn mount_points<'a>(plan: &'a Plan<'_>) -> Vec<(&'a str, PointKind<'a>)> {
    let mut fresh: Vec<&str> = Vec::new();
    let mut points = Vec::new();
    for mount in root_ops(plan).filter_map(as_mount) {
        let destination = mount.destination.as_ref();
        if fresh.iter().any(|above| is_below(destination, above)) {
            continue;
        }
        match &mount.what {
            What::New { .. } => {
                fresh.push(destination);
                points.push((destination, PointKind::Directory));
            }
            What::Bind { source, .. } => points.push((destination, PointKind::Like(source))),
        }
    }
    points
}

fn root_ops<'a>(plan: &'a Plan<'_>) -> impl Iterator<Item = &'a RootOp<'a>> {
    plan.init.iter().filter_map(|op| match op {
        InitOp::Root(op) => Some(op),
        _ => None,
    })
}

fn as_mount<'a>(op: &'a RootOp<'a>) -> Option<&'a Mount<'a>> {
    match op {
        RootOp::Mount(mount) => Some(mount),
        _ => None,
    }
}

fn is_below(path: &str, above: &str) -> bool {
    let rest = path.strip_prefix(above.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.starts_with('/') && rest.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_is_not_beside() {
        assert!(is_below("/dev/shm", "/dev"));
        assert!(is_below("/dev/shm", "/dev/"));
        assert!(!is_below("/devices", "/dev"));
        assert!(!is_below("/dev", "/dev"));
        assert!(!is_below("/dev/", "/dev"));
    }
}
