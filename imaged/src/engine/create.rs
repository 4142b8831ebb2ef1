//! Making a container: its directory, its bundle, its name. `container.json` is written last: until then
//! nobody sees the container, and what a killed command left is swept away by the next one.

use std::fs;
use std::path::Path;

use super::imagefs::ImageFs;
use super::layout::{Containers, private_directory};
use super::record::{self, Record};
use super::{announce, facts, health, ids, logs, names, programs, remove, storage, userns, volumes};
use crate::error::{Context, Error, Kind, Result};
use crate::format::timestamp::Timestamp;
use crate::image::Image;
use crate::log;
use crate::oci::Config;
use crate::plan::bundle::{Container, Own};
use crate::plan::command::{self, Overrides};
use crate::plan::options::{Mount, Network, Options};
use crate::plan::{self, hostfiles, user};
use crate::settings::StorageDriver;
use crate::snapshot;
use crate::store::{Store, fault_point};

/// Neither passwd nor group of a real image comes near this.
const MAX_ACCOUNTS: u64 = 8 << 20;
/// How often a random name may be taken already.
const NAME_ATTEMPTS: usize = 100;

/// What is wanted of a new container.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The name that was asked for.
    pub(crate) name: Option<String>,
    /// The image as the user named it.
    pub(crate) image_name: String,
    pub(crate) overrides: Overrides,
    pub(crate) options: Options,
    /// Containers whose mounts this one has, too; `:ro` behind the name makes them read-only.
    pub(crate) volumes_from: Vec<String>,
    /// The runtime's name or path.
    pub(crate) runtime: String,
    /// How its files are to be kept; none if the store's file system decides.
    pub(crate) driver: Option<StorageDriver>,
}

/// Makes a container of an image.
///
/// # Errors
/// What is wrong with the request or failed; nothing is left then.
pub(crate) fn create(
    containers: &Containers,
    store: &Store,
    image: &Image,
    request: Request,
) -> Result<Record> {
    remove::sweep(containers)?;
    let runtime = programs::find(&request.runtime).map_err(|error| error.with_kind(Kind::NotStarted))?;
    let runtime = text(&runtime)?;
    let id = ids::new()?;
    let lock = containers.make(&id)?;
    fault_point();
    let mut made = Making {
        containers,
        id: &id,
        name: None,
        keep: false,
    };
    let name = name(containers, request.name.as_deref(), &id)?;
    made.name = Some(name.clone());
    fault_point();
    let mut record = Record::new(id.clone(), name, Timestamp::now().to_string(), runtime);
    record.image = image.id.to_string();
    record.image_name = request.image_name;
    record.config = command::merge(&image.config.config, request.overrides)?;
    let options = with_volumes_of(containers, request.options, &request.volumes_from)?;
    record.options = with_image_volumes(options, &record.config);
    logs::carried::check(&record)?;
    let layers = ImageFs::new(snapshot::lower(store, image));
    let accounts = accounts(&layers)?;
    let user = user::resolve(&record.config.user, &record.options.groups, &accounts)?;
    // Held until the container is on record.
    let ids_lock = userns::settle(containers, &mut record.options.userns, &accounts, &user)?;
    let named = (image, record.image_name.as_str());
    record.driver = storage::of_container(store, named, &record.options.userns.ids, request.driver)?;
    fill(containers, store, image, &mut record, (&layers, &user))?;
    store.put_file(&format!("containers/{id}/{}", record::FILE), &record.to_json()?)?;
    drop(ids_lock);
    fault_point();
    made.keep = true;
    announce::container(containers, &record, "create", &[]);
    log::debug(format_args!(
        "container {id} ({}) of the image {}: the bundle is {}",
        record.name,
        record.image,
        containers.directory(&id).display()
    ));
    drop(made);
    drop(lock);
    Ok(record)
}

/// Removes what was made unless it is to be kept.
struct Making<'a> {
    containers: &'a Containers,
    id: &'a str,
    name: Option<String>,
    keep: bool,
}

