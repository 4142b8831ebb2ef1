//! The processes of a container.

use super::layout::Containers;
use super::record::Record;
use super::runtime;
use super::status::Status;
use crate::error::{Error, Kind, Result};

/// The table of ps(1) with these options (`-ef` if there are none), the container's processes only.
///
/// # Errors
/// When the container does not run, or ps does not know an option.
pub(crate) fn table(containers: &Containers, record: &Record, options: &[String]) -> Result<Vec<u8>> {
    if !Status::of(containers, &record.id).is_running() {
        return Err(Error::new(
            Kind::Conflict,
            format!("Container {} is not running", record.id),
        ));
    }
    let mut words = vec!["ps", record.id.as_str()];
    words.extend(options.iter().map(String::as_str));
    runtime::call(containers, record, &words)
}
