//! An image as docker's `inspect` shows it.

use serde_json::{Value, json};

use crate::error::{Error, Kind, Result};
use crate::image::Image;
use crate::oci::Config;
use crate::store::Store;

/// Everything about an image.
///
/// # Errors
/// When the store cannot be read.
pub(crate) fn details(store: &Store, image: &Image) -> Result<Value> {
    let names = store.names(&image.id)?;
    let layers = image
        .layers
        .iter()
        .rev()
        .map(|chain_id| store.layer_files(chain_id).display().to_string());
    let layers: Vec<String> = layers.collect();
    let last = image.config.history.last();
    Ok(json!({
        "Id": image.id,
        "RepoTags": names.tags,
        "RepoDigests": names.digests,
        "Parent": "",
        "Comment": last.and_then(|step| step.comment.as_deref()).unwrap_or_default(),
        "Created": image.config.created,
        "DockerVersion": image.config.extra.get("docker_version").and_then(Value::as_str).unwrap_or_default(),
        "Author": image.config.author.as_deref().unwrap_or_default(),
        "Config": config(&image.config.config)?,
        "Architecture": image.config.architecture,
        "Variant": image.config.variant,
        "Os": image.config.os,
        "OsVersion": image.config.extra.get("os.version"),
        "Size": image.size,
        "VirtualSize": image.size,
        "GraphDriver": {"Name": "overlay2", "Data": graph(&layers)},
        "RootFS": {"Type": "layers", "Layers": image.config.rootfs.diff_ids},
        "Metadata": {"LastTagTime": "0001-01-01T00:00:00Z"},
        "Descriptor": store.descriptor(image).unwrap_or(Value::Null),
    }))
}

/// Where the layers are, in docker's words: the topmost alone, and those below it.
fn graph(layers: &[String]) -> Value {
    match layers.split_first() {
        None => json!({}),
        Some((top, [])) => json!({"UpperDir": top}),
        Some((top, below)) => json!({"UpperDir": top, "LowerDir": below.join(":")}),
    }
}

/// The image's defaults, with the fields that docker always shows.
fn config(config: &Config) -> Result<Value> {
    let mut shown = json!({
        "User": "", "Env": null, "Cmd": null, "Entrypoint": null, "WorkingDir": "", "Labels": null,
        "Volumes": null, "ExposedPorts": null, "OnBuild": null,
    });
    let own = serde_json::to_value(config).map_err(|error| {
        Error::new(
            Kind::System,
            format!("the configuration cannot be shown: {error}"),
        )
    })?;
    if let (Some(shown), Value::Object(own)) = (shown.as_object_mut(), own) {
        shown.extend(own);
    }
    Ok(shown)
}
