//! The cgroup hierarchies of this machine: looking for leftovers, and a pure v2 view of them.

use crate::command::Cmd;
use crate::leaks::mentions;
use crate::sys;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Runs its arguments with /sys/fs/cgroup replaced by the v2 hierarchy alone.
const V2_VIEW: &str = r#"
    [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || {
        umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup || exit 99
    }
    exec "$@""#;

/// Runs its arguments without the v2 hierarchy of a hybrid machine.
const V1_VIEW: &str = r#"
    ! mountpoint -q /sys/fs/cgroup/unified || umount /sys/fs/cgroup/unified || exit 99
    exec "$@""#;

/// `unshare` becomes a command that runs `program` without the v2 hierarchy of a hybrid machine.
pub fn in_v1_view(unshare: Cmd, program: &Path) -> Cmd {
    unshare
        .args(["--mount", "--propagation", "slave", "sh", "-c", V1_VIEW, "sh"])
        .arg(program)
}

/// `unshare` becomes a command that runs `program` with a pure v2 view in a mount namespace of its own.
pub fn in_v2_view(unshare: Cmd, program: &Path) -> Cmd {
    unshare
        .args(["--mount", "--propagation", "slave", "sh", "-c", V2_VIEW, "sh"])
        .arg(program)
}

/// Where the hierarchies are mounted.
pub fn mounts() -> Vec<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let mut points: Vec<PathBuf> = mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ');
            let point = fields.nth(1)?;
            fields.next()?.starts_with("cgroup").then(|| point.into())
        })
        .collect();
    points.sort();
    points.dedup();
    points
}

/// All cgroups whose name carries the tag, parents first.
pub fn named_like(tag: &str) -> Vec<PathBuf> {
    let name = |path: &PathBuf| {
        path.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    all()
        .into_iter()
        .filter(|path| mentions(&name(path), tag))
        .collect()
}

/// Every cgroup of every hierarchy, parents first.
pub fn all() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for mount in mounts() {
        walk(&mount, &mut |path| found.push(path.to_owned()));
    }
    found
}

/// Ends the processes in a cgroup, and waits until they are gone.
pub fn kill(cgroup: &Path) {
    let processes = fs::read_to_string(cgroup.join("cgroup.procs")).unwrap_or_default();
    let pids = processes.lines().filter_map(|line| line.parse().ok());
    // 0 stands for a process of another pid namespace.
    for pid in pids.filter(|&pid| pid != 0) {
        sys::kill(pid, libc::SIGKILL);
        sys::exits_within(pid, Duration::from_secs(10));
    }
}

fn walk(dir: &Path, visit: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            visit(&entry.path());
            walk(&entry.path(), visit);
        }
    }
}

/// Removes a cgroup and those below it, as far as that is possible.
pub fn remove(path: &Path) {
    let mut all = vec![path.to_owned()];
    walk(path, &mut |below| all.push(below.to_owned()));
    for cgroup in all.iter().rev() {
        _ = fs::remove_dir(cgroup);
    }
}
