//! A disk that remembers every write and every flush, so that a power cut at any moment can be played: what was flushed
//! is there, of what was written since, any part.
//!
//! The disk is a file of a FUSE file system of our own (the kernel's protocol, fuse(4), with the few requests that a
//! loop device makes); a real file system on a loop device lies on it.

use crate::command::DEADLINE;
use crate::fuse::{self as protocol, Answer, HEADER, Request, opcode};
use nix::fcntl::{OFlag, open};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::stat::Mode;
use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

/// The unit in which a disk loses what was not flushed.
const SECTOR: usize = 4096;
/// The inode of the only file; 1 is the directory.
const FILE: u64 = 2;

/// What reached the disk.
#[derive(Debug, Clone)]
enum Event {
    Write { offset: usize, data: Vec<u8> },
    Flush,
}

#[derive(Debug)]
struct State {
    content: Vec<u8>,
    events: Vec<Event>,
    /// Whether writes fail.
    is_broken: bool,
}

/// The disk, with a file system mounted from it.
#[derive(Debug)]
pub struct Disk {
    blank: Vec<u8>,
    state: Arc<Mutex<State>>,
    directory: PathBuf,
    server: Option<JoinHandle<()>>,
}

impl Disk {
    /// An ext4 file system of so many MiB; its disk's file lies in the new directory `directory`.
    #[track_caller]
    pub fn ext4(directory: &Path, mebibytes: usize) -> Self {
        fs::create_dir(directory).unwrap_or_else(|e| panic!("{}: {e}", directory.display()));
        let plain = directory.with_extension("blank");
        let file = File::create(&plain).expect("a file");
        file.set_len((mebibytes as u64) << 20).expect("its length");
        run(Command::new("mkfs.ext4")
            .args(["-q", "-F", "-E", "nodiscard,lazy_itable_init=0"])
            .arg(&plain));
        let blank = fs::read(&plain).expect("the blank disk");
        fs::remove_file(&plain).expect("the blank disk");
        let state = Arc::new(Mutex::new(State {
            content: blank.clone(),
            events: Vec::new(),
            is_broken: false,
        }));
        let fuse = open("/dev/fuse", OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty()).expect("/dev/fuse");
        let options = format!("fd={},rootmode=40000,user_id=0,group_id=0", fuse.as_raw_fd());
        mount(
            Some("disk"),
            directory,
            Some("fuse"),
            MsFlags::empty(),
            Some(options.as_str()),
        )
        .expect("a FUSE mount");
        let shared = Arc::clone(&state);
        let server = Some(thread::spawn(move || {
            protocol::serve(File::from(fuse), |request| {
                answer(
                    request,
                    &mut shared.lock().unwrap_or_else(PoisonError::into_inner),
                )
            });
        }));
        Self {
            blank,
            state,
            directory: directory.to_owned(),
            server,
        }
    }

    /// Mounts the file system.
    #[track_caller]
    pub fn mount(&self, at: &Path) {
        mount_loop(&self.directory.join("disk"), at);
    }

    /// What is done to a file system whose disk was broken before it is mounted again: e2fsck(8).
    #[track_caller]
    pub fn repair(&self) {
        let file = self.directory.join("disk");
        let status = Command::new("e2fsck").args(["-f", "-y"]).arg(&file).output();
        let code = status.ok().and_then(|done| done.status.code());
        assert!(matches!(code, Some(0 | 1)), "e2fsck ended with {code:?}");
    }

    /// Lets every write fail with an input/output error, or none.
    pub fn set_broken(&self, is_broken: bool) {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_broken = is_broken;
    }

    /// How much has happened so far.
    pub fn moment(&self) -> usize {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .events
            .len()
    }

    /// The disk as a power cut at this moment leaves it: everything that was flushed before, and of each sector that was
    /// written since, what `survives` says.
    pub fn after_power_cut(&self, moment: usize, mut survives: impl FnMut() -> bool) -> Vec<u8> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let events = &state.events[..moment];
        let flushed = events
            .iter()
            .rposition(|event| matches!(event, Event::Flush))
            .unwrap_or(0);
        let mut content = self.blank.clone();
        for (index, event) in events.iter().enumerate() {
            let Event::Write { offset, data } = event else {
                continue;
            };
            for (number, sector) in data.chunks(SECTOR).enumerate() {
                if index < flushed || survives() {
                    let start = offset + number * SECTOR;
                    content[start..start + sector.len()].copy_from_slice(sector);
                }
            }
        }
        content
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The server's descriptor reads an error then, and it ends; by force, since after a failure the file system may
        // still be mounted from it.
        _ = umount2(&self.directory, MntFlags::MNT_FORCE);
        if let Some(server) = self.server.take() {
            _ = server.join();
        }
        _ = fs::remove_dir(&self.directory);
    }
}

