//! The root directory of a container, as something to resolve paths from: what its processes see while it runs; its layers
//! with its volumes and bind mounts when it does not.
//!
//! Mounts of a container that does not run live in a mount namespace that is gone with the work: nothing is to be cleaned
//! up, whatever ends this process.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::stat::{Mode, mkdirat};
use nix::unistd::{Gid, Uid, fchownat};
use serde_json::Value;

use super::layout::Containers;
use super::pause;
use super::programs;
use super::record::Record;
use super::status::{ShimFile, Status};
use crate::error::{Context, Error, Kind, Result};
use crate::plan::copy::split;
use crate::settings::StorageDriver;
use crate::sys::resolve;

/// Opens the container's root directory and does something with it. While a container that does not run is worked on, it
/// cannot be started.
///
/// # Errors
/// When the container is gone or its file system cannot be mounted; what the work reports.
pub(super) fn with<T: Send>(
    containers: &Containers,
    record: &Record,
    work: impl FnOnce(OwnedFd) -> Result<T> + Send,
) -> Result<T> {
    let lock = containers.lock(&record.id)?;
    if Status::of(containers, &record.id).is_running() {
        drop(lock);
        return work(of_running(containers, record)?);
    }
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let mounted = Mounted::new(&containers.directory(&record.id), record)?;
            work(mounted.root()?)
        });
        worker
            .join()
            .map_err(|_| Error::new(Kind::System, "the thread that looked into the container died"))?
    })
}

/// The root of the container's first process. It is opened before the process is seen alive, so it is not another's.
fn of_running(containers: &Containers, record: &Record) -> Result<OwnedFd> {
    let gone = || {
        if matches!(Status::of(containers, &record.id), Status::Restarting(_)) {
            return Error::new(
                Kind::Conflict,
                format!("Container {} {}", record.id, pause::RESTARTING),
            );
        }
        Error::new(Kind::Conflict, format!("Container {} is not running", record.id))
            .hint("try again: it just ended")
    };
    let shim = ShimFile::read(&containers.shim_directory(&record.id)).ok_or_else(gone)?;
    let init = shim.init().ok_or_else(gone)?;
    let path = format!("/proc/{}/root", init.pid());
    let root = open_directory(Path::new(&path));
    match init.wait(Some(Instant::now()))? {
        true => Err(gone()),
        false => root,
    }
}

/// The file system of a container that does not run, mounted in this thread's own mount namespace.
struct Mounted {
    rootfs: PathBuf,
    /// What the shim became: it waits for its input to end.
    holder: Child,
}

impl Mounted {
    /// Has the shim mount what the bundle says, goes to where that is seen, and mounts there what the container's
    /// configuration binds. This thread stays there.
    fn new(bundle: &Path, record: &Record) -> Result<Self> {
        let (shim, cat) = (programs::find("corten-shim")?, programs::find("cat")?);
        let mut holder = Command::new(shim)
            .args([
                OsStr::new("mount"),
                OsStr::new("--bundle"),
                bundle.as_os_str(),
                OsStr::new("--mounts"),
            ])
            .arg(bundle.join("mounts.json"))
            .arg("--")
            .arg(cat)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| Error::io("start corten-shim mount", &error))?;
        wait_until_mounted(&mut holder)?;
        let mounted = Self {
            rootfs: bundle.join("rootfs"),
            holder,
        };
        mounted.enter()?;
        if record.driver == StorageDriver::Vfs {
            // Nothing is mounted there, and only a mount can be read-only.
            let rootfs = Some(&mounted.rootfs);
            mount(
                rootfs,
                &mounted.rootfs,
                None::<&str>,
                MsFlags::MS_BIND,
                None::<&str>,
            )
            .map_err(|errno| {
                Error::syscall(
                    format!("mount({}, MS_BIND)", mounted.rootfs.display()),
                    errno as i32,
                )
            })?;
        }
        let config = std::fs::read(bundle.join("config.json"))
            .map_err(|error| Error::io(format!("read {}/config.json", bundle.display()), &error))?;
        let config: Value = serde_json::from_slice(&config).map_err(|error| {
            Error::new(
                Kind::Invalid,
                format!("{}/config.json: {error}", bundle.display()),
            )
        })?;
        mounted.bind_all(&config, record.options.userns.ids.root())?;
        Ok(mounted)
    }

    fn root(&self) -> Result<OwnedFd> {
        open_directory(&self.rootfs)
    }

    fn enter(&self) -> Result<()> {
        let path = format!("/proc/{}/ns/mnt", self.holder.id());
        let namespace = File::open(&path).map_err(|error| Error::io(format!("open {path}"), &error))?;
        unshare(CloneFlags::CLONE_FS).map_err(|errno| Error::syscall("unshare(CLONE_FS)", errno as i32))?;
        setns(namespace, CloneFlags::CLONE_NEWNS)
            .map_err(|errno| Error::syscall("setns(CLONE_NEWNS)", errno as i32))
    }

    /// Binds volumes, directories and files of the host as the runtime would, in its order; and makes the root read-only
    /// if it is to be. What is made to mount on belongs to `owner`, if that is not who runs this.
    fn bind_all(&self, config: &Value, owner: Option<(u32, u32)>) -> Result<()> {
        let root = self.root()?;
        let mounts = config["mounts"].as_array().into_iter().flatten();
        for entry in mounts {
            let target = entry["destination"].as_str().unwrap_or_default();
            let is_ours = !["/proc", "/sys", "/dev"]
                .iter()
                .any(|own| Path::new(target).starts_with(own));
            if let (Some(bind), true) = (Bind::of(entry), is_ours) {
                bind.mount(root.as_fd(), owner)
                    .context(|| format!("mount {} at {target}", bind.source))?;
            }
        }
        if config["root"]["readonly"] == true {
            read_only(&root)?;
        }
        Ok(())
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Its input's end is its own; nothing depends on how it went.
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

/// The holder answers when everything is mounted; otherwise it says why not.
fn wait_until_mounted(holder: &mut Child) -> Result<()> {
    let mut answer = [0];
    let asked = holder.stdin.as_mut().map(|stdin| stdin.write_all(b"\n"));
    let answered = holder
        .stdout
        .as_mut()
        .map(|stdout| stdout.read_exact(&mut answer));
    if matches!((asked, answered), (Some(Ok(())), Some(Ok(())))) {
        return Ok(());
    }
    let mut message = String::new();
    if let Some(stderr) = holder.stderr.as_mut() {
        let _ = stderr.read_to_string(&mut message);
    }
    let _ = holder.wait();
    Err(Error::new(
        Kind::System,
        format!(
            "mount the container's file system: {}",
            message.trim().trim_start_matches("Error: ")
        ),
    ))
}

/// A bind mount of config.json.
struct Bind<'a> {
    source: &'a str,
    target: &'a str,
    recursive: bool,
    read_only: bool,
}

