//! `spec`: a config.json to start from: runc's, without the ambient capabilities, which nothing could raise there.

use super::Verb;
use crate::cli::Globals;
use crate::error::{Error, Kind, Result};
use crate::oci::{IdMapping, Linux, Mount, Namespace, Spec, VERSION};
use clap::Args;
use serde::Serialize;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The start file for root; `rootless` makes the other one of it.
const TEMPLATE: &str = include_str!("spec.json");

/// Write a config.json to start from
#[derive(Debug, Args)]
pub(super) struct SpecArgs {
    /// The bundle to write to [default: the current directory]
    #[arg(short, long, value_name = "DIR")]
    bundle: Option<PathBuf>,

    /// Write a configuration that needs no root privileges
    #[arg(long)]
    rootless: bool,
}

impl Verb for SpecArgs {
    const NAME: &'static str = "spec";
    const ABOUT: &'static str = "create a new specification file";

    fn run(self, _globals: &Globals) -> Result<u8> {
        let mut spec = template()?;
        if is_unified(Path::new("/sys/fs/cgroup")) {
            namespaces(&mut spec).push(namespace("cgroup"));
        }
        if self.rootless {
            make_rootless(
                &mut spec,
                nix::unistd::geteuid().as_raw(),
                nix::unistd::getegid().as_raw(),
            );
        }
        write(
            &self.bundle.unwrap_or_default().join("config.json"),
            &render(&spec)?,
        )?;
        Ok(0)
    }
}

fn template() -> Result<Spec<'static>> {
    let mut spec: Spec<'static> = serde_json::from_str(TEMPLATE)
        .map_err(|error| Error::new(Kind::Config, format!("the built-in template is damaged: {error}")))?;
    spec.oci_version = VERSION.into();
    Ok(spec)
}

/// Whether only cgroup v2 is mounted: then a cgroup namespace hides the host's tree.
fn is_unified(path: &Path) -> bool {
    nix::sys::statfs::statfs(path)
        .is_ok_and(|facts| facts.filesystem_type() == nix::sys::statfs::CGROUP2_SUPER_MAGIC)
}

/// What an unprivileged user cannot have is left out: the network namespace, limits, foreign group ids.
fn make_rootless(spec: &mut Spec<'_>, uid: u32, gid: u32) {
    namespaces(spec).retain(|namespace| namespace.kind != "network" && namespace.kind != "user");
    namespaces(spec).push(namespace("user"));
    let linux = spec.linux.get_or_insert_default();
    linux.uid_mappings = vec![IdMapping {
        container_id: 0,
        host_id: uid,
        size: 1,
    }];
    linux.gid_mappings = vec![IdMapping {
        container_id: 0,
        host_id: gid,
        size: 1,
    }];
    linux.resources = None;
    for mount in &mut spec.mounts {
        mount
            .options
            .retain(|option| !option.starts_with("gid=") && !option.starts_with("uid="));
        if mount.destination == "/sys" {
            *mount = bind_of_sys();
        }
    }
}

/// A new sysfs needs an own network namespace: without one, the host's is bound.
fn bind_of_sys() -> Mount<'static> {
    Mount {
        destination: "/sys".into(),
        kind: Some("none".into()),
        source: Some("/sys".into()),
        options: ["rbind", "nosuid", "noexec", "nodev", "ro"]
            .map(Into::into)
            .to_vec(),
        ..Mount::default()
    }
}

fn namespaces<'s, 'a>(spec: &'s mut Spec<'a>) -> &'s mut Vec<Namespace<'a>> {
    &mut spec.linux.get_or_insert_with(Linux::default).namespaces
}

fn namespace(kind: &'static str) -> Namespace<'static> {
    Namespace {
        kind: kind.into(),
        path: None,
    }
}

/// JSON indented by tabs.
fn render(spec: &Spec<'_>) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"\t");
    spec.serialize(&mut serde_json::Serializer::with_formatter(&mut text, formatter))
        .map_err(|error| Error::new(Kind::System, format!("write JSON: {error}")))?;
    text.push(b'\n');
    Ok(text)
}

fn write(path: &Path, text: &[u8]) -> Result<()> {
    let failed = |call: &str, error: &std::io::Error| {
        Error::syscall(
            format!("{call} {}", path.display()),
            error.raw_os_error().unwrap_or(0),
        )
    };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(|error| {
            if error.kind() == std::io::ErrorKind::AlreadyExists {
                return Error::new(Kind::Exists, "File config.json exists. Remove it first");
            }
            failed("open", &error).hint("--bundle names an existing directory")
        })?;
    file.write_all(text).map_err(|error| failed("write", &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_survives_the_model_unchanged() {
        let through_model = serde_json::to_value(template().unwrap()).unwrap();
        let mut plain: serde_json::Value = serde_json::from_str(TEMPLATE).unwrap();
        plain["ociVersion"] = VERSION.into();
        assert_eq!(through_model, plain);
    }

    #[test]
    fn rootless_maps_the_caller_and_binds_sys() {
        let mut spec = template().unwrap();
        make_rootless(&mut spec, 1000, 1001);
        let linux = spec.linux.as_ref().unwrap();
        assert_eq!(
            linux.uid_mappings,
            [IdMapping {
                container_id: 0,
                host_id: 1000,
                size: 1
            }]
        );
        assert_eq!(
            linux.gid_mappings,
            [IdMapping {
                container_id: 0,
                host_id: 1001,
                size: 1
            }]
        );
        let kinds = linux
            .namespaces
            .iter()
            .map(|namespace| namespace.kind.as_str())
            .collect::<Vec<_>>();
        assert_eq!(kinds, ["pid", "ipc", "uts", "mount", "user"]);
        assert!(linux.resources.is_none());
        let sys = spec
            .mounts
            .iter()
            .find(|mount| mount.destination == "/sys")
            .unwrap();
        assert_eq!(sys.source.as_deref(), Some("/sys"));
        assert!(
            spec.mounts
                .iter()
                .flat_map(|mount| &mount.options)
                .all(|option| !option.starts_with("gid="))
        );
    }
}
