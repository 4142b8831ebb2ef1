//! Bringing a container back.

use super::session::Session;
use super::streams::{self, Descriptor};
use super::{Dirs, Options, common, log};
use crate::apply::{self, in_root, systemd};
use crate::error::{Context, Error, Kind, Result};
use crate::launch::{self, CgroupDriver, Console, Created, hooks};
use crate::oci::{Hooks, Spec, State, Status};
use crate::plan::cgroup::{self, Record};
use crate::plan::criu::{self, Notification, external_namespace};
use crate::plan::op::HostOp;
use crate::plan::{self, Facts, Plan, Wish};
use crate::sys::{clone, files, mount};
use std::collections::BTreeSet;
use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

const LOG_FILE: &str = "restore.log";

/// The directory, in the container's state directory, on which its root is mounted for CRIU.
pub const ROOT: &str = "criu-root";

/// What is to come back, and how.
#[derive(Debug)]
#[expect(missing_docs, reason = "the words of criu(8), and of the bundle")]
pub struct Restore<'a> {
    pub options: Options,
    pub lsm_profile: Option<String>,
    pub lsm_mount_context: Option<String>,
    pub id: &'a str,
    pub bundle: &'a Path,
    pub spec: &'a Spec<'a>,
    /// The container's state directory, absolute; it exists.
    pub state_dir: &'a Path,
    /// Who gets the terminal's master.
    pub console: Console<'a>,
    /// Who makes the container's cgroups.
    pub cgroups: CgroupDriver,
}

/// What has just become true, or is about to; it must be on record before the work goes on.
#[derive(Debug)]
pub enum Progress<'a> {
    /// These groups will be made.
    Planned {
        /// Sentences for the log.
        warnings: &'a [String],
        /// The groups.
        cgroup: &'a Record,
    },
    /// The first process is back, and still stands still.
    Restored {
        /// Its id outside.
        pid: i32,
    },
}

