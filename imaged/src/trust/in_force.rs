//! Where the policy is that is in force, and what it says of files.

use std::path::{Path, PathBuf};

use super::Policy;
use crate::error::{Error, Result};

/// The policy that is in force, if there is one: `CORTEN_POLICY`, the user's, the machine's.
///
/// # Errors
/// `Invalid` when it cannot be understood; the failed call when it cannot be read.
pub fn in_force() -> Result<Option<Policy>> {
    let given = std::env::var_os("CORTEN_POLICY").filter(|path| !path.is_empty());
    let is_given = given.is_some();
    let files: Vec<PathBuf> = match given {
        Some(path) => vec![path.into()],
        None => {
            let home = std::env::var_os("HOME").map(PathBuf::from);
            let own = home.map(|home| home.join(".config/containers/policy.json"));
            own.into_iter()
                .chain([PathBuf::from("/etc/containers/policy.json")])
                .collect()
        }
    };
    for path in files {
        match std::fs::read(&path) {
            Ok(bytes) => {
                let policy = Policy::parse(&bytes);
                return policy
                    .map(Some)
                    .map_err(|error| error.context(path.display().to_string()));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !is_given => {}
            Err(error) => return Err(Error::io(format!("read {}", path.display()), &error)),
        }
    }
    Ok(None)
}

/// Whether the policy allows to take an image from files, in containers' words for their kinds: `oci`, `oci-archive`,
/// `docker-archive`, `dir`. Of docker's archives, and of what comes without a path, only the kind is asked.
///
/// # Errors
/// `Denied` when it does not; what reading the policy reports.
pub fn allows_files(transport: &str, path: Option<&Path>) -> Result<()> {
    let Some(policy) = in_force()? else {
        return Ok(());
    };
    let name = match path {
        Some(path) => format!("{transport}:{}", path.display()),
        None => transport.to_owned(),
    };
    let path = path.filter(|_| transport != "docker-archive");
    let complete = path.map(std::fs::canonicalize).transpose();
    let complete = complete.map_err(|error| Error::io(format!("resolve {name}"), &error))?;
    let requirements = policy.of_files(transport, complete.as_deref());
    requirements
        .iter()
        .try_for_each(|requirement| requirement.check_unsigned(&name))
}
