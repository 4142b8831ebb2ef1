//! Saving a container.

use super::session::Session;
use super::{Dirs, Options, common, log, make_dir, must_support, streams};
use crate::apply::in_root;
use crate::error::{Error, Kind, Result};
use crate::launch;
use crate::oci::Spec;
use crate::plan::cgroup::Record;
use crate::plan::criu::{self, Dump, ask_for_features, external_namespace};
use crate::plan::{self, Wish};
use crate::sys::files;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

const LOG_FILE: &str = "dump.log";
/// The names of the mounts from outside, among the images.
const MOUNTS: &str = "mounts.json";

/// What is to be saved, and how.
#[derive(Debug)]
#[expect(missing_docs, reason = "the words of criu(8), and of the container's record")]
pub struct Checkpoint<'a> {
    pub options: Options,
    pub parent: Option<PathBuf>,
    pub leave_running: bool,
    pub pre_dump: bool,
    pub tcp_skip_in_flight: bool,
    pub link_remap: bool,
    pub page_server: Option<(String, u16)>,
    /// The caller's descriptor that is told when the server of lazy pages is ready.
    pub status_fd: Option<i32>,
    pub id: &'a str,
    pub bundle: &'a str,
    pub rootfs: &'a str,
    pub spec: &'a Spec<'a>,
    pub groups: &'a Record,
    /// The container's first process.
    pub pid: i32,
    /// All of its processes.
    pub pids: &'a [i32],
}

/// Saves a container's processes; unless told otherwise, they are gone afterwards.
///
/// # Errors
/// CRIU's, with what its log says; the container runs on then.
pub fn checkpoint(request: &Checkpoint<'_>) -> Result<()> {
    let options = &request.options;
    check_features(request)?;
    let status = request.status_fd.map(open_status).transpose()?;
    make_dir(&options.images)?;
    check_parent(&options.images, request.parent.as_deref())?;
    let dirs = Dirs::open(options, LOG_FILE)?;
    let annotations = &request.spec.annotations;
    let freezer = freezer(request.groups);
    let parent = request.parent.as_ref().map(|parent| parent.to_string_lossy());
    let mut dump = Dump {
        common: common(options, &dirs, LOG_FILE, request.rootfs, annotations),
        pid: request.pid,
        pre_dump: request.pre_dump,
        leave_running: request.leave_running,
        tcp_skip_in_flight: request.tcp_skip_in_flight,
        link_remap: request.link_remap,
        freeze_cgroup: freezer.as_deref(),
        parent: parent.as_deref(),
        page_server: request
            .page_server
            .as_ref()
            .map(|(address, port)| (address.as_str(), *port)),
        external: external_namespaces(request.spec)?,
    };
    if !request.pre_dump {
        dump.common.mounts = mounts(request)?;
        let names = dump.common.mounts.iter().map(|(_, name)| name);
        streams::write(&options.images, MOUNTS, &names.collect::<Vec<_>>())?;
        let files = streams::save(&options.images, request.pid, request.pids)?;
        dump.external.extend(files.into_iter().map(|file| file.key));
    }
    run(&dump.to_bytes(), status).map_err(|error| log::explain(error, &dirs.log))
}

/// The names of the mounts from outside that a saved container had; none for images that do not tell.
///
/// # Errors
/// When the list of them is damaged.
pub fn saved_mounts(images: &Path) -> Result<Vec<String>> {
    streams::read(images, MOUNTS)
}

fn run(request: &[u8], mut status: Option<OwnedFd>) -> Result<()> {
    let session = Session::start(&[])?;
    session.ask(request, &mut |notification, _| {
        if notification.script == "status-ready"
            && let Some(status) = status.take()
        {
            nix::unistd::write(&status, &[0])
                .map_err(|errno| Error::syscall("write to --status-fd", errno as i32))?;
        }
        Ok(())
    })?;
    Ok(())
}

