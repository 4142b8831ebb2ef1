//! The container's cgroups as a plan: where they are, what makes them, what limits them, how one joins them.
//!
//! Pure: layout and findings come from [`crate::host::cgroup`], effects are in [`crate::apply::cgroup`].

mod devices;
mod devices_bpf;
mod devices_v1;
mod limits;
mod limits_same;
mod limits_v1;
mod limits_v2;
mod merge;
mod op;
pub(super) mod owner;
mod place;
pub mod systemd;
mod undo;
mod update;
mod writes;

pub use devices_bpf::Instruction;
pub use op::Op;
pub use place::Wish;
pub use undo::restoring;
pub use update::{Update, update};

use crate::error::{Error, Kind, Result};
use crate::host::cgroup::{Found, Hierarchy, Layout, Version};
use crate::oci::Resources;
use serde::{Deserialize, Serialize};

/// The groups of a container, to be stored before any of them is made: all that a clean-up needs to know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// One group per hierarchy; none when the container runs in the runtime's own groups.
    pub groups: Vec<Group>,
    /// The unit that has them, when systemd makes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<systemd::Unit>,
}

/// A container's group in one hierarchy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// The hierarchy's interface.
    pub version: Version,
    /// The hierarchy's controllers, as in [`Hierarchy::controllers`].
    pub controllers: Vec<String>,
    /// The hierarchy's mount point.
    pub mount: String,
    /// The group below the mount point: not empty, no leading slash, no `.` and `..`.
    pub path: String,
}

impl Group {
    /// The group's absolute path.
    pub fn dir(&self) -> String {
        format!("{}/{}", self.mount, self.path)
    }

    /// Whether the group's hierarchy owns a controller.
    pub fn has(&self, controller: &str) -> bool {
        self.controllers.iter().any(|c| c == controller)
    }

    /// The absolute paths of the group and those above it, from the topmost below the mount point.
    fn levels(&self) -> impl Iterator<Item = String> {
        let ends = self
            .path
            .match_indices('/')
            .map(|(at, _)| at)
            .chain([self.path.len()]);
        ends.map(|end| format!("{}/{}", self.mount, &self.path[..end]))
    }
}

impl Record {
    /// The group in the v2 tree, if there is one.
    pub fn v2(&self) -> Option<&Group> {
        self.groups.iter().find(|group| group.version == Version::V2)
    }

    /// The path of the group that represents the container, for its state: v2's, or else the first.
    pub fn main_dir(&self) -> Option<String> {
        self.v2().or_else(|| self.groups.first()).map(Group::dir)
    }
}

/// All that is to be done about a container's cgroups, in order.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The groups.
    pub record: Record,
    /// With systemd: the unit to start with the container's process, once that waits.
    pub scope: Option<systemd::Scope>,
    /// In the parent, before the clone (with a scope: once that is started): makes the groups and limits them.
    pub setup: Vec<Op>,
    /// In the child, before everything else (with a scope: after `setup`): joins the groups it is not born in.
    pub join: Vec<Op>,
    /// In the parent, once the container's init exists: limits that could forbid its birth.
    pub finish: Vec<Op>,
    /// What the user should know although nothing fails.
    pub warnings: Vec<String>,
}

/// Makes the plan from what is asked and what was found for each hierarchy, in the layout's order.
///
/// # Errors
/// For a group that is in use, and for limits that the layout cannot keep; the first is named.
pub fn plan(
    layout: &Layout,
    paths: &[String],
    found: &[Found],
    resources: Option<&Resources<'_>>,
) -> Result<Plan> {
    let limited = resources.is_some_and(limits::asks_for_any);
    if let Some(reason) = denied(layout, paths, found) {
        return if limited {
            Err(reason)
        } else {
            Ok(without_groups(&reason))
        };
    }
    let groups: Vec<Group> = layout
        .hierarchies
        .iter()
        .zip(paths)
        .map(|(hierarchy, path)| group(hierarchy, path))
        .collect();
    for (group, found) in groups.iter().zip(found) {
        refuse_used(group, found)?;
    }
    let limits = limits::plan(&groups, resources)?;
    let mut plan = Plan {
        warnings: limits.warnings,
        ..Plan::default()
    };
    for (group, found) in groups.iter().zip(found) {
        if found.existing == group.levels().count() {
            plan.setup.push(Op::Claim { path: group.dir() });
        }
        plan_group(group, found, &limits.controllers, &mut plan);
    }
    plan.setup.extend(limits.setup);
    plan.finish.extend(limits.finish);
    plan.record = Record { groups, unit: None };
    Ok(plan)
}

