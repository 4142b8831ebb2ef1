//! What a runtime made to mount something on: it is no change of the container's, nor of a bundle's.

use std::collections::HashSet;

use nix::sys::stat::FileStat;

use super::hidden::is_whiteout;
use super::path::join;
use super::stack::Stacked;
use super::unpack::is_directory;
use crate::error::Result;

/// Whether something that is no directory is there only to be mounted on; `points` are the paths of all mounts.
pub(super) fn is_for_a_mount(points: &HashSet<Vec<u8>>, path: &[u8], stat: &FileStat) -> bool {
    points.contains(path) && stat.st_size == 0 && !is_whiteout(stat)
}

/// Whether a directory is there only because something was mounted on or below it.
pub(super) fn is_only_for_mounts(points: &HashSet<Vec<u8>>, inside: &Stacked, path: &[u8]) -> Result<bool> {
    let below = join(path, b"");
    if !points
        .iter()
        .any(|point| point == path || point.starts_with(&below))
    {
        return Ok(false);
    }
    for name in inside.names()? {
        let Some(found) = inside.raw(&name)? else { continue };
        let path = join(path, &name);
        let is_for_mounts = match is_directory(&found.stat) {
            true => match inside.enter(&name, &found)? {
                Some(inside) => is_only_for_mounts(points, &inside, &path)?,
                None => false,
            },
            false => is_for_a_mount(points, &path, &found.stat),
        };
        if !is_for_mounts {
            return Ok(false);
        }
    }
    Ok(true)
}
