//! The names by which callers meet this program: the attach socket, the fifos, and the short path to them.

use std::fs::File;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use super::fifo::{Fifo, Kind};
use crate::error::{Call, Result};
use crate::sys::files::{open_dir, short_path};
use crate::sys::socket::listen_packets;

/// The attach socket.
const ATTACH: &str = "attach";

/// The names; they go with this value.
pub struct Names {
    /// The bundle, where they are.
    pub bundle: File,
    /// A link that leads to the bundle.
    link: Option<(PathBuf, PathBuf)>,
}

impl Names {
    /// Makes them in the bundle, each in place of what has that name.
    ///
    /// # Errors
    /// One cannot be made; then there is none.
    pub fn make(bundle: &Path, link: Option<&Path>) -> Result<(Self, UnixListener, Vec<Fifo>)> {
        let mut names = Self {
            bundle: open_dir(bundle)?,
            link: None,
        };
        let listener = listen_packets(&names.bundle, ATTACH)?;
        let fifos = [Kind::Control, Kind::Size].map(|kind| Fifo::make(&names.bundle, kind));
        let fifos = fifos.into_iter().collect::<Result<_>>()?;
        if let Some(link) = link {
            link_to_bundle(link, bundle)?;
            names.link = Some((link.to_owned(), bundle.to_owned()));
        }
        Ok((names, listener, fifos))
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        for name in [ATTACH, Kind::Control.name(), Kind::Size.name()] {
            let _ = std::fs::remove_file(short_path(&self.bundle, name));
        }
        if let Some((link, target)) = &self.link
            && std::fs::read_link(link).is_ok_and(|found| found == *target)
        {
            let _ = std::fs::remove_file(link);
        }
    }
}

/// The attach socket's short path leads through a link to the bundle.
fn link_to_bundle(link: &Path, bundle: &Path) -> Result<()> {
    let call = || format!("symlink({}, {})", bundle.display(), link.display());
    if let Some(dir) = link.parent() {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .call(|| format!("mkdir({})", dir.display()))?;
    }
    if link.is_symlink() {
        std::fs::remove_file(link).call(call)?;
    }
    symlink(bundle, link).call(call)
}
