//! conmon's command line (conmon(8), `conmon --help`): what was typed.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser;

/// Keeps one container, or one process beside a container's own, in conmon's place.
#[derive(Debug, Parser)]
#[command(
    name = "corten-conmon",
    disable_version_flag = true,
    args_override_self = true
)]
pub struct Args {
    /// conmon's interface: 1 names the sync pipe's number "data"; 0 "pid" or "exit_code".
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub api_version: i32,
    /// The container's id for the runtime.
    #[arg(short = 'c', long, value_name = "ID")]
    pub cid: Option<String>,
    /// The name of this run: the container's, or that of an exec session.
    #[arg(short = 'u', long, value_name = "ID")]
    pub cuuid: Option<String>,
    /// The container's name; the journal shows it.
    #[arg(short = 'n', long, value_name = "NAME")]
    pub name: Option<String>,
    /// The OCI runtime.
    #[arg(short = 'r', long, value_name = "PATH")]
    pub runtime: Option<PathBuf>,
    /// A global argument for the runtime; may be repeated.
    #[arg(long, value_name = "ARG", allow_hyphen_values = true)]
    pub runtime_arg: Vec<OsString>,
    /// An argument for the runtime's create, restore or exec; may be repeated.
    #[arg(long, value_name = "ARG", allow_hyphen_values = true)]
    pub runtime_opt: Vec<OsString>,
    /// The OCI bundle; the attach socket and the control fifo are made there [default: the working directory; with --exec, none are made].
    #[arg(short = 'b', long, value_name = "DIR")]
    pub bundle: Option<PathBuf>,
    /// Where the runtime writes the process's number [default: ./pidfile-ID].
    #[arg(short = 'p', long, value_name = "FILE")]
    pub container_pidfile: Option<PathBuf>,
    /// Where this program's own number is written.
    #[arg(short = 'P', long, value_name = "FILE", alias = "pidfile")]
    pub conmon_pidfile: Option<PathBuf>,
    /// The log, [DRIVER:]PATH: k8s-file, json-file, journald, none, passthrough; may be repeated.
    #[arg(short = 'l', long, value_name = "LOG", required_unless_present = "version")]
    pub log_path: Vec<OsString>,
    /// How much is said about this program itself; only errors are.
    #[arg(long, value_name = "LEVEL")]
    pub log_level: Option<String>,
    /// A tag for the journal.
    #[arg(long, value_name = "TAG")]
    pub log_tag: Option<String>,
    /// At this size the log begins anew.
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true)]
    pub log_size_max: Option<i64>,
    /// With so many bytes in all the log ends.
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true)]
    pub log_global_size_max: Option<i64>,
    /// Keep full files of the log: PATH.1, PATH.2, …
    #[arg(long)]
    pub log_rotate: bool,
    /// How many of them [default: 1].
    #[arg(long, value_name = "N")]
    pub log_max_files: Option<u32>,
    /// Do not sync the log to the disk at the end.
    #[arg(long)]
    pub no_sync_log: bool,
    /// The exit code is written to DIR/ID.
    #[arg(long, value_name = "DIR")]
    pub exit_dir: Option<PathBuf>,
    /// The exit code is written to DIR/exit, too.
    #[arg(short = '0', long, value_name = "DIR")]
    pub persist_dir: Option<PathBuf>,
    /// The program that this one becomes at the very end.
    #[arg(long, value_name = "PATH", allow_hyphen_values = true)]
    pub exit_command: Option<OsString>,
    /// An argument for it; may be repeated.
    #[arg(long, value_name = "ARG", allow_hyphen_values = true)]
    pub exit_command_arg: Vec<OsString>,
    /// How many seconds to wait before it.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub exit_delay: u32,
    /// The attach socket is found at DIR/CUUID/attach.
    #[arg(long, value_name = "DIR", default_value = "/var/run/crio")]
    pub socket_dir_path: PathBuf,
    /// The attach socket is found in the bundle alone.
    #[arg(long)]
    pub full_attach: bool,
    /// The process has a terminal.
    #[arg(short = 't', long)]
    pub terminal: bool,
    /// stdin is kept open for clients; otherwise it is /dev/null.
    #[arg(short = 'i', long)]
    pub stdin: bool,
    /// stdin does not end with the first client.
    #[arg(long)]
    pub leave_stdin_open: bool,
    /// Start a process in a container that runs.
    #[arg(short = 'e', long)]
    pub exec: bool,
    /// Wait for the caller to attach before it is started.
    #[arg(long, requires = "exec", alias = "attach")]
    pub exec_attach: bool,
    /// The process.
    #[arg(long, value_name = "FILE")]
    pub exec_process_spec: Option<PathBuf>,
    /// Restore the container from the checkpoint in DIR.
    #[arg(long, value_name = "DIR", conflicts_with = "exec")]
    pub restore: Option<PathBuf>,
    /// Cgroups are made by systemd.
    #[arg(short = 's', long)]
    pub systemd_cgroup: bool,
    /// The runtime's --no-pivot.
    #[arg(long)]
    pub no_pivot: bool,
    /// The runtime's --no-new-keyring.
    #[arg(long)]
    pub no_new_keyring: bool,
    /// Stay in the foreground.
    #[arg(long)]
    pub sync: bool,
    /// Accepted; errors go to the caller.
    #[arg(long)]
    pub syslog: bool,
    /// LISTEN_PID is made to name the runtime.
    #[arg(long)]
    pub replace_listen_pid: bool,
    /// Kill the process after so many seconds.
    #[arg(
        short = 'T',
        long,
        value_name = "SECONDS",
        default_value_t = 0,
        allow_negative_numbers = true
    )]
    pub timeout: i64,
    /// The runtime tells this socket that the container is ready.
    #[arg(long, value_name = "PATH")]
    pub sdnotify_socket: Option<PathBuf>,
    /// Refused: there is no agent for seccomp here.
    #[arg(long, value_name = "PATH")]
    pub seccomp_notify_socket: Option<PathBuf>,
    /// Refused: there is no agent for seccomp here.
    #[arg(long, value_name = "LIST")]
    pub seccomp_notify_plugins: Option<String>,
    /// Print the version and exit.
    #[arg(long)]
    pub version: bool,
}
