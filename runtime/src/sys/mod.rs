//! The kernel: raw system calls and everything `unsafe`, each behind a safe function.

pub mod bpf;
pub mod pidfd;
pub mod seccomp;
