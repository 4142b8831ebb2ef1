//! Where the machine's cgroup hierarchies are: pure parsers of `/proc/self/mountinfo` and `/proc/self/cgroup`.
//!
//! Three layouts exist: v2 alone, v1 alone, and hybrid (v1 controllers beside a v2 tree that may own some).
//! All are one list of hierarchies here; what differs is said by each hierarchy.

use serde::{Deserialize, Serialize};

/// Which cgroup interface a hierarchy speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Version {
    /// One of several trees with a few controllers each.
    V1,
    /// The unified tree.
    V2,
}

/// One mounted cgroup tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hierarchy {
    /// The interface.
    pub version: Version,
    /// The mount point, absolute.
    pub mount: String,
    /// v1: the controllers, or `name=…` of one without; v2: what its root offers.
    pub controllers: Vec<String>,
    /// This process's own group below the mount point, without a leading slash; empty is the mount's root.
    pub own: String,
}

/// All mounted cgroup trees, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// v1 trees in the order of the mount table, v2 last.
    pub hierarchies: Vec<Hierarchy>,
}

impl Layout {
    /// The layout of a machine that has nothing but v2 at `mount`.
    pub fn unified(mount: &str, proc_cgroup: &str, controllers: &str) -> Self {
        let own = own_path(proc_cgroup, Version::V2, &[]).unwrap_or("/");
        Self {
            hierarchies: vec![Hierarchy {
                version: Version::V2,
                mount: mount.to_owned(),
                controllers: words(controllers),
                own: below_mount(own, "/"),
            }],
        }
    }

    /// The layout that the two files describe; v2's controllers stay empty (they are in a file of its root).
    pub fn parse(mountinfo: &str, proc_cgroup: &str) -> Self {
        let mut hierarchies: Vec<Hierarchy> = Vec::new();
        for found in mountinfo
            .lines()
            .filter_map(|line| parse_mount(line, proc_cgroup))
        {
            let known = hierarchies
                .iter()
                .any(|h| h.version == found.version && h.controllers == found.controllers);
            if !known {
                hierarchies.push(found);
            }
        }
        hierarchies.sort_by_key(|h| h.version == Version::V2);
        Self { hierarchies }
    }

    /// The index of the hierarchy that owns a controller.
    pub fn owner(&self, controller: &str) -> Option<usize> {
        self.hierarchies
            .iter()
            .position(|h| h.controllers.iter().any(|c| c == controller))
    }

    /// The path of a process in systemd's hierarchy, from its `/proc/PID/cgroup`: its own v1 one, or v2's.
    pub(super) fn own_of_systemd<'a>(&self, proc_cgroup: &'a str) -> Option<&'a str> {
        let named = vec!["name=systemd".to_owned()];
        match self.owner(&named[0]) {
            Some(_) => own_path(proc_cgroup, Version::V1, &named),
            None => own_path(proc_cgroup, Version::V2, &[]),
        }
    }

    /// The index of the v2 tree, which has no controllers of its own for devices and the freezer.
    pub fn v2(&self) -> Option<usize> {
        self.hierarchies.iter().position(|h| h.version == Version::V2)
    }
}

/// Words separated by white space.
pub(crate) fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// One line of mountinfo, if it is a cgroup tree that a container joins.
fn parse_mount(line: &str, proc_cgroup: &str) -> Option<Hierarchy> {
    let (before, after) = line.split_once(" - ")?;
    let mut after = after.split(' ');
    let version = match after.next()? {
        "cgroup" => Version::V1,
        "cgroup2" => Version::V2,
        _ => return None,
    };
    let mut before = before.split(' ').skip(3);
    let (root, mount) = (unescape(before.next()?), unescape(before.next()?));
    let controllers = match version {
        Version::V1 => after
            .nth(1)?
            .split(',')
            .filter(|option| is_joined(option))
            .map(str::to_owned)
            .collect(),
        Version::V2 => Vec::new(),
    };
    if version == Version::V1 && controllers.is_empty() {
        return None;
    }
    let own = own_path(proc_cgroup, version, &controllers)?;
    Some(Hierarchy {
        version,
        own: below_mount(own, &root),
        mount,
        controllers,
    })
}

/// Whether a super-block option names a v1 controller, or the one named tree that containers join (systemd's).
fn is_joined(option: &str) -> bool {
    const CONTROLLERS: [&str; 14] = [
        "blkio",
        "cpu",
        "cpuacct",
        "cpuset",
        "devices",
        "freezer",
        "hugetlb",
        "memory",
        "misc",
        "net_cls",
        "net_prio",
        "perf_event",
        "pids",
        "rdma",
    ];
    option == "name=systemd" || CONTROLLERS.contains(&option)
}

/// The path of this process in a hierarchy, from the text of `/proc/self/cgroup`.
fn own_path<'a>(proc_cgroup: &'a str, version: Version, controllers: &[String]) -> Option<&'a str> {
    proc_cgroup.lines().find_map(|line| {
        let (id, rest) = line.split_once(':')?;
        let (names, path) = rest.split_once(':')?;
        let matches = match version {
            Version::V2 => id == "0" && names.is_empty(),
            Version::V1 => names.split(',').any(|name| controllers.iter().any(|c| c == name)),
        };
        matches.then_some(path)
    })
}

/// A group's path as seen below a mount whose root is the group `root`.
///
/// Inside a container the mount often shows a sub-tree only, or the group lies outside (`/../x`) of what the
/// cgroup namespace shows: then the mount's root is the nearest that can be named.
fn below_mount(own: &str, root: &str) -> String {
    let inside = own
        .strip_prefix(root.trim_end_matches('/'))
        .filter(|rest| rest.is_empty() || rest.starts_with('/'));
    match inside.map(|rest| rest.trim_matches('/')) {
        Some(rest) if !rest.split('/').any(|part| part == "..") => rest.to_owned(),
        _ => String::new(),
    }
}

/// Undoes mountinfo's octal escapes of blanks and backslashes.
fn unescape(field: &str) -> String {
    let mut parts = field.split('\\');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part
            .get(..3)
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code.filter(u8::is_ascii) {
            Some(code) => {
                text.push(char::from(code));
                text.push_str(&part[3..]);
            }
            None => {
                text.push('\\');
                text.push_str(part);
            }
        }
    }
    text
}

#[cfg(test)]
#[path = "layout_tests.rs"]
mod tests;
