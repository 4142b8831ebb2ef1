//! Judges the three programs from outside: it runs them and their peers by path and compares what they do.
//!
//! It links none of their crates. [`Case`] is where every test starts: a directory of its own, commands with a
//! deadline, and a check at the end that nothing was left behind.

pub mod authority;
pub mod bundle;
pub mod case;
pub mod cgroups;
pub mod command;
pub mod debian;
pub mod disk;
pub mod engine;
pub mod fault;
pub mod fixture;
mod fuse;
pub mod large;
pub mod layout;
pub mod leaks;
pub mod measure;
pub mod probe;
pub mod programs;
pub mod pty;
pub mod registry;
pub mod seccomp;
pub mod slow;
mod sys;
pub mod wait;

pub use case::Case;
pub use command::{Cmd, Out};

/// Skips the rest of the test with a reason, which `make test` prints and counts.
#[macro_export]
macro_rules! skip {
    ($($reason:tt)*) => {{
        $crate::case::record_skip(&format!($($reason)*));
        return;
    }};
}
