//! Integration tests of corten-runtime, one binary. They need root.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod bundle;
mod cgroup;
mod layers;
mod lifecycle;
mod manual;
mod schema;
mod seccomp;
mod setup;
