//! A container's cgroups: what it uses, its processes, and word from the kernel when it kills one for want of memory.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::{Path, PathBuf};

use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

use super::metrics;
use crate::contract::cgroup::groups;
use crate::exit::oom::OomCounter;
use crate::sys::epoll::Watch;
use crate::ttrpc::wire::Any;

/// The longest text that is read of one file, in bytes.
const MAX_TEXT: u64 = 1 << 20;
/// How many levels below the container's own cgroup are looked for processes.
const MAX_DEPTH: u32 = 16;

/// The cgroups of a container.
pub struct Cgroup {
    /// With the v1 controllers of each; of the unified hierarchy, which has none, if it is the only one.
    directories: Vec<(String, PathBuf)>,
}

impl Cgroup {
    /// Those that process `pid` is in; none if it is in this process's own.
    pub fn of(pid: i32) -> Option<Self> {
        let read = |path: &str| std::fs::read_to_string(path).ok();
        let theirs = read(&format!("/proc/{pid}/cgroup"))?;
        let own = read("/proc/self/cgroup")?;
        let mountinfo = read("/proc/self/mountinfo")?;
        let shared: Vec<_> = groups(&own).collect();
        let directories: Vec<(String, PathBuf)> = groups(&theirs)
            .filter(|group| !shared.contains(group))
            .filter_map(|group| Some((group.controllers.to_owned(), group.directory(&mountinfo)?)))
            .collect();
        (!directories.is_empty()).then_some(Self { directories })
    }

    /// Whether there is a v1 hierarchy with a controller.
    fn is_version1(&self) -> bool {
        let real = |controllers: &str| !controllers.is_empty() && !controllers.starts_with("name=");
        self.directories.iter().any(|(controllers, _)| real(controllers))
    }

    fn directory(&self, controller: &str) -> Option<&Path> {
        let has = |controllers: &str| controllers.split(',').any(|name| name == controller);
        let found = self.directories.iter().find(|(controllers, _)| has(controllers));
        found.map(|(_, path)| path.as_path())
    }

    fn text(&self, controller: &str, name: &str) -> Option<String> {
        use std::io::Read;
        let file = File::open(self.directory(controller)?.join(name)).ok()?;
        let mut text = String::new();
        file.take(MAX_TEXT).read_to_string(&mut text).ok()?;
        Some(text)
    }

    /// Whether the runtime has removed them.
    pub fn is_gone(&self) -> bool {
        !self.directories.iter().any(|(_, path)| path.exists())
    }

    /// What the container uses, as containerd's message; nothing when the cgroups have gone.
    pub fn metrics(&self) -> Option<Any> {
        if self.is_gone() {
            return None;
        }
        let source = |controller: &str, name: &str| self.text(controller, name);
        Some(match self.is_version1() {
            true => metrics::version1(&source),
            false => metrics::version2(&source),
        })
    }

    /// The container's processes, in ascending order.
    pub fn processes(&self) -> BTreeSet<i32> {
        let mut found = BTreeSet::new();
        if let Some((_, path)) = self.directories.first() {
            collect(path, MAX_DEPTH, &mut found);
        }
        found
    }
}

/// Containers may have cgroups below their own.
fn collect(path: &Path, depth: u32, found: &mut BTreeSet<i32>) {
    let text = std::fs::read_to_string(path.join("cgroup.procs")).unwrap_or_default();
    found.extend(text.lines().filter_map(|line| line.parse::<i32>().ok()));
    if depth == 0 {
        return;
    }
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&entry.path(), depth - 1, found);
        }
    }
}

/// The kernel's word, and its count.
pub struct OomWatch {
    bell: Bell,
    /// What the bell waits for in the epoll set.
    pub watch: Watch,
    counter: OomCounter,
    seen: u64,
}

enum Bell {
    /// v1: rings when memory runs out, and when the cgroup goes.
    Event(
        EventFd,
        #[expect(dead_code, reason = "kept open: the kernel's word is bound to it")] File,
    ),
    /// v2: rings when memory.events changes.
    Change(Inotify),
}

impl OomWatch {
    /// Of the memory cgroup of process `pid`; none if it has none of its own.
    pub fn of(pid: i32) -> Option<Self> {
        let (counter, path) = OomCounter::open(pid)?;
        let bell = match path.ends_with("memory.events") {
            true => Bell::Change(watch_changes(&path)?),
            false => watch_shortage(&path)?,
        };
        Some(Self {
            bell,
            watch: Watch::default(),
            counter,
            seen: 0,
        })
    }

    /// The descriptor to wait for.
    pub fn watched(&mut self) -> (BorrowedFd<'_>, &mut Watch) {
        let fd = match &self.bell {
            Bell::Event(event, _) => event.as_fd(),
            Bell::Change(inotify) => inotify.as_fd(),
        };
        (fd, &mut self.watch)
    }

    /// Whether the kernel has killed a process since this was last asked.
    pub fn has_killed(&mut self) -> bool {
        match &self.bell {
            Bell::Event(event, _) => drop(event.read()),
            Bell::Change(inotify) => drop(inotify.read_events()),
        }
        let kills = self.counter.kills();
        let more = kills > self.seen;
        self.seen = self.seen.max(kills);
        more
    }
}

fn watch_changes(path: &Path) -> Option<Inotify> {
    let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK).ok()?;
    inotify.add_watch(path, AddWatchFlags::IN_MODIFY).ok()?;
    Some(inotify)
}

/// The kernel writes into an eventfd whose number is in cgroup.event_control (cgroup-v1/memory.rst, "OOM Control").
fn watch_shortage(path: &Path) -> Option<Bell> {
    let event = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK).ok()?;
    let control = File::open(path).ok()?;
    let words = format!("{} {}", event.as_fd().as_raw_fd(), control.as_raw_fd());
    std::fs::write(path.with_file_name("cgroup.event_control"), words).ok()?;
    Some(Bell::Event(event, control))
}
