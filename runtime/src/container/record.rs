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
pub(crate) struct Record<'a> {
    version: u32,
    /// The container's id.
    pub(crate) id: Text<'a>,
    /// The absolute path of the bundle.
    pub(crate) bundle: Text<'a>,
    /// The absolute path of the root file system.
    pub(crate) rootfs: Text<'a>,
    /// When `create` began.
    pub(crate) created: Text<'a>,
    /// The annotations of config.json.
    pub(crate) annotations: Map<'a, Text<'a>>,
    /// The hooks that are still to run: poststart and poststop.
    pub(crate) hooks: Hooks<'a>,
    /// The init process, as soon as there is one.
    pub(crate) init: Option<Process>,
    /// Whether `create` is complete.
    pub(crate) ready: bool,
}
