//! `mounts`: what can be said of them without looking at file systems.

use super::Problems;
use crate::oci::Mount;

pub(super) fn check(mounts: &[Mount<'_>], problems: &mut Problems) {
    for (index, mount) in mounts.iter().enumerate() {
        check_mount(&format!("mounts[{index}]"), mount, problems);
    }
}

fn check_mount(at: &str, mount: &Mount<'_>, problems: &mut Problems) {
    if mount.destination.is_empty() {
        problems.wrong(format!("{at}.destination"), "\"\"", "a path in the container");
    }
    problems.plain(&format!("{at}.destination"), &mount.destination);
    let source = mount.source.as_deref().unwrap_or_default();
    let kind = mount.kind.as_deref().unwrap_or_default();
    problems.plain(&format!("{at}.source"), source);
    problems.plain(&format!("{at}.type"), kind);
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
        problems.plain(&format!("{at}.options[{index}]"), option);
    }
}
