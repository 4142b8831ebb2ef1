//! Containers between two commands: their directories, their recorded state, and their life-cycle.
//!
//! One file per step of the life-cycle; how a container is set up is in `launch`.

mod bundle;
mod checkpoint;
mod create;
mod destroy;
mod detached;
mod directory;
mod emptying;
pub(crate) mod events;
pub(crate) mod exec;
pub(crate) mod foreground;
mod host_mounts;
mod id;
mod list;
mod notify;
mod pause;
mod pid_file;
mod pidfd_socket;
mod process;
mod record;
mod restore;
mod root;
pub(crate) mod signal;
mod start;
mod update;
mod view;

pub(crate) use bundle::Bundle;
pub(crate) use checkpoint::{Checkpoint, checkpoint};
pub(crate) use create::{New, Request, create};
pub(crate) use destroy::{delete, destroy};
pub(crate) use detached::run_detached;
pub(crate) use directory::{Directory, Locked};
pub(crate) use host_mounts::HostMounts;
pub(crate) use id::Id;
pub(crate) use list::list;
pub(crate) use pause::{pause, resume};
pub(crate) use process::Process;
pub(crate) use record::Record;
pub(crate) use restore::{Restore, restore, restore_detached};
pub(crate) use root::Root;
pub(crate) use start::start;
pub(crate) use update::{Schemata, update};
pub(crate) use view::Container;
