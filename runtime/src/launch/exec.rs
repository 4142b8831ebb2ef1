//! The runtime's side of `exec`: facts, plan, and one more process in a container that is there.

use super::create::find_class;
use super::parent::{Parent, Start};
use super::{Console, Created, Progress};
use crate::error::Result;
use crate::host;
use crate::oci::{Process, Spec, State};
use crate::plan::exec::{self, INIT, Target};
use crate::plan::{Facts, cgroup};
use crate::sys::process;
use std::os::fd::OwnedFd;
use std::path::Path;

/// What `exec` needs to know beside the configurations of container and process.
#[derive(Debug)]
pub struct Request<'a> {
    /// The container, the groups, the descriptors.
    pub target: Target<'a>,
    /// The container's init, safe against reuse of its id.
    pub init: OwnedFd,
    /// The container's state, for a seccomp agent.
    pub state: State<'a>,
    /// Who gets the terminal's master.
    pub console: Console<'a>,
    /// Where each operation's duration goes.
    pub trace: Option<&'a Path>,
}

/// Makes a process in a container: returns when it is set up and waits for [`Created::start`]; after an error
/// no process of it is left.
///
/// # Errors
/// What failed, with the operation it belongs to.
pub fn exec(
    request: Request<'_>,
    spec: &Spec<'_>,
    process: &Process<'_>,
    record: &mut dyn FnMut(&Progress<'_>) -> Result<()>,
) -> Result<Created> {
    let facts = find_facts(request.target.id, spec, process)?;
    let kept_fds = request.target.preserve_fds;
    let plan = exec::build(request.target, spec, process, &facts)?;
    record(&Progress::Planned {
        warnings: &plan.warnings,
        cgroup: &plan.cgroups,
        resctrl: &[],
    })?;
    let start = Start {
        state: request.state,
        console: request.console,
        socket_in: None,
        mounts_in: None,
        kept_fds,
        trace: request.trace,
    };
    let mut parent = Parent::new(start, spec, &plan)?;
    parent.slots[INIT] = Some(request.init);
    parent.run(record).inspect_err(|_| parent.give_up())?;
    parent.finish()
}

fn find_facts(id: &str, spec: &Spec<'_>, process: &Process<'_>) -> Result<Facts> {
    let wants_label = process
        .selinux_label
        .as_ref()
        .is_some_and(|label| !label.is_empty());
    Ok(Facts {
        resctrl: find_class(id, spec)?,
        capabilities: process::capabilities()?.effective,
        uid: nix::unistd::geteuid().as_raw(),
        selinux: wants_label && host::has_selinux(),
        layout: host::cgroup::Layout::default(),
        cgroup: cgroup::Plan::default(),
    })
}
