//! Docker's first format: `repositories`, and for each layer a directory with `json` and `layer.tar`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::contents::{Contents, Item};
use super::invalid;
use super::layout::{Found, assembled};
use crate::assemble::MAX_LAYERS;
use crate::error::{Error, Kind, Result};
use crate::image::Reference;
use crate::oci::manifest::read_json;

/// Fields of a layer's description that are not the image's.
const NOT_THE_IMAGES: [&str; 8] = [
    "id",
    "parent",
    "Size",
    "parent_id",
    "layer_id",
    "throwaway",
    "docker_version",
    "container",
];

/// The images that `repositories` names.
pub(super) fn of_repositories(contents: &Contents, repositories: &Item) -> Result<Vec<Found>> {
    let repositories: BTreeMap<String, BTreeMap<String, String>> =
        read_json(&contents.document(repositories)?, "archive's repositories")?;
    let mut images: BTreeMap<&String, Vec<Reference>> = BTreeMap::new();
    for (repository, tags) in &repositories {
        for (tag, id) in tags {
            let name: Result<Reference> = format!("{repository}:{tag}").parse();
            let name = name.map_err(|error: Error| error.with_kind(Kind::Invalid))?;
            images.entry(id).or_default().push(name);
        }
    }
    images
        .into_iter()
        .map(|(id, names)| image(contents, id, names))
        .collect()
}

fn image(contents: &Contents, top: &str, names: Vec<Reference>) -> Result<Found> {
    let (mut layers, mut history) = (Vec::new(), Vec::new());
    let mut id = Some(top.to_owned());
    let mut first: Option<Map<String, Value>> = None;
    while let Some(this) = id {
        if this.contains('/') || layers.len() == MAX_LAYERS {
            return Err(invalid(format!(
                "the archive's chain of layers is broken at {this:?}"
            )));
        }
        let description = contents.document(contents.need(&format!("{this}/json"))?)?;
        let description: Map<String, Value> = read_json(&description, "layer's description")?;
        layers.push(contents.need(&format!("{this}/layer.tar"))?.clone());
        history.push(step(&description));
        id = description
            .get("parent")
            .and_then(Value::as_str)
            .filter(|parent| !parent.is_empty())
            .map(str::to_owned);
        first.get_or_insert(description);
    }
    layers.reverse();
    history.reverse();
    let mut config = first.unwrap_or_default();
    config.retain(|key, _| !NOT_THE_IMAGES.contains(&key.as_str()));
    let diff_ids: Vec<_> = layers.iter().map(|layer| layer.digest).collect();
    config.insert("rootfs".into(), json!({"type": "layers", "diff_ids": diff_ids}));
    config.insert("history".into(), history.into());
    assembled(Value::Object(config).to_string().into_bytes(), &layers, names)
}

fn step(description: &Map<String, Value>) -> Value {
    let command = description
        .get("container_config")
        .and_then(|config| config.get("Cmd"));
    let words = command.and_then(Value::as_array).into_iter().flatten();
    let command: Vec<&str> = words.filter_map(Value::as_str).collect();
    let mut step = Map::new();
    if let Some(created) = description.get("created") {
        step.insert("created".into(), created.clone());
    }
    step.insert("created_by".into(), command.join(" ").into());
    Value::Object(step)
}
