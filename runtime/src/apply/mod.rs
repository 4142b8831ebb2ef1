//! Effects: the operations of the plan on the real kernel.

pub mod cgroup;
