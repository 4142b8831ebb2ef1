//! A file system that takes long to be let go: whoever lets go of it last waits in the kernel for its server's answer.

use crate::command::DEADLINE;
use crate::fuse::{self, Answer, Request, opcode};
use nix::fcntl::{OFlag, open};
use nix::mount::{MsFlags, mount};
use nix::sys::stat::Mode;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// An empty directory, the unmount of which takes its time. When this is dropped, it takes no more.
#[derive(Debug)]
pub struct Slow {
    asked: Receiver<()>,
    release: Sender<()>,
    answered: Arc<AtomicBool>,
}

/// Its server.
struct Server {
    delay: Duration,
    asked: Sender<()>,
    release: Receiver<()>,
    answered: Arc<AtomicBool>,
}

impl Slow {
    /// Mounts it at the directory `at`; `file` will be its block device, for only of such ones the kernel awaits an answer.
    /// The unmount takes `delay`, and longer unless it is released.
    #[track_caller]
    pub fn mount(file: &Path, at: &Path, delay: Duration) -> Self {
        let made = File::create(file).and_then(|file| file.set_len(1 << 20));
        made.unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let device = losetup(&["--find", "--show"], file);
        let fuse = open("/dev/fuse", OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty()).expect("/dev/fuse");
        let options = format!(
            "fd={},rootmode=40000,user_id=0,group_id=0,blksize=512",
            fuse.as_raw_fd()
        );
        let mounted = mount(
            Some(device.as_str()),
            at,
            Some("fuseblk"),
            MsFlags::empty(),
            Some(options.as_str()),
        );
        // It goes with the mount.
        losetup(&["--detach"], Path::new(&device));
        mounted.expect("a FUSE mount");
        let (asks, asked) = channel();
        let (release, released) = channel();
        let answered = Arc::new(AtomicBool::new(false));
        let server = Server {
            delay,
            asked: asks,
            release: released,
            answered: Arc::clone(&answered),
        };
        thread::spawn(move || fuse::serve(File::from(fuse), |request| server.answer(request)));
        Self {
            asked,
            release,
            answered,
        }
    }

    /// Waits until somebody has let go of it last.
    #[track_caller]
    pub fn wait_until_let_go(&self) {
        self.asked.recv_timeout(DEADLINE).expect("an unmount");
    }

    /// Lets the unmount end once its time is over.
    pub fn release(&self) {
        _ = self.release.send(());
    }

    /// Whether the unmount has ended, or will at once.
    pub fn is_gone(&self) -> bool {
        self.answered.load(Ordering::SeqCst)
    }
}

impl Server {
    fn answer(&self, request: &Request<'_>) -> Option<Result<Vec<u8>, i32>> {
        match request.u32(4) {
            opcode::FORGET | opcode::BATCH_FORGET | opcode::INTERRUPT => None,
            opcode::INIT => Some(Ok(fuse::init())),
            opcode::GETATTR => Some(Ok(directory())),
            opcode::LOOKUP => Some(Err(libc::ENOENT)),
            opcode::DESTROY => {
                self.take_time();
                Some(Ok(Vec::new()))
            }
            _ => Some(Err(libc::ENOSYS)),
        }
    }

    fn take_time(&self) {
        let end = Instant::now() + self.delay;
        _ = self.asked.send(());
        // Both end early when nobody is there any more who could release it.
        _ = self.release.recv();
        _ = self
            .release
            .recv_timeout(end.saturating_duration_since(Instant::now()));
        self.answered.store(true, Ordering::SeqCst);
    }
}

/// The attributes of the only directory.
fn directory() -> Vec<u8> {
    let mut answer = Answer::default();
    answer.u64s(&[3600, 0, 1, 0, 0, 0, 0, 0]);
    answer.u32s(&[0, 0, 0, libc::S_IFDIR | 0o755, 2, 0, 0, 0, 4096, 0]);
    answer.0
}

#[track_caller]
fn losetup(options: &[&str], file: &Path) -> String {
    let out = Command::new("losetup").args(options).arg(file).output();
    let out = out.unwrap_or_else(|e| panic!("losetup: {e}"));
    assert!(out.status.success(), "losetup {options:?}: {out:?}");
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}
