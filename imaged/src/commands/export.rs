//! `corten export`.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use super::output_file;
use crate::engine::{Containers, commit};
use crate::error::{Error, Result};
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
    let export = |out: &mut dyn Write| {
        let mut out = BufWriter::with_capacity(1 << 20, out);
        commit::export(&containers, &store, &record, &mut out)?;
        out.flush()
            .map_err(|error| Error::io("write the archive", &error))
    };
    match &args.output {
        Some(path) => output_file::write(path, |mut file| export(&mut file))?,
        None => {
            output_file::refuse_terminal()?;
            export(&mut io::stdout().lock())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
