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
    Kill(commands::kill::Args),
    Logs(commands::logs::Args),
    Ps(commands::ps::Args),
    Pull(commands::pull::Args),
    Rm(commands::rm::Args),
    Rmi(commands::rmi::Args),
    Run(Box<commands::run::Args>),
    Start(commands::start::Args),
    Stop(commands::stop::Args),
    System(commands::system::Args),
    Version(commands::version::Args),
    Wait(commands::wait::Args),
}

impl Command {
    fn run(self, settings: &Settings) -> Result<ExitCode> {
        match self {
            Self::Create(args) => commands::create::run(settings, &args),
            Self::Exec(args) => commands::exec::run(&args),
            Self::Images(args) => commands::images::run(settings, &args),
            Self::Inspect(args) => commands::inspect::run(settings, &args),
            Self::Kill(args) => commands::kill::run(settings, &args),
            Self::Logs(args) => commands::logs::run(settings, &args),
            Self::Ps(args) => commands::ps::run(settings, &args),
            Self::Pull(args) => commands::pull::run(settings, &args),
            Self::Rm(args) => commands::rm::run(settings, &args),
            Self::Rmi(args) => commands::rmi::run(settings, &args),
            Self::Run(args) => commands::run::run(settings, &args),
            Self::Start(args) => commands::start::run(settings, &args),
            Self::Stop(args) => commands::stop::run(settings, &args),
            Self::System(args) => commands::system::run(settings, &args),
            Self::Version(args) => commands::version::run(settings, &args),
            Self::Wait(args) => commands::wait::run(settings, &args),
        }
    }
}

/// The command line as clap knows it, for manual pages and completions.
pub(crate) fn command() -> clap::Command {
    Cli::command()
}

/// Parses the arguments and runs the verb.
///
/// # Errors
/// What the verb reports; a wrong command line is an error of kind [`Kind::Usage`].
pub(crate) fn run(args: impl IntoIterator<Item = OsString>) -> Result<ExitCode> {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return explain(&error),
    };
    let settings = Settings {
        root: absolute(&cli.root)?,
        state_dir: absolute(&cli.state_dir)?,
        runtime: cli.runtime,
    };
    cli.command.run(&settings)
}

/// Help and version are results; everything else is a usage error in clap's words.
fn explain(error: &clap::Error) -> Result<ExitCode> {
    let text = error.render().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            crate::output::print(&text)?;
            Ok(ExitCode::SUCCESS)
        }
        _ => Err(Error::new(
            Kind::Usage,
            text.trim_end().trim_start_matches("error: ").to_owned(),
        )),
    }
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|error| {
        Error::new(
            Kind::Usage,
            format!("the directory '{}': {error}", path.display()),
        )
    })
}
