//! What the user asked for beyond the image: the options of `create` and `run`, parsed.
//!
//! A container keeps them in its `container.json`, so every type here can be written and read again.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::userns::UserNamespace;

/// The options of a container.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Options {
    /// A pseudo terminal instead of pipes.
    pub(crate) tty: bool,
    /// Standard input is kept open.
    pub(crate) stdin: bool,
    /// Standard input ends with the first client that had it.
    pub(crate) stdin_once: bool,
    /// Removed when it exits.
    pub(crate) auto_remove: bool,
    pub(crate) hostname: Option<String>,
    pub(crate) domainname: Option<String>,
    pub(crate) mounts: Vec<Mount>,
    /// The root file system cannot be written.
    pub(crate) read_only: bool,
    pub(crate) cap_add: Vec<String>,
    pub(crate) cap_drop: Vec<String>,
    /// All capabilities and devices, no seccomp, nothing masked.
    pub(crate) privileged: bool,
    pub(crate) network: Network,
    /// The host's pid namespace.
    pub(crate) host_pid: bool,
    /// The host's ipc namespace.
    pub(crate) host_ipc: bool,
    /// The host's uts namespace.
    pub(crate) host_uts: bool,
    /// The host's cgroup namespace or one of its own; none is docker's default: its own with cgroup v2 alone.
    pub(crate) host_cgroup: Option<bool>,
    pub(crate) seccomp: Seccomp,
    pub(crate) no_new_privileges: bool,
    pub(crate) ulimits: Vec<Ulimit>,
    pub(crate) devices: Vec<Device>,
    /// Rules of the devices' cgroup, `c 1:3 rwm`.
    pub(crate) device_rules: Vec<String>,
    /// Further groups, by name or number.
    pub(crate) groups: Vec<String>,
    pub(crate) sysctls: BTreeMap<String, String>,
    pub(crate) oom_score_adj: Option<i32>,
    /// Bytes of /dev/shm.
    pub(crate) shm_size: Option<u64>,
    pub(crate) resources: Resources,
    /// The cgroup that the container's own is made in.
    pub(crate) cgroup_parent: Option<String>,
    /// Annotations of config.json.
    pub(crate) annotations: BTreeMap<String, String>,
    /// A small init as process 1.
    pub(crate) init: bool,
    /// Lines of /etc/hosts.
    pub(crate) hosts: Vec<Host>,
    /// Name servers in place of the host's.
    pub(crate) dns: Vec<String>,
    /// Options of the resolver in place of the host's.
    pub(crate) dns_options: Vec<String>,
    /// Domains to search in place of the host's; a single `.` is none.
    pub(crate) dns_search: Vec<String>,
    pub(crate) log: Log,
    pub(crate) restart: Restart,
    pub(crate) userns: UserNamespace,
}

/// What happens when the container ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Restart {
    pub(crate) policy: RestartPolicy,
    /// How many restarts of a failing container there may be; 0 is no limit.
    pub(crate) maximum: u32,
}

/// When a container that ended runs again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RestartPolicy {
    /// Never.
    #[default]
    No,
    /// When its exit code is not 0.
    OnFailure,
    /// Always, until somebody stops it.
    Always,
    /// The same; and if somebody stopped it, not after a reboot either.
    UnlessStopped,
}

impl RestartPolicy {
    /// Docker's word for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::OnFailure => "on-failure",
            Self::Always => "always",
            Self::UnlessStopped => "unless-stopped",
        }
    }
}

impl fmt::Display for Restart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.policy.name())?;
        match self.maximum {
            0 => Ok(()),
            maximum => write!(f, ":{maximum}"),
        }
    }
}

/// Where the output is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Log {
    pub(crate) driver: LogDriver,
    /// A file of so many bytes is full, and a new one begun.
    pub(crate) max_size: Option<u64>,
    /// How many files are kept; one, if nothing is said.
    pub(crate) max_files: Option<u32>,
    /// All files but the newest are compressed.
    pub(crate) compress: bool,
    /// The container does not wait for the log: so many bytes do, and what is more is dropped and counted.
    pub(crate) buffer: Option<u64>,
    /// As they were typed, for `inspect`.
    pub(crate) typed: BTreeMap<String, String>,
}

/// How the output is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LogDriver {
    /// Docker's own format.
    #[default]
    JsonFile,
    /// Podman's and Kubernetes' format.
    K8sFile,
    /// Systemd's journal.
    Journald,
    /// Nowhere.
    None,
}

