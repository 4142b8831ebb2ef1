//! What was meant by the command line: every path absolute, every default filled in, what is not done here refused.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::cli::Args;
use super::log::Log;
use crate::error::{Call, Error, Kind, Result};
use crate::supervise::call::check_id;

/// What is to be kept, and how.
#[derive(Debug)]
pub struct Request {
    /// The container's id.
    pub id: String,
    /// The name of this run.
    pub uuid: String,
    /// What the runtime is asked to do.
    pub verb: Verb,
    /// The runtime.
    pub runtime: PathBuf,
    /// Its global arguments.
    pub runtime_args: Vec<OsString>,
    /// Its arguments after the verb.
    pub runtime_opts: Vec<OsString>,
    /// The bundle.
    pub bundle: PathBuf,
    /// Where the attach socket and the fifos are made: in the bundle; nowhere for an `exec` without one, as CRI-O's are.
    pub meeting_place: Option<PathBuf>,
    /// Where the runtime writes the process's number.
    pub pid_file: PathBuf,
    /// Where this program's number is written.
    pub own_pid_file: Option<PathBuf>,
    /// The log.
    pub log: Log,
    /// It is synced at the end.
    pub sync_log: bool,
    /// The files that get the exit code.
    pub exit_files: Vec<PathBuf>,
    /// The directories where a file `oom` says that the kernel killed the process for want of memory.
    pub oom_dirs: Vec<PathBuf>,
    /// What to become at the very end.
    pub exit_command: Vec<OsString>,
    /// And how long after the end.
    pub exit_delay: Duration,
    /// A link to the bundle, so that the attach socket has a short path.
    pub socket_link: Option<PathBuf>,
    /// There is a terminal.
    pub tty: bool,
    /// stdin is kept open.
    pub stdin: bool,
    /// It ends with the first client that goes.
    pub stdin_once: bool,
    /// How the number on the sync pipe is called.
    pub sync_key: &'static str,
    /// The process's number is told, not only its exit code.
    pub tells_pid: bool,
    /// The caller waits for this process.
    pub foreground: bool,
    /// When to kill the process.
    pub timeout: Option<Duration>,
    /// Who is told that the container is ready.
    pub notify: Option<PathBuf>,
}

/// What the runtime is asked to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Verb {
    /// Set the container up; the caller starts and deletes it.
    Create {
        /// Without pivot_root.
        no_pivot: bool,
        /// In the keyring of the caller.
        no_new_keyring: bool,
    },
    /// Bring it back from a checkpoint.
    Restore(PathBuf),
    /// Start a process beside the container's own.
    Exec {
        /// Its description.
        process: PathBuf,
        /// The caller attaches first.
        attach: bool,
    },
}

pub(super) fn usage(message: impl Into<String>) -> Error {
    Error::new(Kind::Usage, message)
}

/// Resolves what was typed.
///
/// # Errors
/// Says what is missing, contradictory, or not done here.
pub fn resolve(args: Args) -> Result<Request> {
    refuse_unserved(&args)?;
    let verb = verb(&args)?;
    let id = args
        .cid
        .clone()
        .ok_or_else(|| usage("Container ID not provided. Use --cid"))?;
    check_id(&id)?;
    let is_exec = matches!(verb, Verb::Exec { .. });
    let uuid = match &args.cuuid {
        Some(uuid) => uuid.clone(),
        None if is_exec => id.clone(),
        None => return Err(usage("Container UUID not provided. Use --cuuid")),
    };
    check_id(&uuid)?;
    let log = Log::resolve(&args, &uuid)?;
    let runtime = args
        .runtime
        .ok_or_else(|| usage("Runtime path not provided. Use --runtime"))?;
    let bundle = absolute(args.bundle.as_deref().unwrap_or_else(|| Path::new(".")))?;
    let dir_file = |dir: &Option<PathBuf>, name: &str| {
        dir.as_deref()
            .map(|dir| Ok::<_, Error>(absolute(dir)?.join(name)))
            .transpose()
    };
    let exit_files = [
        dir_file(&args.exit_dir, &id)?,
        dir_file(&args.persist_dir, "exit")?,
    ];
    let meeting_place = (args.bundle.is_some() || !is_exec).then(|| bundle.clone());
    let mut oom_dirs: Vec<PathBuf> = meeting_place.clone().into_iter().collect();
    oom_dirs.extend(args.persist_dir.as_deref().map(absolute).transpose()?);
    let mut runtime_args = args.runtime_arg;
    if args.systemd_cgroup {
        runtime_args.push("--systemd-cgroup".into());
    }
    let socket_link = match args.full_attach || is_exec {
        true => None,
        false => Some(absolute(&args.socket_dir_path)?.join(&uuid)),
    };
    Ok(Request {
        pid_file: absolute(
            &args
                .container_pidfile
                .unwrap_or_else(|| format!("pidfile-{id}").into()),
        )?,
        own_pid_file: args.conmon_pidfile.as_deref().map(absolute).transpose()?,
        // As conmon does: a name that is no path is one in the working directory, never on PATH.
        runtime: absolute(&runtime)?,
        runtime_args,
        runtime_opts: args.runtime_opt,
        log,
        sync_log: !args.no_sync_log,
        exit_files: exit_files.into_iter().flatten().collect(),
        oom_dirs,
        exit_command: args.exit_command.map_or_else(Vec::new, |program| {
            [vec![program], args.exit_command_arg].concat()
        }),
        exit_delay: Duration::from_secs(args.exit_delay.into()),
        socket_link,
        tty: args.terminal,
        stdin: args.stdin,
        stdin_once: !args.leave_stdin_open,
        sync_key: match (args.api_version, is_exec) {
            (1.., _) => "data",
            (_, true) => "exit_code",
            (_, false) => "pid",
        },
        tells_pid: args.api_version >= 1 || !is_exec,
        foreground: args.sync,
        timeout: u64::try_from(args.timeout)
            .ok()
            .filter(|seconds| *seconds > 0)
            .map(Duration::from_secs),
        notify: args.sdnotify_socket,
        id,
        uuid,
        verb,
        bundle,
        meeting_place,
    })
}

