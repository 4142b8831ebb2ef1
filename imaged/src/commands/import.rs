//! `corten import`.

use std::fs::File;
use std::io::{self, Read};
use std::process::ExitCode;

use super::source_date;
use crate::archive;
use crate::error::{Error, Kind, Result};
use crate::events;
use crate::format::timestamp::Timestamp;
use crate::image::{Reference, platform};
use crate::oci::{Config, History, ImageConfig};
use crate::output;
use crate::plan;
use crate::settings::Settings;
use crate::store::Store;

/// Make an image of an archive of files.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Instruction of a Dockerfile to apply to the image
    #[arg(short, long, value_name = "INSTRUCTION")]
    change: Vec<String>,
    /// A remark
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// Platform that the files are for
    #[arg(long, value_name = "OS/ARCH")]
    platform: Option<String>,
    /// Archive, perhaps compressed with gzip or zstd; - is standard input
    #[arg(value_name = "FILE|-")]
    file: String,
    /// Name of the image
    #[arg(value_name = "REPOSITORY[:TAG]")]
    name: Option<String>,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let name: Option<Reference> = args.name.as_deref().map(str::parse).transpose()?;
    let config = config(args)?;
    let store = Store::open(&settings.root)?;
    let mut input: Box<dyn Read> = match args.file.as_str() {
        "-" => Box::new(io::stdin().lock()),
        url if url.starts_with("http://") || url.starts_with("https://") => {
            return Err(
                Error::new(Kind::Unsupported, "importing from an address is not supported")
                    .hint(format!("curl -L {url} | corten import -")),
            );
        }
        path => Box::new(File::open(path).map_err(|error| Error::io(format!("open {path}"), &error))?),
    };
    let made = archive::import(&store, &mut input, config, name)?;
    let id = made.image.id.to_string();
    events::image(&settings.root, "import", &id, args.name.as_deref().unwrap_or(&id));
    output::line(made.image.id)?;
    Ok(ExitCode::SUCCESS)
}

fn config(args: &Args) -> Result<ImageConfig> {
    let platform = match &args.platform {
        Some(text) => platform::parse(text)?,
        None => platform::host(),
    };
    let mut config = Config::default();
    for change in &args.change {
        plan::change::apply(&mut config, change)?;
    }
    let latest = source_date::latest()?.and_then(|seconds| u64::try_from(seconds).ok());
    let now = latest.map_or_else(Timestamp::now, |seconds| Timestamp { seconds, nanos: 0 });
    let remark = args
        .message
        .clone()
        .unwrap_or_else(|| format!("Imported from {}", args.file));
    Ok(ImageConfig {
        created: Some(now.to_string()),
        architecture: platform.architecture,
        variant: platform.variant,
        os: platform.os,
        config,
        history: vec![History {
            created: Some(now.to_string()),
            comment: Some(remark),
            ..History::default()
        }],
        ..ImageConfig::default()
    })
}
