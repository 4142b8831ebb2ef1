//! Integration tests of corten-runtime, one binary. They need root.

mod seccomp;
