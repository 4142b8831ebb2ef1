//! The verbs: one file each, with its options and one function; the work is in the layers below.

mod bundle_args;
mod checkpoint;
mod create;
mod criu_args;
mod delete;
mod events;
mod exec;
mod features;
mod kill;
mod list;
mod pause;
mod plan;
mod ps;
mod restore;
mod resume;
mod run;
mod spec;
mod start;
mod state;
mod update;

use crate::cli::{GlobalArgs, Globals};
use crate::error::{Error, Kind, Result};
use crate::launch::protect_own_file;
use crate::sys::alloc::warm_up;
use crate::sys::entry::Arguments;
use crate::{log, oci};
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use serde::Serialize;
use std::ffi::OsString;
use std::io::Write;
use std::mem::ManuallyDrop;

/// The program's name in every text of its own.
const NAME: &str = "corten-runtime";

/// What every failure exits with, where the verb has no other custom.
const FAILURE: u8 = 1;
/// `exec` leaves the small numbers to the process it runs.
const EXEC_FAILURE: u8 = 255;
/// What a verb that does not exist exits with.
const NO_SUCH_VERB: u8 = 3;

/// A verb: its options as typed, and what it does.
trait Verb: Args {
    const NAME: &'static str;
    const ABOUT: &'static str;

    /// Does the verb's work and returns the exit code.
    fn run(self, globals: &Globals) -> Result<u8>;
}

/// A verb in the table.
struct Entry {
    name: &'static str,
    about: &'static str,
    options: fn(Command) -> Command,
    run: fn(&Globals, ArgMatches) -> Result<u8>,
    failure: u8,
}

const fn entry<V: Verb>() -> Entry {
    Entry {
        name: V::NAME,
        about: V::ABOUT,
        options: V::augment_args,
        run: run_verb::<V>,
        failure: FAILURE,
    }
}

fn run_verb<V: Verb>(globals: &Globals, mut matches: ArgMatches) -> Result<u8> {
    V::from_arg_matches_mut(&mut matches)
        .map_err(|error| usage_error(&error))?
        .run(globals)
}

const VERBS: &[Entry] = &[
    entry::<checkpoint::CheckpointArgs>(),
    entry::<create::CreateArgs>(),
    entry::<delete::DeleteArgs>(),
    entry::<events::EventsArgs>(),
    Entry {
        failure: EXEC_FAILURE,
        ..entry::<exec::ExecArgs>()
    },
    entry::<features::FeaturesArgs>(),
    entry::<kill::KillArgs>(),
    entry::<list::ListArgs>(),
    entry::<pause::PauseArgs>(),
    entry::<plan::PlanArgs>(),
    entry::<ps::PsArgs>(),
    entry::<restore::RestoreArgs>(),
    entry::<resume::ResumeArgs>(),
    entry::<run::RunArgs>(),
    entry::<spec::SpecArgs>(),
    entry::<start::StartArgs>(),
    entry::<state::StateArgs>(),
    entry::<update::UpdateArgs>(),
];

/// The verbs whose process becomes a container's. A word like them elsewhere costs time only.
const ENTERING: [&str; 3] = ["create", "exec", "run"];

/// A failed command: the one error to report, and what to exit with.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Why.
    pub(crate) error: Error,
    /// The exit code.
    pub(crate) code: u8,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, code: FAILURE }
    }
}

/// Runs the command line and returns the exit code.
///
/// # Errors
/// When the command line is wrong or its verb fails.
pub(crate) fn run(arguments: Arguments) -> Result<u8, Failure> {
    if arguments
        .words()
        .any(|arg| ENTERING.iter().any(|verb| arg == *verb))
    {
        // Before anything else: what comes before it is done twice.
        protect_own_file(arguments)?;
        warm_up();
    }
    let args = arguments.to_vec();
    let mut matches = match parse(&args) {
        Ok(matches) => matches,
        Err(error) if !error.use_stderr() => {
            return print_text(&error.render().to_string()).map_err(Failure::from);
        }
        Err(error) => {
            open_log(&args);
            return Err(Failure {
                code: usage_code(&error),
                error: usage_error(&error),
            });
        }
    };
    if matches.get_flag("version") {
        return Ok(print_text(&version())?);
    }
    let Some((name, options)) = matches.remove_subcommand() else {
        return Ok(print_text(&command().render_help().to_string())?);
    };
    let globals = GlobalArgs::from_arg_matches_mut(&mut matches).map_err(|error| usage_error(&error))?;
    log::open(&globals.log()?)?;
    let globals = globals.resolve()?;
    let verb = VERBS
        .iter()
        .find(|verb| verb.name == name)
        .ok_or_else(|| no_such_verb(&name))?;
    log::debug(&format!("{NAME} {} {name}", env!("CARGO_PKG_VERSION")));
    (verb.run)(&globals, options).map_err(|error| Failure {
        error,
        code: verb.failure,
    })
}