/// Brings a container's processes back into groups, mounts and namespaces as config.json says.
///
/// The calling process gets a mount namespace of its own: what is mounted for CRIU ends with it.
///
/// # Errors
/// CRIU's, with what its log says; what is left then are the groups, and processes in them.
pub fn restore(
    mut request: Restore<'_>,
    record: &mut dyn FnMut(&Progress<'_>) -> Result<()>,
) -> Result<Created> {
    let rootfs = launch::resolve_root(request.bundle, request.spec)?;
    let bundle = request.bundle.to_string_lossy();
    let console = launch::connect(std::mem::replace(&mut request.console, Console::None))?;
    let facts = launch::find_facts(request.id, request.spec, request.cgroups)?;
    let wish = Wish {
        id: request.id,
        bundle: &bundle,
        rootfs: &rootfs,
        no_pivot: false,
        no_new_keyring: true,
        preserve_fds: 0,
        listen_fds: 0,
        listen_env: &[],
        start_socket: false,
    };
    let plan = plan::build(wish, request.spec, &facts)?;
    record(&Progress::Planned {
        warnings: &plan.warnings,
        cgroup: &plan.cgroups,
    })?;
    let root = root_for_criu(request.state_dir)?;
    let restored = in_root::prepare(&rootfs, &root, &criu::mount_points(&plan))
        .context(|| "prepare the root file system for CRIU")
        .and_then(|()| restore_on(&root, &request, console, &facts, &plan, record));
    // Its directory cannot be removed before; should this fail, that tells.
    drop(mount::detach(&root));
    restored
}

fn restore_on(
    root: &str,
    request: &Restore<'_>,
    console: Option<OwnedFd>,
    facts: &Facts,
    plan: &Plan<'_>,
    record: &mut dyn FnMut(&Progress<'_>) -> Result<()>,
) -> Result<Created> {
    // Opened in the new mount namespace: CRIU mounts below its working directory.
    let dirs = Dirs::open(&request.options, LOG_FILE)?;
    let work = Work {
        request,
        facts,
        console,
        inherited: inherited(request)?,
    };
    let pid = work
        .run(&dirs, root, plan, record)
        .map_err(|error| log::explain(error, &dirs.log))
        .map_err(|error| explain_root(error, request.spec))?;
    facts.cgroup.finish.iter().try_for_each(apply::cgroup::run)?;
    Created::restored(pid)
}

/// CRIU makes a directory in the root after it has made that read-only.
fn explain_root(error: Error, spec: &Spec<'_>) -> Error {
    let read_only = spec.root.as_ref().is_some_and(|root| root.readonly);
    if read_only && error.to_string().contains("Read-only file system") {
        return error.hint("CRIU cannot restore a container whose root is read-only (root.readonly)");
    }
    error
}

/// The directory for the root file system as CRIU wants it: the root of a mount that nothing covers.
fn root_for_criu(state_dir: &Path) -> Result<String> {
    let root = state_dir.join(ROOT);
    super::make_dir(&root)?;
    let root = fs::canonicalize(&root).map_err(|error| {
        let call = format!("realpath({})", root.display());
        Error::syscall(call, error.raw_os_error().unwrap_or(0))
    })?;
    Ok(root.to_string_lossy().into_owned())
}

/// Makes the groups with CRIU's process in them: what it restores is born there.
fn make_groups(cgroup: &cgroup::Plan, plan: &Plan<'_>, pid: i32) -> Result<()> {
    if let (Some(scope), Some(unit)) = (&cgroup.scope, &cgroup.record.unit) {
        systemd::start(&mut systemd::connect(unit.manager)?, scope, pid)?;
    }
    for op in cgroup.setup.iter().chain(owner(plan)) {
        apply::cgroup::run(op).context(|| op.to_string())?;
    }
    apply::cgroup::adopt(&cgroup.record, pid)
}

/// What gives the container its group, as at its creation.
fn owner<'a>(plan: &'a Plan<'_>) -> impl Iterator<Item = &'a cgroup::Op> {
    plan.before.iter().chain(&plan.after).filter_map(|op| match op {
        HostOp::Cgroup {
            cgroup: op @ cgroup::Op::Own { .. },
        } => Some(op),
        _ => None,
    })
}

/// What leads outside: the standard streams, and the namespaces of others, by CRIU's keys.
fn inherited(request: &Restore<'_>) -> Result<Vec<(String, Descriptor)>> {
    let mut inherited = streams::load(&request.options.images)?;
    for namespace in request.spec.linux.iter().flat_map(|linux| &linux.namespaces) {
        let path = namespace.path.as_deref().filter(|path| !path.is_empty());
        if let (Some(path), "network" | "pid") = (path, namespace.kind.as_str()) {
            let file = files::open(path, libc::O_RDONLY)
                .context(|| format!("open the {} namespace", namespace.kind))?;
            inherited.push((
                external_namespace(&namespace.kind).to_owned(),
                Descriptor::Open(file),
            ));
        }
    }
    Ok(inherited)
}

/// Other namespaces of others, as CRIU names their kinds.
fn joined<'a>(spec: &'a Spec<'_>) -> Result<Vec<(&'a str, &'a str)>> {
    let mut joined = Vec::new();
    for namespace in spec.linux.iter().flat_map(|linux| &linux.namespaces) {
        let Some(path) = namespace.path.as_deref().filter(|path| !path.is_empty()) else {
            continue;
        };
        match namespace.kind.as_str() {
            "network" | "pid" => {}
            kind @ ("ipc" | "uts" | "user" | "time") => joined.push((kind, path)),
            kind => {
                let message = format!("CRIU cannot restore into the {kind} namespace {path}");
                return Err(Error::new(Kind::Unsupported, message));
            }
        }
    }
    Ok(joined)
}

/// The groups that the processes are restored into: those that CRIU's process is in.
fn cgroup_roots(pid: i32) -> Result<Vec<(String, String)>> {
    let path = format!("/proc/{pid}/cgroup");
    let text = fs::read_to_string(&path)
        .map_err(|error| Error::syscall(format!("read({path:?})"), error.raw_os_error().unwrap_or(0)))?;
    let lines = text
        .lines()
        .filter_map(|line| line.split_once(':')?.1.split_once(':'));
    Ok(lines
        .flat_map(|(controllers, path)| {
            controllers
                .split(',')
                .map(move |name| (name.to_owned(), path.to_owned()))
        })
        .collect())
}

struct Work<'a> {
    request: &'a Restore<'a>,
    facts: &'a Facts,
    console: Option<OwnedFd>,
    inherited: Vec<(String, Descriptor)>,
}

