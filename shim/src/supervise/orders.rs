//! What is wanted of the container while it lives: whoever stops it, or gives it another restart policy, leaves a file.
//!
//! A file, because it is there before the container ends, however busy or stuck this process is; it is read when the
//! container ends, and watched only in the pause before a restart.

use std::path::{Path, PathBuf};

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use serde::Deserialize;

use crate::cli::policy::Policy;
use crate::error::{Call, Result};
use crate::machine::restart::Wanted;
use crate::sys::epoll::Watch;

/// The file, in the shim's directory.
pub const FILE: &str = "restart.json";
/// More than any such file.
const MAX_SIZE: u64 = 4096;

/// Where orders come in.
pub struct Orders {
    path: PathBuf,
    dir: PathBuf,
    policy: Policy,
    /// Watches the directory, and its place in the epoll set.
    pub watch: Option<(Inotify, Watch)>,
}

#[derive(Deserialize)]
struct File {
    policy: Option<String>,
    #[serde(default)]
    stopped: bool,
}

impl Orders {
    /// Orders for the shim of this directory; until one comes, `policy` is wanted.
    pub fn new(dir: &Path, policy: Policy) -> Self {
        Self {
            path: dir.join(FILE),
            dir: dir.to_owned(),
            policy,
            watch: None,
        }
    }

    /// What is wanted now.
    pub fn wanted(&self) -> Wanted {
        let file = read(&self.path);
        let policy = file
            .as_ref()
            .and_then(|file| file.policy.as_deref()?.parse().ok());
        Wanted {
            policy: policy.unwrap_or(self.policy),
            stopped: file.is_some_and(|file| file.stopped),
        }
    }

    /// Watches for orders from now on; whoever does so asks for those that came before.
    ///
    /// # Errors
    /// The kernel has no descriptor left.
    pub fn listen(&mut self) -> Result<()> {
        let inotify =
            Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK).call(|| "inotify_init1")?;
        inotify
            .add_watch(
                &self.dir,
                AddWatchFlags::IN_MOVED_TO | AddWatchFlags::IN_CLOSE_WRITE,
            )
            .call(|| format!("inotify_add_watch({})", self.dir.display()))?;
        self.watch = Some((inotify, Watch::default()));
        Ok(())
    }

    /// Something happened in the directory: what is wanted now.
    pub fn heard(&self) -> Wanted {
        if let Some((inotify, _)) = &self.watch {
            while inotify.read_events().is_ok() {}
        }
        self.wanted()
    }
}

fn read(path: &Path) -> Option<File> {
    use std::io::Read;
    let mut text = Vec::new();
    let file = std::fs::File::open(path).ok()?;
    file.take(MAX_SIZE).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_overrules_the_command_line() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut orders = Orders::new(dir.path(), Policy::Always);
        let always = Wanted {
            policy: Policy::Always,
            stopped: false,
        };
        assert_eq!(orders.wanted(), always);
        orders.listen().expect("watched");
        for (text, expected) in [
            (
                r#"{"stopped":true}"#,
                Wanted {
                    stopped: true,
                    ..always
                },
            ),
            (r#"{"policy":"no"}"#, Wanted::default()),
            (r#"{"policy":"nonsense"}"#, always),
            ("{", always),
        ] {
            std::fs::write(dir.path().join(FILE), text).expect("written");
            assert_eq!(orders.heard(), expected, "{text}");
        }
    }
}
