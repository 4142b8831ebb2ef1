//! Containers between two commands: their directories, their recorded state, and their life-cycle.
//!
//! One file per step of the life-cycle; how a container is set up is in `launch`.

mod directory;
mod id;
mod list;
mod process;
mod record;
mod view;

pub use directory::{Directory, Locked, Root, START_SOCKET};
pub use id::Id;
pub use list::list;
pub use process::Process;
pub use record::Record;
pub use view::Container;
