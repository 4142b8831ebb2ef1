//! `linux.resources` as operations: finds the hierarchy that owns each controller and asks its interface's file.

use super::writes::Writes;
use super::{Group, Op, devices, devices_bpf, devices_v1, limits_v1, limits_v2};
use crate::error::{Error, Kind, Result};
use crate::host::cgroup::Version;
use crate::oci::{BlockIo, Cpu, Map, Memory, Resources, Text};

/// v2 controllers that serve statistics when no limit needs them.
const ACCOUNTING: [&str; 4] = ["cpu", "io", "memory", "pids"];

/// What the limits come to.
#[derive(Debug, Default)]
pub(super) struct Limits {
    /// Before the container's init exists.
    pub(super) setup: Vec<Op>,
    /// Once it exists.
    pub(super) finish: Vec<Op>,
    /// v2 controllers to hand down, and whether a limit needs them.
    pub(super) controllers: Vec<(String, bool)>,
    /// What is ignored, and why.
    pub(super) warnings: Vec<String>,
}

/// Whether any limit is asked for that needs a group; device rules alone do not (who may not make groups may not
/// open devices either).
pub(super) fn asks_for_any(resources: &Resources<'_>) -> bool {
    let Resources {
        devices: _,
        memory,
        cpu,
        pids,
        block_io,
        hugepage_limits,
        network,
        rdma,
        unified,
    } = resources;
    memory.is_some()
        || cpu.is_some()
        || pids.is_some_and(|pids| pids.limit.is_some())
        || block_io.is_some()
        || network.is_some()
        || !(hugepage_limits.is_empty() && rdma.is_empty() && unified.is_empty())
}

/// Plans every limit of `resources`, and the device rules, which stand without any too.
pub(super) fn plan(groups: &[Group], resources: Option<&Resources<'_>>) -> Result<Limits> {
    let mut planner = Planner {
        groups,
        limits: Limits::default(),
    };
    planner.devices(resources)?;
    if let Some(resources) = resources {
        planner.resources(resources)?;
    }
    let mut limits = planner.limits;
    for name in ACCOUNTING {
        if !limits.controllers.iter().any(|(known, _)| known == name) {
            limits.controllers.push((name.to_owned(), false));
        }
    }
    Ok(limits)
}

/// Plans what `resources` say and nothing else: neither device rules nor controllers for statistics.
pub(super) fn changes(groups: &[Group], resources: &Resources<'_>) -> Result<Limits> {
    let mut planner = Planner {
        groups,
        limits: Limits::default(),
    };
    planner.resources(resources)?;
    Ok(planner.limits)
}

/// The work at hand: the groups, and what was planned for them so far.
pub(super) struct Planner<'a> {
    groups: &'a [Group],
    pub(super) limits: Limits,
}

