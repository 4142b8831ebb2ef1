//! How many processes of the container's memory cgroup the kernel has killed for want of memory.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::PathBuf;

/// The kernel's count, with what it was at the start.
pub struct OomCounter {
    file: File,
    at_start: u64,
}

impl OomCounter {
    /// Opens the count of the memory cgroup that process `pid` is in. There is none when the container
    /// has no memory cgroup of its own.
    pub fn open(pid: i32) -> Option<Self> {
        let read = |path: String| std::fs::read_to_string(path).ok();
        let groups = read(format!("/proc/{pid}/cgroup"))?;
        let group = memory_group(&groups)?;
        if memory_group(&read("/proc/self/cgroup".to_owned())?) == Some(group) {
            return None;
        }
        let path = counter_path(group, &read("/proc/self/mountinfo".to_owned())?)?;
        let mut file = File::open(path).ok()?;
        let at_start = count(&mut file)?;
        Some(Self { file, at_start })
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

/// A cgroup of the hierarchy that has the memory controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MemoryGroup<'a> {
    /// Of the v1 memory hierarchy.
    V1(&'a str),
    /// Of the unified hierarchy.
    V2(&'a str),
}

/// Finds it in the text of /proc/PID/cgroup: a v1 hierarchy with memory wins, as in the kernel.
fn memory_group(groups: &str) -> Option<MemoryGroup<'_>> {
    let fields = |line| -> Option<(&str, &str)> {
        let (_, rest) = str::split_once(line, ':')?;
        rest.split_once(':')
    };
    let parsed = || groups.lines().filter_map(fields);
    let v1 = parsed().find(|(controllers, _)| controllers.split(',').any(|name| name == "memory"));
    let v2 = || parsed().find(|(controllers, _)| controllers.is_empty());
    v1.map(|(_, path)| MemoryGroup::V1(path))
        .or_else(|| v2().map(|(_, path)| MemoryGroup::V2(path)))
}

/// The file with the count, by the text of /proc/self/mountinfo.
fn counter_path(group: MemoryGroup<'_>, mountinfo: &str) -> Option<PathBuf> {
    let (path, name) = match group {
        MemoryGroup::V1(path) => (path, "memory.oom_control"),
        MemoryGroup::V2(path) => (path, "memory.events"),
    };
    mountinfo.lines().find_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let mut after = after.split(' ');
        let (kind, options) = (after.next()?, after.nth(1)?);
        let fits = match group {
            MemoryGroup::V1(_) => kind == "cgroup" && options.split(',').any(|option| option == "memory"),
            MemoryGroup::V2(_) => kind == "cgroup2",
        };
        if !fits {
            return None;
        }
        let mut before = before.split(' ').skip(3);
        let (root, mount_point) = (before.next()?, before.next()?);
        let below = path.strip_prefix(root.trim_end_matches('/'))?;
        Some(
            [mount_point, below.trim_start_matches('/'), name]
                .iter()
                .collect(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const V1: &str = "5:pids:/x\n4:cpu,memory:/a/b\n0::/u\n";
    const MOUNTS: &str = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n\
        35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:5 - cgroup cgroup rw,memory\n\
        41 31 0:38 /part /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

    #[test]
    fn the_hierarchy_with_memory_is_found() {
        assert_eq!(memory_group(V1), Some(MemoryGroup::V1("/a/b")));
        assert_eq!(
            memory_group("5:pids:/x\n0::/u:v\n"),
            Some(MemoryGroup::V2("/u:v"))
        );
        assert_eq!(memory_group("5:pids:/x\n"), None);
    }

    #[test]
    fn the_file_is_found_below_any_root() {
        let path = |group| counter_path(group, MOUNTS).map(|path| path.display().to_string());
        let v1 = path(MemoryGroup::V1("/a/b"));
        assert_eq!(
            v1.as_deref(),
            Some("/sys/fs/cgroup/memory/a/b/memory.oom_control")
        );
        let v2 = path(MemoryGroup::V2("/part/c"));
        assert_eq!(v2.as_deref(), Some("/sys/fs/cgroup/unified/c/memory.events"));
        assert_eq!(path(MemoryGroup::V2("/elsewhere")), None);
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
