//! Read-only facts about the machine.

pub mod cgroup;
