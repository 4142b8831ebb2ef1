//! `linux`: namespaces, time offsets, devices, paths and propagation.

use super::{Problems, mapping, net_devices, treatment};
use crate::oci::{Device, IntelRdt, Linux, NAMESPACES, Namespace, Text};
use std::fmt::Display;

const PROPAGATIONS: &[&str] = &[
    "private",
    "rprivate",
    "rshared",
    "rslave",
    "runbindable",
    "shared",
    "slave",
    "unbindable",
];

const CLOCKS: &[&str] = &["boottime", "monotonic"];
const NANOSECONDS_PER_SECOND: u32 = 1_000_000_000;

pub(super) fn check(linux: &Linux<'_>, problems: &mut Problems) {
    check_namespaces(&linux.namespaces, problems);
    mapping::check(linux, problems);
    net_devices::check(linux, problems);
    check_time_offsets(linux, problems);
    for (index, device) in linux.devices.iter().enumerate() {
        check_device(&format_args!("linux.devices[{index}]"), device, problems);
        if linux.devices[..index]
            .iter()
            .any(|earlier| earlier.path == device.path)
        {
            problems.wrong(
                format!("linux.devices[{index}].path"),
                format!("{:?} again", device.path),
                "each path once",
            );
        }
    }
    if let Some(rdt) = &linux.intel_rdt {
        check_rdt(rdt, problems);
    }
    if let Some(personality) = &linux.personality {
        treatment::check_personality(personality, problems);
    }
    if let Some(policy) = &linux.memory_policy {
        treatment::check_memory_policy(policy, problems);
    }
    let label = linux.mount_label.as_deref().unwrap_or_default();
    problems.plain(&"linux.mountLabel", label);
    check_paths(&"linux.maskedPaths", &linux.masked_paths, problems);
    check_paths(&"linux.readonlyPaths", &linux.readonly_paths, problems);
    if let Some(propagation) = linux
        .rootfs_propagation
        .as_deref()
        .filter(|propagation| !propagation.is_empty())
    {
        problems.one_of(&"linux.rootfsPropagation", propagation, PROPAGATIONS);
    }
}

/// The namespace of a kind, new or joined.
pub(super) fn find_namespace<'l, 'a>(linux: &'l Linux<'a>, kind: &str) -> Option<&'l Namespace<'a>> {
    linux.namespaces.iter().find(|namespace| namespace.kind == *kind)
}

/// Whether the container has a namespace of a kind to itself or with others, but not with the runtime.
pub(super) fn has_namespace(linux: &Linux<'_>, kind: &str) -> bool {
    find_namespace(linux, kind).is_some()
}

/// The path of a namespace to join; an empty one means a new namespace.
pub(super) fn joined_path<'n>(namespace: &'n Namespace<'_>) -> Option<&'n str> {
    namespace.path.as_deref().filter(|path| !path.is_empty())
}

fn check_namespaces(namespaces: &[Namespace<'_>], problems: &mut Problems) {
    for (index, namespace) in namespaces.iter().enumerate() {
        let at = format_args!("linux.namespaces[{index}]");
        problems.one_of(&format_args!("{at}.type"), &namespace.kind, NAMESPACES);
        if namespaces[..index]
            .iter()
            .any(|earlier| earlier.kind == namespace.kind)
        {
            problems.wrong(
                format!("{at}.type"),
                format!("{:?} again", namespace.kind),
                "each namespace once",
            );
        }
        if let Some(path) = joined_path(namespace) {
            problems.absolute(&format_args!("{at}.path"), path);
        }
    }
}

/// Offsets are written before the first process enters the namespace, so only a new one can have them.
fn check_time_offsets(linux: &Linux<'_>, problems: &mut Problems) {
    if linux.time_offsets.is_empty() {
        return;
    }
    match find_namespace(linux, "time") {
        None => problems.wrong(
            "linux.timeOffsets",
            "no time namespace",
            "a new time namespace in linux.namespaces",
        ),
        Some(time) if joined_path(time).is_some() => {
            problems.wrong(
                "linux.timeOffsets",
                "a joined time namespace",
                "a new one, without a path",
            );
        }
        Some(_) => {}
    }
    for (clock, offset) in &linux.time_offsets {
        let at = format_args!("linux.timeOffsets.{clock}");
        problems.one_of(&at, clock, CLOCKS);
        if offset.nanosecs >= NANOSECONDS_PER_SECOND {
            problems.wrong(
                format!("{at}.nanosecs"),
                offset.nanosecs.to_string(),
                "less than a second",
            );
        }
    }
}

/// A class is a directory of its own, a schema is a line.
fn check_rdt(rdt: &IntelRdt<'_>, problems: &mut Problems) {
    let class = rdt.clos_id.as_deref().unwrap_or_default();
    let is_name = !class.contains('/') && class != "." && class != "..";
    if !is_name && class != "/" {
        problems.wrong(
            "linux.intelRdt.closID",
            format!("{class:?}"),
            "a directory's name, or /",
        );
    }
    problems.plain(&"linux.intelRdt.closID", class);
    let bandwidth = rdt.mem_bw_schema.as_deref().unwrap_or_default();
    if !bandwidth.is_empty() && !bandwidth.starts_with("MB:") {
        problems.wrong(
            "linux.intelRdt.memBwSchema",
            format!("{bandwidth:?}"),
            "a line that begins with MB:",
        );
    }
    let one = |name: &dyn Display, line: Option<&str>| {
        let line = line.filter(|line| line.contains(['\n', '\0']))?;
        Some((format!("linux.intelRdt.{name}"), format!("{line:?}")))
    };
    let listed = rdt.schemata.iter().enumerate();
    let wrong = listed.filter_map(|(index, line)| one(&format_args!("schemata[{index}]"), Some(&**line)));
    let wrong = wrong.chain(one(&"l3CacheSchema", rdt.l3_cache_schema.as_deref()));
    for (at, found) in wrong.chain(one(&"memBwSchema", rdt.mem_bw_schema.as_deref())) {
        problems.wrong(at, found, "one line");
    }
}

fn check_device(at: &dyn Display, device: &Device<'_>, problems: &mut Problems) {
    problems.one_of(&format_args!("{at}.type"), &device.kind, &["b", "c", "p", "u"]);
    problems.absolute(&format_args!("{at}.path"), &device.path);
    if device.kind != "p" {
        for (name, number) in [("major", device.major), ("minor", device.minor)] {
            match number {
                None => problems.wrong(
                    format!("{at}.{name}"),
                    "nothing",
                    "a number: only a FIFO has none",
                ),
                Some(number) if u32::try_from(number).is_err() => {
                    problems.wrong(format!("{at}.{name}"), number.to_string(), "a device number");
                }
                Some(_) => {}
            }
        }
    }
    if let Some(mode) = device.file_mode.filter(|mode| mode & !0o177_777 != 0) {
        problems.wrong(
            format!("{at}.fileMode"),
            mode.to_string(),
            "a file mode, such as 438 (octal 666)",
        );
    }
}

fn check_paths(at: &dyn Display, paths: &[Text<'_>], problems: &mut Problems) {
    for (index, path) in paths.iter().enumerate() {
        problems.absolute(&format_args!("{at}[{index}]"), path);
    }
}
