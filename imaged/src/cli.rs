//! What was typed: the global options and the list of verbs. Each verb's own options are in `commands`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::commands;
use crate::engine::rootless;
use crate::error::{Error, Kind, Result};
use crate::log::{self, Level};
use crate::settings::{Settings, StorageDriver, Surroundings};
use crate::sys::userns;

/// Images, and containers made of them.
#[derive(Debug, Parser)]
#[command(name = "corten", version)]
pub(crate) struct Cli {
    /// Directory of the store and the containers (default /var/lib/corten; of a user $XDG_DATA_HOME/corten)
    #[arg(long, global = true, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Directory of the state that need not survive a reboot (default /run/corten; of a user $XDG_RUNTIME_DIR/corten)
    #[arg(long, global = true, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// OCI runtime: a name (looked for beside corten, then on PATH) or a path
    #[arg(long, global = true, value_name = "RUNTIME", default_value = "corten-runtime")]
    runtime: String,
    /// How to keep new containers' files: overlay2, or vfs, which copies; if missing, as the store's file system allows
    #[arg(long, global = true, value_name = "DRIVER", value_parser = storage_driver())]
    storage_driver: Option<StorageDriver>,
    /// How much to say on standard error about what is being done
    #[arg(short = 'l', long, value_enum, value_name = "LEVEL", default_value_t = Level::Info)]
    log_level: Level,
    /// The same as --log-level debug
    #[arg(short = 'D', long)]
    debug: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
#[command(next_display_order = None)]
enum Command {
    Container(commands::container::Args),
    #[command(flatten)]
    OfContainers(commands::container::Shared),
    Events(commands::events::Args),
    Copy(commands::copy::Args),
    Image(commands::image::Args),
    #[command(flatten)]
    OfImages(commands::image::Shared),
    Images(commands::images::Args),
    Info(commands::info::Args),
    Inspect(commands::inspect::Args),
    Login(commands::login::Args),
    Logout(commands::logout::Args),
    Manifest(commands::manifest::Args),
    Ps(commands::ps::Args),
    Repack(commands::repack::Args),
    Rmi(commands::rmi::Args),
    Search(commands::search::Args),
    System(commands::system::Args),
    Verify(commands::verify::Args),
    Unpack(commands::unpack::Args),
    Version(commands::version::Args),
}

impl Command {
    /// Whether it has to do with the store or with containers.
    fn needs_store(&self) -> bool {
        !matches!(
            self,
            Self::Copy(_)
                | Self::Login(_)
                | Self::Logout(_)
                | Self::Manifest(_)
                | Self::Search(_)
                | Self::Verify(_)
                | Self::Version(_)
        )
    }

    fn run(self, settings: &Settings) -> Result<ExitCode> {
        match self {
            Self::Container(args) => commands::container::run(settings, &args),
            Self::OfContainers(verb) => verb.run(settings),
            Self::Events(args) => commands::events::run(settings, &args),
            Self::Copy(args) => commands::copy::run(&args),
            Self::Image(args) => commands::image::run(settings, &args),
            Self::OfImages(verb) => verb.run(settings),
            Self::Images(args) => commands::images::run(settings, &args),
            Self::Info(args) => commands::info::run(settings, &args),
            Self::Inspect(args) => commands::inspect::run(settings, &args),
            Self::Login(args) => commands::login::run(&args),
            Self::Logout(args) => commands::logout::run(&args),
            Self::Manifest(args) => commands::manifest::run(&args),
            Self::Ps(args) => commands::ps::run(settings, &args),
            Self::Repack(args) => commands::repack::run(settings, &args),
            Self::Rmi(args) => commands::rmi::run(settings, &args),
            Self::Search(args) => commands::search::run(&args),
            Self::System(args) => commands::system::run(settings, &args),
            Self::Verify(args) => commands::verify::run(&args),
            Self::Unpack(args) => commands::unpack::run(settings, &args),
            Self::Version(args) => commands::version::run(settings, &args),
        }
    }
}

/// Reads a driver's name, and nothing else.
fn storage_driver() -> impl TypedValueParser<Value = StorageDriver> {
    PossibleValuesParser::new(StorageDriver::ALL.map(StorageDriver::name)).map(|name| {
        let is_meant = |driver: &StorageDriver| driver.name() == name;
        StorageDriver::ALL.into_iter().find(is_meant).unwrap_or_default()
    })
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
    let args: Vec<OsString> = args.into_iter().collect();
    let cli = match Cli::try_parse_from(&args).or_else(|error| with_values(error, &args)) {
        Ok(cli) => cli,
        Err(error) => return explain(&error, &args),
    };
    log::set_level(if cli.debug { Level::Debug } else { cli.log_level });
    let settings = settings(&cli)?;
    log::debug(format_args!(
        "store {}, state {}, runtime {}",
        settings.root.display(),
        settings.state_dir.display(),
        settings.runtime
    ));
    // As long as the command is at work, others join it.
    let _presence = match cli.command.needs_store() {
        true => rootless::enter(&settings)?,
        false => None,
    };
    cli.command.run(&settings)
}

/// What the global options mean, for root or for a user.
fn settings(cli: &Cli) -> Result<Settings> {
    let path = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let surroundings = Surroundings {
        uid: userns::caller().0,
        home: path("HOME"),
        data: path("XDG_DATA_HOME"),
        runtime: path("XDG_RUNTIME_DIR"),
    };
    let root = match &cli.root {
        Some(root) => commands::absolute(root)?,
        None => match surroundings.root() {
            // Who has no home can do without.
            Err(_) if !cli.command.needs_store() => PathBuf::new(),
            root => root?,
        },
    };
    let state_dir = match &cli.state_dir {
        Some(state_dir) => commands::absolute(state_dir)?,
        None => surroundings.state_dir(),
    };
    Ok(Settings {
        root,
        state_dir,
        runtime: cli.runtime.clone(),
        storage_driver: cli.storage_driver,
    })
}

/// Docker's flags may have a value, as in `-it=false`, which nobody needs to see in the help: only when the arguments
/// are not understood without, they are read again with them. If that does not help, `error` stands.
fn with_values(error: clap::Error, args: &[OsString]) -> Result<Cli, clap::Error> {
    if !error.use_stderr() {
        return Err(error);
    }
    let matches = flags_with_values(Cli::command()).try_get_matches_from(args);
    matches
        .and_then(|matches| Cli::from_arg_matches(&matches))
        .map_err(|with_values| match with_values.kind() {
            ErrorKind::ValueValidation => with_values,
            _ => error,
        })
}

fn flags_with_values(command: clap::Command) -> clap::Command {
    let verbs: Vec<String> = command
        .get_subcommands()
        .map(|verb| verb.get_name().to_owned())
        .collect();
    let command = command.mut_args(|argument| match argument.get_action() {
        ArgAction::SetTrue => argument
            .action(ArgAction::Set)
            .num_args(0..=1)
            .require_equals(true)
            .default_value("false")
            .default_missing_value("true")
            .value_parser(boolean),
        _ => argument,
    });
    let into = |command: clap::Command, verb: String| command.mut_subcommand(verb, flags_with_values);
    verbs.into_iter().fold(command, into)
}

/// What Go's `strconv.ParseBool` takes.
fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("true or false is wanted".to_owned()),
    }
}

