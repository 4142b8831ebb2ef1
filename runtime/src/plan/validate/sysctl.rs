//! `linux.sysctl`: only parameters that the container's own namespaces hold; others would be the host's.

use super::{Problems, linux};
use crate::oci::Linux;

/// Parameters of an ipc namespace, beside `fs.mqueue.*`.
const IPC: &[&str] = &[
    "kernel.msgmax",
    "kernel.msgmnb",
    "kernel.msgmni",
    "kernel.sem",
    "kernel.shmall",
    "kernel.shmmax",
    "kernel.shmmni",
    "kernel.shm_rmid_forced",
];

pub(super) fn check(linux: &Linux<'_>, problems: &mut Problems) {
    for (name, value) in &linux.sysctl {
        let at = format_args!("linux.sysctl.{name}");
        problems.plain(&at, name);
        problems.plain(&at, value);
        let dotted = name.replace('/', ".");
        if dotted.split('.').any(str::is_empty) {
            problems.wrong(
                at,
                format!("{:?}", name.as_str()),
                "a name such as net.ipv4.ip_forward",
            );
            continue;
        }
        match owner(&dotted) {
            Owner::Namespace(kind) if linux::has_namespace(linux, kind) => {}
            Owner::Namespace(kind) => {
                let found = format!("no {kind} namespace");
                problems.wrong(at, found, format!("a {kind} namespace in linux.namespaces"));
            }
            Owner::Property(property) => problems.wrong(at, "a sysctl", format!("the property {property}")),
            Owner::Host => {
                problems.wrong(
                    at,
                    "a parameter of the whole host",
                    "one that a namespace holds (net.*, ipc, uts)",
                );
            }
        }
    }
}

/// Who holds a parameter.
enum Owner {
    Namespace(&'static str),
    Property(&'static str),
    Host,
}

fn owner(name: &str) -> Owner {
    match name {
        "kernel.hostname" => Owner::Property("hostname"),
        "kernel.domainname" => Owner::Namespace("uts"),
        _ if name.starts_with("net.") => Owner::Namespace("network"),
        _ if name.starts_with("fs.mqueue.") || IPC.contains(&name) => Owner::Namespace("ipc"),
        _ => Owner::Host,
    }
}
