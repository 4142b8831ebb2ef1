//! Read-only facts about the machine.

pub mod cgroup;
mod selinux;

pub use selinux::has_selinux;