/// Help and version are results; everything else is a usage error.
fn explain(error: &clap::Error, args: &[OsString]) -> Result<ExitCode> {
    let text = error.render().to_string();
    let usage = match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            crate::output::print(&text)?;
            return Ok(ExitCode::SUCCESS);
        }
        ErrorKind::UnknownArgument => unknown_flag(error),
        ErrorKind::InvalidSubcommand => unknown_verb(error),
        _ => Error::new(Kind::Usage, short(&text)),
    };
    Err(if makes_container(args) {
        usage.with_kind(Kind::NotStarted)
    } else {
        usage
    })
}

/// Docker's exit code for whatever keeps a container from being made is 125: is this `run` or `create`?
fn makes_container(args: &[OsString]) -> bool {
    let lenient = Cli::command().ignore_errors(true);
    let Ok(matches) = lenient.try_get_matches_from(args) else {
        return false;
    };
    let verb = match matches.subcommand() {
        Some(("container", group)) => group.subcommand_name(),
        _ => matches.subcommand_name(),
    };
    matches!(verb, Some("run" | "create"))
}

/// What a verb that is not there is: one of docker's that is still to come, or a slip.
fn unknown_verb(error: &clap::Error) -> Error {
    let Some(ContextValue::String(verb)) = error.get(ContextKind::InvalidSubcommand) else {
        return Error::new(Kind::Usage, short(&error.render().to_string()));
    };
    if LATER_VERBS.contains(&verb.as_str()) {
        return Error::new(Kind::Unsupported, format!("{verb} is not supported yet"))
            .hint("corten --help lists the commands");
    }
    let unknown = Error::new(Kind::Usage, format!("unknown command: {verb}"));
    with_suggestion(unknown, error, ContextKind::SuggestedSubcommand).hint("corten --help lists the commands")
}

/// Docker's words for a flag that is not there, and whether it is one of docker's.
fn unknown_flag(error: &clap::Error) -> Error {
    let flag = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(flag)) => flag.split([' ', '=']).next().unwrap_or_default(),
        _ => return Error::new(Kind::Usage, short(&error.render().to_string())),
    };
    match LATER.contains(&flag) {
        true => Error::new(Kind::Usage, format!("the flag {flag} is not supported yet")),
        false => {
            let unknown = Error::new(Kind::Usage, format!("unknown flag: {flag}"));
            with_suggestion(unknown, error, ContextKind::SuggestedArg).hint("--help lists the flags")
        }
    }
}

/// Says what clap takes the unknown word for; the most similar one is its last.
fn with_suggestion(unknown: Error, error: &clap::Error, kind: ContextKind) -> Error {
    let similar = match error.get(kind) {
        Some(ContextValue::String(similar)) => Some(similar),
        Some(ContextValue::Strings(similar)) => similar.last(),
        _ => None,
    };
    match similar {
        Some(similar) => unknown.hint(format!("did you mean {similar}?")),
        None => unknown,
    }
}

/// Flags of docker's `create`, `run` and `start` that are still to come.
#[rustfmt::skip]
const LATER: &[&str] = &[
    "-p", "-P", "--checkpoint", "--checkpoint-dir", "--cpu-count", "--disable-content-trust", "--gpus", "--ip", "--ip6",
    "--isolation", "--kernel-memory", "--link", "--link-local-ip", "--mac-address", "--network-alias", "--publish",
    "--publish-all", "--storage-opt", "--volume-driver",
];

/// Docker's commands that are still to come.
#[rustfmt::skip]
const LATER_VERBS: &[&str] = &[
    "build", "builder", "buildx", "compose", "config", "context", "network", "node", "plugin", "secret", "service",
    "stack", "swarm", "volume",
];

/// Clap's message without its heading and its pointers.
fn short(text: &str) -> String {
    let text = text.trim_start_matches("error: ");
    text.split("\n\nFor more information")
        .next()
        .unwrap_or(text)
        .trim_end()
        .to_owned()
}
