//! Where the shim is found: the socket of a pod, below the directory of containerd's own socket.
//!
//! Always a path, in a directory that is only root's, never an abstract name: those are open to every process in the
//! same network namespace, containers with the host's among them (CVE-2020-15257).

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::fcntl::{Flock, FlockArg};
use sha2::{Digest, Sha256};

use crate::error::{Call, Error, Kind, Result};
use crate::sys::files::open_dir;
use crate::sys::process::{self, PidFd};
use crate::sys::socket::{connect, listen, peer};

/// containerd's state, where the address says nothing better.
const DEFAULT_BASE: &str = "/run/containerd";
/// How long a process may take from its last moment to its end.
const ENDING: Duration = Duration::from_secs(5);
/// The longest path of a socket (unix(7)).
const LONGEST: usize = 107;

/// The directory in which containerd's socket is.
pub fn base(address: &str) -> PathBuf {
    let path = Path::new(address.strip_prefix("unix://").unwrap_or(address));
    match path.parent() {
        Some(parent) if path.is_absolute() => parent.to_owned(),
        _ => DEFAULT_BASE.into(),
    }
}

/// The socket's path; `group` is a pod's id, or a container's.
fn socket(base: &Path, address: &str, namespace: &str, group: &str) -> PathBuf {
    // Ids have no slash: no two pods have the same text.
    let digest = Sha256::digest(format!("{address}/{namespace}/{group}"));
    let name: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let path = base.join("s").join(&name);
    match path.as_os_str().len() <= LONGEST {
        true => path,
        false => Path::new(DEFAULT_BASE).join("s").join(name),
    }
}

/// Removes the socket at an address that a shim noted, if that shim has died.
pub fn remove_dead(address: &str) {
    let path = Path::new(address.strip_prefix("unix://").unwrap_or(address));
    let Some(dir) = path.parent().and_then(|parent| open_dir(parent).ok()) else {
        return;
    };
    let place = Place {
        path: path.to_owned(),
        dir,
    };
    let Ok(_lock) = place.lock() else {
        return;
    };
    // Of a process that is ending the kernel may close the connections before the socket.
    if let Ok(connection) = connect(path)
        && let Some(owner) = peer(&connection)
        && process::is_ending(owner)
        && let Ok(owner) = PidFd::open(owner)
    {
        drop(connection);
        let _ = process::wait_until(&owner, Instant::now() + ENDING);
    }
    if connect(path).is_err_and(|error| error.errno() == Some(libc::ECONNREFUSED)) {
        let _ = std::fs::remove_file(path);
    }
}

/// What there is at a socket's path.
pub enum Found {
    /// Nobody was there: now this process listens.
    Nobody(UnixListener),
    /// A shim listens.
    Shim,
}

/// The place of a pod's shim.
pub struct Place {
    /// The socket.
    pub path: PathBuf,
    dir: File,
}

impl Place {
    /// Makes the directory if need be.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn new(base: &Path, address: &str, namespace: &str, group: &str) -> Result<Self> {
        let path = socket(base, address, namespace, group);
        let parent = path.parent().unwrap_or(base);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(parent)
            .call(|| format!("mkdir({})", parent.display()))?;
        let dir = open_dir(parent)?;
        Ok(Self { path, dir })
    }

    fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// One at a time: two containers of a pod may come at once.
    fn lock(&self) -> Result<Flock<File>> {
        let copy = self.dir.try_clone().call(|| "dup(directory of sockets)")?;
        Flock::lock(copy, FlockArg::LockExclusive)
            .map_err(|(_, errno)| Error::syscall("flock(directory of sockets, LOCK_EX)", errno))
    }

    /// Listens, unless a shim does so already. A socket whose owner has died is replaced.
    ///
    /// # Errors
    /// The socket cannot be made.
    pub fn take(&self) -> Result<Found> {
        let _lock = self.lock()?;
        match connect(&self.path) {
            Ok(_) => Ok(Found::Shim),
            // Its queue is full, but it lives.
            Err(error) if error.errno() == Some(libc::EAGAIN) => Ok(Found::Shim),
            Err(error) if matches!(error.errno(), Some(libc::ENOENT | libc::ECONNREFUSED)) => {
                listen(&self.dir, &self.name()).map(Found::Nobody)
            }
            Err(error) => Err(error),
        }
    }

    /// Removes the socket. Only for who listens still: another's could be there otherwise.
    pub fn leave(&self) {
        if let Ok(_lock) = self.lock() {
            let _ = std::fs::remove_file(&self.path);
        }
    }

    /// As containerd is told it.
    ///
    /// # Errors
    /// The path is not text.
    pub fn address(&self) -> Result<String> {
        match self.path.to_str() {
            Some(path) => Ok(format!("unix://{path}")),
            None => Err(Error::new(
                Kind::Input,
                "the path of containerd's socket is not UTF-8",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_beside_containerd_s_own() {
        assert_eq!(
            base("/run/containerd/containerd.sock"),
            Path::new("/run/containerd")
        );
        assert_eq!(base("unix:///x/c.sock"), Path::new("/x"));
        assert_eq!(base(""), Path::new(DEFAULT_BASE));
        assert_eq!(base("c.sock"), Path::new(DEFAULT_BASE));
    }

    #[test]
    fn each_group_has_its_own_path_of_a_length_that_fits() {
        let base = PathBuf::from("/run/containerd");
        let path = |namespace, group| socket(&base, "/a", namespace, group);
        assert_ne!(path("a", "x"), path("a", "y"));
        assert_ne!(path("a", "x"), path("b", "x"));
        assert_eq!(path("a", "x"), path("a", "x"));
        let long = PathBuf::from("/").join("x".repeat(90));
        assert!(socket(&long, "/a", "n", "g").as_os_str().len() <= LONGEST);
    }

    #[test]
    fn the_socket_is_root_s_alone_and_taken_once() {
        use std::os::unix::fs::MetadataExt;
        let dir = tempfile::tempdir().expect("a directory");
        let place = Place::new(dir.path(), "/a", "n", "g").expect("made");
        let Found::Nobody(listener) = place.take().expect("taken") else {
            panic!("nobody was there");
        };
        let mode = |path: &Path| std::fs::metadata(path).expect("there").mode() & 0o777;
        assert_eq!(mode(&place.path), 0o600);
        assert_eq!(mode(place.path.parent().expect("below")), 0o700);
        assert!(matches!(place.take().expect("asked"), Found::Shim));
        remove_dead(&place.address().expect("text"));
        assert!(place.path.exists());
        drop(listener);
        remove_dead(&place.address().expect("text"));
        assert!(!place.path.exists());
        assert!(matches!(place.take().expect("replaced"), Found::Nobody(_)));
        place.leave();
        assert!(!place.path.exists());
    }
}
