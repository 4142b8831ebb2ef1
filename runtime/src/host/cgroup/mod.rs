//! Read-only facts about cgroups: which hierarchies there are, and what stands where a container's group shall be.

mod layout;

pub(crate) use layout::words;
pub use layout::{Hierarchy, Layout, Version};

use crate::error::{Error, Kind, Result};
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use nix::sys::statfs::{CGROUP2_SUPER_MAGIC, statfs};
use nix::unistd::{self, AccessFlags, access};

/// Where cgroups are mounted on every distribution.
const CGROUP_ROOT: &str = "/sys/fs/cgroup";

/// The machine's layout, found with as few look-ups as it allows.
///
/// # Errors
/// When procfs or the tree's root cannot be read.
pub fn layout() -> Result<Layout> {
    let own = read("/proc/self/cgroup")?;
    let pure_v2 = statfs(CGROUP_ROOT).is_ok_and(|facts| facts.filesystem_type() == CGROUP2_SUPER_MAGIC);
    if pure_v2 {
        let controllers = read(&format!("{CGROUP_ROOT}/cgroup.controllers"))?;
        return Ok(Layout::unified(CGROUP_ROOT, &own, &controllers));
    }
    let mut layout = Layout::parse(&read("/proc/self/mountinfo")?, &own);
    for hierarchy in layout.hierarchies.iter_mut().filter(|h| h.version == Version::V2) {
        hierarchy.controllers = words(&read(&format!("{}/cgroup.controllers", hierarchy.mount))?);
    }
    Ok(layout)
}

/// The group of a process in the v2 tree, as this process's own cgroup namespace names it.
///
/// # Errors
/// When the process is gone.
pub fn v2_path_of(pid: i32) -> Result<Option<String>> {
    let groups = read(&format!("/proc/{pid}/cgroup"))?;
    let path = groups.lines().find_map(|line| line.strip_prefix("0::/"));
    Ok(path.map(str::to_owned))
}

/// The group that the machine's systemd manages, below the mount point: it is itself in `init.scope` there.
///
/// It is the root nearly always; in a container whose first process is systemd, that container's group.
pub fn base_of_init(layout: &Layout) -> String {
    let text = read("/proc/1/cgroup").unwrap_or_default();
    let own = layout.own_of_systemd(&text);
    own.and_then(|own| own.strip_suffix("/init.scope"))
        .unwrap_or_default()
        .to_owned()
}

/// The controllers of a v2 group; none without a v2 tree.
///
/// # Errors
/// When the group's file cannot be read.
pub fn controllers_below(layout: &Layout, path: &str) -> Result<Vec<String>> {
    let Some(index) = layout.v2() else {
        return Ok(Vec::new());
    };
    let hierarchy = &layout.hierarchies[index];
    if path.is_empty() {
        return Ok(hierarchy.controllers.clone());
    }
    read(&format!("{}/{path}/cgroup.controllers", hierarchy.mount)).map(|text| words(&text))
}

/// What stands where a group shall be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// How many components of the path exist, from the top.
    pub existing: usize,
    /// Why no group can be made below the deepest existing directory, if it cannot.
    pub denied: Option<i32>,
    /// v2: the controllers that each existing directory above the group hands down, from the mount's root on.
    pub enabled: Vec<Vec<String>>,
    /// v1 cpuset: the `(cpus, mems)` of each existing directory, from the mount's root on.
    pub cpusets: Vec<(String, String)>,
    /// The group exists and has processes.
    pub populated: bool,
    /// The group exists and is frozen.
    pub frozen: bool,
}

/// Looks at `path` (relative, without `.` and `..`) below a hierarchy's mount point.
///
/// # Errors
/// When a file of an existing group cannot be read.
pub fn survey(hierarchy: &Hierarchy, path: &str) -> Result<Found> {
    let mut found = Found::default();
    let mut dir = hierarchy.mount.clone();
    look_down(hierarchy, &dir, &mut found)?;
    for part in path.split('/') {
        let child = format!("{dir}/{part}");
        match access(child.as_str(), AccessFlags::F_OK) {
            Ok(()) => dir = child,
            Err(Errno::ENOENT) => {
                found.denied = access(dir.as_str(), AccessFlags::W_OK)
                    .err()
                    .map(|errno| errno as i32);
                return Ok(found);
            }
            Err(errno) => {
                return Err(Error::syscall(
                    format!("faccessat(\"{child}\", F_OK)"),
                    errno as i32,
                ));
            }
        }
        found.existing += 1;
        look_down(hierarchy, &dir, &mut found)?;
    }
    (found.populated, found.frozen) = occupied(hierarchy, &dir)?;
    Ok(found)
}

/// Notes what an existing directory hands down to its children.
fn look_down(hierarchy: &Hierarchy, dir: &str, found: &mut Found) -> Result<()> {
    if hierarchy.version == Version::V2 {
        if !hierarchy.controllers.is_empty() {
            found
                .enabled
                .push(words(&read(&format!("{dir}/cgroup.subtree_control"))?));
        }
    } else if hierarchy.controllers.iter().any(|c| c == "cpuset") {
        let value = |file: &str| read(&format!("{dir}/{file}")).map(|text| text.trim_end().to_owned());
        found.cpusets.push((value("cpuset.cpus")?, value("cpuset.mems")?));
    }
    Ok(())
}

/// Whether an existing group has processes, and whether it is frozen.
fn occupied(hierarchy: &Hierarchy, dir: &str) -> Result<(bool, bool)> {
    if hierarchy.version == Version::V2 {
        let events = read(&format!("{dir}/cgroup.events"))?;
        let says = |line: &str| events.lines().any(|l| l == line);
        return Ok((says("populated 1"), says("frozen 1")));
    }
    let populated = !read(&format!("{dir}/cgroup.procs"))?.is_empty();
    let freezer = hierarchy.controllers.iter().any(|c| c == "freezer");
    Ok((
        populated,
        freezer && read(&format!("{dir}/freezer.state"))?.trim_end() != "THAWED",
    ))
}

/// A kernel file's text, in as few calls as it takes.
fn read(path: &str) -> Result<String> {
    let failed = |errno: Errno| Error::syscall(format!("open(\"{path}\", O_RDONLY)"), errno as i32);
    let fd = open(path, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty()).map_err(|errno| match errno {
        Errno::ENOENT => failed(errno).hint("is the cgroup file system mounted?"),
        _ => failed(errno),
    })?;
    let mut text = vec![0; 4096];
    let mut length = 0;
    loop {
        match unistd::read(&fd, &mut text[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(Error::syscall(format!("read(\"{path}\")"), errno as i32)),
        }
        if length == text.len() {
            text.resize(2 * length, 0);
        }
    }
    text.truncate(length);
    String::from_utf8(text).map_err(|_| Error::new(Kind::System, format!("{path} is not UTF-8")))
}

/// Whether this process is not the machine's root: another user, or in a user namespace that is not the first one.
pub fn is_unprivileged() -> bool {
    let first = |map: String| map.split_whitespace().eq(["0", "0", "4294967295"]);
    !unistd::geteuid().is_root() || !read("/proc/self/uid_map").is_ok_and(first)
}
