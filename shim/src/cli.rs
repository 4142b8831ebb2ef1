//! The command line: what was typed, and what was meant by it.

use std::ffi::OsString;
use std::os::fd::RawFd;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

pub mod policy;
use policy::Policy;

/// Keeps one container: holds its stdio, reaps it, records its exit.
#[derive(Debug, Parser)]
#[command(name = "corten-shim", version, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create, start and keep one container until it is gone.
    Run(Box<RunArgs>),
    /// Mount a bundle's mount list in a mount namespace of its own and run a command there.
    Mount(MountArgs),
    /// Compress one of the log's files: FILE becomes FILE.gz. (The shim starts this by itself.)
    Compress(CompressArgs),
}

/// The arguments of `run`.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// The container's id for the runtime.
    #[arg(long)]
    pub id: String,
    /// The OCI bundle.
    #[arg(long, value_name = "DIR")]
    pub bundle: PathBuf,
    /// The shim's own directory: lock, state, sockets, the runtime's log.
    #[arg(long, value_name = "DIR")]
    pub dir: PathBuf,
    /// The OCI runtime: a path, or a name found on PATH.
    #[arg(long, value_name = "PATH")]
    pub runtime: PathBuf,
    /// The runtime's --root.
    #[arg(long, value_name = "DIR")]
    pub runtime_root: Option<PathBuf>,
    /// A further global argument for the runtime; may be repeated.
    #[arg(long, value_name = "ARG", allow_hyphen_values = true)]
    pub runtime_arg: Vec<OsString>,
    /// The mount list of the bundle.
    #[arg(long, value_name = "FILE")]
    pub mounts: Option<PathBuf>,
    /// The container has a terminal.
    #[arg(long)]
    pub tty: bool,
    /// The terminal's first size.
    #[arg(long, value_name = "ROWSxCOLS", value_parser = parse_size, requires = "tty")]
    pub console_size: Option<Size>,
    /// Keep stdin open for attach clients; otherwise it is /dev/null.
    #[arg(long)]
    pub stdin: bool,
    /// Close stdin when the first client that wrote to it goes.
    #[arg(long, requires = "stdin")]
    pub stdin_once: bool,
    /// Where the output goes besides the attach clients.
    #[arg(long, value_enum, default_value_t = LogDriver::None)]
    pub log_driver: LogDriver,
    /// The log's file.
    #[arg(long, value_name = "FILE", required_if_eq_any([("log_driver", "json-file"), ("log_driver", "k8s-file")]))]
    pub log_path: Option<PathBuf>,
    /// At this size the log's file becomes FILE.1, and a new one is begun [default: no limit].
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1..), requires = "log_path")]
    pub log_max_size: Option<u64>,
    /// How many of the log's files are kept, the newest included.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub log_max_files: u32,
    /// Compress all of the log's files but the newest.
    #[arg(long, requires = "log_max_size")]
    pub log_compress: bool,
    /// So many bytes may wait for the log before records are dropped and counted [default: the container waits].
    #[arg(long, value_name = "BYTES")]
    pub log_buffer: Option<usize>,
    /// A field of every record in systemd's journal; may be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    pub log_field: Vec<String>,
    /// What each record carries besides, in docker's log or the journal: a JSON object of strings.
    #[arg(long, value_name = "FILE")]
    pub log_attributes: Option<PathBuf>,
    /// Where systemd's journal listens.
    #[arg(long, value_name = "SOCKET", default_value = "/run/systemd/journal/socket")]
    pub log_socket: PathBuf,
    /// The exit record [default: DIR/exit.json].
    #[arg(long, value_name = "FILE")]
    pub exit_file: Option<PathBuf>,
    /// A SOCK_SEQPACKET socket to the caller.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(RawFd).range(3..))]
    pub control_fd: Option<RawFd>,
    /// Wait for `start` on the control socket between create and start.
    #[arg(long, requires = "control_fd")]
    pub hold: bool,
    /// How many seconds the runtime may take to `delete`, for `exec`, or for anything once nobody waits for it.
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub runtime_timeout: u32,
    /// Tell the caller each command line of the runtime.
    #[arg(long, requires = "control_fd")]
    pub debug: bool,
    /// The directory of the journal of events.
    #[arg(long, value_name = "DIR", requires = "event_actor")]
    pub events: Option<PathBuf>,
    /// What events say of the container: a JSON object of strings.
    #[arg(long, value_name = "FILE")]
    pub event_actor: Option<PathBuf>,
    /// The container's health check.
    #[arg(long, value_name = "FILE")]
    pub health: Option<PathBuf>,
    /// When a container that ended runs again: no, on-failure[:N], always or unless-stopped.
    #[arg(
        long,
        value_name = "POLICY",
        default_value = "no",
        conflicts_with = "exit_command"
    )]
    pub restart: Policy,
    /// One word of a command that the shim becomes at the very end; repeat for each word.
    #[arg(long, value_name = "ARG", allow_hyphen_values = true)]
    pub exit_command: Vec<OsString>,
}

