//! From the configuration to the ordered list of operations: pure, without effects or look-ups.

pub mod cgroup;
pub mod seccomp;
pub mod validate;
