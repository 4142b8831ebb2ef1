//! `linux` of config.json (config-linux.md), without resources and seccomp.

use super::{IdMapping, Map, Resources, Seccomp, Text, spec::null_is_empty};
use serde::{Deserialize, Serialize};

/// What is special to Linux containers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub struct Linux<'a> {
    /// User ids of a new user namespace.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub uid_mappings: Vec<IdMapping>,
    /// Group ids of a new user namespace.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub gid_mappings: Vec<IdMapping>,
    /// Kernel parameters to set in the container's namespaces.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Map::is_empty"
    )]
    pub sysctl: Map<'a, Text<'a>>,
    /// Limits and device rules of the container's cgroup.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources<'a>>,
    /// Where the container's cgroup is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cgroups_path: Option<Text<'a>>,
    /// Namespaces to make or join; a kind that is absent is shared with the runtime.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub namespaces: Vec<Namespace<'a>>,
    /// Device nodes beside the default ones.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub devices: Vec<Device<'a>>,
    /// Network devices to move into the container, by their name outside.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Map::is_empty"
    )]
    pub net_devices: Map<'a, NetDevice<'a>>,
    /// The system call filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seccomp: Option<Seccomp<'a>>,
    /// Propagation of the root mount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rootfs_propagation: Option<Text<'a>>,
    /// Paths that the container must not read.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub masked_paths: Vec<Text<'a>>,
    /// Paths that the container must not write.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub readonly_paths: Vec<Text<'a>>,
    /// The SELinux label of the mounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mount_label: Option<Text<'a>>,
    /// Intel resource director.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intel_rdt: Option<IntelRdt<'a>>,
    /// NUMA memory policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_policy: Option<MemoryPolicy<'a>>,
    /// personality(2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub personality: Option<Personality<'a>>,
    /// Clock offsets of a new time namespace, by clock name.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Map::is_empty"
    )]
    pub time_offsets: Map<'a, TimeOffset>,
}

/// A namespace to make (no path) or to join.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct Namespace<'a> {
    /// `pid`, `network`, `mount`, `ipc`, `uts`, `user`, `cgroup` or `time`.
    #[serde(rename = "type")]
    pub kind: Text<'a>,
    /// An absolute path of a namespace file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Text<'a>>,
}

/// A device node.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub struct Device<'a> {
    /// `c`, `b`, `u` or `p`.
    #[serde(rename = "type")]
    pub kind: Text<'a>,
    /// The absolute path in the container.
    pub path: Text<'a>,
    /// Needed unless the type is `p`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub major: Option<i64>,
    /// Needed unless the type is `p`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minor: Option<i64>,
    /// Permission bits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_mode: Option<u32>,
    /// The owner in the container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// The group in the container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gid: Option<u32>,
}

/// A network device's name inside.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct NetDevice<'a> {
    /// The name inside; the same as outside when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<'a>>,
}

/// Intel RDT (resctrl).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub struct IntelRdt<'a> {
    /// The class of service.
    #[serde(rename = "closID", skip_serializing_if = "Option::is_none")]
    pub clos_id: Option<Text<'a>>,
    /// Lines for the schemata file.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub schemata: Vec<Text<'a>>,
    /// The L3 cache line of the schemata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub l3_cache_schema: Option<Text<'a>>,
    /// The memory bandwidth line of the schemata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mem_bw_schema: Option<Text<'a>>,
    /// Whether a monitoring group is made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub enable_monitoring: bool,
}

/// set_mempolicy(2).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct MemoryPolicy<'a> {
    /// `MPOL_…`.
    pub mode: Text<'a>,
    /// A node list.
    #[serde(default)]
    pub nodes: Text<'a>,
    /// `MPOL_F_…`.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub flags: Vec<Text<'a>>,
}

/// personality(2).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct Personality<'a> {
    /// `LINUX` or `LINUX32`.
    pub domain: Text<'a>,
    /// None are defined yet.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub flags: Vec<Text<'a>>,
}

/// The offset of one clock.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct TimeOffset {
    /// Seconds.
    #[serde(default)]
    pub secs: i64,
    /// Nanoseconds.
    #[serde(default)]
    pub nanosecs: u32,
}
