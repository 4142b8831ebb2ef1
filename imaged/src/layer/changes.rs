//! What a container changed: its writable layer against the layers below, as a list and as a layer's archive; and all
//! that shows, as one archive.

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use nix::sys::stat::FileStat;

use super::dirs::failed;
use super::hidden::{is_opaque, is_overlays_whiteout};
use super::mount_points::{is_for_a_mount, is_only_for_mounts};
use super::pack::Packer;
use super::path::{MAX_DEPTH, check_name, join, refused, show};
use super::stack::Stacked;
use super::unpack::is_directory;
use crate::error::{Context, Error, Kind, Result};
use crate::plan::id_map::IdMaps;
use crate::sys::xattr;

/// How a path was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was not there before.
    Added,
    /// It is another now.
    Changed,
    /// It is gone.
    Deleted,
}

/// A writable layer on others.
#[derive(Debug, Clone)]
pub struct Changes {
    /// The writable layer's directory.
    pub upper: PathBuf,
    /// The directories below, topmost first.
    pub lower: Vec<PathBuf>,
    /// Paths (without the leading slash) where the runtime made something to mount on: what is empty there, and
    /// directories that only hold such things, was not the container's doing.
    pub mount_points: HashSet<Vec<u8>>,
    /// Whose in the image are files of the writable layer, which has the host's ids.
    pub ids: IdMaps,
}

impl Changes {
    /// The changed paths, sorted.
    ///
    /// # Errors
    /// The failed call.
    pub fn list(&self) -> Result<Vec<(Vec<u8>, Change)>> {
        let mut list = Vec::new();
        self.walk(&mut |path, change, _| {
            list.push((path.to_vec(), change));
            Ok(())
        })?;
        Ok(list)
    }

    /// Writes the changes as a layer's tar stream: whiteouts as image-spec has them. No time is later than `latest`.
    ///
    /// # Errors
    /// The failed call.
    pub fn pack<W: Write>(&self, out: W, latest: Option<i64>) -> Result<W> {
        let mut packer = Packer::new(out, latest);
        packer.map(self.ids.clone());
        self.walk(&mut |path, change, place| {
            let (above, name) = super::path::split(path);
            if change == Change::Deleted {
                return packer.marker(&join(above, &[b".wh.", name].concat()), &place.stat);
            }
            check_name(path, name)?;
            packer
                .add(place.dir, name, path, &place.stat)
                .context(|| format!("pack \"{}\"", show(path)))?;
            match place.opaque {
                true => packer.marker(&join(path, b".wh..wh..opq"), &place.stat),
                false => Ok(()),
            }
        })?;
        packer.finish()
    }

    fn walk(&self, visit: &mut Visit<'_>) -> Result<()> {
        let upper = Stacked::new(&[&self.upper])?;
        let lower = Stacked::new(&self.lower)?;
        self.directory(&upper, Some(&lower), &[], 0, visit)
    }

    /// Visits what a directory of the writable layer has; `lower` is what lies below it, if anything shows through.
    fn directory(
        &self,
        upper: &Stacked,
        lower: Option<&Stacked>,
        path: &[u8],
        depth: usize,
        visit: &mut Visit<'_>,
    ) -> Result<()> {
        if depth > MAX_DEPTH {
            return Err(refused(path, "it is nested too deep"));
        }
        for name in upper.names()? {
            let Some(found) = upper.raw(&name)? else { continue };
            let path = join(path, &name);
            let before = match lower {
                Some(lower) => lower.find(&name)?,
                None => None,
            };
            let mut place = Place {
                dir: found.place,
                stat: found.stat,
                opaque: false,
            };
            if is_overlays_whiteout(&found.stat) {
                if before.is_some() {
                    visit(&path, Change::Deleted, &place)?;
                }
                continue;
            }
            let change = if before.is_some() {
                Change::Changed
            } else {
                Change::Added
            };
            if !is_directory(&found.stat) {
                if !is_for_a_mount(&self.mount_points, &path, &found.stat) {
                    visit(&path, change, &place)?;
                }
                continue;
            }
            let Some(inside) = upper.enter(&name, &found)? else {
                continue;
            };
            refuse_redirected(&inside, &path)?;
            place.opaque = match inside.top() {
                Some(top) => is_opaque(top, &path)? && before.is_some(),
                None => false,
            };
            let below = match (&before, lower) {
                (Some(before), Some(lower)) if is_directory(&before.stat) && !place.opaque => {
                    lower.enter(&name, before)?
                }
                _ => None,
            };
            if is_only_for_mounts(&self.mount_points, &inside, &path)? {
                continue;
            }
            visit(&path, change, &place)?;
            self.directory(&inside, below.as_ref(), &path, depth + 1, visit)?;
        }
        Ok(())
    }
}

