//! The verbs: each file has one verb's options and the function that runs it.

pub(crate) mod attach;
pub(crate) mod commit;
pub(crate) mod container;
mod container_options;
pub(crate) mod copy;
pub(crate) mod cp;
pub(crate) mod create;
pub(crate) mod diff;
mod environment;
pub(crate) mod events;
pub(crate) mod exec;
pub(crate) mod export;
mod foreground;
pub(crate) mod history;
pub(crate) mod image;
mod image_layers;
mod image_options;
pub(crate) mod images;
mod images_for_run;
pub(crate) mod import;
pub(crate) mod info;
pub(crate) mod inspect;
mod inspect_image;
pub(crate) mod kill;
mod limit_options;
pub(crate) mod load;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod logs;
pub(crate) mod manifest;
mod output_file;
pub(crate) mod pause;
mod platforms;
pub(crate) mod port;
mod prune;
pub(crate) mod ps;
pub(crate) mod pull;
mod pull_display;
pub(crate) mod push;
pub(crate) mod rename;
pub(crate) mod repack;
pub(crate) mod restart;
pub(crate) mod rm;
pub(crate) mod rmi;
pub(crate) mod run;
pub(crate) mod save;
pub(crate) mod search;
mod several;
mod source_date;
pub(crate) mod start;
pub(crate) mod stats;
pub(crate) mod stop;
pub(crate) mod system;
pub(crate) mod tag;
pub(crate) mod top;
pub(crate) mod unpack;
pub(crate) mod unpause;
pub(crate) mod update;
pub(crate) mod verify;
pub(crate) mod version;
pub(crate) mod wait;

use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result};

/// A path as it is from the root.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|error| {
        Error::new(
            Kind::Usage,
            format!("the directory '{}': {error}", path.display()),
        )
    })
}
