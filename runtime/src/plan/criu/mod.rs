//! Saving and restoring a container by CRIU: which of its mounts CRIU must be told of, and the messages to CRIU.
//!
//! Pure: sockets and files are in `launch::criu`.

mod mounts;
mod request;
mod wire;

pub use mounts::{External, PointKind, external, mount_points};
pub use request::{CgroupsMode, Common, Dump, Notification, Response, Restore, ask_for_features, go_on};

/// What CRIU calls a namespace of somebody else, in images and requests: those that runc gave it.
pub fn external_namespace(kind: &str) -> &'static str {
    if kind == "pid" {
        "extRootPidNS"
    } else {
        "extRootNetNS"
    }
}
