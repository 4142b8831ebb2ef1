//! Whether a config.json can be carried out at all: pure, before anything is planned, all problems at once.
//!
//! Types are the parser's business, values that only one plan understands (mount options, seccomp, cgroup
//! limits) that plan's. What the spec knows and this program does not handle yet is refused here by name.

mod hooks;
mod linux;
mod mapping;
mod mounts;
mod net_devices;
mod problems;
mod process;
mod sysctl;
mod treatment;
mod unsupported;
mod version;

use crate::error::{Error, Kind, Result};
use crate::oci::{Process, Spec};
use problems::Problems;

/// The longest host or domain name: __NEW_UTS_LEN of the kernel.
const MAX_UTS_NAME: usize = 64;

/// Checks the whole configuration.
///
/// # Errors
/// One error that lists every problem, each as what was found against what was expected.
pub fn validate(spec: &Spec<'_>) -> Result<()> {
    let mut problems = Problems::default();
    version::check(&spec.oci_version, &mut problems);
    check_root(spec, &mut problems);
    match &spec.process {
        Some(process) => process::check(process, &mut problems),
        None => problems.wrong("process", "nothing", "an object with the program to run"),
    }
    check_names(spec, &mut problems);
    mounts::check(spec, &mut problems);
    if let Some(hooks) = &spec.hooks {
        hooks::check(hooks, &mut problems);
    }
    if let Some(linux) = &spec.linux {
        linux::check(linux, &mut problems);
        sysctl::check(linux, &mut problems);
    }
    unsupported::check(spec, &mut problems);
    problems.into_result()
}

/// Checks a process that joins a container.
///
/// # Errors
/// One error that lists every problem, each as what was found against what was expected.
pub fn process(process: &Process<'_>) -> Result<()> {
    let mut problems = Problems::default();
    process::check(process, &mut problems);
    unsupported::check_process(process, &mut problems);
    problems.into_result()
}

fn check_root(spec: &Spec<'_>, problems: &mut Problems) {
    match &spec.root {
        Some(root) if root.path.is_empty() => problems.wrong("root.path", "\"\"", "the path of a directory"),
        Some(root) => problems.plain(&"root.path", &root.path),
        None => problems.wrong(
            "root",
            "nothing",
            "an object with the path of the root file system",
        ),
    }
}

/// Host and domain name belong to the container's UTS namespace: without one they would be the host's.
fn check_names(spec: &Spec<'_>, problems: &mut Problems) {
    let private = spec
        .linux
        .as_ref()
        .is_some_and(|linux| linux::has_namespace(linux, "uts"));
    for (at, name) in [("hostname", &spec.hostname), ("domainname", &spec.domainname)] {
        let Some(name) = name.as_deref().filter(|name| !name.is_empty()) else {
            continue;
        };
        problems.plain(&at, name);
        if !private {
            problems.wrong(
                at,
                format!("{name:?} without a uts namespace"),
                "a uts namespace in linux.namespaces",
            );
        }
        if name.len() > MAX_UTS_NAME {
            problems.wrong(
                at,
                format!("{} bytes", name.len()),
                format!("at most {MAX_UTS_NAME} bytes"),
            );
        }
    }
}

/// Reads config.json and checks it.
///
/// # Errors
/// Where the text is no config.json, or every problem of one that is.
pub fn parse(text: &[u8]) -> Result<Spec<'_>> {
    let spec = crate::oci::parse(text)?;
    validate(&spec)?;
    Ok(spec)
}

impl Problems {
    fn into_result(self) -> Result<()> {
        let Some(kind) = self.kind() else { return Ok(()) };
        Err(Error::new(kind, self.to_string())
            .context("invalid configuration")
            .hint(match kind {
                Kind::Unsupported => "remove the property, or use a runtime that supports it",
                _ => "correct config.json; the paths above are those of its properties",
            }))
    }
}

#[cfg(test)]
mod tests;
