//! Running hooks: programs of the configuration at the moments of a container's life.

use crate::error::{Error, Kind, Result};
use crate::oci::{Hook, State};

/// Runs the hooks of one kind (`poststart`, …), in order, in the bundle; each reads the state on its input.
///
/// # Errors
/// The first hook that fails, by kind and index; the others do not run.
pub fn run(kind: &str, hooks: &[Hook<'_>], _state: &State<'_>) -> Result<()> {
    if hooks.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        Kind::Unsupported,
        format!("{kind} hooks are not built yet"),
    ))
}
