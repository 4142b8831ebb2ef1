//! From the configuration to the ordered list of operations: pure, without effects or look-ups.

pub mod affinity;
mod bind;
pub mod build;
pub mod capability;
pub mod cgroup;
mod cgroup_mount;
pub mod criu;
mod devices;
pub mod exec;
mod idmap;
pub mod mount_options;
pub mod op;
mod process;
pub mod resctrl;
mod root;
pub mod seccomp;
mod text;
pub mod treatment;
pub mod validate;

pub use build::{Facts, Plan, Wish, build};

#[cfg(test)]
mod tests;
