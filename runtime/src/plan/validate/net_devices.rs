//! `linux.netDevices`: names that the kernel takes, and a namespace to move to.

use super::{Problems, linux};
use crate::oci::Linux;

/// IFNAMSIZ with the NUL at the end.
const LONGEST: usize = 15;

pub(super) fn check(linux: &Linux<'_>, problems: &mut Problems) {
    if linux.net_devices.is_empty() {
        return;
    }
    if !linux::has_namespace(linux, "network") {
        let expected = "a network namespace in linux.namespaces to move them to";
        problems.wrong("linux.netDevices", "no network namespace", expected);
    }
    let mut taken = Vec::new();
    for (name, device) in &linux.net_devices {
        let at = format_args!("linux.netDevices.{name}");
        if !is_name(name) {
            problems.wrong(at, format!("{:?}", &**name), "a network device's name");
        }
        let inside = device.name.as_deref().filter(|inside| !inside.is_empty());
        let plain = inside.map(|inside| inside.replacen("%d", "0", 1));
        if plain.is_some_and(|plain| !is_name(&plain)) {
            let found = format!("{:?}", inside.unwrap_or_default());
            problems.wrong(
                format!("{at}.name"),
                found,
                "a name of at most 15 characters, or one with %d",
            );
        }
        let inside = inside.unwrap_or(name);
        if taken.contains(&inside) && !inside.contains("%d") {
            problems.wrong(
                format!("{at}.name"),
                format!("{inside:?} again"),
                "each name once",
            );
        }
        taken.push(inside);
    }
}

/// The kernel's own rule (dev_valid_name).
fn is_name(name: &str) -> bool {
    let bad = |c: char| c == '/' || c == ':' || c == '%' || c.is_ascii_whitespace() || c == '\0';
    !name.is_empty() && name.len() <= LONGEST && name != "." && name != ".." && !name.contains(bad)
}