/// Why the groups cannot be made, if so.
fn denied(layout: &Layout, paths: &[String], found: &[Found]) -> Option<Error> {
    let tried = layout.hierarchies.iter().zip(paths).zip(found);
    tried.into_iter().find_map(|((hierarchy, path), found)| {
        let errno = found.denied?;
        let call = format!("mkdir(\"{}/{path}\")", hierarchy.mount);
        Some(Error::syscall(call, errno).context("make the container's cgroup").hint(
            "limits need a cgroup that this user may write: delegate one (systemd: Delegate=yes) or run as root",
        ))
    })
}

/// The plan of a container that stays in the runtime's own groups.
fn without_groups(reason: &Error) -> Plan {
    Plan {
        warnings: vec![format!(
            "the container runs without a cgroup of its own: {reason}"
        )],
        ..Plan::default()
    }
}

fn group(hierarchy: &Hierarchy, path: &str) -> Group {
    Group {
        version: hierarchy.version,
        controllers: hierarchy.controllers.clone(),
        mount: hierarchy.mount.clone(),
        path: path.to_owned(),
    }
}

/// Two containers in one group, or one that can never run, would surprise: runtime-spec lets us refuse.
fn refuse_used(group: &Group, found: &Found) -> Result<()> {
    let dir = group.dir();
    if found.frozen {
        return Err(Error::new(
            Kind::State,
            format!("container's cgroup unexpectedly frozen: {dir}"),
        )
        .hint("thaw or remove it, or choose another linux.cgroupsPath"));
    }
    if found.populated {
        return Err(Error::new(
            Kind::State,
            format!("container's cgroup is not empty: {dir} has processes"),
        )
        .hint("end them, or choose another linux.cgroupsPath"));
    }
    Ok(())
}

/// The steps that make one group usable, and the one that joins it.
fn plan_group(group: &Group, found: &Found, needed: &[(String, bool)], plan: &mut Plan) {
    let levels: Vec<String> = group.levels().collect();
    for (depth, path) in levels.iter().enumerate() {
        let above = if depth == 0 {
            &group.mount
        } else {
            &levels[depth - 1]
        };
        if group.version == Version::V2 {
            plan.setup
                .extend(enable(above, found.enabled.get(depth), group, needed));
        }
        if depth >= found.existing {
            plan.setup.push(Op::MakeGroup {
                path: path.clone(),
                fresh: depth + 1 == levels.len(),
            });
        }
        if group.has("cpuset") && group.version == Version::V1 {
            plan.setup.extend(fill_cpuset(path, depth, found));
        }
    }
    if group.version == Version::V1 {
        plan.join.push(Op::Join { path: group.dir() });
    }
}

/// Hands controllers down from a v2 directory to its children, those only that it does not hand down yet.
fn enable(dir: &str, enabled: Option<&Vec<String>>, group: &Group, needed: &[(String, bool)]) -> Vec<Op> {
    let missing = |required: bool| -> Vec<String> {
        let wanted = needed
            .iter()
            .filter(|(name, needs)| *needs == required && group.has(name));
        wanted
            .map(|(name, _)| name.clone())
            .filter(|name| !enabled.is_some_and(|on| on.contains(name)))
            .collect()
    };
    let (required, welcome) = (missing(true), missing(false));
    let mut ops = Vec::new();
    if !required.is_empty() {
        ops.push(Op::Enable {
            path: dir.to_owned(),
            controllers: required,
            required: true,
        });
    }
    ops.extend(welcome.into_iter().map(|controller| Op::Enable {
        path: dir.to_owned(),
        controllers: vec![controller],
        required: false,
    }));
    ops
}

/// Gives a v1 cpuset group its parent's values if it has none: without them nobody can join it.
fn fill_cpuset(path: &str, depth: usize, found: &Found) -> Vec<Op> {
    let Some((cpus, mems)) = inherited_cpuset(depth, found) else {
        return Vec::new();
    };
    let own = found.cpusets.get(depth + 1);
    let fill = |file: &str, have: Option<&String>, value: &str| {
        let missing = have.is_none_or(String::is_empty);
        missing.then(|| Op::Set {
            path: path.to_owned(),
            file: file.to_owned(),
            value: value.to_owned(),
        })
    };
    let cpus = fill("cpuset.cpus", own.map(|(cpus, _)| cpus), cpus);
    let mems = fill("cpuset.mems", own.map(|(_, mems)| mems), mems);
    cpus.into_iter().chain(mems).collect()
}

/// The nearest values above a level: those of directories that exist, or what was filled in for them.
fn inherited_cpuset(depth: usize, found: &Found) -> Option<(&str, &str)> {
    let above = found.cpusets.get(..=depth).unwrap_or(&found.cpusets);
    let cpus = above.iter().rev().find(|(cpus, _)| !cpus.is_empty())?;
    let mems = above.iter().rev().find(|(_, mems)| !mems.is_empty())?;
    Some((&cpus.0, &mems.1))
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
