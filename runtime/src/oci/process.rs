//! `process` of config.json (config.md, "Process"), also the form of `exec --process`.

use super::{Text, spec::null_is_empty};
use serde::{Deserialize, Serialize};

/// The process that the container runs.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub struct Process<'a> {
    /// Whether it gets a pseudo-terminal.
    #[serde(default)]
    pub terminal: bool,
    /// The terminal's first size, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub console_size: Option<ConsoleSize>,
    /// Who it runs as.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub user: User<'a>,
    /// argv.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub args: Vec<Text<'a>>,
    /// The command line as one string: Windows only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command_line: Option<Text<'a>>,
    /// `NAME=value`.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub env: Vec<Text<'a>>,
    /// The working directory: absolute, in the container.
    #[serde(default)]
    pub cwd: Text<'a>,
    /// The five capability sets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Capabilities<'a>>,
    /// Limits of setrlimit(2).
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub rlimits: Vec<Rlimit<'a>>,
    /// PR_SET_NO_NEW_PRIVS.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_new_privileges: bool,
    /// The AppArmor profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apparmor_profile: Option<Text<'a>>,
    /// /proc/PID/oom_score_adj, -1000 to 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oom_score_adj: Option<i64>,
    /// sched_setattr(2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduler: Option<Scheduler<'a>>,
    /// The SELinux label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selinux_label: Option<Text<'a>>,
    /// ioprio_set(2).
    #[serde(skip_serializing_if = "Option::is_none", rename = "ioPriority")]
    pub io_priority: Option<IoPriority<'a>>,
    /// CPU affinity of exec'ed processes.
    #[serde(skip_serializing_if = "Option::is_none", rename = "execCPUAffinity")]
    pub exec_cpu_affinity: Option<ExecCpuAffinity<'a>>,
}

/// A terminal's size in characters.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct ConsoleSize {
    /// Lines.
    pub height: u16,
    /// Columns.
    pub width: u16,
}

/// User, groups and umask.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub struct User<'a> {
    /// The user id in the container.
    #[serde(default)]
    pub uid: u32,
    /// The group id in the container.
    #[serde(default)]
    pub gid: u32,
    /// The file mode creation mask; the runtime's own when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub umask: Option<u32>,
    /// Supplementary groups.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub additional_gids: Vec<u32>,
    /// Windows only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<Text<'a>>,
}

/// The five capability sets of capabilities(7), by name.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct Capabilities<'a> {
    /// The bounding set.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub bounding: Vec<Text<'a>>,
    /// The effective set.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub effective: Vec<Text<'a>>,
    /// The inheritable set.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub inheritable: Vec<Text<'a>>,
    /// The permitted set.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub permitted: Vec<Text<'a>>,
    /// The ambient set.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub ambient: Vec<Text<'a>>,
}

/// One resource limit.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct Rlimit<'a> {
    /// `RLIMIT_…`.
    #[serde(rename = "type")]
    pub kind: Text<'a>,
    /// The ceiling.
    pub hard: u64,
    /// The limit in force.
    pub soft: u64,
}

/// Scheduling policy and its parameters.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct Scheduler<'a> {
    /// `SCHED_…`.
    pub policy: Text<'a>,
    /// -20 to 19, for SCHED_OTHER and SCHED_BATCH.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nice: Option<i32>,
    /// For SCHED_FIFO and SCHED_RR.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    /// `SCHED_FLAG_…`.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub flags: Vec<Text<'a>>,
    /// Nanoseconds, for SCHED_DEADLINE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime: Option<u64>,
    /// Nanoseconds, for SCHED_DEADLINE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<u64>,
    /// Nanoseconds, for SCHED_DEADLINE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<u64>,
}

/// I/O scheduling class and priority.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct IoPriority<'a> {
    /// `IOPRIO_CLASS_…`.
    pub class: Text<'a>,
    /// 0 (highest) to 7.
    #[serde(default)]
    pub priority: i32,
}

/// CPU affinity for `exec`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct ExecCpuAffinity<'a> {
    /// A CPU list, before the cgroup is entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial: Option<Text<'a>>,
    /// A CPU list, after it.
    #[serde(rename = "final", skip_serializing_if = "Option::is_none")]
    pub last: Option<Text<'a>>,
}
