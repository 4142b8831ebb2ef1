//! Containers between two commands: their directories, their recorded state, and their life-cycle.
//!
//! One file per step of the life-cycle; how a container is set up is in `launch`.

mod directory;
mod id;
mod list;
mod process;
mod record;
mod view;

pub(crate) use directory::{Directory, Locked, Root, START_SOCKET};
pub(crate) use id::Id;
pub(crate) use list::list;
pub(crate) use process::Process;
pub(crate) use record::Record;
pub(crate) use view::Container;