/// Where something that changed is.
struct Place<'a> {
    dir: std::os::fd::BorrowedFd<'a>,
    stat: FileStat,
    opaque: bool,
}

type Visit<'a> = dyn FnMut(&[u8], Change, &Place<'_>) -> Result<()> + 'a;

/// overlayfs may have renamed a directory without its files: what it holds is elsewhere then.
fn refuse_redirected(inside: &Stacked, path: &[u8]) -> Result<()> {
    let Some(top) = inside.top() else { return Ok(()) };
    let all = xattr::all(top).map_err(|errno| failed("flistxattr", path, errno))?;
    match all
        .iter()
        .any(|(name, _)| name.as_bytes() == b"trusted.overlay.redirect")
    {
        true => Err(Error::new(
            Kind::Unsupported,
            format!(
                "\"{}\" was renamed by reference (overlayfs' redirect_dir)",
                show(path)
            ),
        )
        .hint("echo N > /sys/module/overlay/parameters/redirect_dir, and make the container anew")),
        false => Ok(()),
    }
}

/// Writes all that shows in stacked directories, topmost first, as one tar stream.
///
/// # Errors
/// The failed call.
pub fn flatten<W: Write, P: AsRef<Path>>(roots: &[P], out: W) -> Result<W> {
    flatten_container(roots, &IdMaps::default(), out)
}

/// The same of a container, whose own directory is the topmost: the host's ids there are these in the stream.
///
/// # Errors
/// The failed call.
pub fn flatten_container<W: Write, P: AsRef<Path>>(roots: &[P], ids: &IdMaps, out: W) -> Result<W> {
    let mut packer = Packer::new(out, None);
    let roots = Stacked::new(roots)?.with_containers_top();
    flatten_directory(&roots, (&[], 0), ids, &mut packer)?;
    packer.finish()
}

fn flatten_directory<W: Write>(
    directory: &Stacked,
    (path, depth): (&[u8], usize),
    ids: &IdMaps,
    packer: &mut Packer<W>,
) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(refused(path, "it is nested too deep"));
    }
    for name in directory.names()? {
        let Some(found) = directory.find(&name)? else {
            continue;
        };
        let path = join(path, &name);
        packer.map(if found.is_containers {
            ids.clone()
        } else {
            IdMaps::default()
        });
        packer
            .add(found.place, &name, &path, &found.stat)
            .context(|| format!("pack \"{}\"", show(&path)))?;
        if is_directory(&found.stat)
            && let Some(inside) = directory.enter(&name, &found)?
        {
            flatten_directory(&inside, (&path, depth + 1), ids, packer)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Comparison;
    use super::*;

    /// It was packed, and read back as the word that another file is gone.
    #[test]
    fn a_file_that_is_named_as_a_whiteout_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let (lower, upper) = (dir.path().join("lower"), dir.path().join("upper"));
        for place in [&lower, &upper] {
            std::fs::create_dir_all(place.join("etc")).unwrap();
        }
        std::fs::write(lower.join("etc/passwd"), "").unwrap();
        let changes = Changes {
            upper: upper.clone(),
            lower: vec![lower],
            mount_points: HashSet::new(),
            ids: IdMaps::default(),
        };
        changes.pack(Vec::new(), None).unwrap();
        let comparison = Comparison {
            files: upper.clone(),
            layers: vec![],
            mount_points: HashSet::new(),
            volumes: HashSet::new(),
            rootless: false,
            owner: &|_, _| Ok((0, 0)),
            ids: IdMaps::default(),
            quick: false,
        };
        comparison.pack(Vec::new(), None).unwrap();
        std::fs::write(upper.join("etc/.wh.passwd"), "").unwrap();
        for error in [
            changes.pack(Vec::new(), None).unwrap_err(),
            comparison.pack(Vec::new(), None).unwrap_err(),
        ] {
            let text = error.to_string();
            assert!(
                text.contains("\"etc/.wh.passwd\" cannot be in an image"),
                "{text}"
            );
        }
        assert_eq!(changes.list().unwrap().len(), 2, "it can be shown");
    }
}
