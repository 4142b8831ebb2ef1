//! `corten cp`.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;

use crate::engine::{Containers, Record, copy};
use crate::error::{Error, Kind, Result};
use crate::format::human;
use crate::output;
use crate::plan::copy::{Side, side};
use crate::settings::Settings;

/// Copy files between a container and here.
///
/// A directory is copied itself, or only what is in it if its path ends in `/.`. A target that is not there is made; its
/// parent must be there. `-` is a tar stream on standard input or output. The container may run or not; what is mounted
/// in it is seen: volumes and bind mounts always, memory while it runs, never the kernel's own interface (/proc, /sys).
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Keep owners, and out of a container set-id bits, file capabilities and devices
    #[arg(short, long)]
    archive: bool,
    /// Follow a symbolic link that SOURCE is
    #[arg(short = 'L', long)]
    follow_link: bool,
    /// Do not say what was copied
    #[arg(short, long)]
    quiet: bool,
    /// CONTAINER:PATH, a path here, or - for a tar stream from standard input
    #[arg(value_name = "SOURCE")]
    source: OsString,
    /// CONTAINER:PATH, a path here, or - for a tar stream to standard output
    #[arg(value_name = "TARGET")]
    target: OsString,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    for (word, what) in [(&args.source, "source"), (&args.target, "destination")] {
        if word.is_empty() {
            return Err(usage(&format!("{what} can not be empty")));
        }
    }
    let options = copy::Options {
        archive: args.archive,
        follow: args.follow_link,
    };
    let containers = Containers::new(settings);
    let (source, target) = (side(args.source.as_bytes()), side(args.target.as_bytes()));
    let copied = match (source, target) {
        (Side::Container { .. }, Side::Container { .. }) => {
            return Err(usage("copying between containers is not supported")
                .hint("corten cp ONE:PATH - | corten cp - OTHER:PATH, between two containers; within one that does not run, by a file"));
        }
        (Side::Container { name, path }, Side::Stream) => {
            let record = containers.find(name)?;
            copy::to_stream((&containers, &record), path, &mut io::stdout(), options)?;
            return Ok(ExitCode::SUCCESS);
        }
        (Side::Stream, Side::Container { name, path }) => {
            let record = containers.find(name)?;
            copy::from_stream((&containers, &record), &mut io::stdin(), path)?;
            return Ok(ExitCode::SUCCESS);
        }
        (Side::Container { name, path }, Side::Local(to)) => {
            let record = containers.find(name)?;
            copy::to_path((&containers, &record), path, (&here()?, to), options)?
        }
        (Side::Local(from), Side::Container { name, path }) => {
            let record: Record = containers.find(name)?;
            copy::from_path((&containers, &record), (&here()?, from), path, options)?
        }
        _ => return Err(usage("must specify at least one container source")),
    };
    for path in &copied.left_out {
        let path = output::harmless_path(path);
        output::note(format_args!(
            "{path} is a device of the container and was left out; --archive makes it here"
        ));
    }
    if !args.quiet {
        let shown = shown(&args.target)?;
        output::note(format_args!(
            "Successfully copied {} to {shown}",
            human::size(copied.bytes)
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn usage(message: &str) -> Error {
    Error::new(Kind::Usage, message)
}

fn here() -> Result<Vec<u8>> {
    let here = std::env::current_dir().map_err(|error| Error::io("getcwd", &error))?;
    Ok(here.as_os_str().as_bytes().to_vec())
}

/// The target as docker shows it: a path here in full.
fn shown(target: &OsStr) -> Result<String> {
    let path = match side(target.as_bytes()) {
        Side::Local(path) => {
            let path =
                std::path::absolute(OsStr::from_bytes(path)).map_err(|error| Error::io("getcwd", &error))?;
            path.into_os_string()
        }
        _ => target.to_owned(),
    };
    Ok(output::harmless_path(path.as_bytes()))
}
