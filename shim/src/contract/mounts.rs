//! The mount list of a bundle, parsed, checked and turned into what the kernel is told: pure data.

use std::path::{Component, Path};

use serde::Deserialize;

use crate::error::{Error, Kind, Result};

/// An entry of the list, as it stands in the file.
#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    source: String,
    target: String,
    #[serde(default)]
    options: Vec<String>,
}

/// One mount to make.
#[derive(Debug, PartialEq, Eq)]
pub struct Mount {
    /// Where, relative to the bundle: no `..`, not absolute.
    pub target: String,
    /// What.
    pub what: What,
    /// Attributes (`MOUNT_ATTR_*`) to set.
    pub set: u64,
    /// Attributes to clear.
    pub clear: u64,
    /// `MS_SHARED`, `MS_SLAVE`, `MS_PRIVATE` or `MS_UNBINDABLE`, if one was asked for.
    pub propagation: Option<Propagation>,
    /// The owners of files are other ones there; of an overlay, those of its lower layers.
    pub id_map: Option<IdMap>,
}

/// Whose files are whose: lines of `uid_map` and `gid_map` (user_namespaces(7)).
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct IdMap {
    /// For users.
    pub uids: String,
    /// For groups.
    pub gids: String,
}

/// What is mounted.
#[derive(Debug, PartialEq, Eq)]
pub enum What {
    /// An existing tree.
    Bind {
        /// Its path.
        source: String,
        /// With what is mounted below it.
        recursive: bool,
    },
    /// A new file system.
    New {
        /// Its type.
        kind: String,
        /// Its source.
        source: String,
        /// Its own parameters, in order.
        parameters: Vec<Parameter>,
    },
}

/// A parameter of a file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parameter {
    /// A word.
    Flag(String),
    /// A key with its value.
    Value(String, String),
    /// Overlay's lower layers, topmost first, each unescaped; `text` is the option as it stood.
    Layers {
        /// The value of `lowerdir=`, as mount(2) takes it.
        text: String,
        /// The layers; after the first empty one (a `::`), those only for data.
        layers: Vec<Layer>,
    },
}

/// A lower layer of an overlay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Its directory.
    pub path: String,
    /// Only the data of files that metadata in other layers points to.
    pub data_only: bool,
}

/// How mounts propagate from and to this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Propagation {
    /// The `MS_*` flag.
    pub kind: u64,
    /// For the whole tree.
    pub recursive: bool,
}

/// Reads a mount list.
///
/// # Errors
/// Says which entry is wrong and why.
pub fn parse(text: &[u8]) -> Result<Vec<Mount>> {
    let entries: Vec<Entry> = serde_json::from_slice(text).map_err(|error| {
        Error::new(
            Kind::Input,
            format!("the mount list is not as it should be: {error}"),
        )
    })?;
    entries
        .into_iter()
        .enumerate()
        .map(|(index, entry)| {
            plan(entry).map_err(|error| error.context(format!("mount list, entry {index}")))
        })
        .collect()
}

/// Plans one mount: type, source, the target below the bundle, and options as in fstab.
///
/// # Errors
/// Says what is wrong with it.
pub fn mount(kind: &str, source: &str, target: String, options: &[String]) -> Result<Mount> {
    let mut options = options.to_vec();
    if kind == "bind" && !options.iter().any(|option| option == "rbind") {
        options.push("bind".to_owned());
    }
    plan(Entry {
        kind: kind.to_owned(),
        source: source.to_owned(),
        target,
        options,
    })
}

