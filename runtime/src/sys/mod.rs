//! The kernel: raw system calls and everything `unsafe`, each behind a safe function.

pub mod seccomp;
