//! The features structure (runtime-spec, features.md and features-linux.md) as data; what stands in it is
//! said where it is done.

use super::Map;
use serde::Serialize;

/// The features structure.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the spec's own words, one to one")]
pub struct Features {
    pub oci_version_min: &'static str,
    pub oci_version_max: &'static str,
    pub hooks: &'static [&'static str],
    pub mount_options: Vec<String>,
    pub linux: LinuxFeatures,
    pub annotations: Map<'static, &'static str>,
    pub potentially_unsafe_config_annotations: &'static [&'static str],
}

/// Linux' part.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the spec's own words, one to one")]
pub struct LinuxFeatures {
    pub namespaces: &'static [&'static str],
    pub capabilities: Vec<String>,
    pub cgroup: CgroupFeatures,
    pub seccomp: SeccompFeatures,
    pub apparmor: Enabled,
    pub selinux: Enabled,
    pub memory_policy: MemoryPolicyFeatures,
    pub intel_rdt: IntelRdtFeatures,
    pub mount_extensions: MountExtensions,
    pub net_devices: Enabled,
}

/// The cgroup managers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the spec's own words, one to one")]
pub struct CgroupFeatures {
    pub v1: bool,
    pub v2: bool,
    pub systemd: bool,
    pub systemd_user: bool,
    pub rdma: bool,
}

/// The words of a seccomp profile.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the spec's own words, one to one")]
pub struct SeccompFeatures {
    pub enabled: bool,
    pub actions: Vec<&'static str>,
    pub operators: Vec<&'static str>,
    pub archs: Vec<&'static str>,
    pub known_flags: Vec<&'static str>,
    pub supported_flags: Vec<&'static str>,
}

/// The words of a memory policy.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the spec's own words, one to one")]
pub struct MemoryPolicyFeatures {
    pub modes: Vec<&'static str>,
    pub flags: Vec<&'static str>,
}

/// What of Intel's resource director is handled.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the spec's own words, one to one")]
pub struct IntelRdtFeatures {
    pub enabled: bool,
    pub schemata: bool,
    pub monitoring: bool,
}

/// Whether something is there at all.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the spec's own word")]
pub struct Enabled {
    pub enabled: bool,
}

/// What mounts can do beyond mount(8).
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the spec's own word")]
pub struct MountExtensions {
    pub idmap: Enabled,
}

/// The kinds of hooks.
pub const HOOKS: &[&str] = &[
    "prestart",
    "createRuntime",
    "createContainer",
    "startContainer",
    "poststart",
    "poststop",
];

/// The kinds of namespaces.
pub const NAMESPACES: &[&str] = &["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"];
