//! The programs in force: in a forked child, under the real kernel.
#![allow(
    unsafe_code,
    reason = "fork(2), and system calls in the child that no wrapper has"
)]

use super::{DOCKER, profile};
use crate::bundle::Bundle;
use corten_runtime::plan::seccomp::{Arch, Filter, compile};
use corten_runtime::sys::seccomp::load;
use nix::libc::{self, c_long};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

/// The result of a raw system call: what it returned, or the negative errno.
fn call(number: c_long, args: [c_long; 3]) -> c_long {
    // SAFETY: the tests pass numbers and null pointers only.
    match unsafe { libc::syscall(number, args[0], args[1], args[2]) } {
        -1 => -c_long::from(nix::errno::Errno::last_raw()),
        value => value,
    }
}

fn exit(code: c_long) -> ! {
    // SAFETY: ends the forked child without running the test harness's handlers.
    unsafe { libc::_exit(i32::try_from(code).unwrap_or(255)) }
}

fn fork_child(body: impl FnOnce() -> c_long) -> Pid {
    // SAFETY: the child makes system calls only, and allocates only to fail.
    match unsafe { fork() }.unwrap() {
        ForkResult::Child => exit(body()),
        ForkResult::Parent { child } => child,
    }
}

/// How a child ends that makes one call under a filter: the errno (0 for none), or a signal.
fn under(filter: &Filter, number: c_long, args: [c_long; 3]) -> Result<i32, Signal> {
    let child = fork_child(|| match load(&filter.program, filter.flags) {
        Ok(_) => -call(number, args).min(0),
        Err(_) => 254,
    });
    match waitpid(child, None).unwrap() {
        WaitStatus::Exited(_, code) => Ok(code),
        WaitStatus::Signaled(_, signal, _) => Err(signal),
        other => panic!("{other:?}"),
    }
}

fn filter(json: &str) -> Filter {
    compile(&profile(json), Arch::NATIVE).unwrap()
}

