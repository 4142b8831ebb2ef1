//! User namespaces that nobody lives in: they only say whose files are whose in a mount.

use std::fs::File;
use std::io::{Read, Write};

use nix::sched::{CloneFlags, unshare};

use super::files::pipe;
use super::process;
use crate::contract::mounts::IdMap;
use crate::error::{Call, Error, Kind, Result};

/// Makes a user namespace with these maps. A child makes it, since one's own cannot be left again, and is gone by then.
///
/// # Errors
/// The kernel has no user namespaces, or refuses the maps.
pub fn with_map(map: &IdMap) -> Result<File> {
    let (ready, its_ready) = pipe()?;
    let child = process::in_child(move || {
        let made = process::belong_to_parent().is_ok() && unshare(CloneFlags::CLONE_NEWUSER).is_ok();
        if made && File::from(its_ready).write_all(b"x").is_ok() {
            nix::unistd::pause();
        }
        false
    })?;
    let result = map_ids(child, map, File::from(ready));
    process::end(child);
    result
}

fn map_ids(child: i32, map: &IdMap, mut ready: File) -> Result<File> {
    if ready.read(&mut [0]).call(|| "read(pipe)")? == 0 {
        return Err(
            Error::new(Kind::System, "a child could not unshare(CLONE_NEWUSER)")
                .hint("user.max_user_namespaces may be 0: mounts with other owners need one"),
        );
    }
    for (name, lines) in [("uid_map", &map.uids), ("gid_map", &map.gids)] {
        let path = format!("/proc/{child}/{name}");
        // In one piece, as the kernel wants it.
        std::fs::write(&path, lines).call(|| format!("write({path}, {lines:?})"))?;
    }
    let path = format!("/proc/{child}/ns/user");
    File::open(&path).call(|| format!("open({path})"))
}