fn plan(entry: Entry) -> Result<Mount> {
    check_target(&entry.target)?;
    let recursive_bind = entry.options.iter().any(|option| option == "rbind");
    let bind = recursive_bind || entry.options.iter().any(|option| option == "bind");
    if !bind && entry.kind.is_empty() {
        return Err(Error::new(Kind::Input, "the type is missing"));
    }
    let mut mount = Mount {
        target: entry.target,
        what: What::Bind {
            source: String::new(),
            recursive: recursive_bind,
        },
        set: 0,
        clear: 0,
        propagation: None,
        id_map: None,
    };
    let mut parameters = Vec::new();
    for option in entry.options {
        // The last are notes of containerd's to itself.
        if matches!(option.as_str(), "bind" | "rbind" | "defaults" | "")
            || option.starts_with("X-containerd.")
        {
            continue;
        }
        if option == "loop" || option.starts_with("loop=") {
            return Err(Error::new(Kind::Input, "the option \"loop\" is not served")
                .hint("name a block device as the source"));
        }
        if let Some(text) = option.strip_prefix("uidmap=") {
            mount.id_map.get_or_insert_default().uids = id_map(text)?;
        } else if let Some(text) = option.strip_prefix("gidmap=") {
            mount.id_map.get_or_insert_default().gids = id_map(text)?;
        } else if let Some(propagation) = propagation(&option) {
            mount.propagation = Some(propagation);
        } else if let Some((set, clear)) = attribute(&option) {
            mount.set = mount.set & !clear | set;
            mount.clear = mount.clear & !set | clear;
            // The file system itself is read-only too, not only this view of it.
            if option == "ro" && !bind {
                parameters.push(Parameter::Flag(option));
            }
        } else if bind {
            return Err(Error::new(
                Kind::Input,
                format!("a bind mount has no option {option:?}"),
            ));
        } else {
            parameters.push(parameter(&entry.kind, option));
        }
    }
    if mount
        .id_map
        .as_ref()
        .is_some_and(|map| map.uids.is_empty() || map.gids.is_empty())
    {
        return Err(Error::new(Kind::Input, "uidmap and gidmap go together"));
    }
    mount.what = match bind {
        true => What::Bind {
            source: entry.source,
            recursive: recursive_bind,
        },
        false => What::New {
            kind: entry.kind,
            source: entry.source,
            parameters,
        },
    };
    Ok(mount)
}

/// `INSIDE:OUTSIDE:COUNT,…`, as containerd writes it, to the lines that the kernel reads.
fn id_map(text: &str) -> Result<String> {
    let line = |entry: &str| {
        let numbers: Option<Vec<u32>> = entry.split(':').map(|number| number.parse().ok()).collect();
        match numbers.as_deref() {
            Some([inside, outside, count]) => Some(format!("{inside} {outside} {count}\n")),
            _ => None,
        }
    };
    let lines: Option<String> = text.split(',').map(line).collect();
    lines.ok_or_else(|| {
        let why = format!("{text:?} maps no ids");
        Error::new(Kind::Input, why).hint("a map is INSIDE:OUTSIDE:COUNT, or several with commas")
    })
}

fn check_target(target: &str) -> Result<()> {
    let inside = Path::new(target)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if target.is_empty() || !inside {
        let why = format!("the target {target:?} must be a path below the bundle, without `..`");
        return Err(Error::new(Kind::Input, why));
    }
    Ok(())
}

fn parameter(file_system: &str, option: String) -> Parameter {
    match option.split_once('=') {
        None => Parameter::Flag(option),
        Some(("lowerdir", layers)) if file_system == "overlay" => Parameter::Layers {
            text: layers.to_owned(),
            layers: split_layers(layers),
        },
        Some((key, value)) => Parameter::Value(key.to_owned(), value.to_owned()),
    }
}

/// Cuts at colons; a backslash protects the next character; layers after `::` are only data.
fn split_layers(text: &str) -> Vec<Layer> {
    let (mut layers, mut path, mut data_only) = (Vec::new(), String::new(), false);
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => path.extend(chars.next()),
            ':' if path.is_empty() => data_only = true,
            ':' => layers.push(Layer {
                path: std::mem::take(&mut path),
                data_only,
            }),
            _ => path.push(char),
        }
    }
    if !path.is_empty() {
        layers.push(Layer { path, data_only });
    }
    layers
}

fn propagation(option: &str) -> Option<Propagation> {
    let (kind, recursive) = match option {
        "shared" => (libc::MS_SHARED, false),
        "rshared" => (libc::MS_SHARED, true),
        "slave" => (libc::MS_SLAVE, false),
        "rslave" => (libc::MS_SLAVE, true),
        "private" => (libc::MS_PRIVATE, false),
        "rprivate" => (libc::MS_PRIVATE, true),
        "unbindable" => (libc::MS_UNBINDABLE, false),
        "runbindable" => (libc::MS_UNBINDABLE, true),
        _ => return None,
    };
    Some(Propagation { kind, recursive })
}

