//! The cgroups that a part shows its programs. The bench has a mount namespace of its own, and goes from one to the next.

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::statfs::{CGROUP2_SUPER_MAGIC, statfs};
use std::path::Path;
use std::process::Command;

const CGROUPS: &str = "/sys/fs/cgroup";

/// The v1 hierarchies alone, as crun needs them; whether there are any.
pub(crate) fn show_v1() -> bool {
    if is_v2() {
        return false;
    }
    let unified = Path::new(CGROUPS).join("unified");
    // Not mounted where the machine is not a hybrid one.
    _ = umount2(&unified, MntFlags::MNT_DETACH);
    true
}

/// v2 alone.
pub(crate) fn show_v2() -> bool {
    if !is_v2() {
        let gone = Command::new("umount").args(["-R", CGROUPS]).status();
        assert!(gone.is_ok_and(|status| status.success()), "umount -R {CGROUPS}");
        mount(
            Some("none"),
            CGROUPS,
            Some("cgroup2"),
            MsFlags::empty(),
            None::<&str>,
        )
        .expect("a cgroup2 mount");
    }
    true
}

fn is_v2() -> bool {
    statfs(CGROUPS).is_ok_and(|facts| facts.filesystem_type() == CGROUP2_SUPER_MAGIC)
}
