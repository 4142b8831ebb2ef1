//! Bundles that stand alone: an image's files and configuration in a directory of anybody's, and back.

use std::fs;
use std::path::Path;

use nix::sys::stat::FileStat;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::commit::{self, Base, Request};
use super::{create, facts, imagefs::ImageFs};
use crate::archive::Loaded;
use crate::error::{Context, Error, Kind, Result};
use crate::image::Image;
use crate::layer::{Comparison, Owners, copy_out};
use crate::plan::facts::Facts;
use crate::plan::id_map::{self, IdMap, IdMaps};
use crate::plan::standalone::{Ids, standalone};
use crate::plan::{self, Options};
use crate::snapshot;
use crate::store::{Store, failed_at};
use crate::sys::userns;

/// What is remembered beside config.json.
const FILE: &str = "corten.json";
const VERSION: u32 = 1;

/// `corten.json`.
#[derive(Debug, Serialize, Deserialize)]
struct Origin {
    version: u32,
    /// The id of the image that was unpacked.
    image: String,
    uid_map: Vec<IdMap>,
    gid_map: Vec<IdMap>,
    rootless: bool,
}

/// Writes a bundle of an image to a directory that is not there yet, or empty.
///
/// # Errors
/// What is wrong with the request or failed; a directory that was made for it is removed then.
pub(crate) fn unpack(store: &Store, image: &Image, directory: &Path, mut ids: Ids) -> Result<()> {
    if ids.rootless {
        let own = |host| {
            vec![IdMap {
                container: 0,
                host,
                size: 1,
            }]
        };
        let (uid, gid) = userns::caller();
        (ids.uids, ids.gids) = (own(uid), own(gid));
    }
    let made = make(directory)?;
    let result = fill(store, image, directory, &ids);
    if result.is_err() && made {
        // The error on its way out matters more.
        let _ = fs::remove_dir_all(directory);
    }
    result
}

/// Makes the directory; false if it was there.
fn make(directory: &Path) -> Result<bool> {
    match fs::create_dir(directory) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let mut entries =
                fs::read_dir(directory).map_err(|error| failed_at("read", directory, &error))?;
            match entries.next() {
                None => Ok(false),
                Some(_) => Err(Error::new(
                    Kind::Exists,
                    format!("{} is there already and not empty", directory.display()),
                )),
            }
        }
        Err(error) => Err(Error::io(format!("mkdir {}", directory.display()), &error)),
    }
}

fn fill(store: &Store, image: &Image, directory: &Path, ids: &Ids) -> Result<()> {
    // As long as it is read, it stays.
    let _lock = store.lock_shared()?;
    let layers = snapshot::lower(store, image);
    let rootfs = directory.join("rootfs");
    fs::create_dir(&rootfs).map_err(|error| failed_at("mkdir", &rootfs, &error))?;
    copy_files(&layers, &rootfs, ids).context(|| format!("unpack the files to {}", rootfs.display()))?;
    let user = create::user(&ImageFs::new(layers), &image.config.config.user, &[])?;
    let facts = Facts {
        // The bundle says itself who is who.
        ids: IdMaps::default(),
        ..facts::gather(&Options::default())?
    };
    let config = standalone(&image.config, &user, ids, &facts)?;
    let origin = Origin {
        version: VERSION,
        image: image.id.to_string(),
        uid_map: ids.uids.clone(),
        gid_map: ids.gids.clone(),
        rootless: ids.rootless,
    };
    let origin = serde_json::to_value(origin).map_err(|error| invalid(FILE, &error))?;
    // config.json comes last: with it, the bundle is one.
    for (name, value) in [(FILE, origin), ("config.json", config)] {
        let path = directory.join(name);
        let text = serde_json::to_vec_pretty(&value).map_err(|error| invalid(name, &error))?;
        fs::write(&path, text).map_err(|error| failed_at("write", &path, &error))?;
    }
    Ok(())
}

fn copy_files(layers: &[std::path::PathBuf], rootfs: &Path, ids: &Ids) -> Result<()> {
    let mapped = |uid, gid| mapped(&ids.uids, &ids.gids, (uid, gid));
    let owners = match ids.rootless {
        true => Owners::Noted,
        false => Owners::Given(&mapped),
    };
    copy_out(layers, rootfs, &owners)
}

fn mapped(uids: &[IdMap], gids: &[IdMap], (uid, gid): (u32, u32)) -> Result<(u32, u32)> {
    let unmapped = |what: &str, id: u32| {
        Error::new(Kind::Usage, format!("the {what} {id} of the image is not mapped"))
            .hint("--uid-map and --gid-map must have all owners of files")
    };
    Ok((
        id_map::to_host(uids, uid).ok_or_else(|| unmapped("user", uid))?,
        id_map::to_host(gids, gid).ok_or_else(|| unmapped("group", gid))?,
    ))
}

/// Makes an image of what was changed in a bundle of [`unpack`].
///
/// # Errors
/// `Invalid` when the directory is no such bundle, `NotFound` when its image is gone from the store; the failed call.
pub(crate) fn repack(store: &Store, directory: &Path, request: Request) -> Result<Loaded> {
    let origin: Origin = serde_json::from_value(
        read(&directory.join(FILE))
            .map_err(|error| error.hint("only a bundle that `corten unpack` wrote can be repacked"))?,
    )
    .map_err(|error| invalid(FILE, &error))?;
    if origin.version != VERSION {
        let text = format!("{FILE} has the format version {}, not {VERSION}", origin.version);
        return Err(Error::new(Kind::Unsupported, text));
    }
    let image = store
        .resolve(&origin.image)
        .context(|| "the image of the bundle")?;
    let config = read(&directory.join("config.json"))?;
    let volumes = image.config.config.volumes.iter();
    let owner = |stat: &FileStat, note: Option<&[u8]>| owner_in_the_image(&origin, stat, note);
    let comparison = Comparison {
        files: directory.join("rootfs"),
        layers: snapshot::lower(store, &image),
        mount_points: commit::mount_points(&config),
        volumes: volumes
            .map(|path| plan::clean_path(path).as_bytes()[1..].to_vec())
            .collect(),
        rootless: origin.rootless,
        owner: &owner,
        ids: IdMaps::default(),
        quick: false,
    };
    let base = Base {
        config: image.config.config.clone(),
        image,
        created_by: "corten repack".to_owned(),
    };
    let latest = request.latest;
    commit::install(store, base, request, |out| comparison.pack(out, latest))
}

fn owner_in_the_image(origin: &Origin, stat: &FileStat, note: Option<&[u8]>) -> Result<(u32, u32)> {
    if origin.rootless {
        // A file without a note is root's: whoever owns it here is root there.
        return Ok(note.and_then(id_map::noted).unwrap_or((0, 0)));
    }
    let uid = id_map::to_container(&origin.uid_map, stat.st_uid);
    let gid = id_map::to_container(&origin.gid_map, stat.st_gid);
    uid.zip(gid).ok_or_else(|| {
        Error::new(
            Kind::Invalid,
            format!("its owner {}:{} has no id in the image", stat.st_uid, stat.st_gid),
        )
        .hint("give it to a user that the bundle's maps have")
    })
}

fn read(path: &Path) -> Result<Value> {
    let bytes = fs::read(path).map_err(|error| failed_at("read", path, &error))?;
    serde_json::from_slice(&bytes).map_err(|error| invalid(&path.to_string_lossy(), &error))
}

fn invalid(name: &str, error: &serde_json::Error) -> Error {
    Error::new(Kind::Invalid, format!("{name}: {error}"))
}
