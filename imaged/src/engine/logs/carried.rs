//! What the records of a container's log carry besides the text: worked out at each start, for names change.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use super::super::layout::Containers;
use super::super::record::Record;
use crate::error::{Error, Result};
use crate::plan::log_attributes::{self, About};

/// The file's name in the container's directory.
const FILE: &str = "log-attributes.json";

/// What the log's options ask for.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    /// The tag.
    pub(crate) tag: Option<String>,
    /// The file of the attributes, for the shim: variables may be secrets, which command lines do not keep.
    pub(crate) file: Option<PathBuf>,
}

/// Finds out whether what the log's options ask for makes sense.
///
/// # Errors
/// What does not.
pub(crate) fn check(record: &Record) -> Result<()> {
    with_about(record, |about| {
        log_attributes::attributes(about)?;
        log_attributes::tag(about).map(drop)
    })
}

/// Writes down what the shim shall put into each record.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn write(containers: &Containers, record: &Record) -> Result<Carried> {
    let (tag, attributes) = with_about(record, |about| {
        Ok((log_attributes::tag(about)?, log_attributes::attributes(about)?))
    })?;
    if attributes.is_empty() {
        return Ok(Carried { tag, file: None });
    }
    let path = containers.directory(&record.id).join(FILE);
    let temporary = path.with_file_name(".log-attributes.json.new");
    let text = serde_json::to_vec(&attributes).unwrap_or_default();
    let mut options = File::options();
    options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)
        .and_then(|mut file| file.write_all(&text))
        .and_then(|()| fs::rename(&temporary, &path))
        .map_err(|error| Error::io(format!("write {}", path.display()), &error))?;
    Ok(Carried {
        tag,
        file: Some(path),
    })
}

fn with_about<T>(record: &Record, ask: impl FnOnce(&About<'_>) -> Result<T>) -> Result<T> {
    let host = nix::unistd::gethostname().unwrap_or_default();
    ask(&About {
        id: &record.id,
        name: &record.name,
        created: &record.created,
        image: &record.image,
        image_name: &record.image_name,
        host: &host.to_string_lossy(),
        config: &record.config,
        log: &record.options.log,
    })
}
