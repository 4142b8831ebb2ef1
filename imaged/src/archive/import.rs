//! An image made of an archive of files.

use std::io::Read;

use super::contents::Contents;
use super::invalid;
use super::layout::assembled;
use super::load::{Loaded, install, or_nothing};
use crate::error::Result;
use crate::image::Reference;
use crate::oci::ImageConfig;
use crate::store::Store;

/// Makes an image of one layer: the files of a tar stream, perhaps compressed. `config` describes it; its layers are
/// filled in.
///
/// # Errors
/// `Invalid` and `Limit` for what is wrong with the archive; the failed call.
pub fn import(
    store: &Store,
    input: &mut dyn Read,
    config: ImageConfig,
    name: Option<Reference>,
) -> Result<Loaded> {
    store.reclaim()?;
    or_nothing(store, make(store, input, config, name))
}

fn make(
    store: &Store,
    input: &mut dyn Read,
    mut config: ImageConfig,
    name: Option<Reference>,
) -> Result<Loaded> {
    let (_contents, layer) = Contents::of_one_file(store, input)?;
    config.rootfs.kind = "layers".into();
    config.rootfs.diff_ids = vec![layer.digest];
    let config = serde_json::to_vec(&config).map_err(|error| invalid(error.to_string()))?;
    install(store, assembled(config, &[layer], name.into_iter().collect())?)
}
