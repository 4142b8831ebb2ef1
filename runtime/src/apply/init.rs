//! The container's side of the operations: each one to the function that does it.

use super::conduct::Operation;
use super::devices::Device;
use super::inside::Inside;
use super::{devices, join, mounts, process, restrict};
use crate::error::Result;
use crate::plan::op::{HostOp, InitOp, ProcessOp, RootOp};
use crate::sys;
use crate::sys::process::CapSets;
use nix::sys::stat::{Mode, umask};

impl Operation for HostOp<'_> {
    /// What the container's process tells comes with its own operation's text, and a hook's error names it.
    fn speaks_for_itself(&self) -> bool {
        matches!(self, Self::Send { .. } | Self::Await { .. } | Self::Hooks { .. })
    }
}

impl Operation for InitOp<'_> {
    fn speaks_for_itself(&self) -> bool {
        use crate::plan::op::SyncOp::{AwaitStart, Hooks};
        matches!(
            self,
            Self::Process(ProcessOp::Execute { .. } | ProcessOp::FindProgram { .. })
                | Self::Sync(Hooks { .. } | AwaitStart { .. })
        )
    }
}

/// Runs one operation that builds the file system.
///
/// # Errors
/// The failed call; the caller adds the operation's text.
pub fn build(inside: &mut Inside, op: &RootOp<'_>) -> Result<()> {
    match op {
        RootOp::Propagation { path, flags, .. } => sys::mount::propagate(path, *flags),
        RootOp::PrivateParent { path } => sys::mount::make_private(path),
        RootOp::BindRoot { path, as_caller } => mounts::bind_root(inside, path, *as_caller),
        RootOp::OpenRoot { path } => mounts::open_root_directory(path).map(|root| inside.root = Some(root)),
        RootOp::Mount(mount) => mounts::mount(inside, mount),
        RootOp::Remount {
            destination,
            attributes,
            recursive,
        } => mounts::remount(inside, destination, attributes, recursive),
        RootOp::Device {
            path,
            kind,
            major,
            minor,
            mode,
            uid,
            gid,
            bind,
        } => {
            let (kind, major, minor, mode) = (*kind, *major, *minor, *mode);
            let device = Device {
                path,
                kind,
                major,
                minor,
                mode,
                uid: *uid,
                gid: *gid,
                bind: *bind,
            };
            devices::make(inside, &device)
        }
        RootOp::Link { path, target } => devices::link(inside, path, target),
        RootOp::Terminal { size, uid, console } => devices::make_terminal(inside, *size, *uid, *console),
        RootOp::Mask { path } => restrict::mask(inside, path),
        RootOp::ReadOnly { path } => restrict::read_only(inside, path),
        RootOp::ReadOnlyRoot => restrict::read_only_root(inside),
        RootOp::EnterRoot { how, shared } => process::enter_root(inside, *how, *shared),
    }
}

/// Runs one operation of the process on itself.
///
/// # Errors
/// The failed call; the caller adds the operation's text.
pub fn become_it(inside: &mut Inside, op: &ProcessOp<'_>) -> Result<()> {
    match op {
        ProcessOp::DieWithRuntime { on } => sys::process::die_with_parent(*on),
        ProcessOp::LetGo => {
            inside.let_go();
            Ok(())
        }
        ProcessOp::Hide => sys::process::set_dumpable(false),
        ProcessOp::JoinNamespace { slot, kind } => process::join_namespace(inside, *slot, *kind),
        ProcessOp::JoinNamespaces { slot, init, kinds } => join::namespaces(inside, *slot, *init, kinds),
        // Only `launch` can tell the runtime of the child.
        ProcessOp::Fork => Ok(()),
        ProcessOp::Unshare { kind } => sys::process::unshare(kind.flag()),
        ProcessOp::BecomeRoot { drop_groups } => process::become_root(*drop_groups),
        ProcessOp::NewSession => process::new_session(),
        ProcessOp::NewKeyring { name } => process::new_keyring(name),
        ProcessOp::HostName { name } => process::set_host_name(name),
        ProcessOp::DomainName { name } => sys::process::set_domain_name(name),
        ProcessOp::Sysctl { path, value } => process::set_sysctl(inside, path, value),
        ProcessOp::Schedule { scheduling } => process::schedule(0, scheduling),
        ProcessOp::IoPriority { priority } => process::set_io_priority(0, *priority),
        ProcessOp::Personality { domain } => sys::schedule::set_personality(*domain),
        ProcessOp::MemoryPolicy { mode, nodes } => process::set_memory_policy(*mode, nodes),
        ProcessOp::Label { attribute, label } => process::set_label(inside, attribute, label),
        ProcessOp::AppArmor { profile } => process::set_apparmor(inside, profile),
        ProcessOp::Limit {
            resource, soft, hard, ..
        } => sys::process::set_limit(0, *resource, *soft, *hard),
        ProcessOp::OomScore { value } => join::set_oom_score(inside, *value),
        ProcessOp::Affinity { cpus } => join::set_affinity(cpus),
        ProcessOp::ResetAffinity => {
            join::reset_affinity();
            Ok(())
        }
        ProcessOp::OwnStreams { uid } => join::own_streams(*uid),
        ProcessOp::Umask { mask } => {
            umask(Mode::from_bits_truncate(*mask));
            Ok(())
        }
        ProcessOp::BoundingSet { keep } => sys::process::limit_bounding_set(*keep),
        ProcessOp::Groups { groups } => process::set_groups(groups),
        ProcessOp::Group { gid } => process::become_group(*gid),
        ProcessOp::User { uid } => process::become_user(*uid),
        ProcessOp::WorkDir { path, how } => process::enter_work_dir(inside, path, *how),
        ProcessOp::Home { uid } => process::find_home(inside, *uid),
        ProcessOp::FindProgram { name, search } => process::find_program(inside, name, *search),
        ProcessOp::NoNewPrivileges => sys::process::no_new_privileges(),
        ProcessOp::Seccomp { filter, flags, .. } => sys::seccomp::load(filter, *flags).map(drop),
        ProcessOp::Capabilities {
            effective,
            permitted,
            inheritable,
            ambient,
        } => {
            let (effective, permitted, inheritable) = (*effective, *permitted, *inheritable);
            process::set_capabilities(
                &CapSets {
                    effective,
                    permitted,
                    inheritable,
                },
                *ambient,
            )
        }
        ProcessOp::CloseOnExec { first } => sys::process::close_on_exec_from(*first),
        ProcessOp::Execute { args, env } => process::execute(inside, args, env),
    }
}
