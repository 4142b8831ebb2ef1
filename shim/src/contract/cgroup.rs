//! Which cgroups a process is in, and where their files are: the kernel's texts, parsed.

use std::path::PathBuf;

/// A line of /proc/PID/cgroup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group<'a> {
    /// The controllers of a v1 hierarchy, between commas; nothing for the unified hierarchy of v2.
    pub controllers: &'a str,
    /// The cgroup's path in its hierarchy.
    pub path: &'a str,
}

impl Group<'_> {
    /// Whether it is in the unified hierarchy.
    pub fn is_unified(self) -> bool {
        self.controllers.is_empty()
    }

    /// Whether it is in the v1 hierarchy of a controller.
    pub fn has(self, controller: &str) -> bool {
        self.controllers.split(',').any(|name| name == controller)
    }

    /// Its directory, by the text of /proc/self/mountinfo.
    pub fn directory(self, mountinfo: &str) -> Option<PathBuf> {
        mountinfo.lines().find_map(|line| self.below(line))
    }

    /// Its directory, if this mount shows it.
    fn below(self, line: &str) -> Option<PathBuf> {
        let (before, after) = line.split_once(" - ")?;
        let mut after = after.split(' ');
        let (kind, options) = (after.next()?, after.nth(1)?);
        let has = |name: &str| options.split(',').any(|option| option == name);
        let fits = match self.is_unified() {
            true => kind == "cgroup2",
            false => kind == "cgroup" && self.controllers.split(',').all(has),
        };
        if !fits {
            return None;
        }
        let mut before = before.split(' ').skip(3);
        let (root, mount_point) = (before.next()?, before.next()?);
        let below = self.path.strip_prefix(root.trim_end_matches('/'))?;
        Some([mount_point, below.trim_start_matches('/')].iter().collect())
    }
}

/// The lines of /proc/PID/cgroup.
pub fn groups(text: &str) -> impl Iterator<Item = Group<'_>> {
    text.lines().filter_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        Some(Group { controllers, path })
    })
}

/// The cgroup that has the memory controller: a v1 hierarchy with it wins, as in the kernel.
pub fn with_memory(text: &str) -> Option<Group<'_>> {
    let v1 = groups(text).find(|group| group.has("memory"));
    v1.or_else(|| groups(text).find(|group| group.is_unified()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const V1: &str = "5:pids:/x\n4:cpu,memory:/a/b\n1:name=systemd:/s\n0::/u\n";
    const MOUNTS: &str = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n\
        34 31 0:31 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n\
        35 31 0:32 / /sys/fs/cgroup/cpu,memory rw,relatime shared:5 - cgroup cgroup rw,cpu,memory\n\
        41 31 0:38 /part /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

    #[test]
    fn the_hierarchy_with_memory_is_found() {
        let group = |controllers, path| Some(Group { controllers, path });
        assert_eq!(with_memory(V1), group("cpu,memory", "/a/b"));
        assert_eq!(with_memory("5:pids:/x\n0::/u:v\n"), group("", "/u:v"));
        assert_eq!(with_memory("5:pids:/x\n"), None);
    }

    #[test]
    fn directories_are_found_below_any_root() {
        let directory = |controllers, path| {
            let directory = Group { controllers, path }.directory(MOUNTS);
            directory.map(|path| path.display().to_string())
        };
        assert_eq!(
            directory("cpu,memory", "/a/b").as_deref(),
            Some("/sys/fs/cgroup/cpu,memory/a/b")
        );
        assert_eq!(
            directory("name=systemd", "/s").as_deref(),
            Some("/sys/fs/cgroup/systemd/s")
        );
        assert_eq!(
            directory("", "/part/c").as_deref(),
            Some("/sys/fs/cgroup/unified/c")
        );
        assert_eq!(directory("", "/elsewhere"), None);
        assert_eq!(directory("pids", "/x"), None);
    }
}
