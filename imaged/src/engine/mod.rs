//! Containers: what is kept of them, how they stand, and what can be done with them.
//!
//! A container is a directory ([`layout`]); how it stands is read from files and processes, never remembered
//! ([`status`]); a shim keeps it while it runs ([`shim`]).

pub(crate) mod announce;
pub(crate) mod attach;
pub(crate) mod commit;
mod container_root;
pub(crate) mod copy;
pub(crate) mod create;
pub(crate) mod ends;
pub(crate) mod exec;
mod facts;
pub(crate) mod health;
mod ids;
mod imagefs;
mod init;
pub(crate) mod inspect;
pub(crate) mod layout;
pub(crate) mod logs;
mod names;
mod orders;
pub(crate) mod pause;
pub(crate) mod programs;
pub(crate) mod record;
pub(crate) mod remove;
pub(crate) mod rename;
pub(crate) mod restart;
mod rootfs;
pub(crate) mod rootless;
mod runtime;
pub(crate) mod shim;
pub(crate) mod standalone;
pub(crate) mod start;
pub(crate) mod stats;
pub(crate) mod status;
pub(crate) mod stop;
pub(crate) mod storage;
pub(crate) mod top;
pub(crate) mod update;
mod userns;
mod volumes;
pub(crate) mod wait;

pub(crate) use facts::{architecture, has_cgroup2_alone, machine_memory};
pub(crate) use layout::Containers;
pub(crate) use record::Record;
