//! Starting a shim and talking with it until the container runs. The contract is docs/contracts/shim.md.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socketpair};
use serde::Deserialize;

use super::layout::Containers;
use super::logs::carried::Carried;
use super::record::Record;
use super::status::EXIT_FILE;
use super::{announce, health, ids, logs, programs};
use crate::error::{Error, Kind, Result};
use crate::events;
use crate::log;
use crate::plan::options::{LogDriver, RestartPolicy};

/// The largest message on the control socket.
const MESSAGE: usize = 64 << 10;

/// A shim that was just started.
#[derive(Debug)]
pub(crate) struct Shim {
    control: OwnedFd,
    child: Child,
    directory: std::path::PathBuf,
}

/// What a shim says on its control socket.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Message {
    Calling {
        command: Vec<String>,
    },
    Created {},
    Started {},
    Failed {
        step: String,
        message: String,
        #[serde(default)]
        hints: Vec<String>,
    },
    #[serde(other)]
    Unknown,
}

impl Shim {
    /// Starts the shim of a container; it creates the container and then waits.
    ///
    /// # Errors
    /// When the shim cannot be started or the container cannot be created.
    pub(crate) fn create(containers: &Containers, record: &Record, size: Option<(u16, u16)>) -> Result<Self> {
        let directory = containers.shim_directory(&record.id);
        let (ours, theirs) = socketpair(
            AddressFamily::Unix,
            SockType::SeqPacket,
            None,
            SockFlag::SOCK_CLOEXEC,
        )
        .map_err(|errno| Error::syscall("socketpair(AF_UNIX, SOCK_SEQPACKET)", errno as i32))?;
        // The shim inherits its end; no other process is started while the flag is off.
        fcntl(&theirs, FcntlArg::F_SETFD(FdFlag::empty()))
            .map_err(|errno| Error::syscall("fcntl(F_SETFD)", errno as i32))?;
        let program = programs::find("corten-shim")?;
        let carried = logs::carried::write(containers, record)?;
        let mut command = Command::new(&program);
        command
            .args(arguments(containers, record, size, &carried))
            .arg("--control-fd")
            .arg(theirs.as_raw_fd().to_string());
        if record.options.auto_remove {
            for word in removal(containers, &record.id)? {
                command.arg("--exit-command").arg(word);
            }
        }
        let stderr = directory.join("shim.log");
        let stderr = File::create(&stderr)
            .map_err(|error| Error::io(format!("create {}", stderr.display()), &error))?;
        command
            // Its own points of failure are other ones.
            .env_remove("CORTEN_FAULT")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr);
        log::debug(format_args!("the shim: {}", log::command_line(&command)));
        let child = command.spawn().map_err(|error| {
            Error::io(format!("start {}", program.display()), &error).with_kind(Kind::NotStarted)
        })?;
        drop(theirs);
        let shim = Self {
            control: ours,
            child,
            directory,
        };
        match shim.receive()? {
            Message::Created {} => Ok(shim),
            other => Err(with_reason(record, shim.unexpected("created", other))),
        }
    }

    /// Lets the container's process go.
    ///
    /// # Errors
    /// When it cannot be executed.
    pub(crate) fn start(&self) -> Result<()> {
        send(
            self.control.as_raw_fd(),
            br#"{"type":"start"}"#,
            MsgFlags::MSG_NOSIGNAL,
        )
        .map_err(|errno| Error::syscall("send(control socket)", errno as i32))?;
        match self.receive()? {
            Message::Started {} => Ok(()),
            other => Err(self.unexpected("started", other)),
        }
    }

    /// Waits until the shim is gone, and with it the mounts and the runtime's state.
    pub(crate) fn wait(mut self) -> Result<()> {
        drop(self.control);
        self.child
            .wait()
            .map(drop)
            .map_err(|error| Error::io("wait for the shim", &error))
    }

    /// The next message that is more than talk about what the shim does.
    fn receive(&self) -> Result<Message> {
        loop {
            match self.receive_any()? {
                Message::Calling { command } => {
                    let line = log::words(command.iter().map(OsStr::new));
                    log::debug(format_args!("the runtime: {line}"));
                }
                message => return Ok(message),
            }
        }
    }

    fn receive_any(&self) -> Result<Message> {
        let mut buffer = vec![0; MESSAGE];
        let length = loop {
            match recv(self.control.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
                Ok(length) => break length,
                Err(Errno::EINTR) => {}
                Err(Errno::ECONNRESET) => break 0,
                Err(errno) => return Err(Error::syscall("recv(control socket)", errno as i32)),
            }
        };
        if length == 0 {
            return Err(self.died());
        }
        serde_json::from_slice(&buffer[..length]).map_err(|error| {
            Error::new(
                Kind::NotStarted,
                format!("the shim sent a message that is not understood: {error}"),
            )
        })
    }

    /// The shim ended without a word: what it printed is the only trace.
    fn died(&self) -> Error {
        let log = self.directory.join("shim.log");
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let last = text
            .lines()
            .rev()
            .find(|line| !line.trim().is_empty())
            .unwrap_or("it left no message");
        Error::new(
            Kind::NotStarted,
            format!("the shim ended before the container ran: {last}"),
        )
    }

    fn unexpected(&self, wanted: &str, message: Message) -> Error {
        match message {
            Message::Failed { step, message, hints } => {
                hints.into_iter().fold(failure(&step, &message), Error::hint)
            }
            other => Error::new(
                Kind::NotStarted,
                format!("the shim sent {other:?} instead of {wanted}"),
            ),
        }
    }
}

