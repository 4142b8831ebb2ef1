//! Effects: the operations of the plan on the real kernel.

pub mod cgroup;
pub mod conduct;
mod copy_up;
mod devices;
pub mod host;
mod id_map;
pub mod in_root;
pub mod init;
pub mod inside;
pub mod join;
mod mounts;
mod net_device;
mod place;
mod process;
mod program;
pub mod resctrl;
mod restrict;
pub mod systemd;

pub use devices::send_master;
