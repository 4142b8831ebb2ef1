//! What the spec knows and this program does not handle yet: refused by name, so that nothing is dropped.

use super::Problems;
use crate::oci::{Process, Spec, Text};

/// crun's annotations that ask for more isolation: ignored, they would leave less of it than was asked for.
const ISOLATING: &[&str] = &["run.oci.handler", "run.oci.seccomp_bpf_data"];

pub(super) fn check(spec: &Spec<'_>, problems: &mut Problems) {
    for (at, present) in [
        ("freebsd", spec.freebsd.is_some()),
        ("solaris", spec.solaris.is_some()),
        ("vm", spec.vm.is_some()),
        ("windows", spec.windows.is_some()),
        ("zos", spec.zos.is_some()),
    ] {
        refuse(at, present, problems);
    }
    for name in ISOLATING {
        if says(spec.annotations.get(*name)) {
            problems.unsupported(format!("annotations.{name}"));
        }
    }
    if let Some(process) = &spec.process {
        check_process(process, problems);
    }
}

pub(super) fn check_process(process: &Process<'_>, problems: &mut Problems) {
    refuse(
        "process.commandLine",
        says(process.command_line.as_ref()),
        problems,
    );
}

fn refuse(at: &str, present: bool, problems: &mut Problems) {
    if present {
        problems.unsupported(at);
    }
}

/// Programs write an empty string where they mean nothing.
fn says(text: Option<&Text<'_>>) -> bool {
    text.is_some_and(|text| !text.is_empty())
}
