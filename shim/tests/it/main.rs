//! Integration tests of corten-shim, one binary. They need root, runc, crun and a static busybox.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
#![allow(unreachable_pub, reason = "a test binary has no outside")]

mod attach;
mod budget;
mod conmon;
mod events;
mod exec;
mod fixture;
mod hanging;
mod health;
mod killed;
mod layers;
mod life;
mod logs;
mod manual;
mod mounts;
mod noise;
mod oom;
mod records;
mod restart;
mod start_failures;
mod stdio;
mod task;
mod terminal;
mod whole;
