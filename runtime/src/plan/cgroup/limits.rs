//! `linux.resources` as operations: finds the hierarchy that owns each controller and asks its interface's file.

use super::{Group, Op, devices, devices_bpf, devices_v1, limits_v1, limits_v2};
use crate::error::{Error, Kind, Result};
use crate::host::cgroup::{Layout, Version};
use crate::oci::{BlockIo, Cpu, HugepageLimit, Map, Memory, Rdma, Resources, Text};

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

/// The writes to one group.
#[derive(Debug)]
pub(super) struct Writes {
    path: String,
    ops: Vec<Op>,
}

impl Writes {
    /// Writes a value.
    pub(super) fn set(&mut self, file: impl Into<String>, value: impl ToString) {
        self.ops.push(Op::Set {
            path: self.path.clone(),
            file: file.into(),
            value: value.to_string(),
        });
    }

    /// Writes a value if there is one.
    pub(super) fn set_some(&mut self, file: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.set(file, value);
        }
    }

    /// Writes a value whose absence changes nothing.
    pub(super) fn set_if_present(&mut self, file: impl Into<String>, value: impl ToString) {
        let choices = vec![(file.into(), value.to_string())];
        self.ops.push(Op::SetFirst {
            path: self.path.clone(),
            choices,
            required: false,
        });
    }

    /// Writes the value of the first of two files that exists.
    pub(super) fn set_either(&mut self, first: (&str, String), second: (&str, String)) {
        let choices = [first, second]
            .map(|(file, value)| (file.to_owned(), value))
            .to_vec();
        self.ops.push(Op::SetFirst {
            path: self.path.clone(),
            choices,
            required: true,
        });
    }
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
pub(super) fn plan(layout: &Layout, groups: &[Group], resources: Option<&Resources<'_>>) -> Result<Limits> {
    let mut planner = Planner {
        layout,
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

struct Planner<'a> {
    layout: &'a Layout,
    groups: &'a [Group],
    limits: Limits,
}

impl Planner<'_> {
    fn resources(&mut self, resources: &Resources<'_>) -> Result<()> {
        if let Some(memory) = &resources.memory {
            self.memory(memory)?;
        }
        if let Some(cpu) = &resources.cpu {
            self.cpu(cpu)?;
        }
        if let Some(limit) = resources.pids.and_then(|pids| pids.limit) {
            let mut writes = self.writes("pids", "linux.resources.pids")?.1;
            writes.set("pids.max", unlimited(limit));
            self.limits.finish.extend(writes.ops);
        }
        if let Some(block_io) = &resources.block_io {
            self.block_io(block_io)?;
        }
        self.huge_pages(&resources.hugepage_limits)?;
        self.rdma(&resources.rdma)?;
        self.network(resources)?;
        self.unified(&resources.unified)
    }

    fn memory(&mut self, memory: &Memory) -> Result<()> {
        let ignored = [("kernel", memory.kernel), ("kernelTCP", memory.kernel_tcp)];
        for (name, _) in ignored
            .iter()
            .filter(|(_, value)| value.is_some_and(|value| value != 0))
        {
            self.limits.warnings.push(format!(
                "linux.resources.memory.{name} is ignored: kernels no longer limit it"
            ));
        }
        if !limits_v2::asks_for_memory(memory) {
            return Ok(());
        }
        let (version, mut writes) = self.writes("memory", "linux.resources.memory")?;
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
        let controller = if self.layout.owner("blkio").is_some() {
            "blkio"
        } else {
            "io"
        };
        let (version, mut writes) = self.writes(controller, "linux.resources.blockIO")?;
        match version {
            Version::V1 => limits_v1::block_io(block_io, &mut writes),
            Version::V2 => limits_v2::block_io(block_io, &mut writes)?,
        }
        self.limits.setup.extend(writes.ops);
        Ok(())
    }

    fn huge_pages(&mut self, limits: &[HugepageLimit<'_>]) -> Result<()> {
        for (index, page) in limits.iter().enumerate() {
            if !page.page_size.bytes().all(|byte| byte.is_ascii_alphanumeric()) || page.page_size.is_empty() {
                let message = format!(
                    "linux.resources.hugepageLimits[{index}].pageSize \"{}\" is not a size such as 2MB",
                    page.page_size
                );
                return Err(Error::new(Kind::Config, message));
            }
            let (version, mut writes) = self.writes("hugetlb", "linux.resources.hugepageLimits")?;
            let suffix = if version == Version::V1 {
                "limit_in_bytes"
            } else {
                "max"
            };
            writes.set(format!("hugetlb.{}.{suffix}", page.page_size), page.limit);
            writes.set_if_present(format!("hugetlb.{}.rsvd.{suffix}", page.page_size), page.limit);
            self.limits.setup.extend(writes.ops);
        }
        Ok(())
    }

    fn rdma(&mut self, devices: &Map<'_, Rdma>) -> Result<()> {
        for (device, limit) in devices {
            if device.is_empty() || device.contains(char::is_whitespace) {
                let message = format!("linux.resources.rdma: \"{device}\" is not the name of a device");
                return Err(Error::new(Kind::Config, message));
            }
            let handles = limit
                .hca_handles
                .map(|n| format!(" hca_handle={n}"))
                .unwrap_or_default();
            let objects = limit
                .hca_objects
                .map(|n| format!(" hca_object={n}"))
                .unwrap_or_default();
            let mut writes = self.writes("rdma", "linux.resources.rdma")?.1;
            writes.set("rdma.max", format!("{device}{handles}{objects}"));
            self.limits.setup.extend(writes.ops);
        }
        Ok(())
    }

    fn network(&mut self, resources: &Resources<'_>) -> Result<()> {
        let Some(network) = &resources.network else {
            return Ok(());
        };
        if let Some(class) = network.class_id {
            let mut writes = self.writes("net_cls", "linux.resources.network.classID")?.1;
            writes.set("net_cls.classid", class);
            self.limits.setup.extend(writes.ops);
        }
        for priority in &network.priorities {
            let mut writes = self.writes("net_prio", "linux.resources.network.priorities")?.1;
            writes.set(
                "net_prio.ifpriomap",
                format!("{} {}", priority.name, priority.priority),
            );
            self.limits.setup.extend(writes.ops);
        }
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
            (Version::V1, writes) => Err(missing(controller, property, self.layout).hint(format!(
                "{controller} is a v1 controller here ({}); use the limits of v1",
                writes.path
            ))),
        }
    }

    fn core_writes(&self, property: &str) -> Result<Writes> {
        let index = self.layout.v2().ok_or_else(|| {
            Error::new(
                Kind::Unsupported,
                format!("{property} needs cgroup v2, which is not mounted"),
            )
        })?;
        Ok(Writes {
            path: self.groups[index].dir(),
            ops: Vec::new(),
        })
    }

    /// Device rules: by writes on v1, by a program on v2.
    fn devices(&mut self, resources: Option<&Resources<'_>>) -> Result<()> {
        let asked = resources.map_or(&[][..], |resources| &resources.devices);
        let rules = devices::rules(asked)?;
        if let Some(index) = self.layout.owner("devices") {
            let mut writes = Writes {
                path: self.groups[index].dir(),
                ops: Vec::new(),
            };
            for (file, value) in devices_v1::writes(&rules)? {
                writes.set(file, value);
            }
            self.limits.setup.extend(writes.ops);
        } else if let Some(index) = self.layout.v2() {
            let path = self.groups[index].dir();
            self.limits
                .setup
                .extend(devices_bpf::compile(&rules)?.map(|program| Op::AttachDevices { path, program }));
        } else if asked.is_empty() {
            self.limits
                .warnings
                .push("no cgroup hierarchy here can restrict the container's devices".to_owned());
        } else {
            return Err(missing("devices", "linux.resources.devices", self.layout));
        }
        Ok(())
    }

    /// An empty list of writes to the group whose hierarchy owns a controller that a property needs.
    fn writes(&mut self, controller: &str, property: &str) -> Result<(Version, Writes)> {
        let index = self
            .layout
            .owner(controller)
            .ok_or_else(|| missing(controller, property, self.layout))?;
        let group = &self.groups[index];
        let controllers = &mut self.limits.controllers;
        if group.version == Version::V2 && !controllers.iter().any(|(name, _)| name == controller) {
            controllers.push((controller.to_owned(), true));
        }
        Ok((
            group.version,
            Writes {
                path: group.dir(),
                ops: Vec::new(),
            },
        ))
    }
}

/// The error of a limit whose controller is nowhere.
fn missing(controller: &str, property: &str, layout: &Layout) -> Error {
    let offers: Vec<String> = layout
        .hierarchies
        .iter()
        .map(|h| {
            format!(
                "{} ({})",
                h.mount,
                if h.controllers.is_empty() {
                    "none".into()
                } else {
                    h.controllers.join(",")
                }
            )
        })
        .collect();
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
