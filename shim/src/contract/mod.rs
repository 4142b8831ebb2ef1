//! The formats that the shim shares with other programs, as pure parsers and printers:
//! `docs/contracts/shim.md`, `bundle.md` and `cli.md` in code. Nothing here touches the system.

pub mod cgroup;
pub mod control;
pub mod frame;
pub mod health;
pub mod mounts;
pub mod record;
pub mod runtime_log;
pub mod time;
