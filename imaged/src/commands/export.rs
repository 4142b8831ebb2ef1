//! `corten export`.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use crate::engine::{Containers, commit};
use crate::error::{Error, Kind, Result};
use crate::settings::Settings;
use crate::store::Store;

/// Write all files of a container as one tar archive.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write to a file in place of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Name or id of the container
    #[arg(value_name = "CONTAINER")]
    container: String,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let containers = Containers::new(settings);
    let record = containers.find(&args.container)?;
    let store = Store::open(&settings.root)?;
    let out: Box<dyn Write> = match &args.output {
        Some(path) => Box::new(
            File::create(path).map_err(|error| Error::io(format!("create {}", path.display()), &error))?,
        ),
        None if io::stdout().is_terminal() => {
            return Err(Error::new(Kind::Usage, "cowardly refusing to save to a terminal")
                .hint("use -o, or redirect"));
        }
        None => Box::new(io::stdout().lock()),
    };
    let mut out = BufWriter::with_capacity(1 << 20, out);
    commit::export(&containers, &store, &record, &mut out)?;
    out.flush()
        .map_err(|error| Error::io("write the archive", &error))?;
    Ok(ExitCode::SUCCESS)
}