/// The arguments of `mount`.
#[derive(Debug, clap::Args)]
pub struct MountArgs {
    /// The OCI bundle: targets are relative to it.
    #[arg(long, value_name = "DIR")]
    pub bundle: PathBuf,
    /// The mount list.
    #[arg(long, value_name = "FILE")]
    pub mounts: PathBuf,
    /// The command to run there.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// The arguments of `compress`.
#[derive(Debug, clap::Args)]
pub struct CompressArgs {
    /// The file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Where the output is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogDriver {
    /// Docker's json-file format.
    JsonFile,
    /// The format of Kubernetes' CRI and of podman's k8s-file.
    #[value(name = "k8s-file", alias = "cri")]
    K8sFile,
    /// Systemd's journal.
    Journald,
    /// Nowhere.
    None,
    /// To the shim's own stdout and stderr, without the shim; its stdin is the container's, too. Attach clients see no
    /// stream.
    Passthrough,
}

/// A terminal's size in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
pub struct Size {
    /// Lines.
    pub rows: u16,
    /// Columns.
    pub cols: u16,
}

fn parse_size(text: &str) -> Result<Size, String> {
    let parsed = text.split_once('x').and_then(|(rows, cols)| {
        Some(Size {
            rows: rows.parse().ok()?,
            cols: cols.parse().ok()?,
        })
    });
    parsed.ok_or_else(|| "expected ROWSxCOLS, for example 24x80".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Cli, clap::Error> {
        let base = [
            "corten-shim",
            "run",
            "--id=a",
            "--bundle=b",
            "--dir=d",
            "--runtime=r",
        ];
        Cli::try_parse_from(base.iter().chain(args))
    }

    #[test]
    fn size_is_rows_then_columns() {
        assert_eq!(parse_size("24x80"), Ok(Size { rows: 24, cols: 80 }));
        for wrong in ["24", "x", "24x", "ax80", "70000x1", "-1x2"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn options_that_need_others_are_refused_alone() {
        assert!(parse(&[]).is_ok());
        for wrong in [
            &["--hold"][..],
            &["--stdin-once"],
            &["--console-size=1x1"],
            &["--log-driver=json-file"],
            &["--log-driver=k8s-file"],
            &["--log-max-size=1"],
            &["--log-path=x", "--log-max-size=0"],
            &["--log-path=x", "--log-compress"],
            &["--log-max-files=0"],
            &["--control-fd=2"],
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn words_may_begin_with_a_hyphen() {
        let cli = parse(&[
            "--exit-command",
            "corten",
            "--exit-command",
            "--root",
            "--runtime-arg",
            "--debug",
        ]);
        let Command::Run(run) = cli.expect("a valid line").command else {
            panic!("run was typed")
        };
        assert_eq!(run.exit_command, ["corten", "--root"]);
        assert_eq!(run.runtime_arg, ["--debug"]);
    }
}