#[test]
fn each_action_does_what_it_says() {
    let with = |action: &str| {
        let rule = format!(r#"{{"names": ["getpid"], {action}}}"#);
        under(
            &filter(&format!(
                r#"{{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{rule}]}}"#
            )),
            libc::SYS_getpid,
            [0; 3],
        )
    };
    assert_eq!(with(r#""action": "SCMP_ACT_LOG""#), Ok(0));
    assert_eq!(with(r#""action": "SCMP_ACT_ERRNO""#), Ok(libc::EPERM));
    assert_eq!(with(r#""action": "SCMP_ACT_ERRNO", "errnoRet": 95"#), Ok(95));
    assert_eq!(
        with(r#""action": "SCMP_ACT_TRACE""#),
        Ok(libc::ENOSYS),
        "no tracer"
    );
    assert_eq!(with(r#""action": "SCMP_ACT_TRAP""#), Err(Signal::SIGSYS));
    assert_eq!(with(r#""action": "SCMP_ACT_KILL""#), Err(Signal::SIGSYS));
    assert_eq!(with(r#""action": "SCMP_ACT_KILL_PROCESS""#), Err(Signal::SIGSYS));
}

#[test]
fn arguments_are_compared_in_all_64_bits() {
    let filter = filter(
        r#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["lseek"], "action": "SCMP_ACT_ERRNO", "errnoRet": 99,
            "args": [{"index": 1, "value": 4294967301, "op": "SCMP_CMP_GT"}]}]}"#,
    );
    let lseek = |offset| under(&filter, libc::SYS_lseek, [-1, offset, 0]);
    assert_eq!(lseek(0xffff_ffff), Ok(libc::EBADF));
    assert_eq!(lseek(0x1_0000_0005), Ok(libc::EBADF));
    assert_eq!(lseek(0x1_0000_0006), Ok(99));
    assert_eq!(lseek(0x2_0000_0000), Ok(99));
}

#[test]
fn dockers_profile_is_taken_and_refuses() {
    let filter = filter(DOCKER);
    assert_eq!(under(&filter, libc::SYS_getuid, [0; 3]), Ok(0));
    assert_eq!(under(&filter, libc::SYS_swapoff, [0; 3]), Ok(libc::EPERM));
    assert_eq!(under(&filter, libc::SYS_clone3, [0; 3]), Ok(libc::ENOSYS));
    assert_eq!(
        under(&filter, libc::SYS_unshare, [libc::CLONE_NEWUSER.into(), 0, 0]),
        Ok(libc::EPERM)
    );
    assert_eq!(
        under(&filter, libc::SYS_socket, [40, 1, 0]),
        Ok(libc::EPERM),
        "AF_VSOCK"
    );
    assert_eq!(under(&filter, libc::SYS_personality, [8, 0, 0]), Ok(0));
    assert_eq!(under(&filter, libc::SYS_personality, [9, 0, 0]), Ok(libc::EPERM));
    let beyond_all = 900;
    assert_eq!(under(&filter, beyond_all, [0; 3]), Ok(libc::ENOSYS));
}

#[test]
fn a_notification_reaches_the_listener() {
    let filter = filter(
        r#"{"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/unused", "flags": ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"],
            "syscalls": [{"names": ["getppid"], "action": "SCMP_ACT_NOTIFY"}]}"#,
    );
    assert!(filter.notify);
    let (ours, theirs) = nix::unistd::pipe().unwrap();
    let child = fork_child(|| match load(&filter.program, filter.flags) {
        Ok(Some(listener)) => {
            let number = listener.as_raw_fd().to_ne_bytes();
            let sent = nix::unistd::write(&theirs, &number).is_ok();
            if sent {
                call(libc::SYS_getppid, [0; 3])
            } else {
                253
            }
        }
        _ => 254,
    });
    drop(theirs);
    let mut number = [0; 4];
    nix::unistd::read(&ours, &mut number).unwrap();
    answer_one(
        &fd_of(child, RawFd::from_ne_bytes(number)),
        libc::SYS_getppid,
        123,
    );
    assert_eq!(waitpid(child, None).unwrap(), WaitStatus::Exited(child, 123));
}

/// A descriptor of another process.
fn fd_of(pid: Pid, fd: RawFd) -> OwnedFd {
    let new = |fd: c_long| {
        assert!(fd >= 0, "errno {}", -fd);
        // SAFETY: the call returned a new descriptor.
        unsafe { OwnedFd::from_raw_fd(i32::try_from(fd).unwrap()) }
    };
    let pidfd = new(call(libc::SYS_pidfd_open, [pid.as_raw().into(), 0, 0]));
    new(call(
        libc::SYS_pidfd_getfd,
        [pidfd.as_raw_fd().into(), fd.into(), 0],
    ))
}

/// Receives the notification of a call, and lets it return `value`.
pub(crate) fn answer_one(listener: &impl AsFd, number: c_long, value: i64) {
    let fd = listener.as_fd().as_raw_fd();
    // SAFETY: both structures are plain integers, for which zero is a value.
    let (mut request, mut response): (libc::seccomp_notif, libc::seccomp_notif_resp) =
        unsafe { std::mem::zeroed() };
    // SAFETY: the kernel fills in `request`, which lives through the call.
    let received = unsafe { libc::ioctl(fd, libc::SECCOMP_IOCTL_NOTIF_RECV as _, &raw mut request) };
    assert_eq!((received, c_long::from(request.data.nr)), (0, number));
    (response.id, response.val) = (request.id, value);
    // SAFETY: the kernel reads `response`, which lives through the call.
    let sent = unsafe { libc::ioctl(fd, libc::SECCOMP_IOCTL_NOTIF_SEND as _, &raw mut response) };
    assert_eq!(sent, 0);
}

/// A filter that lets nobody send still lets the container tell why its program cannot run.
#[test]
fn what_a_filter_refuses_hides_no_failure() {
    let bundle = Bundle::new("mute", "true");
    let script = bundle.file("rootfs/bin/script");
    std::fs::write(&script, "#!/nonexistent\n").unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    bundle.edit(|config| {
        config["process"]["args"] = serde_json::json!(["/bin/script"]);
        config["linux"]["seccomp"] = serde_json::json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
            {"names": ["sendto", "sendmsg", "sendmmsg"], "action": "SCMP_ACT_ERRNO"}]});
    });
    let reason = "exec /bin/script: no such file or directory";
    assert_eq!(bundle.refused(&["run"]), reason);
    bundle.create();
    assert_eq!(bundle.refused(&["start"]), reason);
}
