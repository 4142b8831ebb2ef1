//! Running hooks: programs of the configuration at the moments of a container's life.

use crate::error::{Error, Kind, Result};
use crate::oci::{Hook, State, Text};
use crate::sys::clone::{pidfd_kill, pidfd_open};
use nix::fcntl::{FcntlArg, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io::{PipeReader, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How much of a failed hook's output an error shows.
const SHOWN: usize = 4096;

/// What a pipe takes without being read (pipe(7)).
const PIPE_SIZE: usize = 65536;

/// Runs the hooks of one kind (`poststart`, …), in order, in the bundle; each reads the state on its input.
///
/// # Errors
/// The first hook that fails, by kind and index; the others do not run.
pub fn run(kind: &str, hooks: &[Hook<'_>], state: &State<'_>) -> Result<()> {
    run_with(kind, hooks, state, &[])
}

/// [`run`] with the environment of hooks that have none of their own.
///
/// # Errors
/// As [`run`].
pub(super) fn run_with(kind: &str, hooks: &[Hook<'_>], state: &State<'_>, env: &[&str]) -> Result<()> {
    if hooks.is_empty() {
        return Ok(());
    }
    let input = serde_json::to_vec(state)
        .map_err(|error| Error::new(Kind::System, format!("write the container's state: {error}")))?;
    for (index, hook) in hooks.iter().enumerate() {
        run_one(hook, state.bundle, &input, env)
            .map_err(|error| error.context(format!("error running {kind} hook #{index}: {}", hook.path)))?;
    }
    Ok(())
}

fn run_one(hook: &Hook<'_>, bundle: &str, input: &[u8], env: &[&str]) -> Result<()> {
    let (output, writer) = std::io::pipe().map_err(|error| failed("pipe()", &error))?;
    let mut child = spawn(hook, bundle, writer, env)?;
    give_state(&mut child, input).inspect_err(|_| end(&mut child))?;
    let limit = hook
        .timeout
        .and_then(|seconds| u64::try_from(seconds).ok())
        .map(Duration::from_secs);
    let pidfd = pidfd_open(i32::try_from(child.id()).unwrap_or_default())?;
    let mut said = Vec::new();
    let in_time = watch(
        &pidfd,
        output,
        limit.map(|limit| Instant::now() + limit),
        &mut said,
    )?;
    if !in_time {
        drop(pidfd_kill(pidfd.as_fd(), libc::SIGKILL));
    }
    let status = child.wait().map_err(|error| failed("wait()", &error))?;
    match limit {
        Some(limit) if !in_time => Err(Error::new(
            Kind::System,
            format!("it did not end within its timeout of {} s", limit.as_secs()),
        )),
        _ => check(status, &said),
    }
}

fn spawn(hook: &Hook<'_>, bundle: &str, writer: std::io::PipeWriter, default_env: &[&str]) -> Result<Child> {
    let mut command = Command::new(&*hook.path);
    if let Some((name, arguments)) = hook.args.split_first() {
        command
            .arg0(&**name)
            .args(arguments.iter().map(|argument| &**argument));
    }
    let defaults = default_env.iter().copied().filter(|_| hook.env.is_empty());
    let env = hook.env.iter().map(Text::as_str).chain(defaults);
    let env = env.filter_map(|entry| entry.split_once('='));
    let second = writer.try_clone().map_err(|error| failed("dup()", &error))?;
    command
        .env_clear()
        .envs(env)
        .stdin(Stdio::piped())
        .stdout(writer)
        .stderr(second);
    // Within the container the bundle cannot be seen, and is not looked for.
    if std::path::Path::new(bundle).is_dir() {
        command.current_dir(bundle);
    }
    command
        .spawn()
        .map_err(|error| failed(&format!("exec {}", hook.path), &error))
}

/// The whole of it at once: a hook that does not read its input is no failed hook, and nobody waits for it.
fn give_state(child: &mut Child, input: &[u8]) -> Result<()> {
    let Some(mut stdin) = child.stdin.take() else {
        return Ok(());
    };
    if input.len() > PIPE_SIZE {
        let size = FcntlArg::F_SETPIPE_SZ(i32::try_from(input.len()).unwrap_or(i32::MAX));
        fcntl(&stdin, size).map_err(|errno| {
            Error::syscall(format!("fcntl(F_SETPIPE_SZ, {})", input.len()), errno as i32)
                .hint("the state with its annotations is longer than a pipe may be")
        })?;
    }
    drop(stdin.write_all(input));
    Ok(())
}

/// Ends a hook that was not told what it needs.
fn end(child: &mut Child) {
    drop(child.kill());
    drop(child.wait());
}

fn failed(call: &str, error: &std::io::Error) -> Error {
    Error::syscall(call, error.raw_os_error().unwrap_or(0))
}

/// Reads the output until the process ends; false when the time is up first. What the process leaves
/// running may keep the output open: nobody waits for that.
fn watch(pidfd: &OwnedFd, output: PipeReader, until: Option<Instant>, said: &mut Vec<u8>) -> Result<bool> {
    let mut output = Some(output);
    loop {
        let mut fds = vec![PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
        fds.extend(
            output
                .as_ref()
                .map(|output| PollFd::new(output.as_fd(), PollFlags::POLLIN)),
        );
        match poll(&mut fds, time_left(until)) {
            Ok(0) if until.is_some_and(|until| Instant::now() >= until) => return Ok(false),
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(errno) => return Err(Error::syscall("poll()", errno as i32)),
        }
        let ready = |fd: Option<&PollFd<'_>>| fd.and_then(PollFd::any).unwrap_or(false);
        let (ended, has_output) = (ready(fds.first()), ready(fds.get(1)));
        if has_output && read_some(output.as_mut(), said) == 0 {
            output = None;
        } else if ended && !has_output {
            return Ok(true);
        }
    }
}

fn time_left(until: Option<Instant>) -> PollTimeout {
    let Some(until) = until else {
        return PollTimeout::NONE;
    };
    let left = until.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
    PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)
}

/// Keeps the beginning of the output, reads away the rest.
fn read_some(output: Option<&mut PipeReader>, said: &mut Vec<u8>) -> usize {
    let mut part = [0; 1024];
    let count = output.map_or(0, |output| output.read(&mut part).unwrap_or(0));
    let room = SHOWN.saturating_sub(said.len()).min(count);
    said.extend_from_slice(&part[..room]);
    count
}

fn check(status: ExitStatus, said: &[u8]) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    let how = match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("killed by signal {signal}"),
        (None, None) => "ended oddly".to_owned(),
    };
    let said = String::from_utf8_lossy(said);
    let said = said.trim();
    let text = if said.is_empty() {
        how
    } else {
        format!("{how}, it said: {said}")
    };
    Err(Error::new(Kind::System, text))
}
