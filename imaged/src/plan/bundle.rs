//! The whole config.json.

use serde_json::{Map, Value, json};

use super::facts::Facts;
use super::id_map::{IdMap, IdMaps};
pub(crate) use super::mounts::Own;
use super::options::{Network, Options, Seccomp};
use super::user::User;
use super::{capabilities, command, devices, id_map, mounts, resources, seccomp};
use crate::error::Result;
use crate::oci::Config;

/// The version of the specification whose features are used.
const OCI_VERSION: &str = "1.0.2";

/// What a container cannot see, unless it is privileged.
#[rustfmt::skip]
pub(crate) const MASKED: [&str; 11] = [
    "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
    "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
];
/// What it can only read.
pub(crate) const READ_ONLY: [&str; 5] = [
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sys",
    "/proc/sysrq-trigger",
];

/// Everything that is known when a container's config.json is written.
#[derive(Debug)]
pub(crate) struct Container<'a> {
    pub(crate) id: &'a str,
    pub(crate) config: &'a Config,
    pub(crate) options: &'a Options,
    pub(crate) user: &'a User,
    pub(crate) hostname: &'a str,
    pub(crate) own: &'a Own,
}

/// config.json of a container.
///
/// # Errors
/// When options contradict each other or name what does not exist.
pub(crate) fn bundle_config(container: &Container<'_>, facts: &Facts) -> Result<Value> {
    let Container { id, options, own, .. } = container;
    let capabilities = capabilities::resolve(&options.cap_add, &options.cap_drop, options.privileged, facts)?;
    let ids = ids(options, facts);
    let mut linux = json!({
        "namespaces": namespaces(options, facts),
        "rootfsPropagation": root_propagation(options),
    });
    if facts.ids.is_empty() {
        linux["cgroupsPath"] = cgroup(options, id).into();
        linux["resources"] = resources::cgroup(options, facts, devices::rules(options, facts));
    } else {
        // Where a user's cgroup can be the runtime knows best, and what rules of devices are for the user cannot open anyway.
        let limits = resources::limits(&options.resources, facts);
        if !limits.is_empty() {
            linux["resources"] = limits.into();
        }
    }
    if !ids.is_empty() {
        linux["uidMappings"] = id_map::of_config(&ids.uids);
        linux["gidMappings"] = id_map::of_config(&ids.gids);
    }
    let nodes = devices::nodes(options, facts, ids);
    if !nodes.is_empty() {
        linux["devices"] = nodes.into();
    }
    if !options.privileged {
        linux["maskedPaths"] = json!(MASKED);
        linux["readonlyPaths"] = json!(READ_ONLY);
    }
    if let Some(filter) = filter(options, &capabilities, facts)? {
        linux["seccomp"] = filter;
    }
    let sysctls = sysctls(options, ids);
    if !sysctls.is_empty() {
        linux["sysctl"] = sysctls.into();
    }
    let mut config = json!({
        "ociVersion": OCI_VERSION,
        "root": {"path": "rootfs", "readonly": options.read_only},
        "process": process(container, &capabilities, facts)?,
        "mounts": mounts::mounts(options, own, ids)?,
        "linux": linux,
    });
    if !options.annotations.is_empty() {
        config["annotations"] = json!(options.annotations);
    }
    if !options.host_uts {
        config["hostname"] = container.hostname.into();
        if let Some(domainname) = &options.domainname {
            config["domainname"] = domainname.as_str().into();
        }
    }
    Ok(config)
}

/// The ids of the container's user namespace, if it has one: those that were asked for, or all of the user's who makes it. In
/// a namespace of its own the container cannot undo what the user's has mounted.
fn ids<'a>(options: &'a Options, facts: &'a Facts) -> &'a IdMaps {
    match options.userns.ids.is_empty() {
        true => &facts.ids,
        false => &options.userns.ids,
    }
}

