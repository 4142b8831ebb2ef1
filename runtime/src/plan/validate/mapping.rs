//! `linux.uidMappings` and `gidMappings`: user_namespaces(7) says what the kernel will take.

use super::{Problems, linux};
use crate::oci::{IdMapping, Linux};
use std::fmt::Display;
use std::ops::Range;

/// The kernel's limit of lines since 4.15.
const MAX_LINES: usize = 340;

pub(super) fn check(linux: &Linux<'_>, problems: &mut Problems) {
    let user = linux::find_namespace(linux, "user");
    let new_user = user.is_some_and(|user| linux::joined_path(user).is_none());
    for (at, mappings) in [
        ("linux.uidMappings", &linux.uid_mappings),
        ("linux.gidMappings", &linux.gid_mappings),
    ] {
        if user.is_none() && !mappings.is_empty() {
            problems.wrong(at, "no user namespace", "a user namespace in linux.namespaces");
        }
        if new_user && mappings.is_empty() {
            problems.wrong(at, "nothing", "at least one mapping for the new user namespace");
        }
        check_lines(&at, mappings, problems);
    }
}

pub(super) fn check_lines(at: &dyn Display, mappings: &[IdMapping], problems: &mut Problems) {
    if mappings.len() > MAX_LINES {
        problems.wrong(
            at,
            format!("{} mappings", mappings.len()),
            format!("at most {MAX_LINES}"),
        );
    }
    for (index, mapping) in mappings.iter().enumerate() {
        let at = format_args!("{at}[{index}]");
        if mapping.size == 0 {
            problems.wrong(format!("{at}.size"), "0", "at least one id");
        }
        for (name, range) in [("containerID", inside(mapping)), ("hostID", outside(mapping))] {
            if range.end > u64::from(u32::MAX) {
                let found = format!("{} and {} ids from it", range.start, mapping.size);
                problems.wrong(format!("{at}.{name}"), found, "ids below 4294967295");
            }
        }
        let earlier = &mappings[..index];
        if earlier
            .iter()
            .any(|other| overlap(&inside(other), &inside(mapping)))
        {
            problems.wrong(format!("{at}.containerID"), "ids mapped already", "each id once");
        }
        if earlier
            .iter()
            .any(|other| overlap(&outside(other), &outside(mapping)))
        {
            problems.wrong(format!("{at}.hostID"), "ids used already", "each id once");
        }
    }
}

fn inside(mapping: &IdMapping) -> Range<u64> {
    range(mapping.container_id, mapping.size)
}

fn outside(mapping: &IdMapping) -> Range<u64> {
    range(mapping.host_id, mapping.size)
}

fn range(start: u32, size: u32) -> Range<u64> {
    u64::from(start)..u64::from(start) + u64::from(size)
}

fn overlap(one: &Range<u64>, other: &Range<u64>) -> bool {
    one.start < other.end && other.start < one.end
}