/// The attributes that an option sets and clears; the kinds of access time exclude each other.
fn attribute(option: &str) -> Option<(u64, u64)> {
    Some(match option {
        "ro" => (libc::MOUNT_ATTR_RDONLY, 0),
        "rw" => (0, libc::MOUNT_ATTR_RDONLY),
        "nosuid" => (libc::MOUNT_ATTR_NOSUID, 0),
        "suid" => (0, libc::MOUNT_ATTR_NOSUID),
        "nodev" => (libc::MOUNT_ATTR_NODEV, 0),
        "dev" => (0, libc::MOUNT_ATTR_NODEV),
        "noexec" => (libc::MOUNT_ATTR_NOEXEC, 0),
        "exec" => (0, libc::MOUNT_ATTR_NOEXEC),
        "nodiratime" => (libc::MOUNT_ATTR_NODIRATIME, 0),
        "diratime" => (0, libc::MOUNT_ATTR_NODIRATIME),
        "nosymfollow" => (libc::MOUNT_ATTR_NOSYMFOLLOW, 0),
        "symfollow" => (0, libc::MOUNT_ATTR_NOSYMFOLLOW),
        "relatime" => (libc::MOUNT_ATTR_RELATIME, libc::MOUNT_ATTR__ATIME),
        "noatime" => (libc::MOUNT_ATTR_NOATIME, libc::MOUNT_ATTR__ATIME),
        "strictatime" => (libc::MOUNT_ATTR_STRICTATIME, libc::MOUNT_ATTR__ATIME),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(json: &str) -> Mount {
        parse(format!("[{json}]").as_bytes())
            .expect("a valid list")
            .remove(0)
    }

    #[test]
    fn overlay_layers_come_one_by_one_and_unescaped() {
        let mount = one(r#"{"type":"overlay","source":"overlay","target":"rootfs",
            "options":["lowerdir=/a:/b\\:c::/d","upperdir=/u","index=off","ro","nodev"]}"#);
        let What::New { kind, parameters, .. } = mount.what else {
            panic!("not a bind")
        };
        assert_eq!(kind, "overlay");
        let layer = |path: &str, data_only| Layer {
            path: path.to_owned(),
            data_only,
        };
        let layers = vec![layer("/a", false), layer("/b:c", false), layer("/d", true)];
        assert_eq!(
            parameters,
            [
                Parameter::Layers {
                    text: r"/a:/b\:c::/d".to_owned(),
                    layers
                },
                Parameter::Value("upperdir".to_owned(), "/u".to_owned()),
                Parameter::Value("index".to_owned(), "off".to_owned()),
                Parameter::Flag("ro".to_owned()),
            ]
        );
        assert_eq!(mount.set, libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NODEV);
    }

    #[test]
    fn binds_take_attributes_and_propagation_only() {
        let mount =
            one(r#"{"source":"/s","target":"rootfs","options":["rbind","ro","rw","noatime","rslave"]}"#);
        assert_eq!(
            mount.what,
            What::Bind {
                source: "/s".to_owned(),
                recursive: true
            }
        );
        assert_eq!(
            (mount.set, mount.clear & libc::MOUNT_ATTR_RDONLY),
            (libc::MOUNT_ATTR_NOATIME, libc::MOUNT_ATTR_RDONLY)
        );
        assert_eq!(
            mount.propagation,
            Some(Propagation {
                kind: libc::MS_SLAVE,
                recursive: true
            })
        );
        assert!(parse(br#"[{"source":"/s","target":"r","options":["bind","size=1"]}]"#).is_err());
    }

    #[test]
    fn what_containerd_means_for_itself_does_not_reach_the_file_system() {
        let mount = one(r#"{"type":"overlay","source":"overlay","target":"rootfs",
            "options":["X-containerd.mkfs.fs=ext4","lowerdir=/a","uidmap=0:65536:65536","gidmap=0:1:2,2:9:1"]}"#);
        let map = IdMap {
            uids: "0 65536 65536\n".to_owned(),
            gids: "0 1 2\n2 9 1\n".to_owned(),
        };
        assert_eq!(mount.id_map, Some(map));
        let What::New { parameters, .. } = mount.what else {
            panic!("no new file system");
        };
        assert!(
            matches!(parameters[..], [Parameter::Layers { .. }]),
            "{parameters:?}"
        );
        for wrong in ["loop", "uidmap=0:1:2", "uidmap=x\",\"gidmap=0:1:2", "gidmap=1:2"] {
            let list = format!(r#"[{{"type":"ext4","source":"/s","target":"r","options":["{wrong}"]}}]"#);
            assert!(parse(list.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn targets_stay_below_the_bundle() {
        for target in ["", "/", "/etc", "..", "../x", "rootfs/../../x", "./x/..", "."] {
            let list = format!(r#"[{{"type":"tmpfs","source":"t","target":"{target}"}}]"#);
            let error = parse(list.as_bytes()).expect_err(target).to_string();
            assert!(
                error.contains("entry 0") && error.contains("below the bundle"),
                "{error}"
            );
        }
        assert_eq!(one(r#"{"type":"tmpfs","target":"a/b"}"#).target, "a/b");
    }

    #[test]
    fn wrong_lists_are_refused() {
        for list in [
            "",
            "{}",
            "[1]",
            r#"[{"type":"tmpfs"}]"#,
            r#"[{"target":"a"}]"#,
            r#"[{"target":1}]"#,
        ] {
            assert!(parse(list.as_bytes()).is_err(), "{list}");
        }
    }
}
