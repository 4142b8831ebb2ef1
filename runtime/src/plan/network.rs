//! A new network namespace costs the kernel as much as all the others of a container. Where it may, the runtime has it
//! made beside its own work, and hands it to the container's process when that needs it.

use super::build::{Input, Plan};
use super::op::{HostOp, InitOp, Mount, Namespace, RootOp, Sync, SyncOp, What};
use crate::sys::network;

/// File systems that are the same in whatever network namespace they are mounted.
const WITHOUT_NETWORK: [&str; 6] = ["proc", "tmpfs", "devpts", "mqueue", "cgroup", "cgroup2"];

/// Whether the namespace is made so. It belongs to the user namespace of its maker; who joins a time namespace has one
/// thread; and a device needs the namespace of the process it is sent to.
pub(super) fn is_made_beside(input: &Input<'_>) -> bool {
    network::CAN_MAKE
        && input.is_new(Namespace::Network)
        && !input.has_user_namespace()
        && input.namespace(Namespace::Time).is_none()
        && input.linux.net_devices.is_empty()
}

/// The maker begins before anything else.
pub(super) fn begin(plan: &mut Plan<'_>) {
    plan.before.insert(0, HostOp::MakeNetwork);
}

/// The container's process joins it before the first operation that it makes a difference to, and in the order in which
/// the runtime speaks.
pub(super) fn join(plan: &mut Plan<'_>) {
    let go = |op: &HostOp<'_>| matches!(op, HostOp::Send { message: Sync::Go });
    let mut told = plan.after.iter().take_while(|op| !go(op));
    let before_go = told.any(|op| matches!(op, HostOp::ShareNetwork));
    if matches!(plan.before.first(), Some(HostOp::MakeNetwork)) {
        let mut ops = plan.init.iter();
        let at = ops.position(|op| needs_network(op, before_go)).unwrap_or(0);
        plan.init.insert(at, InitOp::Sync(SyncOp::JoinNetwork));
    }
}

/// Whether an operation shows who looks, or what is told, which network there is.
fn needs_network(op: &InitOp<'_>, before_go: bool) -> bool {
    match op {
        InitOp::Root(RootOp::Mount(Mount {
            what: What::New { fs, .. },
            ..
        })) => !WITHOUT_NETWORK.contains(fs),
        InitOp::Root(RootOp::EnterRoot { .. }) => true,
        InitOp::Sync(SyncOp::Await { message: Sync::Go }) => before_go,
        InitOp::Sync(_) => true,
        InitOp::Cgroup(_) | InitOp::Process(_) | InitOp::Root(_) => false,
    }
}
