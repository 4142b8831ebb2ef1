//! How many processes of the container's memory cgroup the kernel has killed for want of memory.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::PathBuf;

use crate::contract::cgroup::{Group, with_memory};

/// The kernel's count, with what it was at the start.
pub struct OomCounter {
    file: File,
    at_start: u64,
}

impl OomCounter {
    /// Opens the count of the memory cgroup that process `pid` is in, and says in which file it is. There is none when
    /// the container has no memory cgroup of its own.
    pub fn open(pid: i32) -> Option<(Self, PathBuf)> {
        let read = |path: String| std::fs::read_to_string(path).ok();
        let groups = read(format!("/proc/{pid}/cgroup"))?;
        let group = with_memory(&groups)?;
        if with_memory(&read("/proc/self/cgroup".to_owned())?) == Some(group) {
            return None;
        }
        let path = counter_path(group, &read("/proc/self/mountinfo".to_owned())?)?;
        let mut file = File::open(&path).ok()?;
        let at_start = count(&mut file)?;
        Some((Self { file, at_start }, path))
    }

    /// How many were killed since the start. The open file outlives no cgroup: read it before `delete`.
    pub fn kills(&mut self) -> u64 {
        count(&mut self.file).map_or(0, |now| now.saturating_sub(self.at_start))
    }
}

fn count(file: &mut File) -> Option<u64> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.read_to_string(&mut text).ok()?;
    parse_count(&text)
}

/// The line `oom_kill N` of memory.events or memory.oom_control.
fn parse_count(text: &str) -> Option<u64> {
    text.lines()
        .find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}

/// The file with the count, by the text of /proc/self/mountinfo.
fn counter_path(group: Group<'_>, mountinfo: &str) -> Option<PathBuf> {
    let name = match group.is_unified() {
        true => "memory.events",
        false => "memory.oom_control",
    };
    Some(group.directory(mountinfo)?.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_has_its_file() {
        let mounts = "35 31 0:32 / /cgroup/memory rw - cgroup cgroup rw,memory\n\
            41 31 0:38 / /cgroup/unified rw - cgroup2 cgroup2 rw\n";
        let path = |controllers| {
            let group = Group {
                controllers,
                path: "/c",
            };
            counter_path(group, mounts).map(|path| path.display().to_string())
        };
        assert_eq!(
            path("memory").as_deref(),
            Some("/cgroup/memory/c/memory.oom_control")
        );
        assert_eq!(path("").as_deref(), Some("/cgroup/unified/c/memory.events"));
    }

    #[test]
    fn counts_of_both_versions_are_read() {
        assert_eq!(
            parse_count("low 0\noom 3\noom_kill 2\noom_group_kill 1\n"),
            Some(2)
        );
        assert_eq!(
            parse_count("oom_kill_disable 0\nunder_oom 0\noom_kill 4\n"),
            Some(4)
        );
        assert_eq!(parse_count("oom_kill_disable 0\n"), None);
    }
}
