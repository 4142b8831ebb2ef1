//! What the plan must know about the host.

use std::collections::BTreeMap;

use super::id_map::IdMaps;

/// Facts about the host, gathered before planning.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// The architecture in Go's words: `amd64`.
    pub(crate) architecture: String,
    /// Major and minor number of the kernel.
    pub(crate) kernel: (u32, u32),
    /// The host's own name.
    pub(crate) hostname: String,
    /// Whether /sys/fs/cgroup is one cgroup2 file system.
    pub(crate) cgroup2: bool,
    /// Number of the last capability the kernel knows.
    pub(crate) last_capability: u8,
    /// All devices of the host's /dev; needed for privileged containers only.
    pub(crate) devices: Vec<HostDevice>,
    /// The requested devices, in the order of the options; one option may be a directory of several.
    pub(crate) requested_devices: Vec<HostDevice>,
    /// Major and minor numbers of the devices that limits name, by path.
    pub(crate) limited_devices: BTreeMap<String, (u64, u64)>,
    /// The ids of the user namespace that this process is in, each its own; none in the machine's.
    pub(crate) ids: IdMaps,
    /// Nobody there may change its groups (user_namespaces(7)).
    pub(crate) denies_groups: bool,
    /// The capabilities that this process may give to others, as a mask.
    pub(crate) bounding_capabilities: u64,
}

/// A device node of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostDevice {
    /// Its path in the container.
    pub(crate) path: String,
    /// `c` or `b`.
    pub(crate) kind: char,
    pub(crate) major: u64,
    pub(crate) minor: u64,
    /// Permission bits.
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Some of `r`, `w`, `m`.
    pub(crate) access: String,
}
