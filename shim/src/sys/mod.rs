//! The kernel's interface: every raw system call and every `unsafe` block of the program is below here.

pub mod epoll;
pub mod fifo;
pub mod files;
pub mod memory;
pub mod mount;
pub mod process;
pub mod socket;
pub mod tty;
pub mod userns;
