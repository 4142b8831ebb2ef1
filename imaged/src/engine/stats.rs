//! What a running container uses, from the files of its cgroups.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::facts;
use super::layout::Containers;
use super::record::Record;
use super::status::Status;

/// What a container used until a moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) at: Instant,
    /// Nanoseconds of processor time.
    pub(crate) processor: u64,
    /// Bytes, without what is only cached and not in use.
    pub(crate) memory: u64,
    /// Bytes; the machine's memory if there is no limit.
    pub(crate) memory_limit: u64,
    pub(crate) processes: u64,
    /// Bytes read from and written to devices.
    pub(crate) block: (u64, u64),
    /// Bytes received and sent, loopback aside; nothing with the host's network.
    pub(crate) network: (u64, u64),
}

/// Looks at a container; none if it does not run.
pub(crate) fn sample(containers: &Containers, record: &Record) -> Option<Sample> {
    let pid = match Status::of(containers, &record.id) {
        Status::Running { pid, .. } if pid > 0 => pid,
        _ => return None,
    };
    let groups = Groups::of(pid, &record.id)?;
    let (memory, memory_limit) = groups.memory();
    Some(Sample {
        at: Instant::now(),
        processor: groups.processor(),
        memory,
        memory_limit: memory_limit.min(facts::machine_memory().unwrap_or(u64::MAX)),
        processes: groups.number("pids", "pids.current"),
        block: groups.block(),
        network: network(pid, record),
    })
}

/// The directories of a container's cgroup: one on v2, one for each controller on v1.
struct Groups {
    /// Controllers, separated by commas; empty for v2.
    directories: Vec<(String, PathBuf)>,
}

impl Groups {
    /// The container's own, even if its first process moved into one below.
    fn of(pid: i32, id: &str) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
        let directories = text.lines().filter_map(|line| {
            let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
            let end = path.find(id)? + id.len();
            let own = path[..end].trim_start_matches('/');
            let mounted = match controllers {
                "" if Path::new("/sys/fs/cgroup/cgroup.controllers").exists() => {
                    PathBuf::from("/sys/fs/cgroup")
                }
                "" => PathBuf::from("/sys/fs/cgroup/unified"),
                controllers => Path::new("/sys/fs/cgroup").join(controllers.trim_start_matches("name=")),
            };
            Some((controllers.to_owned(), mounted.join(own)))
        });
        Some(Self {
            directories: directories.collect(),
        })
    }

    /// The directory of a v1 controller, if it is one.
    fn v1(&self, controller: &str) -> Option<&Path> {
        let has = |controllers: &str| controllers.split(',').any(|name| name == controller);
        self.directories
            .iter()
            .find(|(controllers, _)| has(controllers))
            .map(|(_, path)| path.as_path())
    }

    /// The text of a file; of the v1 controller if there is one.
    fn text(&self, controller: &str, v1_name: &str, v2_name: &str) -> String {
        let path = match self.v1(controller) {
            Some(directory) => directory.join(v1_name),
            None => match self.v1("") {
                Some(directory) => directory.join(v2_name),
                None => return String::new(),
            },
        };
        fs::read_to_string(path).unwrap_or_default()
    }

    /// A number that has the same file on v1 and v2; `max` is the largest.
    fn number(&self, controller: &str, name: &str) -> u64 {
        parsed(&self.text(controller, name, name))
    }

    fn processor(&self) -> u64 {
        match self.v1("cpuacct") {
            Some(_) => parsed(&self.text("cpuacct", "cpuacct.usage", "")),
            None => field(&self.text("cpu", "cpu.stat", "cpu.stat"), "usage_usec") * 1000,
        }
    }

    fn memory(&self) -> (u64, u64) {
        let used = parsed(&self.text("memory", "memory.usage_in_bytes", "memory.current"));
        let statistics = self.text("memory", "memory.stat", "memory.stat");
        let name = if self.v1("memory").is_some() {
            "total_inactive_file"
        } else {
            "inactive_file"
        };
        let limit = parsed(&self.text("memory", "memory.limit_in_bytes", "memory.max"));
        (used.saturating_sub(field(&statistics, name)), limit)
    }

    fn block(&self) -> (u64, u64) {
        if self.v1("blkio").is_some() {
            let text = self.text("blkio", "blkio.throttle.io_service_bytes_recursive", "");
            let sum = |word: &str| {
                let of_line = |line: &str| {
                    line.split(' ')
                        .nth(1)
                        .filter(|found| *found == word)
                        .map(|_| last_number(line))
                };
                text.lines().filter_map(of_line).sum()
            };
            return (sum("Read"), sum("Write"));
        }
        let text = self.text("io", "", "io.stat");
        let sum = |key: &str| {
            let pairs = text.split_whitespace();
            pairs
                .filter_map(|pair| pair.strip_prefix(key)?.parse::<u64>().ok())
                .sum()
        };
        (sum("rbytes="), sum("wbytes="))
    }
}

fn last_number(line: &str) -> u64 {
    line.rsplit(' ')
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

fn parsed(text: &str) -> u64 {
    match text.trim() {
        "max" => u64::MAX,
        number => number.parse().unwrap_or(0),
    }
}

/// A field of a file of names and numbers.
fn field(text: &str, name: &str) -> u64 {
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.map_or(0, parsed)
}

fn network(pid: i32, record: &Record) -> (u64, u64) {
    if record.options.network == crate::plan::options::Network::Host {
        return (0, 0);
    }
    let text = fs::read_to_string(format!("/proc/{pid}/net/dev")).unwrap_or_default();
    let of_line = |line: &str| {
        let (name, numbers) = line.split_once(':')?;
        let numbers: Vec<u64> = numbers.split_whitespace().map(parsed).collect();
        (name.trim() != "lo").then_some((*numbers.first()?, *numbers.get(8)?))
    };
    text.lines()
        .filter_map(of_line)
        .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}