/// Reads the command line, at first by the verbs alone that stand in it: building all of them takes a tenth of the time
/// of a container's start. An error, help included, is the whole command line's.
fn parse(args: &[OsString]) -> Result<ArgMatches, clap::Error> {
    let named = |verb: &Entry| args.iter().any(|arg| arg == verb.name);
    // Taking it to pieces takes time, too.
    let mut command_line = ManuallyDrop::new(command_of(named).disable_help_subcommand(true));
    command_line
        .try_get_matches_from_mut(args)
        .or_else(|_| command().try_get_matches_from(args))
}

/// A command line that is wrong in its verb or after it can be right about where errors go.
fn open_log(args: &[OsString]) {
    let lenient = GlobalArgs::augment_args(Command::new(NAME))
        .args_override_self(true)
        .disable_help_flag(true)
        .allow_external_subcommands(true)
        .ignore_errors(true);
    let typed = lenient.try_get_matches_from(args);
    let typed = typed.and_then(|matches| GlobalArgs::from_arg_matches(&matches));
    if let Ok(typed) = typed {
        // The command line's error is the one to tell.
        drop(typed.log().and_then(|settings| log::open(&settings)));
    }
}

/// The whole command line; each verb's options are only built when it is called.
pub(crate) fn command() -> Command {
    command_of(|_| true)
}

fn command_of(wanted: impl Fn(&Entry) -> bool) -> Command {
    let command = Command::new(NAME)
        .args_override_self(true)
        .about("Runs OCI bundles as isolated processes")
        .disable_version_flag(true)
        .arg(
            Arg::new("version")
                .short('v')
                .long("version")
                .action(ArgAction::SetTrue)
                .help("Print the version"),
        );
    let verbs = VERBS.iter().filter(|verb| wanted(verb)).map(|verb| {
        // As for Go's programs, the last of an option given twice counts: podman gives --leave-running twice.
        let command = Command::new(verb.name).args_override_self(true);
        command.about(verb.about).defer(verb.options)
    });
    GlobalArgs::augment_args(command).subcommands(verbs)
}

/// In runc's form: callers parse these lines.
fn version() -> String {
    let commit = option_env!("CORTEN_COMMIT").unwrap_or("unknown");
    format!(
        "{NAME} version {}\ncommit: {commit}\nspec: {}\n",
        env!("CARGO_PKG_VERSION"),
        oci::VERSION
    )
}

fn no_such_verb(name: &str) -> Error {
    Error::new(Kind::Usage, format!("No help topic for '{name}'"))
        .hint(format!("`{NAME} --help` lists the commands"))
}

/// clap's error as ours: its first line is the sentence, its usage line a hint.
fn usage_error(error: &clap::Error) -> Error {
    if error.kind() == ErrorKind::InvalidSubcommand {
        let name = error.get(clap::error::ContextKind::InvalidSubcommand);
        return no_such_verb(&name.map(ToString::to_string).unwrap_or_default());
    }
    let text = error.render().to_string();
    let (message, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
    let message = message
        .trim_start_matches("error: ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let usage = rest.lines().find_map(|line| line.strip_prefix("Usage: "));
    let error = Error::new(Kind::Usage, message);
    match usage {
        Some(usage) => error.hint(format!("usage: {usage}")),
        None => error,
    }
}

fn usage_code(error: &clap::Error) -> u8 {
    if error.kind() == ErrorKind::InvalidSubcommand {
        NO_SUCH_VERB
    } else {
        FAILURE
    }
}

/// Prints a value as indented JSON.
fn print_json<T: Serialize>(value: &T) -> Result<u8> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Error::new(Kind::System, format!("write JSON: {error}")))?;
    print_text(&(text + "\n"))
}

/// Prints to standard output; returns the exit code of success.
fn print_text(text: &str) -> Result<u8> {
    let written = std::io::stdout().lock().write_all(text.as_bytes());
    written.map_err(|error| Error::syscall("write to standard output", error.raw_os_error().unwrap_or(0)))?;
    Ok(0)
}
