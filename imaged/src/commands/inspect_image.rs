//! An image as docker's `inspect` shows it.

use serde_json::{Value, json};

use crate::error::Result;
use crate::image::Image;
use crate::store::Store;

/// Everything about an image.
///
/// # Errors
/// When the store cannot be read.
pub(crate) fn details(_store: &Store, image: &Image) -> Result<Value> {
    let config = &image.config;
    Ok(json!({
        "Id": image.id.to_string(),
        "Created": config.created,
        "Architecture": config.architecture,
        "Os": config.os,
        "Size": image.size,
        "Config": config.config,
    }))
}
