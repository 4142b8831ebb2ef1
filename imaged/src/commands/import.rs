//! `corten import`.

use std::fs::File;
use std::io::{self, Read};
use std::process::ExitCode;

use super::platforms::PlatformOptions;
use super::source_date;
use crate::archive;
use crate::error::{Error, Result};
use crate::events;
use crate::format::timestamp::Timestamp;
use crate::image::{Reference, platform};
use crate::oci::{Config, History, ImageConfig};
use crate::output;
use crate::plan;
use crate::registry::{self, Options};
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
    #[command(flatten)]
    platform: PlatformOptions,
    /// As podman has it: nothing but the id is said in any case
    #[arg(short, long)]
    quiet: bool,
    /// Archive, perhaps compressed (gzip, zstd, xz, bzip2), or its address on a web server; - is standard input
    #[arg(value_name = "FILE|URL|-")]
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
        url if is_url(url) => Box::new(registry::fetch(url, &Options::default())?),
        path => Box::new(File::open(path).map_err(|error| Error::io(format!("open {path}"), &error))?),
    };
    let made = archive::import(&store, &mut input, config, name)?;
    let id = made.image.id.to_string();
    events::image(&settings.root, "import", &id, args.name.as_deref().unwrap_or(&id));
    output::line(made.image.id)?;
    Ok(ExitCode::SUCCESS)
}

fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

fn config(args: &Args) -> Result<ImageConfig> {
    let platform = args.platform.wanted()?.unwrap_or_else(platform::host);
    let mut config = Config::default();
    for change in &args.change {
        plan::change::apply(&mut config, change)?;
    }
    let latest = source_date::latest()?.and_then(|seconds| u64::try_from(seconds).ok());
    let now = latest.map_or_else(Timestamp::now, |seconds| Timestamp { seconds, nanos: 0 });
    let remark = args
        .message
        .clone()
        .unwrap_or_else(|| format!("Imported from {}", registry::without_login(&args.file)));
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
