//! The kernel: raw system calls and everything `unsafe`, each behind a safe function.

pub mod alloc;
pub mod bpf;
mod call;
pub mod clone;
pub mod console;
pub mod entry;
pub mod files;
pub mod listing;
pub mod mount;
pub mod netlink;
pub mod old;
pub mod process;
pub mod schedule;
pub mod seccomp;
pub mod terminal;
