//! What was typed: the global options and the list of verbs. Each verb's own options are in `commands`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use crate::commands;
use crate::error::{Error, Kind, Result};
use crate::settings::Settings;

/// Images, and containers made of them.
#[derive(Debug, Parser)]
#[command(name = "corten", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// Directory of the store and the containers
    #[arg(long, global = true, value_name = "DIR", default_value = "/var/lib/corten")]
    root: PathBuf,
    /// Directory of the state that need not survive a reboot
    #[arg(long, global = true, value_name = "DIR", default_value = "/run/corten")]
    state_dir: PathBuf,
    /// OCI runtime: a name (looked for beside corten, then on PATH) or a path
    #[arg(long, global = true, value_name = "RUNTIME", default_value = "corten-runtime")]
    runtime: String,
    /// How much to say about what is being done: error, warn, info or debug
    #[arg(short = 'l', long, value_name = "LEVEL", default_value = "warn", value_parser = ["error", "warn", "info", "debug"])]
    log_level: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Create(Box<commands::create::Args>),
    Exec(commands::exec::Args),
    Images(commands::images::Args),
    Inspect(commands::inspect::Args),
