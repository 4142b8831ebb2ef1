//! The mounts of a container, in the order they are made.

use serde_json::{Value, json};

use super::devices;
use super::id_map::{IdMaps, to_host};
use super::options::{Mount, Network, Options};
use crate::error::{Error, Kind, Result};

/// Files and directories of the container's own that are bound into it; paths of the host.
#[derive(Debug, Clone, Default)]
pub(crate) struct Own {
    pub(crate) hostname: String,
    pub(crate) hosts: String,
    pub(crate) resolv_conf: String,
    /// The program of `--init`.
    pub(crate) init: Option<String>,
    /// Directories of the `Volume` mounts, in the order of the options.
    pub(crate) volumes: Vec<String>,
}

/// The group of terminals, `tty`.
const TERMINALS: u32 = 5;

/// Where the program of `--init` appears: below /dev, which is memory, so that the root file system stays as it is.
pub(super) const INIT_PATH: &str = "/dev/init";

/// `mounts` of config.json; `ids` are those of the container's user namespace, if it has one.
///
/// # Errors
/// When a target is not an absolute path or is used twice.
pub(super) fn mounts(options: &Options, own: &Own, ids: &IdMaps) -> Result<Vec<Value>> {
    let mut user = user_mounts(options, own, ids)?;
    check_targets(&options.mounts)?;
    let replaced = |mount: &Value| {
        let target = mount["destination"].as_str().unwrap_or_default();
        options.mounts.iter().any(|asked| clean(asked.target()) == target)
    };
    let mut mounts: Vec<Value> = defaults(options, own, ids)
        .into_iter()
        .filter(|mount| !replaced(mount))
        .collect();
    // A mount below another one must come after it.
    user.sort_by_key(|mount| {
        mount["destination"]
            .as_str()
            .unwrap_or_default()
            .matches('/')
            .count()
    });
    mounts.extend(user);
    let renamed = devices::renamed(options, ids);
    mounts.extend(
        renamed
            .iter()
            .map(|device| bind(&device.source, &device.target, &["nosuid", "noexec"])),
    );
    if let Some(init) = &own.init {
        mounts.push(bind(init, INIT_PATH, &["ro", "nosuid", "nodev"]));
    }
    Ok(mounts)
}

fn defaults(options: &Options, own: &Own, ids: &IdMaps) -> Vec<Value> {
    let shm = options.shm_size.unwrap_or(64 << 20);
    let writable = options.privileged;
    let sys = if writable { "rw" } else { "ro" };
    // In a user namespace of its own a container may mount what its own namespaces have; what is the host's is bound.
    let own_users = !ids.is_empty();
    let mut terminals = vec!["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"];
    if to_host(&ids.gids, TERMINALS).is_some() {
        terminals.push("gid=5");
    }
    let mut mounts = vec![
        match own_users && options.host_pid {
            true => bind("/proc", "/proc", &["nosuid", "noexec", "nodev"]),
            false => mount("/proc", "proc", "proc", &["nosuid", "noexec", "nodev"]),
        },
        mount(
            "/dev",
            "tmpfs",
            "tmpfs",
            &["nosuid", "strictatime", "mode=755", "size=65536k"],
        ),
        mount("/dev/pts", "devpts", "devpts", &terminals),
    ];
    mounts.push(match options.network {
        // A sysfs belongs to the network namespace of who mounts it; with the host's, the host's is bound.
        Network::Host => bind("/sys", "/sys", &["nosuid", "noexec", "nodev", sys]),
        Network::None => mount("/sys", "sysfs", "sysfs", &["nosuid", "noexec", "nodev", sys]),
    });
    mounts.push(mount(
        "/sys/fs/cgroup",
        "cgroup",
        "cgroup",
        &[sys, "nosuid", "noexec", "nodev"],
    ));
    // A new mount shows the queues of the container's ipc namespace, the host's included.
    // (The host's may not be mounted anywhere to be bound: programs have them all the same, by name.)
    if !(own_users && options.host_ipc) {
        mounts.push(mount(
            "/dev/mqueue",
            "mqueue",
            "mqueue",
            &["nosuid", "noexec", "nodev"],
        ));
    }
    mounts.push(if options.host_ipc {
        bind("/dev/shm", "/dev/shm", &["nosuid", "noexec", "nodev"])
    } else {
        mount(
            "/dev/shm",
            "tmpfs",
            "shm",
            &["nosuid", "noexec", "nodev", "mode=1777", &format!("size={shm}")],
        )
    });
    for (source, target) in [
        (&own.resolv_conf, "/etc/resolv.conf"),
        (&own.hostname, "/etc/hostname"),
        (&own.hosts, "/etc/hosts"),
    ] {
        mounts.push(bind(source, target, &["rprivate"]));
    }
    mounts
}

