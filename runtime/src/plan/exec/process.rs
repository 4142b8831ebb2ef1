//! Which process `exec` runs: what was asked for, completed by what the container's own process has.

use crate::oci::{Capabilities, Process, Text};

/// What the command line of `exec` changes about the container's own process.
#[derive(Debug, Clone, Default)]
pub struct Changes<'a> {
    /// argv.
    pub args: Vec<Text<'a>>,
    /// Whether it gets a terminal.
    pub terminal: bool,
    /// The working directory.
    pub cwd: Option<Text<'a>>,
    /// Variables beside the container's.
    pub env: Vec<Text<'a>>,
    /// The user, and the group if it is given, too.
    pub user: Option<(u32, Option<u32>)>,
    /// Groups beside the container's.
    pub additional_gids: Vec<u32>,
    /// The AppArmor profile.
    pub apparmor: Option<Text<'a>>,
    /// The SELinux label.
    pub label: Option<Text<'a>>,
    /// Whether execve may give no more privileges.
    pub no_new_privileges: bool,
    /// Capabilities beside the container's.
    pub capabilities: Vec<Text<'a>>,
}

/// The container's own process with what the command line changes.
pub fn by_flags<'a>(own: &Process<'a>, changes: Changes<'a>) -> Process<'a> {
    let mut process = own.clone();
    process.args = changes.args;
    process.terminal = changes.terminal;
    // The size was the container's own terminal's.
    process.console_size = None;
    process.env.extend(changes.env);
    process.cwd = changes.cwd.unwrap_or(process.cwd);
    if let Some((uid, gid)) = changes.user {
        process.user.uid = uid;
        process.user.gid = gid.unwrap_or(process.user.gid);
    }
    process.user.additional_gids.extend(changes.additional_gids);
    process.apparmor_profile = changes.apparmor.or(process.apparmor_profile);
    process.selinux_label = changes.label.or(process.selinux_label);
    process.no_new_privileges |= changes.no_new_privileges;
    if !changes.capabilities.is_empty() {
        let sets = process.capabilities.get_or_insert_default();
        add(sets, &changes.capabilities);
    }
    process
}

/// To every set but those that outlive an execve.
fn add<'a>(sets: &mut Capabilities<'a>, names: &[Text<'a>]) {
    for set in [&mut sets.bounding, &mut sets.effective, &mut sets.permitted] {
        set.extend_from_slice(names);
    }
}

/// The process of a file, with the container's own limits and restrictions where the file says nothing.
pub fn by_file<'a>(own: &Process<'a>, file: Process<'a>, terminal: bool) -> Process<'a> {
    let mut process = file;
    process.terminal |= terminal;
    process.capabilities = process.capabilities.or_else(|| own.capabilities.clone());
    if process.rlimits.is_empty() {
        process.rlimits.clone_from(&own.rlimits);
    }
    process.apparmor_profile = said(process.apparmor_profile).or_else(|| own.apparmor_profile.clone());
    process.selinux_label = said(process.selinux_label).or_else(|| own.selinux_label.clone());
    process.user.umask = process.user.umask.or(own.user.umask);
    process.oom_score_adj = process.oom_score_adj.or(own.oom_score_adj);
    process.scheduler = process.scheduler.or_else(|| own.scheduler.clone());
    process.io_priority = process.io_priority.or_else(|| own.io_priority.clone());
    process.exec_cpu_affinity = process
        .exec_cpu_affinity
        .or_else(|| own.exec_cpu_affinity.clone());
    process
}

/// Programs write an empty string where they mean nothing.
fn said(text: Option<Text<'_>>) -> Option<Text<'_>> {
    text.filter(|text| !text.is_empty())
}
