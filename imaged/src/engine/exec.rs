//! A command in a running container: described here, started and kept by the container's shim.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::{Value, json};

use super::attach::{Connection, Failure, Keys, Opened, Relay, Streams};
use super::layout::Containers;
use super::record::Record;
use super::status::Status;
use super::{facts, ids, pause, rootfs, shim};
use crate::error::{Error, Kind, Result};
use crate::plan::exec::{self, Process};
use crate::plan::user;
use crate::plan::userns::check_user;
use crate::sys::terminal;

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) args: Vec<String>,
    /// `NAME=value`, or `NAME` alone to take one away.
    pub(crate) env: Vec<String>,
    /// In place of the container's.
    pub(crate) user: Option<String>,
    /// In place of the container's.
    pub(crate) working_dir: Option<String>,
    /// All capabilities.
    pub(crate) privileged: bool,
    pub(crate) tty: bool,
    pub(crate) stdin: bool,
    /// Its output comes here.
    pub(crate) attached: bool,
}

/// Starts the command and connects to it. Without the connection it goes on in the background.
///
/// # Errors
/// When the container does not run, or the command cannot be executed.
pub(crate) fn start(containers: &Containers, record: &Record, request: Request, keys: Keys) -> Result<Relay> {
    let pid = match Status::of(containers, &record.id) {
        Status::Running { orphaned: true, .. } => return Err(orphaned(record)),
        Status::Running { paused: true, .. } => {
            let why = format!(
                "Container {} is paused, unpause the container before exec",
                record.id
            );
            return Err(Error::new(Kind::Conflict, why));
        }
        Status::Restarting(_) => {
            let why = format!("Container {} {}", record.id, pause::RESTARTING);
            return Err(Error::new(Kind::Conflict, why));
        }
        Status::Running { pid, .. } if pid > 0 => pid,
        _ => return Err(not_running(record)),
    };
    let streams = Streams {
        stdin: request.stdin,
        stdout: request.attached,
        stderr: request.attached,
        replay: false,
    };
    let tty = request.tty;
    let process = describe(containers, record, request, pid)?;
    let directory = containers.shim_directory(&record.id);
    let id = ids::new()?;
    let path = directory.join(format!("exec-{id}.json"));
    write(&path, &process).map_err(|error| Error::io(format!("write {}", path.display()), &error))?;
    let size = terminal::size().filter(|_| tty);
    let wanted = json!({
        "id": id, "tty": tty, "size": size.map(|(rows, cols)| json!({"rows": rows, "cols": cols})),
        "stdin": streams.stdin, "stdout": streams.stdout, "stderr": streams.stderr, "overflow": "block",
    });
    match Connection::exec(&directory, &wanted) {
        Ok(Opened::Welcome(connection)) => Relay::of(connection, streams.stdin, tty, keys),
        Ok(Opened::Failed(failure)) => Err(failed(failure)),
        // It went away meanwhile, and cleans up by itself if it was not killed.
        Ok(Opened::Gone) | Err(_) => {
            let _ = fs::remove_file(&path);
            Err(not_running(record))
        }
    }
}

fn describe(containers: &Containers, record: &Record, request: Request, pid: i32) -> Result<Value> {
    let path = containers.directory(&record.id).join("config.json");
    let text = fs::read(&path).map_err(|error| Error::io(format!("read {}", path.display()), &error))?;
    let config: Value = serde_json::from_slice(&text)
        .map_err(|error| Error::new(Kind::Invalid, format!("{}: {error}", path.display())))?;
    let user = match &request.user {
        Some(user) => {
            let text = |path: &str| rootfs::text_of_process(pid, path);
            let accounts = user::Accounts {
                passwd: text("etc/passwd")?,
                group: text("etc/group")?,
            };
            let mut user = user::resolve(user, &record.options.groups, &accounts)?;
            if facts::denies_groups() {
                user.groups.clear();
            }
            check_user(&user, &record.options.userns.ids)?;
            Some(user)
        }
        None => None,
    };
    let wanted = Process {
        args: request.args,
        env: request.env,
        user,
        working_dir: request.working_dir,
        // What we lack ourselves no runtime can give.
        capabilities: match request.privileged {
            true => Some(facts::own_capabilities()?),
            false => None,
        },
        tty: request.tty,
    };
    exec::process(&config["process"], &record.config, &record.hostname, &wanted)
}

fn write(path: &Path, process: &Value) -> io::Result<()> {
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(process.to_string().as_bytes())
}

/// With docker's exit codes: 126 unless the command is not there.
fn failed(failure: Failure) -> Error {
    let error = shim::failure("exec", &failure.message);
    let error = match error.kind() {
        Kind::NotStarted => error.with_kind(Kind::NotExecutable),
        _ => error,
    };
    failure.hints.into_iter().fold(error, Error::hint)
}

fn not_running(record: &Record) -> Error {
    Error::new(Kind::Conflict, format!("container {} is not running", record.id))
}

fn orphaned(record: &Record) -> Error {
    Error::new(
        Kind::Conflict,
        format!("the shim of container {} is gone", record.id),
    )
    .hint("the container lives on without it; start it again to run commands in it")
}
