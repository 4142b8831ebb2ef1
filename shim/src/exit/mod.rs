//! The end of a container: what the kernel's memory killer did, and the exit record.

pub mod cgroup;
pub mod oom;

use std::path::Path;

use crate::contract::record::ExitRecord;
use crate::error::{Context, Error, Kind, Result};
use crate::sys::files::{Durability, Reserved, replace, reserve};

/// The record's name in the shim's directory.
pub const SPARE: &str = "exit.json";
/// More than the longest record.
const SIZE: u32 = 4096;
/// The most of an error that a record holds.
const MAX_ERROR: usize = 2048;

/// Where the exit record will be, with room reserved for it.
#[derive(Debug, Default)]
pub struct Book {
    reserved: Option<Reserved>,
}

impl Book {
    /// Reserves the room, if there is any: without it the record may still find some when it is written.
    pub fn open(path: &Path) -> Self {
        Self {
            reserved: reserve(path, SIZE).ok(),
        }
    }

    /// Writes the exit record durably to `path` and returns its text, which may be told to anybody from then on. When
    /// the disk refuses it, the record is kept in `spare`, a file in memory.
    ///
    /// # Errors
    /// The record is nowhere: nobody may be told anything.
    pub fn write(&mut self, path: &Path, spare: &Path, record: &ExitRecord) -> Result<Vec<u8>> {
        let text = serde_json::to_vec(record).map_err(|error| Error::new(Kind::System, error.to_string()))?;
        let reserved = self.reserved.take().map(|reserved| reserved.fill(&text));
        match reserved {
            Some(Ok(())) => Ok(()),
            _ => replace(path, &text, Durability::Durable).or_else(|error| match spare == path {
                true => Err(error),
                false => replace(spare, &text, Durability::Atomic),
            }),
        }
        .context(|| "writing the exit record")?;
        Ok(text)
    }
}

/// An error's text as a record takes it.
pub fn cut(error: &str) -> String {
    let end = (0..=MAX_ERROR.min(error.len())).rfind(|at| error.is_char_boundary(*at));
    error[..end.unwrap_or(0)].to_owned()
}
