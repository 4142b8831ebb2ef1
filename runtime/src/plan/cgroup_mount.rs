//! `cgroup` mounts: the container's view of the hierarchies, in the machine's layout.

use super::build::Input;
use super::mount_options::{Options, RDONLY};
use super::op::{Links, Mount, Namespace, Reach, RootOp, What};
use super::root::{GUARDED, assemble};
use crate::host::cgroup::{Hierarchy, Version};
use crate::sys::mount::Attributes;
use std::borrow::Cow;

/// The operations of one `cgroup` mount.
pub(super) fn plan<'a>(
    input: &Input<'a>,
    destination: Cow<'a, str>,
    options: &Options<'a>,
) -> Vec<RootOp<'a>> {
    let own_view = input.is_new(Namespace::Cgroup);
    let hierarchies = &input.facts.layout.hierarchies;
    if let [only] = &hierarchies[..]
        && only.version == Version::V2
    {
        let what = view(input, only, own_view);
        return vec![RootOp::Mount(assemble(destination, what, options, false))];
    }
    plan_v1(input, &destination, options, own_view)
}

/// What shows a hierarchy: the namespace's own root, or else the container's group by a bind mount.
fn view<'a>(input: &Input<'a>, hierarchy: &'a Hierarchy, own_view: bool) -> What<'a> {
    if own_view {
        let v2 = hierarchy.version == Version::V2;
        let data = if v2 {
            Vec::new()
        } else {
            hierarchy.controllers.iter().map(|c| option(c)).collect()
        };
        let fs = if v2 { "cgroup2" } else { "cgroup" };
        return What::New {
            fs,
            source: "cgroup",
            data,
            copy_up: false,
            keep_mode: false,
            label: None,
        };
    }
    let groups = &input.facts.cgroup.record.groups;
    let group = groups.iter().find(|group| group.mount == hierarchy.mount);
    let source = group.map_or_else(|| Cow::Borrowed(&*hierarchy.mount), |group| group.dir().into());
    What::Bind {
        source,
        deep: false,
        slot: None,
        links: Links::Follow,
    }
}

/// A controller as a mount option: `cpu`, or `name=systemd`.
fn option(controller: &str) -> (&str, Option<&str>) {
    match controller.split_once('=') {
        Some((key, value)) => (key, Some(value)),
        None => (controller, None),
    }
}

/// v1 and hybrid: a tmpfs with a directory per hierarchy and a link per controller of a shared one.
fn plan_v1<'a>(
    input: &Input<'a>,
    destination: &Cow<'a, str>,
    options: &Options<'a>,
    own_view: bool,
) -> Vec<RootOp<'a>> {
    let base = What::New {
        fs: "tmpfs",
        source: "tmpfs",
        data: vec![("mode", Some("755"))],
        copy_up: false,
        keep_mode: false,
        label: None,
    };
    let guarded = |destination, what, set| Mount {
        destination,
        what,
        attributes: Attributes {
            set,
            ..Attributes::default()
        },
        recursive: options.recursive,
        propagation: options.propagation.clone(),
        reach: Reach::Inside,
    };
    let mut ops = vec![RootOp::Mount(guarded(
        destination.clone(),
        base,
        options.own.set & !RDONLY,
    ))];
    for hierarchy in &input.facts.layout.hierarchies {
        let name = directory(hierarchy);
        let place = format!("{destination}/{name}");
        let set = GUARDED | (options.own.set & RDONLY);
        ops.push(RootOp::Mount(guarded(
            place.into(),
            view(input, hierarchy, own_view),
            set,
        )));
        if hierarchy.controllers.len() > 1 && hierarchy.version == Version::V1 {
            ops.extend(
                hierarchy
                    .controllers
                    .iter()
                    .filter(|c| ***c != *name)
                    .map(|controller| RootOp::Link {
                        path: format!("{destination}/{controller}").into(),
                        target: name.clone().into(),
                    }),
            );
        }
    }
    if options.own.set & RDONLY != 0 {
        let attributes = Attributes {
            set: RDONLY,
            ..Attributes::default()
        };
        let recursive = Attributes::default();
        ops.push(RootOp::Remount {
            destination: destination.clone(),
            attributes,
            recursive,
        });
    }
    ops
}

/// A hierarchy's directory: the last part of its mount point, as the machine names it.
fn directory(hierarchy: &Hierarchy) -> String {
    hierarchy
        .mount
        .rsplit('/')
        .next()
        .unwrap_or(&hierarchy.mount)
        .to_owned()
}
