//! What the runtime remembers of a container between two commands: the content of `state.json`.
//!
//! It is written before the first effect of `create`, so that `delete --force` can undo whatever a killed
//! `create` left behind.

use super::{Id, Process};
use crate::oci::{Hooks, Map, Text};
use serde::{Deserialize, Serialize};

/// The form of the file; to be raised when an older program could misread a newer file.
const VERSION: u32 = 1;

/// The state file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct Record<'a> {
    version: u32,
    /// The container's id.
    pub id: Text<'a>,
    /// The absolute path of the bundle.
    pub bundle: Text<'a>,
    /// The absolute path of the root file system.
    pub rootfs: Text<'a>,
    /// When `create` began.
    pub created: Text<'a>,
    /// The annotations of config.json.
    pub annotations: Map<'a, Text<'a>>,
    /// The hooks that are still to run: poststart and poststop.
    pub hooks: Hooks<'a>,
    /// The init process, as soon as there is one.
    pub init: Option<Process>,
    /// Whether `create` is complete.
    pub ready: bool,
}
