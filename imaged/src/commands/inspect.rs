//! `corten inspect`: everything about containers and images, as JSON or through a template.

use std::process::ExitCode;

use serde_json::Value;

use super::inspect_image;
use crate::engine::{Containers, ends, inspect};
use crate::error::{Error, Kind, Result};
use crate::format::Template;
use crate::output;
use crate::settings::Settings;
use crate::store::Store;

/// Show everything about containers and images.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A Go template, or `json` for one line each
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    /// Also the sizes of containers
    #[arg(short, long)]
    size: bool,
    /// Only objects of this type
    #[arg(long = "type", value_name = "TYPE", value_parser = ["container", "image"])]
    kind: Option<String>,
    /// Names or ids
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
}

/// What `container inspect` is asked.
#[derive(Debug, clap::Args)]
pub(crate) struct ContainerArgs {
    /// A Go template, or `json` for one line each
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    /// Also the sizes
    #[arg(short, long)]
    size: bool,
    /// Names or ids
    #[arg(required = true, value_name = "CONTAINER")]
    names: Vec<String>,
}

/// What `image inspect` is asked.
#[derive(Debug, clap::Args)]
pub(crate) struct ImageArgs {
    /// A Go template, or `json` for one line each
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    /// Names or ids
    #[arg(required = true, value_name = "IMAGE")]
    names: Vec<String>,
}

/// `container inspect`.
pub(crate) fn containers(settings: &Settings, args: &ContainerArgs) -> Result<ExitCode> {
    let show = |name: &str| look_up(settings, Some("container"), name, args.size);
    show_all(&args.names, args.format.as_deref(), show)
}

/// `image inspect`.
pub(crate) fn images(settings: &Settings, args: &ImageArgs) -> Result<ExitCode> {
    let show = |name: &str| look_up(settings, Some("image"), name, false);
    show_all(&args.names, args.format.as_deref(), show)
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let show = |name: &str| look_up(settings, args.kind.as_deref(), name, args.size);
    show_all(&args.names, args.format.as_deref(), show)
}

/// What is found is shown, what is not is an error each.
fn show_all(
    names: &[String],
    format: Option<&str>,
    look_up: impl Fn(&str) -> Result<Value>,
) -> Result<ExitCode> {
    let mut found = Vec::new();
    let mut errors = Vec::new();
    for name in names {
        match look_up(name) {
            Ok(value) => found.push(value),
            Err(error) => errors.push(error),
        }
    }
    output::print(&render(format, &found)?)?;
    errors.iter().for_each(output::error);
    Ok(if errors.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn look_up(settings: &Settings, kind: Option<&str>, name: &str, size: bool) -> Result<Value> {
    let store = Store::open(&settings.root)?;
    if kind != Some("image") {
        let containers = Containers::new(settings);
        match containers.find(name) {
            Ok(record) => {
                ends::tell_missed(&containers, &record);
                let mut details = inspect::details(&containers, &store, &record);
                if size {
                    let (written, whole) = inspect::sizes(&containers, &store, &record)?;
                    details["SizeRw"] = written.into();
                    details["SizeRootFs"] = whole.into();
                }
                return Ok(details);
            }
            Err(error) if error.kind() == Kind::NotFound && kind.is_none() => {}
            Err(error) => return Err(error),
        }
    }
    match store.resolve(name) {
        Ok(image) => inspect_image::details(&store, &image),
        Err(error) if error.kind() == Kind::NotFound && kind.is_none() => {
            Err(Error::new(Kind::NotFound, format!("No such object: {name}")))
        }
        Err(error) => Err(error),
    }
}

fn render(format: Option<&str>, found: &[Value]) -> Result<String> {
    let template = match format {
        None => {
            let text = serde_json::to_string_pretty(found);
            return text
                .map(|text| text + "\n")
                .map_err(|error| Error::new(Kind::System, error.to_string()));
        }
        Some("json") => Template::parse("{{json .}}")?,
        Some(template) => Template::parse(template)?,
    };
    let mut text = String::new();
    for value in found {
        text.push_str(&template.render(value)?);
        text.push('\n');
    }
    Ok(text)
}