impl Work<'_> {
    fn run(
        &self,
        dirs: &Dirs,
        root: &str,
        plan: &Plan<'_>,
        record: &mut dyn FnMut(&Progress<'_>) -> Result<()>,
    ) -> Result<i32> {
        let open = self
            .inherited
            .iter()
            .filter_map(|(_, descriptor)| match descriptor {
                Descriptor::Open(file) => Some(file.as_fd()),
                Descriptor::Stream(_) => None,
            });
        let session = Session::start(&open.collect::<Vec<_>>())?;
        make_groups(&self.facts.cgroup, plan, session.pid())?;
        let request = self.request;
        let mut common = common(&request.options, dirs, LOG_FILE, root, &request.spec.annotations);
        common.mounts = sources(plan);
        let restore = criu::Restore {
            common,
            cgroup_roots: cgroup_roots(session.pid())?,
            inherited: self
                .inherited
                .iter()
                .map(|(key, descriptor)| (descriptor.number(), key.clone()))
                .collect(),
            joined: joined(request.spec)?,
            lsm_profile: request.lsm_profile.as_deref(),
            lsm_mount_context: request.lsm_mount_context.as_deref(),
        };
        let mut restored = None;
        let response = session.ask(&restore.to_bytes(), &mut |notification, descriptor| {
            if notification.script == "post-restore" {
                restored = Some(notification.pid);
            }
            self.meet(notification, descriptor, record)
        })?;
        restored
            .or(response.restored)
            .ok_or_else(|| Error::new(Kind::System, "criu does not say which process it restored"))
    }

    /// Does what is due at a point of the restoration.
    fn meet(
        &self,
        notification: &Notification,
        descriptor: Option<OwnedFd>,
        record: &mut dyn FnMut(&Progress<'_>) -> Result<()>,
    ) -> Result<()> {
        match notification.script.as_str() {
            "setup-namespaces" => self.run_hooks(notification.pid),
            "post-restore" => record(&Progress::Restored {
                pid: notification.pid,
            }),
            "orphan-pts-master" => match (&self.console, descriptor) {
                (Some(console), Some(master)) => apply::send_master(console.as_fd(), master.as_fd()),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn run_hooks(&self, pid: i32) -> Result<()> {
        let Some(all) = &self.request.spec.hooks else {
            return Ok(());
        };
        let Hooks {
            prestart,
            create_runtime,
            ..
        } = all;
        let bundle = self.request.bundle.to_string_lossy();
        let state = State {
            oci_version: crate::oci::VERSION,
            id: self.request.id,
            status: Status::Created,
            pid: Some(pid),
            bundle: &bundle,
            annotations: &self.request.spec.annotations,
        };
        hooks::run("prestart", prestart, &state)?;
        hooks::run("createRuntime", create_runtime, &state)
    }
}

/// The mounts from outside: their names, and what they show.
fn sources(plan: &Plan<'_>) -> Vec<(String, String)> {
    let mut names = BTreeSet::new();
    criu::external(plan)
        .into_iter()
        .filter(|mount| names.insert(mount.name.clone()))
        .map(|mount| (mount.name, mount.source))
        .collect()
}

impl Created {
    /// A process that runs already: nobody lets it go.
    fn restored(pid: i32) -> Result<Self> {
        Ok(Self {
            pid,
            pidfd: clone::pidfd_open(pid)?,
            channel: None,
            waits: false,
        })
    }
}
