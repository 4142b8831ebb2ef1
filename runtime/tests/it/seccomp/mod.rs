//! The seccomp compiler, held against libseccomp and the kernel.

pub(crate) mod agent;
mod bpf;
mod differential;
pub(crate) mod kernel;
mod model;
mod oracle;
mod random;

use corten_runtime::oci;

/// Docker's default profile, as its documentation lists it, for a container with the default capabilities.
pub(crate) const DOCKER: &str = include_str!("../../fixtures/seccomp-docker.json");

/// A profile of the test's own text.
pub(crate) fn profile(json: &str) -> oci::Seccomp<'_> {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"))
}