fn process(container: &Container<'_>, capabilities: &[&str], facts: &Facts) -> Result<Value> {
    let Container {
        config,
        options,
        user,
        hostname,
        ..
    } = container;
    let mut argv = command::argv(config);
    if options.init {
        argv.splice(0..0, [mounts::INIT_PATH.to_owned(), "--".to_owned()]);
    }
    // Capabilities survive execve of a user that is not root only as far as the image's files carry them.
    let effective: &[&str] = if user.uid == 0 { capabilities } else { &[] };
    let mut process = json!({
        "terminal": options.tty,
        "user": {"uid": user.uid, "gid": user.gid},
        "args": argv,
        "env": environment(config, options.tty, hostname),
        "cwd": if config.working_dir.is_empty() { "/" } else { &config.working_dir },
        "capabilities": {"bounding": capabilities, "effective": effective, "permitted": effective},
        "noNewPrivileges": options.no_new_privileges,
    });
    if !facts.denies_groups {
        process["user"]["additionalGids"] = json!(user.groups);
    }
    // A user may only raise it, and keeps what it has.
    let plain = facts.ids.is_empty().then_some(0);
    if let Some(score) = options.oom_score_adj.or(plain) {
        process["oomScoreAdj"] = score.into();
    }
    if !options.ulimits.is_empty() {
        process["rlimits"] = resources::rlimits(&options.ulimits)?.into();
    }
    Ok(process)
}

/// The container's cgroup, below /corten or the one that was asked for.
fn cgroup(options: &Options, id: &str) -> String {
    let parent = options.cgroup_parent.as_deref().unwrap_or("corten");
    format!("/{}/{id}", parent.trim_matches('/'))
}

/// The container's variables with the two that docker adds; HOME is left to the runtime, which knows the user.
pub(super) fn environment(config: &Config, tty: bool, hostname: &str) -> Vec<String> {
    let mut env = config.env.clone();
    let mut add = |name: &str, value: &str| {
        if !env
            .iter()
            .any(|entry| entry.split_once('=').is_some_and(|(known, _)| known == name))
        {
            env.insert(env.len().min(1), format!("{name}={value}"));
        }
    };
    if tty {
        add("TERM", "xterm");
    }
    add("HOSTNAME", hostname);
    env
}

fn namespaces(options: &Options, facts: &Facts) -> Vec<Value> {
    let mut kinds = vec!["mount"];
    let unless = [
        ("network", options.network == Network::Host),
        ("uts", options.host_uts),
        ("pid", options.host_pid),
        ("ipc", options.host_ipc),
        (
            "cgroup",
            options
                .host_cgroup
                .unwrap_or(!facts.cgroup2 || options.privileged),
        ),
        ("user", ids(options, facts).is_empty()),
    ];
    kinds.extend(unless.iter().filter(|(_, host)| !host).map(|(kind, _)| *kind));
    kinds.into_iter().map(|kind| json!({"type": kind})).collect()
}

/// A mount that shares with the host needs a root that does.
fn root_propagation(options: &Options) -> &'static str {
    let any = |words: &[&str]| {
        options.mounts.iter().any(|mount| match mount {
            super::options::Mount::Bind {
                propagation: Some(propagation),
                ..
            } => words.contains(&propagation.as_str()),
            _ => false,
        })
    };
    if any(&["shared", "rshared"]) {
        "shared"
    } else if any(&["slave", "rslave"]) {
        "rslave"
    } else {
        "rprivate"
    }
}

fn filter(options: &Options, capabilities: &[&str], facts: &Facts) -> Result<Option<Value>> {
    match &options.seccomp {
        Seccomp::Unconfined => Ok(None),
        Seccomp::Profile(profile) => seccomp::resolve(profile, capabilities, facts).map(Some),
        Seccomp::Builtin if options.privileged => Ok(None),
        Seccomp::Builtin => seccomp::resolve(&seccomp::builtin()?, capabilities, facts).map(Some),
    }
}

/// The sysctls that were asked for; without a network of the host's also the two that docker opens.
fn sysctls(options: &Options, ids: &IdMaps) -> Map<String, Value> {
    let mut sysctls = Map::new();
    if options.network != Network::Host {
        sysctls.insert("net.ipv4.ip_unprivileged_port_start".to_owned(), "0".into());
        // The kernel takes no groups that are not mapped.
        let last = last_in_a_row(&ids.gids);
        sysctls.insert("net.ipv4.ping_group_range".to_owned(), format!("0 {last}").into());
    }
    sysctls.extend(
        options
            .sysctls
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().into())),
    );
    sysctls
}

/// The last group of those that begin with 0.
fn last_in_a_row(maps: &[IdMap]) -> u32 {
    let first = maps.iter().find(|map| map.container == 0);
    first.map_or(2_147_483_647, |map| map.size - 1).min(2_147_483_647)
}

#[cfg(test)]
#[path = "bundle_tests.rs"]
mod tests;
