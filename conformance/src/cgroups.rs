//! The cgroup hierarchies of this machine: looking for leftovers, and a pure v2 view of them.

use crate::command::Cmd;
use crate::leaks::mentions;
use std::fs;
use std::path::{Path, PathBuf};

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
    let mut found = Vec::new();
    for mount in mounts() {
        walk(&mount, &mut |path| {
            let name = path.file_name().unwrap_or_default();
            if mentions(&name.to_string_lossy(), tag) {
                found.push(path.to_owned());
            }
        });
    }
    found
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
