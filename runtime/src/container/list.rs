//! All containers below a root.

use super::{Container, Root};
use crate::error::Result;
use crate::log;
use std::path::Path;

/// The containers below `root`, by id; one that is deleted meanwhile is left out, a damaged one is logged.
///
/// # Errors
/// When the root cannot be read.
pub(crate) fn list(root: &Path) -> Result<Vec<Container>> {
    let Some(root) = Root::open(root)? else {
        return Ok(Vec::new());
    };
    let mut containers = Vec::new();
    for id in root.ids()? {
        match Container::read(&root, &id) {
            Ok(container) => containers.extend(container),
            Err(error) => log::warn(&format!("container {id}: {error}")),
        }
    }
    Ok(containers)
}