/// Mounts a file system that is in a file.
#[track_caller]
pub fn mount_loop(file: &Path, at: &Path) {
    run(Command::new("mount").args(["-o", "loop"]).arg(file).arg(at));
}

/// Unmounts it, and waits until its loop device has let go of its file. The mount namespace of any container that begins
/// meanwhile is a copy of ours and keeps the file system in use for a moment; the kernel tells nobody of the end.
#[track_caller]
pub fn unmount(at: &Path) {
    let backing = backing_file(at);
    let file = backing.as_ref().and_then(|path| fs::read(path).ok());
    run(Command::new("umount").arg(at));
    let (Some(backing), Some(file)) = (backing, file) else {
        return;
    };
    let begun = Instant::now();
    while fs::read(&backing).is_ok_and(|now| now == file) {
        assert!(begun.elapsed() < DEADLINE, "{} is still in use", at.display());
        thread::yield_now();
    }
}

/// Where sysfs names the file of the loop device that is mounted here.
fn backing_file(at: &Path) -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let mut fields = mounts.lines().map(|line| line.split(' '));
    let device = fields.find_map(|mut line| {
        let device = line.next()?;
        (Path::new(line.next()?) == at).then_some(device)
    })?;
    let name = device.strip_prefix("/dev/")?;
    Some(PathBuf::from(format!("/sys/block/{name}/loop/backing_file")))
}

#[track_caller]
fn run(command: &mut Command) {
    let out = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(
        out.status.success(),
        "{command:?} ended with {}: {said}",
        out.status
    );
}

/// The answer's body or an errno; none for what wants no answer.
fn answer(request: &Request<'_>, state: &mut State) -> Option<Result<Vec<u8>, i32>> {
    let size = state.content.len() as u64;
    let body = HEADER;
    Some(Ok(match request.u32(4) {
        opcode::FORGET | opcode::BATCH_FORGET | opcode::INTERRUPT => return None,
        opcode::INIT => protocol::init(),
        opcode::LOOKUP => match request.0[body..].starts_with(b"disk\0") {
            true => entry(size),
            false => return Some(Err(libc::ENOENT)),
        },
        opcode::GETATTR | opcode::SETATTR => {
            let mut answer = Answer::default();
            answer.u64(3600);
            answer.u64(0);
            attributes(&mut answer, request.u64(16), size);
            answer.0
        }
        opcode::OPEN => vec![0; 16],
        opcode::RELEASE | opcode::FLUSH => Vec::new(),
        opcode::WRITE | opcode::FSYNC if state.is_broken => return Some(Err(libc::EIO)),
        opcode::FSYNC => {
            state.events.push(Event::Flush);
            Vec::new()
        }
        opcode::READ => {
            let start = request.usize(body + 8).min(state.content.len());
            let wanted = usize::try_from(request.u32(body + 16)).unwrap_or(0);
            let end = (start + wanted).min(state.content.len());
            state.content[start..end].to_vec()
        }
        opcode::WRITE => {
            let (offset, data) = (request.usize(body + 8), &request.0[body + 40..]);
            let Some(place) = state.content.get_mut(offset..offset + data.len()) else {
                return Some(Err(libc::ENOSPC));
            };
            place.copy_from_slice(data);
            let data = data.to_vec();
            let mut answer = Answer::default();
            answer.u32(u32::try_from(data.len()).unwrap_or(0));
            answer.u32(0);
            state.events.push(Event::Write { offset, data });
            answer.0
        }
        _ => return Some(Err(libc::ENOSYS)),
    }))
}

fn entry(size: u64) -> Vec<u8> {
    let mut answer = Answer::default();
    answer.u64s(&[FILE, 0, 3600, 3600, 0]);
    attributes(&mut answer, FILE, size);
    answer.0
}

fn attributes(answer: &mut Answer, inode: u64, size: u64) {
    let (mode, size) = match inode {
        FILE => (libc::S_IFREG | 0o600, size),
        _ => (libc::S_IFDIR | 0o700, 0),
    };
    answer.u64s(&[inode, size, size / 512, 0, 0, 0]);
    answer.u32s(&[0, 0, 0, mode, 1, 0, 0, 0, 4096, 0]);
}