/// A descriptor of our own of what the caller's leads to; his is closed, so that its reader sees the end with ours.
fn open_status(number: i32) -> Result<OwnedFd> {
    let bad = |why: &str| {
        Error::new(
            Kind::Usage,
            format!("invalid --status-fd argument {number}: {why}"),
        )
    };
    let file =
        files::open(&format!("/proc/self/fd/{number}"), libc::O_WRONLY).map_err(|error| {
            match error.errno() {
                Some(libc::ENOENT) => bad("it is not open"),
                _ => bad("not writable"),
            }
        })?;
    let flags = fcntl(&file, FcntlArg::F_GETFL).map(OFlag::from_bits_retain);
    if !flags.is_ok_and(|flags| flags.intersects(OFlag::O_WRONLY | OFlag::O_RDWR)) {
        return Err(bad("not writable"));
    }
    nix::unistd::close(number).map_err(|errno| Error::syscall(format!("close({number})"), errno as i32))?;
    Ok(file)
}

/// The parent's images are found relative to the new ones, wherever both go.
fn check_parent(images: &Path, parent: Option<&Path>) -> Result<()> {
    let Some(parent) = parent else { return Ok(()) };
    let bad = |why: &str| {
        Error::new(
            Kind::Usage,
            format!("invalid --parent-path {}: {why}", parent.display()),
        )
        .hint("it is a directory with an earlier (pre-)dump, relative to --image-path: ../before")
    };
    if parent.is_absolute() {
        return Err(bad("it must be relative"));
    }
    match fs::metadata(images.join(parent)) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(bad("it is no directory")),
        Err(error) => Err(bad(&error.to_string())),
    }
}

fn check_features(request: &Checkpoint<'_>) -> Result<()> {
    if !request.pre_dump && !request.options.lazy_pages {
        return Ok(());
    }
    let features = Session::start(&[])?.ask(&ask_for_features(), &mut |_, _| Ok(()))?;
    must_support(features.tracks_memory || !request.pre_dump, "MemTrack")?;
    must_support(features.lazy_pages || !request.options.lazy_pages, "LazyPages")
}

/// The group whose freezer CRIU may use.
fn freezer(groups: &Record) -> Option<String> {
    let v1 = groups.groups.iter().find(|group| group.has("freezer"));
    v1.or_else(|| groups.v2()).map(plan::cgroup::Group::dir)
}

/// Network and pid namespaces that the container joined.
fn external_namespaces(spec: &Spec<'_>) -> Result<Vec<String>> {
    let namespaces = spec.linux.iter().flat_map(|linux| &linux.namespaces);
    let mut found = Vec::new();
    for namespace in namespaces {
        let kind = match namespace.kind.as_str() {
            "network" => "net",
            "pid" => "pid",
            _ => continue,
        };
        if let Some(path) = namespace.path.as_deref().filter(|path| !path.is_empty()) {
            let failed = |error: std::io::Error| {
                Error::syscall(format!("stat({path:?})"), error.raw_os_error().unwrap_or(0))
            };
            let inode = fs::metadata(path).map_err(failed)?.ino();
            found.push(format!("{kind}[{inode}]:{}", external_namespace(kind)));
        }
    }
    Ok(found)
}

/// The mounts from outside: where they really are in the container, and their names.
fn mounts(request: &Checkpoint<'_>) -> Result<Vec<(String, String)>> {
    let facts = launch::facts_of_existing(request.id, request.spec, request.groups)?;
    let wish = Wish {
        id: request.id,
        bundle: request.bundle,
        rootfs: request.rootfs,
        no_pivot: false,
        no_new_keyring: true,
        preserve_fds: 0,
        listen_fds: 0,
        listen_env: &[],
        start_socket: false,
    };
    let plan = plan::build(wish, request.spec, &facts)?;
    let root = files::open(
        &format!("/proc/{}/root", request.pid),
        libc::O_PATH | libc::O_DIRECTORY,
    )?;
    let mut mounts = Vec::new();
    for mount in criu::external(&plan) {
        let Some(place) = in_root::find(root.as_fd(), &mount.destination)? else {
            continue;
        };
        let is_dir = files::is_dir(&files::status(place.as_fd())?);
        if !(mount.mask && is_dir) {
            mounts.push((in_root::path_of(place.as_fd())?, mount.name));
        }
    }
    Ok(mounts)
}