impl Drop for Making<'_> {
    fn drop(&mut self) {
        if !self.keep {
            // The error on its way out matters more than one of cleaning up; what stays is swept later.
            let _ = fs::remove_dir_all(self.containers.directory(self.id));
            if let Some(name) = &self.name {
                let _ = self.containers.release(name, self.id);
            }
        }
    }
}

fn name(containers: &Containers, asked: Option<&str>, id: &str) -> Result<String> {
    if let Some(asked) = asked {
        let name = plan::flags::container_name(asked)?;
        containers.reserve(name, id)?;
        return Ok(name.to_owned());
    }
    for attempt in 0..NAME_ATTEMPTS {
        let name = names::random(attempt)?;
        match containers.reserve(&name, id) {
            Ok(()) => return Ok(name),
            Err(error) if error.kind() == Kind::Exists => {}
            Err(error) => return Err(error),
        }
    }
    // The short id is as unique as anything.
    let name = ids::short(id).to_owned();
    containers.reserve(&name, id).map(|()| name)
}

/// What other containers have mounted from the host or as volumes is mounted here, too, unless something else is there.
fn with_volumes_of(containers: &Containers, mut options: Options, others: &[String]) -> Result<Options> {
    for other in others {
        let (name, mode) = other.split_once(':').unwrap_or((other, "rw"));
        if !matches!(mode, "ro" | "rw" | "z" | "Z") {
            return Err(Error::new(
                Kind::Usage,
                format!("invalid mode for volumes-from: {mode}"),
            ));
        }
        let record = containers.find(name)?;
        for mount in shared_mounts(containers, &record, mode == "ro") {
            if !has_mount_at(&options, mount.target()) {
                options.mounts.push(mount);
            }
        }
    }
    Ok(options)
}

/// The mounts of a container as another one can have them.
fn shared_mounts(containers: &Containers, record: &Record, only_read: bool) -> Vec<Mount> {
    let directory = containers.directory(&record.id);
    let mut volumes = 0..;
    let share = |mount: &Mount| match mount {
        Mount::Bind { .. } => Some(mount.clone()),
        Mount::Tmpfs { .. } => None,
        Mount::Volume { target, read_only } => Some(Mount::Bind {
            source: directory
                .join("volumes")
                .join(volumes.next().unwrap_or(0).to_string())
                .to_string_lossy()
                .into_owned(),
            target: target.clone(),
            read_only: *read_only,
            propagation: None,
            make_source: false,
            recursive: true,
        }),
    };
    let mut mounts: Vec<Mount> = record.options.mounts.iter().filter_map(share).collect();
    for mount in &mut mounts {
        if let Mount::Bind { read_only, .. } = mount {
            *read_only |= only_read;
        }
    }
    mounts
}

fn has_mount_at(options: &Options, target: &str) -> bool {
    let bare = |path: &str| path.trim_end_matches('/').to_owned();
    options
        .mounts
        .iter()
        .any(|mount| bare(mount.target()) == bare(target))
}

/// The image's volumes become the container's own, unless something else is mounted there.
fn with_image_volumes(mut options: Options, config: &Config) -> Options {
    for target in &config.volumes {
        if !has_mount_at(&options, target) {
            options.mounts.push(Mount::Volume {
                target: target.clone(),
                read_only: false,
            });
        }
    }
    options
}

/// Everything in the container's directory but `container.json`.
fn fill(
    containers: &Containers,
    store: &Store,
    image: &Image,
    record: &mut Record,
    (layers, user): (&ImageFs, &user::User),
) -> Result<()> {
    let directory = containers.directory(&record.id);
    let ids = &record.options.userns.ids;
    let mounts = snapshot::prepare_for(store, image, &directory, record.driver, ids)?;
    fault_point();
    write(
        &directory.join("mounts.json"),
        &serde_json::to_vec_pretty(&mounts).map_err(|error| invalid(&error))?,
    )?;
    let facts = facts::gather(&record.options)?;
    // As docker has it: a container with the host's network goes by the host's name.
    let hosts_name = record.options.host_uts || record.options.network == Network::Host;
    record.hostname = match (&record.options.hostname, hosts_name) {
        (Some(hostname), _) => hostname.clone(),
        (None, true) => facts.hostname.clone(),
        (None, false) => ids::short(&record.id).to_owned(),
    };
    make_sources(&record.options)?;
    let own = own_files(&directory, layers, record, store)?;
    let container = Container {
        id: &record.id,
        config: &record.config,
        options: &record.options,
        user,
        hostname: &record.hostname,
        own: &own,
    };
    let config = plan::bundle_config(&container, &facts)?;
    if let Some(check) = plan::health::for_shim(&config["process"], &record.config, &record.hostname)? {
        write(&directory.join(health::CHECK_FILE), check.to_string().as_bytes())?;
    }
    announce::write_actor(containers, record)?;
    write(
        &directory.join("config.json"),
        &serde_json::to_vec_pretty(&config).map_err(|error| invalid(&error))?,
    )
}