fn user_mounts(options: &Options, own: &Own, ids: &IdMaps) -> Result<Vec<Value>> {
    let mut volumes = own.volumes.iter();
    let mut mounts = Vec::with_capacity(options.mounts.len());
    for asked in &options.mounts {
        let target = clean(asked.target());
        mounts.push(match asked {
            Mount::Bind { source, read_only, propagation, recursive, .. } => {
                let access = if *read_only { "ro" } else { "rw" };
                let propagation = propagation.as_deref().unwrap_or("rprivate");
                let kind = if *recursive { "rbind" } else { "bind" };
                json!({"destination": target, "type": "bind", "source": source, "options": [kind, access, propagation]})
            }
            Mount::Tmpfs { options, .. } => {
                let mut all = vec!["nosuid", "nodev", "noexec"];
                all.extend(options.iter().map(String::as_str));
                mount(&target, "tmpfs", "tmpfs", &all)
            }
            Mount::Volume { read_only, .. } => {
                let source = volumes.next().ok_or_else(|| {
                    Error::new(Kind::NotStarted, format!("no directory was made for the volume at '{target}'"))
                })?;
                let mut all = vec![if *read_only { "ro" } else { "rw" }, "rprivate"];
                if !ids.is_empty() {
                    // As in the root file system: what the image has there are no devices.
                    all.push("nodev");
                }
                bind(source, &target, &all)
            }
        });
    }
    Ok(mounts)
}

fn check_targets(mounts: &[Mount]) -> Result<()> {
    let mut seen = Vec::with_capacity(mounts.len());
    for mount in mounts {
        let target = mount.target();
        if !target.starts_with('/') {
            return Err(Error::new(
                Kind::Usage,
                format!("invalid mount config: invalid mount path: '{target}' mount path must be absolute"),
            ));
        }
        let target = clean(target);
        if target == "/" {
            return Err(Error::new(
                Kind::Usage,
                "invalid mount config: invalid specification: destination can't be '/'",
            ));
        }
        if seen.contains(&target) {
            return Err(Error::new(
                Kind::Usage,
                format!("Duplicate mount point: {target}"),
            ));
        }
        seen.push(target);
    }
    Ok(())
}

/// A path without doubled slashes, `.` and `..`, as text; the runtime resolves links inside the root.
pub(crate) fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

fn mount(target: &str, kind: &str, source: &str, options: &[&str]) -> Value {
    json!({"destination": target, "type": kind, "source": source, "options": options})
}

fn bind(source: &str, target: &str, options: &[&str]) -> Value {
    let all: Vec<&str> = std::iter::once("rbind").chain(options.iter().copied()).collect();
    json!({"destination": target, "type": "bind", "source": source, "options": all})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(mounts: Vec<Mount>) -> Result<Vec<Value>> {
        super::mounts(
            &Options {
                mounts,
                ..Options::default()
            },
            &Own::default(),
            &IdMaps::default(),
        )
    }

    fn tmpfs(target: &str) -> Mount {
        Mount::Tmpfs {
            target: target.to_owned(),
            options: Vec::new(),
        }
    }

    #[test]
    fn the_default_mounts_are_dockers() {
        let targets: Vec<String> = with(Vec::new())
            .unwrap()
            .iter()
            .map(|mount| mount["destination"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(
            targets,
            [
                "/proc",
                "/dev",
                "/dev/pts",
                "/sys",
                "/sys/fs/cgroup",
                "/dev/mqueue",
                "/dev/shm",
                "/etc/resolv.conf",
                "/etc/hostname",
                "/etc/hosts"
            ]
        );
    }

    #[test]
    fn parents_come_before_children_and_defaults_give_way() {
        let mounts = with(vec![tmpfs("/a/b/c"), tmpfs("/a"), tmpfs("/dev/shm/")]).unwrap();
        let position = |target: &str| {
            mounts
                .iter()
                .position(|mount| mount["destination"] == target)
                .unwrap()
        };
        assert!(position("/a") < position("/a/b/c"));
        assert_eq!(
            mounts
                .iter()
                .filter(|mount| mount["destination"] == "/dev/shm")
                .count(),
            1
        );
    }

    #[test]
    fn impossible_targets_are_refused() {
        assert!(
            with(vec![tmpfs("a")])
                .unwrap_err()
                .to_string()
                .contains("must be absolute")
        );
        assert!(
            with(vec![tmpfs("/x/..")])
                .unwrap_err()
                .to_string()
                .contains("destination can't be '/'")
        );
        assert!(
            with(vec![tmpfs("/a"), tmpfs("//a/")])
                .unwrap_err()
                .to_string()
                .contains("Duplicate mount point: /a")
        );
    }
}
