//! Creation: what is asked for, what was found on the machine, and the plan made of both.

use super::parent::{Parent, Start};
use super::{CgroupDriver, Created, Gate, Progress, Request};
use crate::apply;
use crate::apply::systemd;
use crate::error::{Error, Kind, Result};
use crate::host;
use crate::oci::{Spec, State, Status};
use crate::plan::{self, Facts};
use crate::sys::process;
use nix::fcntl::{self, OFlag};
use nix::sys::stat::Mode;
use std::os::fd::AsRawFd;
use std::path::Path;

/// See [`super::create`].
pub(super) fn create(
    request: Request<'_>,
    spec: &Spec<'_>,
    record: &mut dyn FnMut(&Progress<'_>) -> Result<()>,
) -> Result<Created> {
    let rootfs = resolve_root(request.bundle, spec)?;
    let facts = find_facts(request.id, spec, request.cgroups)?;
    let bundle = request.bundle.to_string_lossy();
    let listening = Listening::find();
    let wish = wish(&request, &bundle, &rootfs, &listening);
    let plan = plan::build(wish, spec, &facts)?;
    record(&Progress::Planned {
        warnings: &plan.warnings,
        cgroup: &plan.cgroups,
        resctrl: &plan.resctrl,
    })?;
    let start = Start {
        state: State {
            oci_version: crate::oci::VERSION,
            id: request.id,
            // The environment is created (runtime.md, "Lifecycle"): what is left are the hooks.
            status: Status::Created,
            pid: None,
            bundle: &bundle,
            annotations: &spec.annotations,
        },
        console: request.console,
        socket_in: (request.gate == Gate::Socket).then_some(request.state_dir),
        mounts_in: Some(request.mounts_in),
        kept_fds: request.preserve_fds.saturating_add(listening.count),
        trace: request.trace,
    };
    let mut parent = Parent::new(start, spec, &plan)?;
    parent.run(record).inspect_err(|_| parent.give_up())?;
    parent.finish()
}

/// The root file system's path without symbolic links.
///
/// # Errors
/// When config.json names no directory.
pub fn resolve_root(bundle: &Path, spec: &Spec<'_>) -> Result<String> {
    let path = spec.root.as_ref().map_or("", |root| &root.path);
    let path = bundle.join(path);
    let failed =
        |errno: i32| Error::syscall(format!("root.path {}", path.display()), errno).with_kind(Kind::Config);
    // The kernel has walked it then, and knows: asking it for each part takes longer.
    let place = fcntl::open(&path, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())
        .map_err(|errno| failed(errno as i32))?;
    let resolved = std::fs::read_link(format!("/proc/self/fd/{}", place.as_raw_fd()))
        .map_err(|error| failed(error.raw_os_error().unwrap_or(libc::ENOENT)))?;
    resolved.into_os_string().into_string().map_err(|path| {
        Error::new(
            Kind::Config,
            format!("root.path {} is not valid UTF-8", path.to_string_lossy()),
        )
    })
}

/// What the plan needs to know of the machine.
///
/// # Errors
/// When it cannot be read, or a cgroup of the container cannot be.
pub fn find_facts(id: &str, spec: &Spec<'_>, driver: CgroupDriver) -> Result<Facts> {
    let layout = host::cgroup::layout()?;
    let linux = spec.linux.as_ref();
    let path = linux.and_then(|linux| linux.cgroups_path.as_deref());
    let resources = linux.and_then(|linux| linux.resources.as_ref());
    let cgroup = match driver {
        CgroupDriver::Files => {
            let wish = plan::cgroup::Wish { id, path };
            apply::cgroup::prepare(&layout, &wish, resources)?
        }
        CgroupDriver::Systemd { user } => {
            let target = systemd::find(&layout, user)?;
            let request = plan::cgroup::systemd::Request {
                id,
                path,
                resources,
                annotations: &spec.annotations,
            };
            apply::cgroup::prepare_scope(&layout, &target, &request)?
        }
    };
    facts(id, spec, layout, cgroup)
}

/// The same for a container that is there, in these groups.
///
/// # Errors
/// When it cannot be read.
pub fn facts_of_existing(id: &str, spec: &Spec<'_>, record: &plan::cgroup::Record) -> Result<Facts> {
    let cgroup = plan::cgroup::Plan {
        record: record.clone(),
        ..plan::cgroup::Plan::default()
    };
    facts(id, spec, host::cgroup::layout()?, cgroup)
}

fn facts(
    id: &str,
    spec: &Spec<'_>,
    layout: host::cgroup::Layout,
    cgroup: plan::cgroup::Plan,
) -> Result<Facts> {
    Ok(Facts {
        capabilities: process::capabilities()?.effective,
        uid: nix::unistd::geteuid().as_raw(),
        selinux: wants_label(spec) && host::has_selinux(),
        layout,
        resctrl: find_class(id, spec)?,
        cgroup,
    })
}

/// The container's class of service, if it shall have one.
pub(super) fn find_class(id: &str, spec: &Spec<'_>) -> Result<Option<host::resctrl::Found>> {
    let rdt = spec.linux.as_ref().and_then(|linux| linux.intel_rdt.as_ref());
    match rdt {
        Some(rdt) => host::resctrl::find(plan::resctrl::class(rdt, id)),
        None => Ok(None),
    }
}

fn wants_label(spec: &Spec<'_>) -> bool {
    let process = spec
        .process
        .as_ref()
        .and_then(|process| process.selinux_label.as_ref());
    let mounts = spec.linux.as_ref().and_then(|linux| linux.mount_label.as_ref());
    process.into_iter().chain(mounts).any(|label| !label.is_empty())
}

fn wish<'a>(
    request: &Request<'a>,
    bundle: &'a str,
    rootfs: &'a str,
    listening: &'a Listening,
) -> plan::Wish<'a> {
    plan::Wish {
        id: request.id,
        bundle,
        rootfs,
        no_pivot: request.no_pivot,
        no_new_keyring: request.no_new_keyring,
        preserve_fds: request.preserve_fds,
        listen_fds: listening.count,
        listen_env: &listening.env,
        start_socket: request.gate == Gate::Socket,
    }
}

/// The sockets that the caller hands over as systemd does (sd_listen_fds(3)).
#[derive(Default)]
struct Listening {
    count: u32,
    /// What the container's process, which has the pid 1, is told of them.
    env: Vec<String>,
}

impl Listening {
    /// Those meant for this process: who else's they are, whoever started it inherited.
    fn find() -> Self {
        let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u32>().ok());
        match (number("LISTEN_PID"), number("LISTEN_FDS")) {
            (Some(pid), Some(count)) if pid == std::process::id() && count > 0 => {
                let names = std::env::var("LISTEN_FDNAMES").ok();
                let names = names.map(|names| format!("LISTEN_FDNAMES={names}"));
                let told = [format!("LISTEN_FDS={count}"), "LISTEN_PID=1".to_owned()];
                Self {
                    count,
                    env: told.into_iter().chain(names).collect(),
                }
            }
            _ => Self::default(),
        }
    }
}
