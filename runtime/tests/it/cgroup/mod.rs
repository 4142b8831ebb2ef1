//! Cgroups on the real kernel, each test in groups of its own name that it removes.
//!
//! The machine's own layout serves for v1 and hybrid; pure v2 is a private mount namespace of one thread.

mod kill;
mod limits;
mod machine;
mod runs;
mod unified;

use corten_runtime::apply::cgroup::{self, prepare};
use corten_runtime::error::Result;
use corten_runtime::oci::Resources;
use corten_runtime::plan::cgroup::{Plan, Record, Wish};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use std::fs;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a removal may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A container's groups for one test; removed, with all processes in them, when the test ends in any way.
struct Groups {
    record: Record,
}

impl Groups {
    /// Makes the groups of a plan, and joins those that a process joins itself (v1) with this thread.
    fn make(plan: &Plan) -> Result<Self> {
        let groups = Self {
            record: plan.record.clone(),
        };
        plan.setup.iter().try_for_each(cgroup::run)?;
        plan.finish.iter().try_for_each(cgroup::run)?;
        Ok(groups)
    }

    /// The directory of the group that owns a controller.
    fn dir(&self, controller: &str) -> String {
        let owner = self.record.groups.iter().find(|group| group.has(controller));
        owner
            .unwrap_or_else(|| panic!("no group has {controller}: {:?}", self.record))
            .dir()
    }

    fn read(&self, controller: &str, file: &str) -> String {
        fs::read_to_string(format!("{}/{file}", self.dir(controller)))
            .unwrap()
            .trim_end()
            .to_owned()
    }

    fn v2_dir(&self) -> String {
        self.record.v2().unwrap().dir()
    }

    /// Starts a shell script in all groups of the record; it runs once it is there.
    fn start(&self, script: &str) -> Child {
        let mut child = Command::new("sh")
            .args(["-c", &format!("read go; {script}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        for group in &self.record.groups {
            fs::write(format!("{}/cgroup.procs", group.dir()), child.id().to_string()).unwrap();
        }
        std::io::Write::write_all(child.stdin.as_mut().unwrap(), b"go\n").unwrap();
        child
    }

    /// Kills everything and removes the groups, as a deletion does.
    fn end(&self) {
        cgroup::kill_all(&self.record).unwrap();
        cgroup::remove(&self.record, PATIENCE).unwrap();
        for group in &self.record.groups {
            assert!(!fs::exists(group.dir()).unwrap(), "{} is left", group.dir());
        }
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        let killed = cgroup::kill_all(&self.record);
        let removed = cgroup::remove(&self.record, PATIENCE);
        if !std::thread::panicking() {
            killed.and(removed).unwrap();
        }
    }
}

/// A plan for a test's own group, by the path that `linux.cgroupsPath` would give.
fn planned(name: &str, resources: &str) -> Result<Plan> {
    let path = format!("/{}", unique(name));
    let resources: Resources<'_> = serde_json::from_str(resources).unwrap();
    prepare(
        &corten_runtime::host::cgroup::layout().unwrap(),
        &Wish {
            id: "unused",
            path: Some(&path),
        },
        Some(&resources),
    )
}

/// A name that no other test and no other run of this one uses.
fn unique(name: &str) -> String {
    format!("corten-test-{}-{name}", std::process::id())
}

/// Waits for the one line that a script prints.
fn line(child: &mut Child) -> String {
    let mut text = String::new();
    std::io::BufRead::read_line(
        &mut std::io::BufReader::new(child.stdout.as_mut().unwrap()),
        &mut text,
    )
    .unwrap();
    text.trim_end().to_owned()
}

/// The machine's v2 root as a test found it: what limits needed to be handed down is taken back at the end.
pub(crate) struct RootControllers {
    file: &'static str,
    before: String,
    _alone: MutexGuard<'static, ()>,
}

impl RootControllers {
    pub(crate) fn keep(root: &'static str) -> Self {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        Self {
            file: root,
            before: fs::read_to_string(root).unwrap_or_default(),
            _alone: alone,
        }
    }
}

impl Drop for RootControllers {
    fn drop(&mut self) {
        let now = fs::read_to_string(self.file).unwrap_or_default();
        let new = now.split_whitespace().filter(|name| !self.before.contains(name));
        new.for_each(|name| fs::write(self.file, format!("-{name}")).unwrap());
    }
}

/// Runs a test on a machine with nothing but cgroup v2, which only its thread sees.
pub(crate) fn on_pure_v2(test: impl FnOnce() + Send + 'static) {
    let view = std::thread::spawn(|| {
        unshare(CloneFlags::CLONE_NEWNS).unwrap();
        let none = None::<&str>;
        mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).unwrap();
        let mounts = fs::read_to_string("/proc/thread-self/mountinfo").unwrap();
        let points = mounts.lines().filter_map(|line| line.split(' ').nth(4));
        let mut below: Vec<&str> = points
            .filter(|point| point.starts_with("/sys/fs/cgroup"))
            .collect();
        below.reverse();
        below
            .iter()
            .for_each(|point| umount2(*point, MntFlags::MNT_DETACH).unwrap());
        mount(
            Some("none"),
            "/sys/fs/cgroup",
            Some("cgroup2"),
            MsFlags::empty(),
            none,
        )
        .unwrap();
        test();
    });
    if let Err(panic) = view.join() {
        std::panic::resume_unwind(panic);
    }
}
