//! Which ids of the host a new container gets.

use std::fs;

use super::layout::{Containers, Lock};
use crate::error::{Error, Kind, Result};
use crate::plan::id_map::{IdMap, IdMaps};
use crate::plan::subid::{self, Range};
use crate::plan::user::{Accounts, User};
use crate::plan::userns::{UserNamespace, UserNamespaceKind, check_user, size_for};

/// The user of subuid(5) whose ids `auto` gives to containers, as podman has it.
const OWNER: &str = "containers";

/// Chooses the ids where that is wanted, and makes sure that the container's user is among them. Until the lock is released
/// nobody else chooses: by then the container must be on record, or be gone.
///
/// # Errors
/// `Unsupported` when there are no ids left; `Invalid` when the user has none.
pub(super) fn settle(
    containers: &Containers,
    namespace: &mut UserNamespace,
    accounts: &Accounts,
    user: &User,
) -> Result<Option<Lock>> {
    let mut lock = None;
    if let UserNamespaceKind::Auto(size) = namespace.kind {
        lock = containers.lock_all()?;
        let size = size.unwrap_or_else(|| size_for(accounts, user));
        namespace.ids = choose(containers, size)?;
    }
    check_user(user, &namespace.ids)?;
    Ok(lock)
}

/// So many ids that no other container of the store has.
fn choose(containers: &Containers, size: u32) -> Result<IdMaps> {
    let (mut uids, mut gids) = (Vec::new(), Vec::new());
    for record in containers.all()? {
        let ids = record.options.userns.ids;
        uids.extend(ids.uids.iter().map(of_host));
        gids.extend(ids.gids.iter().map(of_host));
    }
    Ok(IdMaps {
        uids: vec![free("/etc/subuid", &uids, size)?],
        gids: vec![free("/etc/subgid", &gids, size)?],
    })
}

fn of_host(map: &IdMap) -> Range {
    Range {
        first: map.host,
        count: map.size,
    }
}

fn free(path: &str, used: &[Range], size: u32) -> Result<IdMap> {
    let text = fs::read_to_string(path).or_else(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Ok(String::new()),
        _ => Err(Error::io(format!("read {path}"), &error)),
    })?;
    let available = subid::ranges(&text, OWNER, None);
    if available.is_empty() {
        return Err(Error::new(
            Kind::Unsupported,
            format!("there are no ids for --userns auto: {path} has none of the user \"{OWNER}\""),
        )
        .hint(format!(
            "add the line {OWNER}:2147483647:2147483648 to {path}, or choose ids by --uidmap and --gidmap"
        )));
    }
    let host = subid::free(&available, used, size).ok_or_else(|| {
        Error::new(
            Kind::Unsupported,
            format!("{path} has no {size} ids in a row of the user \"{OWNER}\" that no other container has"),
        )
        .hint("give that user more, remove containers, or ask for fewer: --userns auto:size=NUMBER")
    })?;
    Ok(IdMap {
        container: 0,
        host,
        size,
    })
}
