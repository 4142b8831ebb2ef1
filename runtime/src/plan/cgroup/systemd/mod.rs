//! The systemd driver as a plan: the container's groups are a transient scope unit that systemd makes.
//!
//! systemd moves a process that exists into a new scope, so that here the container's process is born first and
//! waits. systemd makes the scope with the limits that it knows as properties, and keeps to them when it is
//! reloaded; then the limits are written to the group's files too, as without systemd: that is exact, and covers
//! what systemd has no property for. Effects are in [`crate::apply::systemd`].

mod annotations;
mod device_properties;
mod name;
mod properties;

pub use properties::properties;

use super::{Group, Op, Plan, Record, devices, enable, group, limits, plan_group, refuse_used};
use crate::dbus::Value;
use crate::error::{Error, Kind, Result};
use crate::host::cgroup::{Found, Layout, Version};
use crate::oci::{Map, Resources, Text};
use name::Name;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which systemd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Manager {
    /// The machine's, process 1.
    System,
    /// That of the user who calls.
    User,
}

/// The systemd that shall make a scope, and what it may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Which one.
    pub manager: Manager,
    /// The group that it manages, below the mount point and without a leading slash; empty for the root.
    pub base: String,
    /// v2: the controllers of that group.
    pub controllers: Vec<String>,
}

/// A unit, to be stored before it is made: all that a clean-up needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unit {
    /// Its name, such as `corten-ID.scope`.
    pub name: String,
    /// Whose unit it is.
    pub manager: Manager,
}

/// A property of a unit (org.freedesktop.systemd1(5)).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Property {
    /// The name.
    pub name: String,
    /// The value, of the type that systemd has for it.
    pub value: Value,
}

impl Property {
    fn new(name: &str, value: Value) -> Self {
        Self {
            name: name.to_owned(),
            value,
        }
    }

    fn text(name: &str, text: impl Into<String>) -> Self {
        Self::new(name, Value::String(text.into()))
    }

    /// `(sv)`, as systemd takes a list of them.
    pub fn to_value(&self) -> Value {
        let name = Value::String(self.name.clone());
        Value::Struct(vec![name, Value::Variant(Box::new(self.value.clone()))])
    }
}

/// A scope that shall be started with the container's process in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scope {
    /// The unit.
    pub unit: Unit,
    /// What it is started with, beside the process.
    pub properties: Vec<Property>,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "start the systemd unit {} with the container's process:",
            self.unit.name
        )?;
        let mut properties = self.properties.iter();
        properties.try_for_each(|property| write!(f, " {}={}", property.name, property.value))
    }
}

/// v2 controllers that systemd knows and hands down to a delegated unit by itself.
const KNOWN: [&str; 5] = ["cpu", "cpuset", "io", "memory", "pids"];

/// The one hierarchy of v1 in which systemd itself puts the process into its group.
const NAMED: &str = "name=systemd";

/// Everything about a container that is asked of a scope.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The container's id.
    pub id: &'a str,
    /// `linux.cgroupsPath`.
    pub path: Option<&'a str>,
    /// The limits.
    pub resources: Option<&'a Resources<'a>>,
    /// All annotations.
    pub annotations: &'a Map<'a, Text<'a>>,
}

/// The path of the scope's group below each hierarchy's mount point.
///
/// # Errors
/// When `linux.cgroupsPath` cannot name a scope.
pub fn path(target: &Target, request: &Request<'_>) -> Result<String> {
    Ok(Name::parse(request.path, request.id, target.manager)?.path_below(&target.base))
}

