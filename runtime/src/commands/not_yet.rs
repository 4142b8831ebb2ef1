//! The verbs of runc's command line that are still to come: each says so by name.

use super::Entry;
use crate::cli::Globals;
use crate::error::{Error, Kind, Result};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use std::ffi::OsString;

/// The table's entry of a verb to come.
pub(super) const fn entry(name: &'static str, about: &'static str, failure: u8) -> Entry {
    Entry {
        name,
        about,
        options,
        run,
        failure,
    }
}

/// Accepts any words, so that the answer is about the verb and not about an option.
fn options(command: Command) -> Command {
    let words = Arg::new("ignored").action(ArgAction::Append).num_args(0..);
    command.disable_help_flag(true).arg(
        words
            .allow_hyphen_values(true)
            .trailing_var_arg(true)
            .value_parser(value_parser!(OsString)),
    )
}

fn run(verb: &Entry, _globals: &Globals, _matches: &ArgMatches) -> Result<u8> {
    Err(
        Error::new(Kind::Unsupported, format!("{} is not implemented yet", verb.name))
            .hint("another OCI runtime, such as runc or crun, can do it for containers of its own"),
    )
}