fn arguments(
    containers: &Containers,
    record: &Record,
    size: Option<(u16, u16)>,
    carried: &Carried,
) -> Vec<OsString> {
    let bundle = containers.directory(&record.id);
    let path = |path: &Path| path.as_os_str().to_owned();
    let mut words: Vec<OsString> = vec!["run".into(), "--id".into(), record.id.as_str().into()];
    for (option, value) in [
        ("--bundle", path(&bundle)),
        ("--dir", path(&containers.shim_directory(&record.id))),
        ("--runtime", record.runtime.as_str().into()),
        ("--runtime-root", path(&containers.runtime_root())),
        ("--mounts", path(&bundle.join("mounts.json"))),
        ("--exit-file", path(&bundle.join(EXIT_FILE))),
        ("--events", path(&containers.root().join(events::DIRECTORY))),
        ("--event-actor", path(&bundle.join(announce::ACTOR_FILE))),
    ] {
        words.extend([option.into(), value]);
    }
    words.extend(log_arguments(record, &bundle, carried));
    let options = &record.options;
    if options.restart.policy != RestartPolicy::No {
        words.extend(["--restart".into(), options.restart.to_string().into()]);
    }
    let check = bundle.join(health::CHECK_FILE);
    if check.exists() {
        words.extend(["--health".into(), check.into_os_string()]);
    }
    for (option, given) in [
        ("--tty", options.tty),
        ("--stdin", options.stdin),
        ("--stdin-once", options.stdin_once),
    ] {
        words.extend(given.then(|| option.into()));
    }
    if let Some((rows, cols)) = size.filter(|_| options.tty) {
        words.extend(["--console-size".into(), format!("{rows}x{cols}").into()]);
    }
    if log::is_debug() {
        words.extend(["--debug", "--runtime-arg", "--debug"].map(Into::into));
    }
    words.push("--hold".into());
    words
}

fn log_arguments(record: &Record, bundle: &Path, carried: &Carried) -> Vec<OsString> {
    let log = &record.options.log;
    let mut words: Vec<OsString> = vec!["--log-driver".into(), log.driver.name().into()];
    if log.driver == LogDriver::Journald {
        for field in journal_fields(record, carried.tag.as_deref()) {
            words.extend(["--log-field".into(), field.into()]);
        }
    }
    if let Some(file) = &carried.file {
        words.extend(["--log-attributes".into(), file.as_os_str().to_owned()]);
    }
    if let Some(buffer) = log.buffer {
        words.extend(["--log-buffer".into(), buffer.to_string().into()]);
    }
    if log.driver.is_file() {
        words.extend(["--log-path".into(), bundle.join(logs::FILE).into()]);
    }
    if let Some(size) = log.max_size {
        words.extend(["--log-max-size".into(), size.to_string().into()]);
    }
    if let Some(files) = log.max_files {
        words.extend(["--log-max-files".into(), files.to_string().into()]);
    }
    words.extend(log.compress.then(|| "--log-compress".into()));
    words
}

