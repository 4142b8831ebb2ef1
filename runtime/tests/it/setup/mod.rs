//! How the container's process finds its world: each test asks from inside and compares outside.

mod devices;
mod hooks;
mod id_maps;
mod mounts;
pub(crate) mod namespaces;
mod net_devices;
mod process;
mod treatment;

use crate::bundle::Bundle;
use serde_json::{Value, json};

/// A bundle whose configuration asks for nothing that is worth a warning.
fn bundle(name: &str, script: &str) -> Bundle {
    let bundle = Bundle::new(name, script);
    bundle.edit(|config| config["process"]["capabilities"]["ambient"] = json!([]));
    bundle
}

/// The output of `sh -c SCRIPT` in a container whose configuration was changed.
fn output(name: &str, script: &str, change: impl FnOnce(&mut Value)) -> String {
    let bundle = bundle(name, script);
    bundle.edit(change);
    bundle.must(&["run"])
}

/// The first line of the error of `run` with a changed configuration.
fn refusal(name: &str, change: impl FnOnce(&mut Value)) -> String {
    let bundle = bundle(name, "echo ran");
    bundle.edit(change);
    bundle.refused(&["run"])
}

/// Adds a mount to a configuration.
fn add_mount(config: &mut Value, mount: Value) {
    config["mounts"].as_array_mut().unwrap().push(mount);
}

/// Adds a namespace to a configuration, or replaces the one of its type.
fn set_namespace(config: &mut Value, namespace: Value) {
    let all = config["linux"]["namespaces"].as_array_mut().unwrap();
    all.retain(|old| old["type"] != namespace["type"]);
    all.push(namespace);
}