impl LogDriver {
    /// Whether the log is a file in the container's directory.
    pub(crate) fn is_file(self) -> bool {
        matches!(self, Self::JsonFile | Self::K8sFile)
    }

    /// Its name on command lines.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::JsonFile => "json-file",
            Self::K8sFile => "k8s-file",
            Self::Journald => "journald",
            Self::None => "none",
        }
    }
}

/// A mount that was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(crate) enum Mount {
    /// A directory or file of the host.
    Bind {
        source: String,
        target: String,
        read_only: bool,
        /// `private`, `rprivate`, `shared`, …; docker's default is `rprivate`.
        propagation: Option<String>,
        /// A missing source becomes a directory, as `-v` always did.
        make_source: bool,
        /// Mounts below the source come along.
        recursive: bool,
    },
    /// Memory.
    Tmpfs { target: String, options: Vec<String> },
    /// A directory of the container's own that begins as a copy of the image's.
    Volume { target: String, read_only: bool },
}

impl Mount {
    /// Where it appears in the container.
    pub(crate) fn target(&self) -> &str {
        match self {
            Self::Bind { target, .. } | Self::Tmpfs { target, .. } | Self::Volume { target, .. } => target,
        }
    }
}

/// The container's network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Network {
    /// A loopback device and nothing else.
    #[default]
    None,
    /// The host's.
    Host,
}

impl Network {
    /// Docker's word for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Host => "host",
        }
    }
}

/// Which system calls are allowed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Seccomp {
    /// The profile in this program.
    #[default]
    Builtin,
    /// No filter.
    Unconfined,
    /// A profile in docker's format.
    Profile(Value),
}

/// A resource limit of processes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ulimit {
    /// Docker's name, `nofile`.
    pub(crate) name: String,
    pub(crate) soft: u64,
    pub(crate) hard: u64,
}

/// A device of the host in the container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Device {
    pub(crate) source: String,
    pub(crate) target: String,
    /// Some of `r`, `w`, `m`.
    pub(crate) access: String,
}

/// A line of /etc/hosts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) address: String,
}

/// Limits of the whole container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Resources {
    /// Bytes.
    pub(crate) memory: Option<i64>,
    /// Bytes of memory and swap together; -1 is no limit.
    pub(crate) memory_swap: Option<i64>,
    /// Bytes that are kept free of reclaim pressure.
    pub(crate) memory_reservation: Option<i64>,
    /// From 0 to 100.
    pub(crate) memory_swappiness: Option<u64>,
    /// The kernel kills nothing of the container when its memory is used up.
    pub(crate) oom_kill_disable: bool,
    /// Billionths of a processor.
    pub(crate) nano_cpus: Option<i64>,
    pub(crate) cpu_shares: Option<u64>,
    /// Microseconds.
    pub(crate) cpu_period: Option<u64>,
    /// Microseconds of each period; negative is no limit.
    pub(crate) cpu_quota: Option<i64>,
    /// Microseconds.
    pub(crate) cpu_rt_period: Option<u64>,
    /// Microseconds of each period.
    pub(crate) cpu_rt_runtime: Option<i64>,
    /// Processors, as in `0-2,7`.
    pub(crate) cpuset_cpus: Option<String>,
    /// Memory nodes.
    pub(crate) cpuset_mems: Option<String>,
    /// 0 and -1 are no limit.
    pub(crate) pids: Option<i64>,
    /// From 10 to 1000.
    pub(crate) blkio_weight: Option<u16>,
    pub(crate) blkio_weight_device: Vec<DeviceNumber>,
    /// Bytes a second.
    pub(crate) device_read_bps: Vec<DeviceNumber>,
    pub(crate) device_write_bps: Vec<DeviceNumber>,
    /// Operations a second.
    pub(crate) device_read_iops: Vec<DeviceNumber>,
    pub(crate) device_write_iops: Vec<DeviceNumber>,
}

impl Resources {
    /// Every device that a limit names.
    pub(crate) fn devices(&self) -> impl Iterator<Item = &DeviceNumber> {
        let throttles = [
            &self.blkio_weight_device,
            &self.device_read_bps,
            &self.device_write_bps,
            &self.device_read_iops,
            &self.device_write_iops,
        ];
        throttles.into_iter().flatten()
    }
}

/// A number that is meant for one device: a weight or a rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeviceNumber {
    /// Its path on the host.
    pub(crate) path: String,
    pub(crate) number: u64,
}
