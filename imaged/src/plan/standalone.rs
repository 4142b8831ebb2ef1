//! config.json of a bundle that stands alone: image-spec's conversion, for any runtime, as root or as a user.

use serde_json::{Map, Value, json};

use super::bundle::Container;
use super::command::environment;
use super::facts::Facts;
use super::id_map::{self, IdMap};
use super::{Options, bundle_config, mounts::Own, user::User};
use crate::error::Result;
use crate::oci::ImageConfig;

/// The host name in such a bundle.
const HOSTNAME: &str = "corten";

/// Who is who in the bundle.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ids {
    pub(crate) uids: Vec<IdMap>,
    pub(crate) gids: Vec<IdMap>,
    /// It is for a runtime without privileges: nothing in it may need any.
    pub(crate) rootless: bool,
}

/// config.json of an image's bundle.
///
/// # Errors
/// When the image's configuration says what cannot be.
pub(crate) fn standalone(image: &ImageConfig, user: &User, ids: &Ids, facts: &Facts) -> Result<Value> {
    let own = Own::default();
    let mut started = image.config.clone();
    started.env = environment(&started.env, &[]);
    let container = Container {
        id: "",
        config: &started,
        options: &Options::default(),
        user,
        hostname: HOSTNAME,
        own: &own,
    };
    let mut config = bundle_config(&container, facts)?;
    config["annotations"] = annotations(image).into();
    if let Some(linux) = config["linux"].as_object_mut() {
        // The runtime knows better where it may make one.
        linux.remove("cgroupsPath");
    }
    if let Some(mounts) = config["mounts"].as_array_mut() {
        // Files of a container's own, of which there are none.
        mounts.retain(|mount| mount["source"] != "");
        mounts.extend(image.config.volumes.iter().map(|target| {
            json!({"destination": super::clean_path(target), "type": "tmpfs", "source": "tmpfs",
                   "options": ["nosuid", "nodev", "noexec", "relatime"]})
        }));
    }
    if !ids.uids.is_empty() {
        map_ids(&mut config, ids);
    }
    if ids.rootless {
        without_privileges(&mut config);
    }
    Ok(config)
}

fn map_ids(config: &mut Value, ids: &Ids) {
    let linux = &mut config["linux"];
    linux["uidMappings"] = id_map::of_config(&ids.uids);
    linux["gidMappings"] = id_map::of_config(&ids.gids);
    if let Some(namespaces) = linux["namespaces"].as_array_mut() {
        namespaces.push(json!({"type": "user"}));
    }
    if let Some(sysctls) = linux["sysctl"].as_object_mut() {
        // It names groups that are not mapped.
        sysctls.remove("net.ipv4.ping_group_range");
    }
}

/// What only root can do goes: a network namespace of its own (and with it a sysfs and parameters of the network), cgroups and
/// their limits, ids that are not mapped, the OOM killer's preference.
fn without_privileges(config: &mut Value) {
    let linux = &mut config["linux"];
    if let Some(namespaces) = linux["namespaces"].as_array_mut() {
        namespaces.retain(|namespace| namespace["type"] != "network");
    }
    if let Some(linux) = linux.as_object_mut() {
        linux.remove("resources");
        linux.remove("sysctl");
    }
    if let Some(process) = config["process"].as_object_mut() {
        process.remove("oomScoreAdj");
        if let Some(user) = process.get_mut("user").and_then(Value::as_object_mut) {
            user.remove("additionalGids");
        }
    }
    if let Some(mounts) = config["mounts"].as_array_mut() {
        mounts.retain(|mount| mount["type"] != "cgroup");
        for mount in mounts {
            if mount["type"] == "sysfs" {
                *mount = json!({"destination": "/sys", "type": "bind", "source": "/sys",
                                "options": ["rbind", "nosuid", "noexec", "nodev", "ro"]});
            }
            if let Some(options) = mount["options"].as_array_mut() {
                let names_an_id = |option: &Value| {
                    option
                        .as_str()
                        .is_some_and(|option| option.starts_with("uid=") || option.starts_with("gid="))
                };
                options.retain(|option| !names_an_id(option));
            }
        }
    }
}

/// The image's labels, and its other facts where no label says otherwise.
fn annotations(image: &ImageConfig) -> Map<String, Value> {
    let mut annotations = Map::new();
    let extra = |key: &str| image.extra.get(key).and_then(Value::as_str).map(str::to_owned);
    let ports = Some(image.config.exposed_ports.join(",")).filter(|ports| !ports.is_empty());
    for (key, value) in [
        ("os", Some(image.os.clone())),
        ("architecture", Some(image.architecture.clone())),
        ("variant", image.variant.clone()),
        ("os.version", extra("os.version")),
        ("author", image.author.clone()),
        ("created", image.created.clone()),
        ("stopSignal", image.config.stop_signal.clone()),
        ("exposedPorts", ports),
    ] {
        if let Some(value) = value {
            annotations.insert(format!("org.opencontainers.image.{key}"), value.into());
        }
    }
    let labels = image.config.labels.iter();
    annotations.extend(labels.map(|(key, value)| (key.clone(), value.as_str().into())));
    annotations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> ImageConfig {
        let mut image = ImageConfig {
            os: "linux".to_owned(),
            author: Some("somebody".to_owned()),
            ..ImageConfig::default()
        };
        image.config.cmd = vec!["/x".to_owned()];
        image.config.volumes = vec!["/data/".to_owned()];
        image
            .config
            .labels
            .insert("org.opencontainers.image.author".to_owned(), "label".to_owned());
        image.config.exposed_ports = vec!["80/tcp".to_owned(), "81/udp".to_owned()];
        image
    }

    #[test]
    fn nothing_of_the_machine_is_in_it() {
        let config = standalone(&image(), &User::default(), &Ids::default(), &Facts::default()).unwrap();
        let mounts = config["mounts"].as_array().unwrap();
        assert!(
            mounts
                .iter()
                .all(|mount| mount["type"] != "bind" && !mount["options"].to_string().contains("bind"))
        );
        assert!(
            mounts
                .iter()
                .any(|mount| mount["destination"] == "/data" && mount["type"] == "tmpfs")
        );
        assert_eq!(config["linux"]["cgroupsPath"], Value::Null);
        assert_eq!(config["annotations"]["org.opencontainers.image.author"], "label");
        assert_eq!(
            config["annotations"]["org.opencontainers.image.exposedPorts"],
            "80/tcp,81/udp"
        );
        assert_eq!(config["process"]["args"], json!(["/x"]));
        let path = config["process"]["env"][0].as_str().unwrap();
        assert!(path.starts_with("PATH=/usr/local/sbin:"), "{path}");
    }

    #[test]
    fn a_user_needs_no_privileges_for_it() {
        let own = IdMap {
            container: 0,
            host: 1000,
            size: 1,
        };
        let ids = Ids {
            uids: vec![own],
            gids: vec![own],
            rootless: true,
        };
        let config = standalone(&image(), &User::default(), &ids, &Facts::default()).unwrap();
        assert_eq!(
            config["linux"]["uidMappings"],
            json!([{"containerID": 0, "hostID": 1000, "size": 1}])
        );
        let text = config.to_string();
        for gone in [
            "\"network\"",
            "gid=5",
            "\"cgroup\",\"type\"",
            "\"sysctl\"",
            "\"resources\"",
            "additionalGids",
        ] {
            assert!(!text.contains(gone), "{gone}: {text}");
        }
        assert!(text.contains("{\"type\":\"user\"}"));
    }
}