/// Makes the plan from what is asked and what was found for each hierarchy, in the layout's order.
///
/// # Errors
/// For a group that is in use, a limit that cannot be kept, and an annotation that makes no property.
pub fn plan(layout: &Layout, target: &Target, found: &[Found], request: &Request<'_>) -> Result<Plan> {
    let name = Name::parse(request.path, request.id, target.manager)?;
    let path = name.path_below(&target.base);
    let groups: Vec<Group> = layout
        .hierarchies
        .iter()
        .map(|hierarchy| group(hierarchy, &path))
        .collect();
    if groups.is_empty() {
        return Err(Error::new(Kind::Unsupported, "systemd's cgroups are not mounted")
            .hint("mount cgroup2 at /sys/fs/cgroup, or leave --systemd-cgroup out"));
    }
    for (group, found) in groups.iter().zip(found) {
        refuse_used(group, found)?;
    }
    let limits = limits::plan(&groups, request.resources)?;
    let unified = layout
        .hierarchies
        .iter()
        .all(|hierarchy| hierarchy.version == Version::V2);
    let mut plan = Plan {
        warnings: limits.warnings,
        ..Plan::default()
    };
    if unified {
        check_delegated(target, &limits.controllers)?;
        plan.setup = enable_unknown(&groups[0], &found[0], &limits.controllers);
    } else {
        join_beside_systemd(&groups, found, &limits.controllers, &mut plan);
    }
    let mut list = own_properties(&name, request.id, unified);
    list.extend(properties(limits.setup.iter().chain(&limits.finish)));
    let rules = devices::rules(request.resources.map_or(&[][..], |resources| &resources.devices))?;
    list.extend(device_properties::of(&rules));
    list.extend(annotations::properties(request.annotations)?);
    let unit = Unit {
        name: name.unit,
        manager: target.manager,
    };
    plan.setup.extend(limits.setup);
    plan.finish = limits.finish;
    plan.record = Record {
        groups,
        unit: Some(unit.clone()),
    };
    plan.scope = Some(Scope {
        unit,
        properties: list,
    });
    Ok(plan)
}

/// What every scope is started with, in runc's words.
fn own_properties(name: &Name, id: &str, unified: bool) -> Vec<Property> {
    let io = if unified {
        "IOAccounting"
    } else {
        "BlockIOAccounting"
    };
    let mut list = vec![
        Property::text("Description", format!("container {id}")),
        Property::text("Slice", &*name.slice),
    ];
    let switches = [
        "Delegate",
        "MemoryAccounting",
        "CPUAccounting",
        "TasksAccounting",
        io,
    ];
    list.extend(switches.map(|switch| Property::new(switch, Value::Boolean(true))));
    list.push(Property::new("DefaultDependencies", Value::Boolean(false)));
    list
}

/// Refuses a limit whose controller the user's systemd was not given.
fn check_delegated(target: &Target, needed: &[(String, bool)]) -> Result<()> {
    let mut required = needed.iter().filter(|(_, required)| *required);
    match required.find(|(name, _)| !target.controllers.contains(name)) {
        None => Ok(()),
        Some((name, _)) => {
            let has = target.controllers.join(", ");
            let message = format!(
                "a limit needs the cgroup controller {name}, which systemd's cgroup /{} does not have (it has: {has})",
                target.base
            );
            Err(Error::new(Kind::Unsupported, message).hint(
                "for a user's systemd: put Delegate=cpu cpuset io memory pids below [Service] in /etc/systemd/system/user@.service.d/delegate.conf, and log in again",
            ))
        }
    }
}

/// Hands down the controllers that a limit needs and systemd knows nothing of.
fn enable_unknown(group: &Group, found: &Found, needed: &[(String, bool)]) -> Vec<Op> {
    let unknown: Vec<(String, bool)> = needed
        .iter()
        .filter(|(name, required)| *required && !KNOWN.contains(&name.as_str()))
        .cloned()
        .collect();
    let above = std::iter::once(group.mount.clone()).chain(group.levels());
    let depth = group.levels().count();
    above
        .take(depth)
        .enumerate()
        .flat_map(|(depth, above)| enable(&above, found.enabled.get(depth), group, &unknown))
        .collect()
}

/// systemd puts the process into its own hierarchy; the container makes and joins its groups in the others.
fn join_beside_systemd(groups: &[Group], found: &[Found], needed: &[(String, bool)], plan: &mut Plan) {
    for (group, found) in groups.iter().zip(found) {
        if group.has(NAMED) {
            continue;
        }
        plan_group(group, found, needed, plan);
        if group.version == Version::V2 {
            // Beside v1 the container is not born in its v2 group: systemd may make it, or not.
            plan.join.push(Op::Set {
                path: group.dir(),
                file: "cgroup.procs".to_owned(),
                value: "0".to_owned(),
            });
        }
    }
    for op in &mut plan.setup {
        if let Op::MakeGroup { fresh, .. } = op {
            *fresh = false; // systemd makes those of controllers that it accounts with
        }
    }
}

#[cfg(test)]
mod tests;
