//! Bind mounts: what is bound, who opens it, and with which ids it is seen.

use super::build::{Input, Plan};
use super::mount_options::Options;
use super::op::{HostOp, InitOp, Links, RootOp, What};
use super::{idmap, root};
use crate::error::{Error, Kind, Result};
use crate::oci;
use std::borrow::Cow;

/// Data words that callers give to bind mounts too, where they change nothing.
const BIND_IGNORES: &[&str] = &[
    "sync", "dirsync", "lazytime", "mand", "silent", "z", "Z", "U", "exec",
];

/// One bind mount of `mounts`.
pub(super) fn plan<'a>(
    input: &Input<'a>,
    index: usize,
    mount: &'a oci::Mount<'a>,
    options: &Options<'a>,
    deep: bool,
    plan: &mut Plan<'a>,
) -> Result<()> {
    let Some(source) = mount.source.as_deref().filter(|source| !source.is_empty()) else {
        let text = format!(
            "mounts[{index}].source: found nothing, expected what to bind at {}",
            mount.destination
        );
        return Err(Error::new(Kind::Config, text));
    };
    if let Some((key, _)) = options.data.iter().find(|(key, _)| !BIND_IGNORES.contains(key)) {
        plan.warnings.push(format!(
            "mounts[{index}].options: {key:?} means nothing to a bind mount; ignored"
        ));
    }
    let source = from_bundle(input, source);
    let map = idmap::plan(input, mount, options, plan);
    // In its user namespace the process may have no way to the source, and no right to map its ids.
    let slot = (map.is_some() || input.has_user_namespace()).then(|| {
        let slot = plan.slot();
        plan.before_birth(HostOp::OpenSource {
            slot,
            source: source.clone(),
            deep,
            follow: options.links == Links::Follow,
            map,
            map_deep: idmap::is_deep(options),
        });
        slot
    });
    let what = What::Bind {
        source,
        deep,
        slot,
        links: options.links,
    };
    let destination = root::inside(&mount.destination);
    let mount = root::assemble(destination, what, options, false);
    plan.init.push(InitOp::Root(RootOp::Mount(mount)));
    Ok(())
}

/// A relative source is relative to the bundle.
fn from_bundle<'a>(input: &Input<'a>, source: &'a str) -> Cow<'a, str> {
    if source.starts_with('/') {
        source.into()
    } else {
        format!("{}/{source}", input.wish.bundle).into()
    }
}
