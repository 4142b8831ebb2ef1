//! Read-only facts about the machine.

pub mod cgroup;
pub mod resctrl;
mod selinux;

pub use selinux::has_selinux;
