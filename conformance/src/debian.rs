//! The real image: Debian by debootstrap, in a real registry. Made once by `fixtures/make-debian` and kept in the
//! cache directory; see there for what is in it.

use crate::programs;
use crate::registry::Registry;
use nix::fcntl::{Flock, FlockArg};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The tags of `debian` whose content is [`Debian::tree`].
pub const PLAIN_TAGS: [&str; 3] = ["oci-gzip", "docker-gzip", "oci-zstd"];
/// The tags of `debian` whose content is [`Debian::changed_tree`].
pub const CHANGED_TAGS: [&str; 2] = ["buildah-docker-gzip", "buildah-oci-zstd"];

/// The image and the registry that serves it, one for all tests of this process.
#[derive(Debug)]
pub struct Debian {
    dir: PathBuf,
    registry: Registry,
}

impl Debian {
    /// The image, made when it is asked for the first time on this machine.
    #[track_caller]
    pub fn get() -> &'static Self {
        static DEBIAN: OnceLock<Debian> = OnceLock::new();
        DEBIAN.get_or_init(|| {
            let dir = fixture();
            let registry = Registry::serve(&dir.join("registry"), true);
            Self { dir, registry }
        })
    }

    /// The reference of a tag in the registry.
    pub fn image(&self, tag: &str) -> String {
        self.registry.image(&format!("debian:{tag}"))
    }

    /// The OCI layout, with the tag `debian`.
    pub fn layout(&self) -> PathBuf {
        self.dir.join("layout")
    }

    /// What umoci makes of the image, as the probe lists it.
    #[track_caller]
    pub fn tree(&self) -> String {
        read(&self.dir.join("debian.tree"))
    }

    /// The same for the image that buildah derived.
    #[track_caller]
    pub fn changed_tree(&self) -> String {
        read(&self.dir.join("changed.tree"))
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The directory of the finished image; its name changes with the script and the probe, its two inputs.
fn fixture() -> PathBuf {
    let script = programs::top().join("conformance/fixtures/make-debian");
    let version = &crate::layout::digest(read(&script).as_bytes())[7..19];
    let cache = programs::cache();
    fs::create_dir_all(&cache).unwrap_or_else(|e| panic!("{}: {e}", cache.display()));
    let lock = File::create(cache.join("debian.lock")).expect("a lock file in the cache");
    let _lock = Flock::lock(lock, FlockArg::LockExclusive).expect("the lock of the cache");
    let finished = cache.join(format!("debian-{version}"));
    if !finished.exists() {
        let unfinished = cache.join("debian.unfinished");
        _ = fs::remove_dir_all(&unfinished);
        make(&script, &unfinished);
        fs::rename(&unfinished, &finished).expect("a rename in the cache");
    }
    finished
}

#[track_caller]
fn make(script: &Path, dir: &Path) {
    let out = Command::new(script)
        .arg(dir)
        .arg(programs::probe())
        .output()
        .expect("the script");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        out.status.success(),
        "{}: {}\n{}\n{}",
        script.display(),
        out.status,
        text(&out.stdout),
        text(&out.stderr)
    );
}
