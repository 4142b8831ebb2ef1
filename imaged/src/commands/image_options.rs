//! What `commit` and `repack` say of the image that they make.

use super::source_date;
use crate::engine::commit::Request;
use crate::error::Result;

/// What is said of a new image.
#[derive(Debug, clap::Args)]
pub(super) struct ImageOptions {
    /// Who made it
    #[arg(short, long, value_name = "AUTHOR")]
    author: Option<String>,
    /// Instruction of a Dockerfile to apply to the image
    #[arg(short, long, value_name = "INSTRUCTION")]
    change: Vec<String>,
    /// A remark
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
}

impl ImageOptions {
    /// A request for an image of this name.
    ///
    /// # Errors
    /// When the name or SOURCE_DATE_EPOCH is malformed.
    pub(super) fn request(&self, name: Option<&str>, pause: bool) -> Result<Request> {
        Ok(Request {
            author: self.author.clone(),
            message: self.message.clone(),
            changes: self.change.clone(),
            pause,
            name: name.map(str::parse).transpose()?,
            latest: source_date::latest()?,
        })
    }
}
