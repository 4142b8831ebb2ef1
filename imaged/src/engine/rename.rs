//! Another name for a container.

use super::announce;
use super::layout::Containers;
use super::record::{self, Record};
use crate::error::{Error, Kind, Result};
use crate::log;
use crate::plan::flags;
use crate::store::{Store, fault_point};

/// Gives a container another name. Killed anywhere, it has the old or the new one; the other is free.
///
/// # Errors
/// When the name is malformed, or another container's.
pub(crate) fn rename(containers: &Containers, store: &Store, record: &Record, name: &str) -> Result<()> {
    let name = name.strip_prefix('/').unwrap_or(name);
    let name = flags::container_name(name)?;
    let (_lock, mut record) = containers.lock_and_read(&record.id)?;
    if record.name == name {
        let why = "Renaming a container with the same name as its current name";
        return Err(Error::new(Kind::Usage, why));
    }
    containers.reserve(name, &record.id)?;
    fault_point();
    let old = std::mem::replace(&mut record.name, name.to_owned());
    let place = format!("containers/{}/{}", record.id, record::FILE);
    let written = record.to_json().and_then(|json| store.put_file(&place, &json));
    if let Err(error) = written {
        // The first error matters more.
        let _ = containers.release(name, &record.id);
        return Err(error);
    }
    fault_point();
    // It has the new name by now, whatever its shim will say of it.
    if let Err(error) = announce::write_actor(containers, &record) {
        log::debug(format_args!("{error}"));
    }
    containers.release(&old, &record.id)?;
    announce::container(containers, &record, "rename", &[("oldName", format!("/{old}"))]);
    Ok(())
}
