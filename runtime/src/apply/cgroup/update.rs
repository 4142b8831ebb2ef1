//! Changing the limits of running containers: all of the change, or none of it.

use super::{files, run};
use crate::apply::conduct::{Conductor, Operation};
use crate::error::Result;
use crate::host::cgroup::{self as host, Hierarchy};
use crate::oci::Resources;
use crate::plan::cgroup::{self as plan, Op, Record, Update, restoring};

/// Looks at the container's groups and plans the change; changes nothing.
///
/// # Errors
/// For limits that cannot be, and when the facts cannot be read.
pub fn prepare_update<'a>(
    record: &Record,
    before: &Resources<'a>,
    changes: &Resources<'a>,
) -> Result<Update<'a>> {
    let survey = |group: &plan::Group| {
        let hierarchy = Hierarchy {
            version: group.version,
            mount: group.mount.clone(),
            controllers: group.controllers.clone(),
            own: String::new(),
        };
        host::survey(&hierarchy, &group.path)
    };
    let found = record.groups.iter().map(survey).collect::<Result<Vec<_>>>()?;
    plan::update(record, &found, before, changes)
}

impl Operation for Op {}

/// Runs operations; after a failure, what they had changed is as it was before.
///
/// # Errors
/// The failed operation's.
pub fn run_all_or_none(conductor: &mut Conductor, ops: &[Op]) -> Result<()> {
    let mut undo = Vec::new();
    conductor
        .run(0, ops, |_, op| {
            undo.extend(undo_of(op));
            run(op)
        })
        .inspect_err(|_| {
            // What cannot be undone is less than what failed: the error is about that.
            undo.iter().rev().for_each(|op| drop(run(op)));
        })
}

/// The operation that undoes one, from what the files hold before it. Controllers may stay handed down.
fn undo_of(op: &Op) -> Option<Op> {
    let old = |path: &str, file: &str, value: &str| {
        let before = files::read(path, file).ok()?;
        Some((file.to_owned(), restoring(file, value, &before)?))
    };
    let (path, values) = match op {
        Op::Set { path, file, value } => (path, old(path, file, value).into_iter().collect()),
        Op::SetTogether { path, values } => {
            let old = values.iter().filter_map(|(file, value)| old(path, file, value));
            (path, old.collect())
        }
        Op::SetFirst { path, choices, .. } => {
            let old = choices.iter().find_map(|(file, value)| old(path, file, value));
            (path, old.into_iter().collect())
        }
        _ => return None,
    };
    Some(Op::SetTogether {
        path: path.clone(),
        values,
    })
}
