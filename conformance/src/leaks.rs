//! Finds what a case left behind. Everything of a case carries its tag: in its environment, its command line, its
//! cgroup's name, its working or root directory or in the mounts it sees; so cases can run beside each other.

use crate::{cgroups, sys};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Something that should be gone.
#[derive(Debug, Clone)]
pub enum Leak {
    /// A process and its command line.
    Process(u32, String),
    /// A mount point in our own mount namespace.
    Mount(PathBuf),
    /// A cgroup directory.
    Cgroup(PathBuf),
}

/// Everything that carries the tag, or the case's directory, and the cgroups of containers recorded in an engine's store.
pub fn of(tag: &str, dir: &Path) -> Vec<Leak> {
    let mut leaks = processes(tag);
    leaks.extend(mounts(dir));
    let named = cgroups::named_like(tag).into_iter();
    leaks.extend(named.chain(cgroups_of_containers(dir)).map(Leak::Cgroup));
    leaks
}

/// The names of these are the containers' ids, which do not carry the tag.
fn cgroups_of_containers(dir: &Path) -> Vec<PathBuf> {
    let containers = fs::read_dir(dir.join("store/containers")).into_iter().flatten();
    let ids: Vec<_> = containers.flatten().map(|entry| entry.file_name()).collect();
    if ids.is_empty() {
        return Vec::new();
    }
    let is_theirs = |path: &PathBuf| {
        path.file_name()
            .is_some_and(|name| ids.iter().any(|id| id == name))
    };
    cgroups::all().into_iter().filter(is_theirs).collect()
}

/// One line per leak.
pub fn describe(leaks: &[Leak]) -> String {
    let line = |leak: &Leak| match leak {
        Leak::Process(pid, command) => format!("  process {pid}: {command}"),
        Leak::Mount(path) => format!("  mount {}", path.display()),
        Leak::Cgroup(path) => format!("  cgroup {}", path.display()),
    };
    leaks.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Ends the processes, then removes the mounts and cgroups.
pub fn remove(leaks: &[Leak]) {
    for leak in leaks {
        if let Leak::Process(pid, _) = leak {
            sys::kill(*pid, libc::SIGKILL);
            sys::exits_within(*pid, Duration::from_secs(10));
        }
    }
    for leak in leaks.iter().rev() {
        match leak {
            Leak::Process(..) => {}
            Leak::Mount(path) => sys::unmount(path),
            Leak::Cgroup(path) => cgroups::remove(path),
        }
    }
}

fn processes(tag: &str) -> Vec<Leak> {
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|&pid| pid != std::process::id() && !is_zombie(pid) && belongs(pid, tag))
        .map(|pid| Leak::Process(pid, command_line(pid)))
        .collect()
}

fn belongs(pid: u32, tag: &str) -> bool {
    let contains = |file: &str| {
        let bytes = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        mentions(&String::from_utf8_lossy(&bytes), tag)
    };
    let leads_into = |link: &str| {
        let target = fs::read_link(format!("/proc/{pid}/{link}")).unwrap_or_default();
        mentions(&target.to_string_lossy(), tag)
    };
    // Other cases' processes may see our mounts as well: what they see counts only if their root is not ours.
    let own_root =
        || fs::read_link(format!("/proc/{pid}/ns/mnt")).ok() != fs::read_link("/proc/self/ns/mnt").ok();
    let root_mount = || {
        let mounts = fs::read_to_string(format!("/proc/{pid}/mountinfo")).unwrap_or_default();
        let is_root = |line: &&str| line.split(' ').nth(4) == Some("/");
        mounts.lines().filter(is_root).any(|line| mentions(line, tag))
    };
    contains("environ")
        || contains("cmdline")
        || contains("cgroup")
        || leads_into("cwd")
        || leads_into("exe")
        || (own_root() && root_mount())
}

/// Does the text contain the tag, and not a longer one that begins like it?
pub(crate) fn mentions(text: &str, tag: &str) -> bool {
    text.match_indices(tag)
        .any(|(at, _)| !text[at + tag.len()..].starts_with(|c: char| c.is_ascii_digit()))
}

/// A process that nobody has waited for yet holds nothing any more.
fn is_zombie(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_none_or(|(_, rest)| rest.starts_with(['Z', 'X']))
}

fn command_line(pid: u32) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ")
}

fn mounts(dir: &Path) -> Vec<Leak> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let points = mounts.lines().filter_map(|line| line.split(' ').nth(4));
    points
        .filter(|point| Path::new(point).starts_with(dir))
        .map(|p| Leak::Mount(p.into()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_not_found_in_a_longer_one() {
        assert!(mentions("/tmp/ct12-3/rootfs", "ct12-3"));
        assert!(mentions("ct12-3", "ct12-3"));
        assert!(!mentions("/tmp/ct12-34/rootfs", "ct12-3"));
    }
}
