//! What makes corten work for a user without privileges: it runs in a user namespace where it is root.
//!
//! Whoever has to do with running containers must be in the namespace that they are in. So the first process makes one, and
//! the others join it: any command that is at work, or the shim of any container. No process stays only for this.
//!
//! ```text
//! STATE/commands          locked (flock) by who is about to go into a namespace
//! STATE/commands/PID-START   a command that is at work; one that is not there any more is removed by the next
//! ```

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};
use nix::unistd::{Uid, User, getpid};

use super::layout::private_directory;
use super::status::ShimFile;
use crate::error::{Context, Error, Kind, Result};
use crate::log;
use crate::plan::subid;
use crate::settings::Settings;
use crate::sys::{pidfd, userns};

/// A command that is at work in the namespace, for those that come meanwhile.
#[derive(Debug)]
pub(crate) struct Presence(PathBuf);

impl Drop for Presence {
    fn drop(&mut self) {
        // The next command removes it otherwise.
        let _ = fs::remove_file(&self.0);
    }
}

/// Goes into the user's namespace, if this process is not root's. No other thread may run yet.
///
/// # Errors
/// When there can be no namespace, or the directories are somebody else's.
pub(crate) fn enter(settings: &Settings) -> Result<Option<Presence>> {
    let (uid, gid) = userns::caller();
    if uid == 0 {
        return Ok(None);
    }
    let commands = settings.state_dir.join("commands");
    // Nothing is made below a directory of somebody else, or where a link of theirs leads.
    private_directory(&settings.state_dir)
        .and_then(|()| check_owner(&settings.state_dir, uid))
        .and_then(|()| private_directory(&commands))
        .map_err(|error| error.hint("choose another --root and another --state-dir, where you may write"))?;
    let lock = lock(&commands)?;
    match keeper(&settings.state_dir, &commands)? {
        Some(namespace) => userns::join(&namespace).context(|| "join the containers' user namespace")?,
        None => make(uid, gid).context(|| "make a user namespace")?,
    }
    let pid = getpid().as_raw();
    let start = pidfd::start_time_of(pid).unwrap_or_default();
    let presence = Presence(commands.join(format!("{pid}-{start}")));
    File::create(&presence.0)
        .map_err(|error| Error::io(format!("create {}", presence.0.display()), &error))?;
    drop(lock);
    Ok(Some(presence))
}

/// What is in the directory is believed: nobody else may have put it there.
fn check_owner(directory: &Path, uid: u32) -> Result<()> {
    let data = fs::symlink_metadata(directory)
        .map_err(|error| Error::io(format!("stat {}", directory.display()), &error))?;
    match data.is_dir() && data.uid() == uid && data.mode() & 0o022 == 0 {
        true => Ok(()),
        false => Err(Error::new(
            Kind::Denied,
            format!("{} is not yours alone: permission denied", directory.display()),
        )
        .hint("set XDG_RUNTIME_DIR to a directory of your session")),
    }
}

fn lock(directory: &Path) -> Result<Flock<File>> {
    let opened =
        File::open(directory).map_err(|error| Error::io(format!("open {}", directory.display()), &error))?;
    Flock::lock(opened, FlockArg::LockExclusive)
        .map_err(|(_, errno)| Error::syscall(format!("flock({})", directory.display()), errno as i32))
}

/// The namespace of any process of ours that lives.
fn keeper(state: &Path, commands: &Path) -> Result<Option<File>> {
    let failed = |error: std::io::Error| Error::io(format!("read {}", commands.display()), &error);
    for entry in fs::read_dir(commands).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let process = name
            .split_once('-')
            .and_then(|(pid, start)| Some((pid.parse().ok()?, start.parse().ok()?)));
        match process.and_then(|(pid, start)| namespace_of(pid, start)) {
            Some(namespace) => return Ok(Some(namespace)),
            None => drop(fs::remove_file(&path)),
        }
    }
    let shims = fs::read_dir(state.join("shims")).into_iter().flatten().flatten();
    Ok(shims
        .filter_map(|shim| ShimFile::read(&shim.path()))
        .find_map(|file| namespace_of_container(&file)))
}

/// The namespace that a container is in: its shim's. Without a shim, the outermost of those that its process is in, which may
/// be in one that it made itself.
fn namespace_of_container(file: &ShimFile) -> Option<File> {
    let (shim, start_time) = file.process();
    namespace_of(shim, start_time).or_else(|| {
        let (init, start_time) = file.init_process()?;
        userns::outermost(namespace_of(init, start_time)?).ok()
    })
}

/// The user namespace of a process, if it is that process.
fn namespace_of(pid: i32, start_time: u64) -> Option<File> {
    let namespace = File::open(format!("/proc/{pid}/ns/user")).ok()?;
    // Looked at after the namespace was opened: a match means that it is of that process.
    (pidfd::start_time_of(pid) == Some(start_time)).then_some(namespace)
}

fn make(uid: u32, gid: u32) -> Result<()> {
    let name = User::from_uid(Uid::from_raw(uid))
        .ok()
        .flatten()
        .map_or_else(String::new, |user| user.name);
    let map = |path: &str, own: u32| {
        let text = fs::read_to_string(path).unwrap_or_default();
        subid::helper_words(&subid::ranges(&text, &name, Some(uid)), own)
    };
    let (uids, gids) = (map("/etc/subuid", uid), map("/etc/subgid", gid));
    if !userns::make(&uids, &gids)? {
        log::debug(format_args!(
            "there is one user alone in the containers: newuidmap(1) maps no others (see subuid(5))"
        ));
    }
    Ok(())
}