fn refuse_unserved(args: &Args) -> Result<()> {
    if args.seccomp_notify_socket.is_some() {
        return Err(usage("--seccomp-notify-socket is not served")
            .hint("the runtime hands such descriptors to the agent that linux.seccomp.listenerPath names"));
    }
    if args.replace_listen_pid && std::env::var_os("LISTEN_FDS").is_some() {
        return Err(usage(
            "--replace-listen-pid is not served: no sockets are handed on",
        ));
    }
    Ok(())
}

fn verb(args: &Args) -> Result<Verb> {
    if args.exec {
        let process = args
            .exec_process_spec
            .as_deref()
            .ok_or_else(|| usage("Exec process spec path not provided. Use --exec-process-spec"))?;
        return Ok(Verb::Exec {
            process: absolute(process)?,
            attach: args.exec_attach,
        });
    }
    match &args.restore {
        Some(path) => Ok(Verb::Restore(absolute(path)?)),
        None => Ok(Verb::Create {
            no_pivot: args.no_pivot,
            no_new_keyring: args.no_new_keyring,
        }),
    }
}

pub(super) fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).call(|| format!("the absolute path of {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn request(more: &[&str]) -> Result<Request> {
        let base = ["conmon", "-c", "abc", "-u", "abc", "-r", "/r", "-b", "/b"];
        resolve(Args::try_parse_from(base.iter().chain(more)).expect("a line of conmon's"))
    }

    #[test]
    fn the_number_on_the_sync_pipe_is_named_after_the_interface() {
        let key = |more: &[&str]| request(more).expect("valid").sync_key;
        let exec = ["-l", "none", "-e", "--exec-process-spec", "/p"];
        assert_eq!(key(&["-l", "none", "--api-version", "1"]), "data");
        assert_eq!(key(&["-l", "none"]), "pid");
        assert_eq!(key(&exec), "exit_code");
        assert!(!request(&exec).expect("valid").tells_pid);
    }

    #[test]
    fn an_exec_without_a_bundle_makes_nothing_in_the_working_directory() {
        let base = ["conmon", "-c", "abc", "-u", "abc", "-r", "/r", "-l", "none"];
        let request = |more: &[&str]| {
            let args = Args::try_parse_from(base.iter().chain(more)).expect("a line of conmon's");
            resolve(args).expect("valid")
        };
        let exec = request(&["-e", "--exec-process-spec", "/p", "--persist-dir", "/x"]);
        assert_eq!(exec.meeting_place, None);
        assert_eq!(exec.oom_dirs, [Path::new("/x")]);
        let here = std::env::current_dir().expect("there");
        assert_eq!(request(&[]).meeting_place, Some(here));
    }

    #[test]
    fn what_is_missing_or_not_served_is_refused_by_name() {
        let line = |words: &[&str]| Args::try_parse_from(words.iter().copied());
        let no_id = line(&["conmon", "-l", "none"]).expect("parsed");
        assert!(resolve(no_id).is_err());
        assert!(line(&["conmon", "-c", "x"]).is_err(), "no log");
        for wrong in [
            &["-l", "none", "-e"][..],
            &["-l", "none", "--seccomp-notify-socket", "/s"],
            &["-l", "none", "-c", "../x"],
            &["-l", "none", "-u", "../x"],
        ] {
            assert!(request(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn words_of_others_may_be_empty_or_begin_with_a_hyphen() {
        let request = request(&[
            "-l",
            "none",
            "--exit-command",
            "/p",
            "--exit-command-arg",
            "--root",
            "--exit-command-arg",
            "",
            "--runtime-arg",
            "--log-format=json",
            "--runtime-opt",
            "--preserve-fds",
            "--runtime-opt",
            "2",
            "-s",
        ])
        .expect("valid");
        assert_eq!(request.exit_command, ["/p", "--root", ""]);
        assert_eq!(request.runtime_args, ["--log-format=json", "--systemd-cgroup"]);
        assert_eq!(request.runtime_opts, ["--preserve-fds", "2"]);
        assert_eq!(
            request.socket_link.as_deref(),
            Some(Path::new("/var/run/crio/abc"))
        );
    }
}
