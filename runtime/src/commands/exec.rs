//! `exec`: one more process in a container.

use super::Verb;
use crate::cli::Globals;
use crate::container::Id;
use crate::container::exec::{Request, What, exec};
use crate::error::{Error, Kind, Result};
use crate::oci::Text;
use crate::plan::exec::Changes;
use clap::Args;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Larger files are no description of a process.
const MAX_PROCESS_SIZE: u64 = 16 << 20;

/// Execute a new process inside a container
#[derive(Debug, Args)]
pub(super) struct ExecArgs {
    /// The unix socket that receives the master of the process's terminal
    #[arg(long, value_name = "PATH")]
    console_socket: Option<PathBuf>,

    /// The unix socket that receives a descriptor of the process
    #[arg(long, value_name = "PATH")]
    pidfd_socket: Option<PathBuf>,

    /// The working directory in the container
    #[arg(long, value_name = "DIR")]
    cwd: Option<String>,

    /// Set a variable of the process's environment; may be given more than once
    #[arg(short, long, value_name = "NAME=VALUE")]
    env: Vec<String>,

    /// Give the process a terminal
    #[arg(short, long)]
    tty: bool,

    /// Run as this user, and as this group if it is given
    #[arg(short, long, value_name = "UID[:GID]")]
    user: Option<String>,

    /// Join this group, too; may be given more than once
    #[arg(short = 'g', long, value_name = "GID")]
    additional_gids: Vec<u32>,

    /// Run the process that FILE describes, as `process` of config.json does
    #[arg(short, long, value_name = "FILE")]
    process: Option<PathBuf>,

    /// Return as soon as the process runs
    #[arg(short, long)]
    detach: bool,

    /// Write the pid of the process to FILE
    #[arg(long, value_name = "FILE")]
    pid_file: Option<PathBuf>,

    /// Run under this SELinux label
    #[arg(long, value_name = "LABEL")]
    process_label: Option<String>,

    /// Run under this AppArmor profile
    #[arg(long, value_name = "PROFILE")]
    apparmor: Option<String>,

    /// Programs that it executes get no more privileges
    #[arg(long)]
    no_new_privs: bool,

    /// Add a capability; may be given more than once
    #[arg(short, long = "cap", value_name = "CAP_NAME")]
    cap: Vec<String>,

    /// Pass N descriptors from 3 on to the process
    #[arg(long, value_name = "N", default_value_t = 0)]
    preserve_fds: u32,

    /// Run in a cgroup below the container's; on cgroup v1 for each controller
    #[arg(long, value_name = "[CONTROLLER[,CONTROLLER]:]PATH")]
    cgroup: Vec<String>,

    /// Accept a paused container: the process runs when it is resumed
    #[arg(long)]
    ignore_paused: bool,

    /// The container's id, then the program and its arguments
    #[arg(value_names = ["CONTAINER-ID", "COMMAND"], required = true, num_args = 1.., trailing_var_arg = true)]
    words: Vec<OsString>,
}

impl Verb for ExecArgs {
    const NAME: &'static str = "exec";
    const ABOUT: &'static str = "execute a new process inside a container";

    fn run(self, globals: &Globals) -> Result<u8> {
        let (id, command) = self
            .words
            .split_first()
            .ok_or_else(|| Error::new(Kind::Usage, "exec needs an id"))?;
        let id = Id::parse(&id.to_string_lossy())?;
        let file = self.process.as_deref().map(read_process).transpose()?;
        let what = match &file {
            Some(text) => What::File {
                text,
                terminal: self.tty,
            },
            None => What::Changed(self.changes(command)?),
        };
        exec(Request {
            root: &globals.root,
            id: &id,
            what,
            detach: self.detach,
            console_socket: self.console_socket.as_deref(),
            pidfd_socket: self.pidfd_socket.as_deref(),
            pid_file: self.pid_file.as_deref(),
            preserve_fds: self.preserve_fds,
            cgroups: &self.cgroup,
            ignore_paused: self.ignore_paused,
            trace: globals.trace.as_deref(),
        })
    }
}

impl ExecArgs {
    /// What the options say about the process.
    fn changes<'a>(&'a self, command: &'a [OsString]) -> Result<Changes<'a>> {
        Ok(Changes {
            args: command.iter().map(word).collect::<Result<_>>()?,
            terminal: self.tty,
            cwd: given(self.cwd.as_deref()),
            env: texts(&self.env),
            user: self.user.as_deref().map(parse_user).transpose()?,
            additional_gids: self.additional_gids.clone(),
            apparmor: given(self.apparmor.as_deref()),
            label: given(self.process_label.as_deref()),
            no_new_privileges: self.no_new_privs,
            capabilities: texts(&self.cap),
        })
    }
}

fn texts(words: &[String]) -> Vec<Text<'_>> {
    words.iter().map(|word| Text::from(word.as_str())).collect()
}

/// Programs give an empty value where they mean none.
fn given(value: Option<&str>) -> Option<Text<'_>> {
    value.filter(|value| !value.is_empty()).map(Text::from)
}

fn word(word: &OsString) -> Result<Text<'_>> {
    word.to_str()
        .map(Text::from)
        .ok_or_else(|| Error::new(Kind::Usage, format!("{word:?} is not valid UTF-8")))
}

/// `UID` or `UID:GID`, in digits alone: a number that is misread is another user (CVE-2026-30892).
fn parse_user(text: &str) -> Result<(u32, Option<u32>)> {
    let number = |digits: &str| {
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| digits.parse().ok()).flatten()
    };
    let (uid, gid) = match text.split_once(':') {
        None => (number(text), Some(None)),
        Some((uid, gid)) => (number(uid), number(gid).map(Some)),
    };
    uid.zip(gid).ok_or_else(|| {
        Error::new(
            Kind::Usage,
            format!("--user: found {text:?}, expected UID or UID:GID"),
        )
        .hint("names mean nothing here: look the numbers up in the container's /etc/passwd")
    })
}

fn read_process(path: &Path) -> Result<Vec<u8>> {
    let failed = |call: &str, error: &std::io::Error| {
        Error::syscall(
            format!("{call} {}", path.display()),
            error.raw_os_error().unwrap_or(0),
        )
        .context("read the file of --process")
    };
    let size = std::fs::metadata(path)
        .map_err(|error| failed("stat", &error))?
        .len();
    if size > MAX_PROCESS_SIZE {
        let message = format!(
            "{} has {size} bytes, expected at most {MAX_PROCESS_SIZE}",
            path.display()
        );
        return Err(Error::new(Kind::Config, message));
    }
    std::fs::read(path).map_err(|error| failed("read", &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_numbers_and_nothing_else() {
        assert_eq!(parse_user("1").unwrap(), (1, None));
        assert_eq!(parse_user("1000:5").unwrap(), (1000, Some(5)));
        for wrong in [
            "",
            ":",
            "1:",
            ":1",
            "root",
            "1:root",
            "+1",
            "-1",
            "1:2:3",
            "0x1",
            " 1",
            "4294967296",
        ] {
            let error = parse_user(wrong).unwrap_err();
            assert!(error.to_string().contains("expected UID or UID:GID"), "{wrong}");
        }
    }
}
