//! `SOURCE_DATE_EPOCH`: what is made is the same each time.

use crate::error::{Error, Kind, Result};

/// The latest time that may be in an image, in seconds since 1970, if the environment says one.
///
/// # Errors
/// `Usage` when it is no number.
pub(crate) fn latest() -> Result<Option<i64>> {
    let Ok(text) = std::env::var("SOURCE_DATE_EPOCH") else {
        return Ok(None);
    };
    let latest = text.trim().parse().map_err(|_| {
        Error::new(
            Kind::Usage,
            format!("SOURCE_DATE_EPOCH is \"{text}\", which is no number of seconds"),
        )
    });
    latest.map(Some)
}