impl<'a> Bind<'a> {
    fn of(entry: &'a Value) -> Option<Self> {
        let options: Vec<&str> = entry["options"]
            .as_array()?
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let recursive = options.contains(&"rbind");
        (recursive || options.contains(&"bind")).then_some(())?;
        Some(Self {
            source: entry["source"].as_str()?,
            target: entry["destination"].as_str()?,
            recursive,
            read_only: options.contains(&"ro"),
        })
    }

    /// Mounts it below the root; the target is made if it is missing, as the runtime does it.
    fn mount(&self, root: BorrowedFd<'_>, owner: Option<(u32, u32)>) -> Result<()> {
        let data = std::fs::metadata(self.source)
            .map_err(|error| Error::io(format!("stat {}", self.source), &error))?;
        let target = make_target(root, self.target.as_bytes(), data.is_dir(), owner)?;
        let recursive = if self.recursive {
            MsFlags::MS_REC
        } else {
            MsFlags::empty()
        };
        // By its descriptor: the place that was resolved inside the root, whatever its path means by now (CVE-2026-42306).
        let place = format!("/proc/self/fd/{}", target.as_raw_fd());
        mount(
            Some(self.source),
            place.as_str(),
            None::<&str>,
            MsFlags::MS_BIND | recursive,
            None::<&str>,
        )
        .map_err(|errno| Error::syscall(format!("mount({}, MS_BIND)", self.source), errno as i32))?;
        match self.read_only {
            true => read_only(
                &resolve::open(root, self.target.as_bytes(), OFlag::O_PATH, resolve::IN_ROOT)
                    .map_err(|errno| Error::syscall(format!("openat2({})", self.target), errno as i32))?,
            ),
            false => Ok(()),
        }
    }
}

fn read_only(mounted: &OwnedFd) -> Result<()> {
    let place = format!("/proc/self/fd/{}", mounted.as_raw_fd());
    let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
    mount(None::<&str>, place.as_str(), None::<&str>, flags, None::<&str>)
        .map_err(|errno| Error::syscall("mount(MS_REMOUNT|MS_BIND|MS_RDONLY)", errno as i32))
}

/// What is at a path inside the root; made, with what is above it, if there is nothing.
fn make_target(
    root: BorrowedFd<'_>,
    path: &[u8],
    directory: bool,
    owner: Option<(u32, u32)>,
) -> Result<OwnedFd> {
    let failed = |call: &str, errno: Errno| {
        Error::syscall(format!("{call}({})", String::from_utf8_lossy(path)), errno as i32)
    };
    match resolve::open(root, path, OFlag::O_PATH, resolve::IN_ROOT) {
        Err(Errno::ENOENT) => {}
        other => return other.map_err(|errno| failed("openat2", errno)),
    }
    let (above, name) = split(path);
    let parent = make_target(root, above, true, owner)?;
    let name = OsStr::from_bytes(name);
    let made = match directory {
        true => mkdirat(&parent, name, Mode::from_bits_truncate(0o755)),
        false => {
            let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC;
            openat(&parent, name, flags, Mode::from_bits_truncate(0o644)).map(drop)
        }
    };
    match (made, owner) {
        (Ok(()), Some((uid, gid))) => {
            let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
            fchownat(&parent, name, Some(uid), Some(gid), AtFlags::AT_SYMLINK_NOFOLLOW)
                .map_err(|errno| failed("fchownat", errno))?;
        }
        (Ok(()), None) | (Err(Errno::EEXIST), _) => {}
        (Err(errno), _) => return Err(failed("make the mount's target", errno)),
    }
    resolve::open(root, path, OFlag::O_PATH, resolve::IN_ROOT).map_err(|errno| failed("openat2", errno))
}

fn open_directory(path: &Path) -> Result<OwnedFd> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    nix::fcntl::open(path, flags, Mode::empty())
        .map_err(|errno| Error::syscall(format!("open({})", path.display()), errno as i32))
}