impl Planner<'_> {
    fn resources(&mut self, resources: &Resources<'_>) -> Result<()> {
        if let Some(memory) = &resources.memory {
            self.memory(memory)?;
        }
        if let Some(cpu) = &resources.cpu {
            self.cpu(cpu)?;
        }
        let has_pids = self.groups.iter().any(|group| group.has("pids"));
        // What is not counted is unlimited already.
        if let Some(limit) = resources.pids.and_then(|pids| pids.limit)
            && (limit >= 0 || has_pids)
        {
            let mut writes = self.writes("pids", "linux.resources.pids")?.1;
            writes.set("pids.max", unlimited(limit));
            self.limits.finish.extend(writes.ops);
        }
        if let Some(block_io) = &resources.block_io {
            self.block_io(block_io)?;
        }
        self.huge_pages(&resources.hugepage_limits)?;
        self.rdma(&resources.rdma)?;
        if let Some(network) = &resources.network {
            self.network(network)?;
        }
        self.unified(&resources.unified)
    }

    fn memory(&mut self, memory: &Memory) -> Result<()> {
        if memory.kernel.is_some_and(|limit| limit != 0) {
            self.ignore("memory.kernel", "kernels no longer limit it");
        }
        if memory.use_hierarchy == Some(false) {
            self.ignore(
                "memory.useHierarchy",
                "kernels always count what is below a group, too",
            );
        }
        if !limits_v2::asks_for_memory(memory) {
            return Ok(());
        }
        let (version, mut writes) = self.writes("memory", "linux.resources.memory")?;
        if version == Version::V2 && memory.kernel_tcp.is_some_and(|limit| limit != 0) {
            self.ignore("memory.kernelTCP", "cgroup v2 does not limit it by itself");
        }
        match version {
            Version::V1 => limits_v1::memory(memory, &mut writes)?,
            Version::V2 => limits_v2::memory(memory, &mut writes)?,
        }
        self.limits.setup.extend(writes.ops);
        Ok(())
    }

    fn cpu(&mut self, cpu: &Cpu<'_>) -> Result<()> {
        if limits_v2::asks_for_cpu_time(cpu) {
            let (version, mut writes) = self.writes("cpu", "linux.resources.cpu")?;
            match version {
                Version::V1 => limits_v1::cpu(cpu, &mut writes),
                Version::V2 => limits_v2::cpu(cpu, &mut writes)?,
            }
            self.limits.setup.extend(writes.ops);
        }
        let given =
            |list: &Option<Text<'_>>| list.as_deref().filter(|list| !list.is_empty()).map(str::to_owned);
        let (cpus, mems) = (given(&cpu.cpus), given(&cpu.mems));
        if cpus.is_some() || mems.is_some() {
            let mut writes = self.writes("cpuset", "linux.resources.cpu.cpus/mems")?.1;
            writes.set_some("cpuset.cpus", cpus);
            writes.set_some("cpuset.mems", mems);
            self.limits.setup.extend(writes.ops);
        }
        Ok(())
    }

    fn block_io(&mut self, block_io: &BlockIo) -> Result<()> {
        let v1 = self.groups.iter().any(|group| group.has("blkio"));
        let controller = if v1 { "blkio" } else { "io" };
        let (version, mut writes) = self.writes(controller, "linux.resources.blockIO")?;
        match version {
            Version::V1 => limits_v1::block_io(block_io, &mut writes),
            Version::V2 => limits_v2::block_io(block_io, &mut writes)?,
        }
        self.limits.setup.extend(writes.ops);
        Ok(())
    }

    /// v2's files as given, after and so above everything else.
    fn unified(&mut self, files: &Map<'_, Text<'_>>) -> Result<()> {
        for (file, value) in files {
            limits_v2::check_unified(file)?;
            let property = format!("linux.resources.unified[\"{file}\"]");
            let mut writes = match file.split_once('.') {
                Some((controller, _)) if controller != "cgroup" => {
                    self.unified_writes(controller, &property)?
                }
                _ => self.core_writes(&property)?,
            };
            for line in value.lines() {
                writes.set(file.as_str(), line);
            }
            let late = file.as_str() == "pids.max";
            if late {
                &mut self.limits.finish
            } else {
                &mut self.limits.setup
            }
            .extend(writes.ops);
        }
        Ok(())
    }

    fn unified_writes(&mut self, controller: &str, property: &str) -> Result<Writes> {
        match self.writes(controller, property)? {
            (Version::V2, writes) => Ok(writes),
            (Version::V1, _) => Err(missing(controller, property, self.groups).hint(format!(
                "{controller} is a controller of cgroup v1 here; use the limits of v1"
            ))),
        }
    }

    fn core_writes(&self, property: &str) -> Result<Writes> {
        let v2 = self.groups.iter().find(|group| group.version == Version::V2);
        let group = v2.ok_or_else(|| {
            Error::new(
                Kind::Unsupported,
                format!("{property} needs cgroup v2, which is not mounted"),
            )
        })?;
        Ok(Writes::to(group.dir()))
    }

    fn ignore(&mut self, property: &str, reason: &str) {
        self.limits
            .warnings
            .push(format!("linux.resources.{property} is ignored: {reason}"));
    }

    /// Device rules: by writes on v1, by a program on v2.
    fn devices(&mut self, resources: Option<&Resources<'_>>) -> Result<()> {
        let asked = resources.map_or(&[][..], |resources| &resources.devices);
        let rules = devices::rules(asked)?;
        let v1 = self.groups.iter().find(|group| group.has("devices"));
        let v2 = self.groups.iter().find(|group| group.version == Version::V2);
        if let Some(group) = v1 {
            let mut writes = Writes::to(group.dir());
            for (file, value) in devices_v1::writes(&rules)? {
                writes.set(file, value);
            }
            self.limits.setup.extend(writes.ops);
        } else if let Some(group) = v2 {
            let path = group.dir();
            self.limits
                .setup
                .extend(devices_bpf::compile(&rules)?.map(|program| Op::AttachDevices { path, program }));
        } else if asked.is_empty() {
            self.limits
                .warnings
                .push("no cgroup hierarchy here can restrict the container's devices".to_owned());
        } else {
            return Err(missing("devices", "linux.resources.devices", self.groups));
        }
        Ok(())
    }

    /// An empty list of writes to the group whose hierarchy owns a controller that a property needs.
    pub(super) fn writes(&mut self, controller: &str, property: &str) -> Result<(Version, Writes)> {
        let owner = self.groups.iter().find(|group| group.has(controller));
        let group = owner.ok_or_else(|| missing(controller, property, self.groups))?;
        let controllers = &mut self.limits.controllers;
        if group.version == Version::V2 && !controllers.iter().any(|(name, _)| name == controller) {
            controllers.push((controller.to_owned(), true));
        }
        Ok((group.version, Writes::to(group.dir())))
    }
}

/// The error of a limit whose controller is nowhere.
fn missing(controller: &str, property: &str, groups: &[Group]) -> Error {
    let offer = |group: &Group| match group.controllers.join(",") {
        names if names.is_empty() => format!("{} (none)", group.mount),
        names => format!("{} ({names})", group.mount),
    };
    let offers: Vec<String> = groups.iter().map(offer).collect();
    let offers = if offers.is_empty() {
        "no cgroup hierarchy is mounted".to_owned()
    } else {
        offers.join(", ")
    };
    Error::new(
        Kind::Unsupported,
        format!("{property} needs the cgroup controller {controller}, which is not available"),
    )
    .hint(format!("available are: {offers}"))
}

/// -1 is how the specification says "no limit", `max` how the kernel does.
pub(super) fn unlimited(limit: i64) -> String {
    if limit < 0 {
        "max".to_owned()
    } else {
        limit.to_string()
    }
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;
