//! The top of config.json (config.md): version, root, mounts, hooks, annotations.

use super::{Linux, Map, Process, Text};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// A whole config.json.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub struct Spec<'a> {
    /// The version of the runtime-spec that the bundle complies with (SemVer 2).
    pub oci_version: Text<'a>,
    /// The process; required before `start`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<Process<'a>>,
    /// The root file system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<Root<'a>>,
    /// The host name, in a new or joined uts namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<Text<'a>>,
    /// The NIS domain name, in a new or joined uts namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domainname: Option<Text<'a>>,
    /// The mounts beyond the root, in order.
    #[serde(
        default,
        deserialize_with = "super::spec::null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub mounts: Vec<Mount<'a>>,
    /// Programs to run at the moments of the container's life.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hooks: Option<Hooks<'a>>,
    /// Free metadata.
    #[serde(
        default,
        deserialize_with = "super::spec::null_is_empty",
        skip_serializing_if = "Map::is_empty"
    )]
    pub annotations: Map<'a, Text<'a>>,
    /// What is special to Linux.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linux: Option<Linux<'a>>,
    /// FreeBSD's part: only whether it is there.
    #[serde(default, skip_serializing)]
    pub freebsd: Option<Present>,
    /// Solaris' part: only whether it is there.
    #[serde(default, skip_serializing)]
    pub solaris: Option<Present>,
    /// The virtual machine's part: only whether it is there.
    #[serde(default, skip_serializing)]
    pub vm: Option<Present>,
    /// Windows' part: only whether it is there.
    #[serde(default, skip_serializing)]
    pub windows: Option<Present>,
    /// z/OS' part: only whether it is there.
    #[serde(default, skip_serializing)]
    pub zos: Option<Present>,
}

impl Spec<'_> {
    /// What is special to Linux: nothing, where the configuration does not speak of it. Such a container shares all
    /// namespaces with the runtime.
    pub fn linux_or_none(&self) -> &Linux<'_> {
        static NOTHING: LazyLock<Linux<'static>> = LazyLock::new(Linux::default);
        self.linux.as_ref().unwrap_or(&NOTHING)
    }
}

/// A property whose content does not matter here.
#[derive(Debug, Clone, Copy)]
pub struct Present;

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

/// The root file system of the container.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct Root<'a> {
    /// Absolute, or relative to the bundle.
    pub path: Text<'a>,
    /// Whether the container sees it read-only.
    #[serde(default)]
    pub readonly: bool,
}

/// One mount.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub struct Mount<'a> {
    /// Where, in the container.
    pub destination: Text<'a>,
    /// The file system type; empty or `none` or `bind` for bind mounts.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<Text<'a>>,
    /// A device, a path (relative to the bundle for bind mounts), or a dummy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Text<'a>>,
    /// Options as in mount(8).
    #[serde(
        default,
        deserialize_with = "super::spec::null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub options: Vec<Text<'a>>,
    /// User id mappings of an id-mapped mount.
    #[serde(
        default,
        deserialize_with = "super::spec::null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub uid_mappings: Vec<IdMapping>,
    /// Group id mappings of an id-mapped mount.
    #[serde(
        default,
        deserialize_with = "super::spec::null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub gid_mappings: Vec<IdMapping>,
}

/// One line of a uid_map or gid_map (user_namespaces(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdMapping {
    /// The first id inside.
    #[serde(rename = "containerID")]
    pub container_id: u32,
    /// The first id outside.
    #[serde(rename = "hostID")]
    pub host_id: u32,
    /// How many ids.
    pub size: u32,
}

/// The six kinds of hooks (config.md, "POSIX-platform Hooks").
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub struct Hooks<'a> {
    /// Deprecated: as createRuntime, before it.
    #[serde(
        default,
        deserialize_with = "super::spec::null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub prestart: Vec<Hook<'a>>,
    /// In the runtime's namespaces, after the container's exist, before pivot_root.
    #[serde(
        default,
        deserialize_with = "super::spec::null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub create_runtime: Vec<Hook<'a>>,
    /// In the container's namespaces, before pivot_root.
    #[serde(
        default,
        deserialize_with = "super::spec::null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub create_container: Vec<Hook<'a>>,
    /// In the container, on `start`, before the user's process.
    #[serde(
        default,
        deserialize_with = "super::spec::null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub start_container: Vec<Hook<'a>>,
    /// In the runtime's namespaces, after the user's process was started.
    #[serde(
        default,
        deserialize_with = "super::spec::null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub poststart: Vec<Hook<'a>>,
    /// In the runtime's namespaces, after the container was deleted.
    #[serde(
        default,
        deserialize_with = "super::spec::null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub poststop: Vec<Hook<'a>>,
}

/// One hook: a program with its arguments, exact environment and time limit.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct Hook<'a> {
    /// An absolute path.
    pub path: Text<'a>,
    /// argv, with argv[0]; empty means the path alone.
    #[serde(
        default,
        deserialize_with = "super::spec::null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub args: Vec<Text<'a>>,
    /// The environment.
    #[serde(
        default,
        deserialize_with = "super::spec::null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub env: Vec<Text<'a>>,
    /// Seconds; more than zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<i64>,
}

/// Go writes empty lists and maps as `null`: read them as empty.
pub(super) fn null_is_empty<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}
