//! `corten create`.

use std::fs::File;
use std::io::Write;
use std::process::ExitCode;

use super::container_options::ContainerOptions;
use super::images_for_run;
use crate::engine::{Containers, Record, create};
use crate::error::{Error, Kind, Result};
use crate::image::Image;
use crate::output;
use crate::settings::Settings;
use crate::store::Store;

/// How often an image may be removed before its container holds it, until removals have to wait.
const ATTEMPTS: u32 = 5;

/// Create a container without starting it.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// Print help
    #[arg(long, action = clap::ArgAction::HelpLong)]
    help: Option<bool>,
    #[command(flatten)]
    options: ContainerOptions,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let record = make(settings, &args.options, false)?;
    output::line(record.id)?;
    Ok(ExitCode::SUCCESS)
}

/// Makes the container that `create` and `run` ask for, pulling its image if need be. The standard input of one that nobody
/// is attached to from the start (`is_detached`) does not end with the first client that goes.
///
/// # Errors
/// Failures are of kind `NotStarted` (exit code 125), as with docker.
pub(crate) fn make(settings: &Settings, options: &ContainerOptions, is_detached: bool) -> Result<Record> {
    let attempt = || {
        let mut request = options.request(settings)?;
        request.options.stdin_once &= !is_detached;
        let cidfile = options.cidfile.as_deref().map(Cidfile::create).transpose()?;
        let store = Store::open(&settings.root)?;
        let record = of_image(settings, options, &store, &request)?;
        if let Some(cidfile) = cidfile {
            cidfile.write(&record.id)?;
        }
        Ok(record)
    };
    attempt().map_err(|error: Error| error.with_kind(Kind::NotStarted))
}

/// Makes the container. An image that somebody removes just then is got again.
fn of_image(
    settings: &Settings,
    options: &ContainerOptions,
    store: &Store,
    request: &create::Request,
) -> Result<Record> {
    let containers = Containers::new(settings);
    for _ in 0..ATTEMPTS {
        let image = images_for_run::get(store, options)?;
        match create::create(&containers, store, &image, request.clone()) {
            Err(_) if is_gone(store, &image) => {}
            made => return made,
        }
    }
    // Somebody removes it again and again: this time they wait, whatever getting it takes.
    let _no_removal = store.lock_shared()?;
    let image = images_for_run::get(store, options)?;
    create::create(&containers, store, &image, request.clone())
}

fn is_gone(store: &Store, image: &Image) -> bool {
    matches!(store.image(&image.id), Err(error) if error.kind() == Kind::NotFound)
}

/// The file of `--cidfile`. It is made first, so that no container is when it cannot be, and goes when there is none.
struct Cidfile<'a> {
    file: File,
    path: &'a str,
    is_written: bool,
}

impl<'a> Cidfile<'a> {
    fn create(path: &'a str) -> Result<Self> {
        let file = File::create_new(path).map_err(|error| {
            Error::io(format!("container ID file '{path}'"), &error)
                .hint("remove the file, or name another one with --cidfile")
        })?;
        Ok(Self {
            file,
            path,
            is_written: false,
        })
    }

    fn write(mut self, id: &str) -> Result<()> {
        self.file
            .write_all(id.as_bytes())
            .map_err(|error| Error::io(format!("write {}", self.path), &error))?;
        self.is_written = true;
        Ok(())
    }
}

impl Drop for Cidfile<'_> {
    fn drop(&mut self) {
        if !self.is_written {
            // The error that brought us here matters more.
            let _ = std::fs::remove_file(self.path);
        }
    }
}