/// What docker's journald driver says of a container.
fn journal_fields(record: &Record, tag: Option<&str>) -> [String; 6] {
    let short = ids::short(&record.id);
    let tag = tag.unwrap_or(short);
    [
        format!("CONTAINER_ID={short}"),
        format!("CONTAINER_ID_FULL={}", record.id),
        format!("CONTAINER_NAME={}", record.name),
        format!("CONTAINER_TAG={tag}"),
        format!("SYSLOG_IDENTIFIER={tag}"),
        format!("IMAGE_NAME={}", record.image_name),
    ]
}

/// Other runtimes become the container's root before they look for its file system, and cannot pass closed directories then.
fn with_reason(record: &Record, error: Error) -> Error {
    let is_ours = Path::new(&record.runtime).ends_with("corten-runtime");
    let has_own_ids = !record.options.userns.ids.is_empty();
    match has_own_ids && !is_ours && error.to_string().contains("permission denied") {
        true => error.hint(
            "with --userns the container's root must reach its files through the store's directories, which are closed to it: \
             corten-runtime does without",
        ),
        false => error,
    }
}

/// The command with which the shim of an `--rm` container ends.
fn removal(containers: &Containers, id: &str) -> Result<Vec<OsString>> {
    let own = std::env::current_exe().map_err(|error| Error::io("readlink /proc/self/exe", &error))?;
    // A program that was replaced while it runs has no path any more; its successor has.
    let own = match own.exists() {
        true => own,
        false => programs::find("corten")?,
    };
    Ok(vec![
        own.into(),
        "--root".into(),
        containers.root().into(),
        "--state-dir".into(),
        containers.state_dir().into(),
        "rm".into(),
        "--force".into(),
        id.into(),
    ])
}

/// The runtime's failure with docker's classes: is the command missing, can it not be executed, or is it the rest?
pub(super) fn failure(step: &str, message: &str) -> Error {
    let lower = message.to_lowercase();
    let about_command = lower.contains("exec") && step != "mount";
    let missing = lower.contains("executable file") && lower.contains("not found")
        || about_command && lower.contains("no such file or directory");
    let refused = lower.contains("open executable")
        || about_command
            && [
                "permission denied",
                "is a directory",
                "not a directory",
                "exec format error",
            ]
            .iter()
            .any(|reason| lower.contains(reason));
    let kind = match (missing, refused) {
        (true, _) => Kind::CommandNotFound,
        (_, true) => Kind::NotExecutable,
        _ => Kind::NotStarted,
    };
    let what = match step {
        "mount" => "failed to mount the container's file system",
        "start" => "failed to start container task",
        "exec" => "OCI runtime exec failed",
        _ => "failed to create task for container",
    };
    Error::new(kind, format!("{what}: {message}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_have_dockers_classes() {
        for (step, message, kind) in [
            (
                "create",
                "exec: \"nope\": executable file not found in $PATH",
                Kind::CommandNotFound,
            ),
            (
                "create",
                "executable file `nope` not found in $PATH: No such file or directory",
                Kind::CommandNotFound,
            ),
            (
                "start",
                "exec /nope: no such file or directory",
                Kind::CommandNotFound,
            ),
            (
                "create",
                "open executable: Permission denied",
                Kind::NotExecutable,
            ),
            ("start", "exec /x: exec format error", Kind::NotExecutable),
            (
                "create",
                "mount /nowhere: no such file or directory",
                Kind::NotStarted,
            ),
            ("mount", "exec mount: permission denied", Kind::NotStarted),
        ] {
            assert_eq!(failure(step, message).kind(), kind, "{message}");
        }
    }

    #[test]
    fn messages_of_later_versions_are_recognised_as_such() {
        assert!(matches!(
            serde_json::from_str(r#"{"type":"news","x":1}"#),
            Ok(Message::Unknown)
        ));
        assert!(matches!(
            serde_json::from_str(r#"{"type":"created","pid":7}"#),
            Ok(Message::Created {})
        ));
    }
}