/// Who the image's process is, by the image's own accounts.
///
/// # Errors
/// When there is no such user or group.
pub(super) fn user(layers: &ImageFs, wanted: &str, groups: &[String]) -> Result<user::User> {
    user::resolve(wanted, groups, &accounts(layers)?)
}

fn accounts(layers: &ImageFs) -> Result<user::Accounts> {
    Ok(user::Accounts {
        passwd: layers.text("/etc/passwd", MAX_ACCOUNTS)?,
        group: layers.text("/etc/group", MAX_ACCOUNTS)?,
    })
}

/// `-v` makes a directory where the host has nothing; `--mount` wants the source to be there.
fn make_sources(options: &Options) -> Result<()> {
    for mount in &options.mounts {
        let Mount::Bind {
            source, make_source, ..
        } = mount
        else {
            continue;
        };
        let path = Path::new(source);
        if path.exists() {
            continue;
        }
        if !make_source {
            return Err(Error::new(
                Kind::NotStarted,
                format!("invalid mount config for type \"bind\": bind source path does not exist: {source}"),
            ));
        }
        fs::create_dir_all(path).map_err(|error| Error::io(format!("mkdir {source}"), &error))?;
        volumes::give_to_root(path, &options.userns.ids)?;
    }
    Ok(())
}

/// The files and directories of the container that are bound into it.
fn own_files(directory: &Path, layers: &ImageFs, record: &Record, store: &Store) -> Result<Own> {
    let etc = directory.join("etc");
    private_directory(&etc)?;
    let options = &record.options;
    let host = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let mut own = Own::default();
    let files = [
        ("hostname", format!("{}\n", record.hostname), &mut own.hostname),
        (
            "hosts",
            hostfiles::hosts(options, &record.hostname, &host("/etc/hosts")),
            &mut own.hosts,
        ),
        (
            "resolv.conf",
            hostfiles::resolv_conf(options, &host("/etc/resolv.conf")),
            &mut own.resolv_conf,
        ),
    ];
    for (name, content, path) in files {
        let file = etc.join(name);
        write(&file, content.as_bytes())?;
        volumes::give_to_root(&file, &options.userns.ids)?;
        *path = text(&file)?;
    }
    let volumes = options
        .mounts
        .iter()
        .filter(|mount| matches!(mount, Mount::Volume { .. }));
    for (number, volume) in volumes.enumerate() {
        let path = directory.join("volumes").join(number.to_string());
        volumes::make(layers, volume.target(), &path, &options.userns.ids)
            .context(|| format!("make the volume at {}", volume.target()))?;
        own.volumes.push(text(&path)?);
    }
    if options.init {
        own.init = Some(text(&super::init::install(store)?)?);
    }
    Ok(own)
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    fs::write(path, content).map_err(|error| Error::io(format!("write {}", path.display()), &error))
}

fn invalid(error: &serde_json::Error) -> Error {
    Error::new(Kind::Invalid, error.to_string())
}

/// A path as JSON and command lines can carry it.
fn text(path: &Path) -> Result<String> {
    path.to_str().map(str::to_owned).ok_or_else(|| {
        Error::new(
            Kind::Unsupported,
            format!("the path {} is not UTF-8", path.display()),
        )
    })
}
