//! `mounts`: what can be said of them without looking at file systems.

use super::{Problems, linux, mapping};
use crate::oci::{Linux, Mount, Spec, Text};
use crate::plan::{idmap, mount_options};
use std::fmt::Display;

pub(super) fn check(spec: &Spec<'_>, problems: &mut Problems) {
    for (index, mount) in spec.mounts.iter().enumerate() {
        let at = format_args!("mounts[{index}]");
        check_mount(&at, mount, problems);
        check_id_map(&at, mount, spec, problems);
    }
}

fn check_mount(at: &dyn Display, mount: &Mount<'_>, problems: &mut Problems) {
    if mount.destination.is_empty() {
        problems.wrong(format!("{at}.destination"), "\"\"", "a path in the container");
    }
    problems.plain(&format_args!("{at}.destination"), &mount.destination);
    let source = mount.source.as_deref().unwrap_or_default();
    let kind = mount.kind.as_deref().unwrap_or_default();
    problems.plain(&format_args!("{at}.source"), source);
    problems.plain(&format_args!("{at}.type"), kind);
    let has = |words: &[&str]| {
        mount
            .options
            .iter()
            .any(|option| words.contains(&option.as_str()))
    };
    let bind = has(&["bind", "rbind"]) || kind == "bind";
    if bind && source.is_empty() {
        problems.wrong(format!("{at}.source"), "nothing", "the path to bind");
    }
    if !bind && kind.is_empty() && !has(&["remount"]) {
        problems.wrong(
            format!("{at}.type"),
            "nothing",
            "a file system, or bind or rbind among the options",
        );
    }
    for (index, option) in mount.options.iter().enumerate() {
        problems.plain(&format_args!("{at}.options[{index}]"), option);
    }
}

/// Whose ids become whose, if the mount's ids are mapped at all.
fn check_id_map(at: &dyn Display, mount: &Mount<'_>, spec: &Spec<'_>, problems: &mut Problems) {
    let (uids, gids) = (&mount.uid_mappings, &mount.gid_mappings);
    let asked = mount.options.iter().any(|option| option.contains("idmap"));
    if !asked && uids.is_empty() && gids.is_empty() {
        return;
    }
    let options = mount_options::parse(mount.options.iter().map(Text::as_str));
    if options.idmap.is_none() && uids.is_empty() && gids.is_empty() {
        return;
    }
    mapping::check_lines(&format_args!("{at}.uidMappings"), uids, problems);
    mapping::check_lines(&format_args!("{at}.gidMappings"), gids, problems);
    for (name, these, others) in [("uidMappings", uids, gids), ("gidMappings", gids, uids)] {
        if these.is_empty() && !others.is_empty() {
            problems.wrong(
                format!("{at}.{name}"),
                "nothing",
                "mappings of users and of groups together",
            );
        }
    }
    if !options.bind && !matches!(mount.kind.as_deref(), Some("bind" | "rbind")) {
        problems.wrong(
            format!("{at}.options"),
            "an id mapping",
            "bind or rbind as well: only bind mounts can be id-mapped",
        );
    }
    let default = Linux::default();
    let container = spec.linux.as_ref().unwrap_or(&default);
    let words = options.idmap.and_then(|idmap| idmap.words);
    if let Some(Err(expected)) = words.map(|words| idmap::parse(words, container)) {
        problems.wrong(
            format!("{at}.options"),
            format!("{:?}", words.unwrap_or_default()),
            expected,
        );
    }
    if uids.is_empty() && words.is_none() && !linux::has_namespace(container, "user") {
        problems.wrong(
            format!("{at}.options"),
            "idmap without mappings",
            "uidMappings and gidMappings, or a user namespace of the container",
        );
    }
}
