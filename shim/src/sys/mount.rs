//! Mounts: a mount namespace of the shim's own, and the mount list made real in it.
//!
//! Targets are opened below the bundle without following a symbolic link, and mounts are attached to that
//! very directory: nothing is looked up by path twice.
#![allow(unsafe_code, reason = "the mount calls since Linux 5.2 have no safe form")]

use std::ffi::{CString, c_int};
use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};
use nix::mount::{MntFlags, MsFlags};
use nix::sched::{CloneFlags, setns, unshare};

use super::files::{PrivateDir, open_dir, short_path};
use super::userns;
use crate::contract::mounts::{Layer, Mount, Parameter, What};
use crate::error::{Call, Context, Error, Kind, Result};

/// The kernel copies values of fsconfig(2) into 256 bytes.
const MAX_VALUE: usize = 255;

/// Where this process was before [`enter_own_namespace`].
pub struct Outside(File);

/// Enters a mount namespace of its own: what is mounted outside later is seen here, but not the reverse.
///
/// # Errors
/// The privilege (CAP_SYS_ADMIN) is missing.
pub fn enter_own_namespace() -> Result<Outside> {
    let outside = File::open("/proc/self/ns/mnt").call(|| "open(/proc/self/ns/mnt)")?;
    unshare(CloneFlags::CLONE_NEWNS)
        .call(|| "unshare(CLONE_NEWNS)")
        .map_err(|error| error.hint("mounting needs root (CAP_SYS_ADMIN)"))?;
    nix::mount::mount(
        None::<&str>,
        "/",
        None::<&str>,
        MsFlags::MS_REC | MsFlags::MS_SLAVE,
        None::<&str>,
    )
    .call(|| "mount(/, MS_REC|MS_SLAVE)")?;
    Ok(Outside(outside))
}

impl Outside {
    /// Goes back there.
    ///
    /// # Errors
    /// The privilege has been lost since.
    pub fn enter(&self) -> Result<()> {
        setns(&self.0, CloneFlags::CLONE_NEWNS).call(|| "setns(CLONE_NEWNS)")
    }
}

/// What was mounted, to be taken down again.
pub struct Mounted {
    bundle: File,
    targets: Vec<String>,
}

impl Mounted {
    /// Mounts the list below `bundle`. Relative sources and layers are relative to the bundle.
    ///
    /// # Errors
    /// Names the entry that failed; what was mounted before it is unmounted.
    pub fn new(bundle: &Path, list: &[Mount]) -> Result<Self> {
        let mut mounted = Self {
            bundle: open_dir(bundle)?,
            targets: Vec::new(),
        };
        nix::unistd::fchdir(&mounted.bundle).call(|| format!("fchdir({})", bundle.display()))?;
        for mount in list {
            if let Err(error) = make(&mounted.bundle, mount) {
                mounted.unmount();
                return Err(error.context(format!("mounting {}", bundle.join(&mount.target).display())));
            }
            mounted.targets.push(mount.target.clone());
        }
        Ok(mounted)
    }

    /// Takes everything down, last first. What is busy is detached: this process's end frees it.
    pub fn unmount(&mut self) {
        if nix::unistd::fchdir(&self.bundle).is_err() {
            return;
        }
        while let Some(target) = self.targets.pop() {
            let _ = nix::mount::umount2(
                Path::new(&target),
                MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW,
            );
        }
        let _ = nix::unistd::chdir("/");
    }
}

/// Detaches everything that is mounted at `path`, which is not followed if it is a link. What is busy goes when it is not.
///
/// # Errors
/// The privilege is missing.
pub fn unmount_all(path: &Path) -> Result<()> {
    loop {
        match nix::mount::umount2(path, MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW) {
            Ok(()) => {}
            // Nothing is mounted there, or nothing is there.
            Err(Errno::EINVAL | Errno::ENOENT) => return Ok(()),
            Err(errno) => return Err(errno).call(|| format!("umount2({}, MNT_DETACH)", path.display())),
        }
    }
}

fn make(bundle: &File, mount: &Mount) -> Result<()> {
    let target = open_target(bundle, &mount.target)?;
    let mapping = mount.id_map.as_ref().map(userns::with_map).transpose()?;
    let tree = match &mount.what {
        What::Bind { source, recursive } => {
            let tree = clone_tree(source, *recursive)?;
            map_ids(&tree, mapping.as_ref(), *recursive)?;
            tree
        }
        What::New {
            kind,
            source,
            parameters,
        } if kind == "overlay" => {
            let layers = match &mapping {
                Some(mapping) => Some(MappedLayers::of(parameters, mapping)?),
                None => None,
            };
            let parameters = layers.as_ref().map_or(parameters, |layers| &layers.parameters);
            match new_file_system(kind, source, parameters) {
                Err(error) if lacks_single_layers(&error) => {
                    return mount_classic(bundle, mount, kind, source, parameters);
                }
                other => other?,
            }
        }
        What::New {
            kind,
            source,
            parameters,
        } => {
            let tree = new_file_system(kind, source, parameters)?;
            map_ids(&tree, mapping.as_ref(), false)?;
            tree
        }
    };
    set_attributes(&tree, mount)?;
    move_mount(&tree, &target)
}

/// An overlay's lower layers with other owners, each mounted for as long as it takes to make the overlay, which then
/// has its own hold of them.
struct MappedLayers {
    place: PrivateDir,
    mounted: usize,
    /// The overlay's, with these layers.
    parameters: Vec<Parameter>,
}

impl MappedLayers {
    fn of(parameters: &[Parameter], mapping: &File) -> Result<Self> {
        let mut mapped = Self {
            place: PrivateDir::make()?,
            mounted: 0,
            parameters: Vec::new(),
        };
        for parameter in parameters {
            let parameter = match parameter {
                Parameter::Layers { layers, .. } => mapped.mount(layers, mapping)?,
                other => other.clone(),
            };
            mapped.parameters.push(parameter);
        }
        Ok(mapped)
    }

    fn mount(&mut self, layers: &[Layer], mapping: &File) -> Result<Parameter> {
        let (mut mapped, mut text) = (Vec::new(), String::new());
        for layer in layers {
            let name = self.mounted.to_string();
            let path = short_path(&self.place.dir, &name);
            std::fs::create_dir(&path).call(|| format!("mkdir({})", path.display()))?;
            self.mounted += 1;
            let tree = clone_tree(&layer.path, false)?;
            map_ids(&tree, Some(mapping), false)?;
            move_mount(&tree, &open_target(&self.place.dir, &name)?)?;
            let path = path.display().to_string();
            text.push_str(match (text.as_str(), layer.data_only) {
                ("", _) => "",
                (_, true) => "::",
                (_, false) => ":",
            });
            text.push_str(&path);
            mapped.push(Layer {
                path,
                data_only: layer.data_only,
            });
        }
        Ok(Parameter::Layers { text, layers: mapped })
    }
}

impl Drop for MappedLayers {
    fn drop(&mut self) {
        for name in 0..self.mounted {
            let path = short_path(&self.place.dir, &name.to_string());
            let _ = nix::mount::umount2(&path, MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW);
            let _ = std::fs::remove_dir(&path);
        }
    }
}

/// Gives the files of a tree that is mounted nowhere yet other owners.
fn map_ids(tree: &OwnedFd, mapping: Option<&File>, recursive: bool) -> Result<()> {
    let Some(mapping) = mapping else {
        return Ok(());
    };
    let attributes = libc::mount_attr {
        attr_set: libc::MOUNT_ATTR_IDMAP,
        attr_clr: 0,
        propagation: 0,
        userns_fd: u64::from(mapping.as_raw_fd().cast_unsigned()),
    };
    let flags = if recursive { libc::AT_RECURSIVE } else { 0 };
    mount_setattr(tree, &attributes, flags)
        .map_err(|error| error.hint("the file system must know id-mapped mounts (mount_setattr(2))"))
}

/// Opens the place to mount on; a symbolic link anywhere in it is refused.
fn open_target(bundle: &File, target: &str) -> Result<OwnedFd> {
    let how = OpenHow::new()
        .flags(OFlag::O_PATH | OFlag::O_CLOEXEC)
        .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS);
    openat2(bundle, target, how)
        .call(|| format!("openat2({target}, RESOLVE_BENEATH|RESOLVE_NO_SYMLINKS)"))
        .map_err(|error| match error.errno() {
            Some(libc::ELOOP) => error.hint("a mount's target must not pass through a symbolic link"),
            Some(libc::ENOENT) => error.hint("the target must exist: make the directory first"),
            _ => error,
        })
}

fn clone_tree(source: &str, recursive: bool) -> Result<OwnedFd> {
    let mut flags = libc::OPEN_TREE_CLONE | libc::OPEN_TREE_CLOEXEC;
    if recursive {
        flags |= libc::AT_RECURSIVE as libc::c_uint;
    }
    let path = c_string(source)?;
    // SAFETY: `path` is a C string that lives until the call returns.
    let raw = unsafe { libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, path.as_ptr(), flags) };
    descriptor(raw, || format!("open_tree({source}, OPEN_TREE_CLONE)"))
}

fn new_file_system(kind: &str, source: &str, parameters: &[Parameter]) -> Result<OwnedFd> {
    let name = c_string(kind)?;
    // SAFETY: `name` is a C string that lives until the call returns.
    let raw = unsafe { libc::syscall(libc::SYS_fsopen, name.as_ptr(), libc::FSOPEN_CLOEXEC) };
    let context = descriptor(raw, || format!("fsopen({kind})"))?;
    if !source.is_empty() {
        set_value(&context, "source", source)?;
    }
    for parameter in parameters {
        match parameter {
            Parameter::Flag(flag) => configure(&context, libc::FSCONFIG_SET_FLAG, Some(flag), None)?,
            Parameter::Value(key, value) => set_value(&context, key, value)?,
            Parameter::Layers { layers, .. } => {
                for layer in layers {
                    set_value(
                        &context,
                        if layer.data_only { "datadir+" } else { "lowerdir+" },
                        &layer.path,
                    )?;
                }
            }
        }
    }
    configure(&context, libc::FSCONFIG_CMD_CREATE, None, None)?;
    // SAFETY: takes a descriptor and plain numbers.
    let raw = unsafe { libc::syscall(libc::SYS_fsmount, context.as_raw_fd(), libc::FSMOUNT_CLOEXEC, 0) };
    descriptor(raw, || format!("fsmount({kind})"))
}

/// Sets a value; a path that is too long for fsconfig(2) is given through a descriptor instead.
fn set_value(context: &OwnedFd, key: &str, value: &str) -> Result<()> {
    if value.len() <= MAX_VALUE {
        return configure(context, libc::FSCONFIG_SET_STRING, Some(key), Some(value));
    }
    let file = File::options()
        .read(true)
        .custom_flags(libc::O_PATH)
        .open(value)
        .call(|| format!("open({value}, O_PATH) for the option {key}"))?;
    let short = format!("/proc/self/fd/{}", file.as_raw_fd());
    configure(context, libc::FSCONFIG_SET_STRING, Some(key), Some(&short))
}

fn configure(context: &OwnedFd, command: libc::c_uint, key: Option<&str>, value: Option<&str>) -> Result<()> {
    let key_text = key.map(c_string).transpose()?;
    let value_text = value.map(c_string).transpose()?;
    let pointer = |text: &Option<CString>| text.as_ref().map_or(std::ptr::null(), |text| text.as_ptr());
    let (key_pointer, value_pointer) = (pointer(&key_text), pointer(&value_text));
    // SAFETY: both are null or C strings that live until the call returns.
    let done = unsafe {
        libc::syscall(
            libc::SYS_fsconfig,
            context.as_raw_fd(),
            command,
            key_pointer,
            value_pointer,
            0,
        )
    };
    let Err(errno) = Errno::result(done) else {
        return Ok(());
    };
    let call = match (key, value) {
        (Some(key), Some(value)) => format!("fsconfig({key}={value})"),
        (Some(key), None) => format!("fsconfig({key})"),
        _ => "fsconfig(FSCONFIG_CMD_CREATE)".to_owned(),
    };
    let error = Error::syscall(call, errno);
    Err(match kernel_message(context) {
        Some(message) => error.context(message),
        None => error,
    })
}

/// What the kernel has to say about the last failure of a file system context.
fn kernel_message(context: &OwnedFd) -> Option<String> {
    let mut text = [0; 512];
    let length = nix::unistd::read(context, &mut text).ok()?;
    let message = String::from_utf8_lossy(&text[..length]);
    // "e " marks an error, "w " a warning.
    Some(message.trim_end().get(2..)?.to_owned())
}

/// Linux before 6.8 does not know `lowerdir+`.
fn lacks_single_layers(error: &Error) -> bool {
    error.errno() == Some(libc::EINVAL) && error.to_string().contains("(lowerdir+=")
        || error.errno() == Some(libc::ENOSYS)
}

/// The mount(2) of old kernels: all options in one page.
fn mount_classic(
    bundle: &File,
    mount: &Mount,
    kind: &str,
    source: &str,
    parameters: &[Parameter],
) -> Result<()> {
    let words: Vec<String> = parameters
        .iter()
        .filter(|parameter| **parameter != Parameter::Flag("ro".to_owned()))
        .map(|parameter| match parameter {
            Parameter::Flag(flag) => flag.clone(),
            Parameter::Value(key, value) => format!("{key}={value}"),
            Parameter::Layers { text, .. } => format!("lowerdir={text}"),
        })
        .collect();
    let data = words.join(",");
    let target = open_target(bundle, &mount.target)?;
    let place = format!("/proc/self/fd/{}", target.as_raw_fd());
    nix::mount::mount(
        Some(source),
        place.as_str(),
        Some(kind),
        MsFlags::empty(),
        Some(data.as_str()),
    )
    .call(|| format!("mount({kind}, {data})"))
    .map_err(|error| match data.len() {
        0..4096 => error,
        _ => error.hint("so many layers need Linux 6.8 or newer, or shorter paths"),
    })?;
    // Opened again: the handle above is of the directory below the mount.
    set_attributes(&open_target(bundle, &mount.target)?, mount)
}

fn set_attributes(tree: &OwnedFd, mount: &Mount) -> Result<()> {
    if mount.set != 0 || mount.clear != 0 {
        let attributes = libc::mount_attr {
            attr_set: mount.set,
            attr_clr: mount.clear,
            propagation: 0,
            userns_fd: 0,
        };
        mount_setattr(tree, &attributes, 0)?;
    }
    if let Some(propagation) = mount.propagation {
        let attributes = libc::mount_attr {
            attr_set: 0,
            attr_clr: 0,
            propagation: propagation.kind,
            userns_fd: 0,
        };
        mount_setattr(
            tree,
            &attributes,
            if propagation.recursive {
                libc::AT_RECURSIVE
            } else {
                0
            },
        )?;
    }
    Ok(())
}

fn mount_setattr(tree: &OwnedFd, attributes: &libc::mount_attr, flags: c_int) -> Result<()> {
    let pointer = std::ptr::from_ref(attributes);
    let size = size_of::<libc::mount_attr>();
    // SAFETY: the empty path means `tree` itself; `attributes` is valid for `size` bytes.
    let done = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            tree.as_raw_fd(),
            c"".as_ptr(),
            flags | libc::AT_EMPTY_PATH,
            pointer,
            size,
        )
    };
    Errno::result(done).call(|| {
        let libc::mount_attr {
            attr_set,
            attr_clr,
            propagation,
            ..
        } = attributes;
        format!("mount_setattr(set {attr_set:#x}, clear {attr_clr:#x}, propagation {propagation:#x})")
    })?;
    Ok(())
}

fn move_mount(tree: &OwnedFd, target: &OwnedFd) -> Result<()> {
    let flags = libc::MOVE_MOUNT_F_EMPTY_PATH | libc::MOVE_MOUNT_T_EMPTY_PATH;
    let (from, to) = (tree.as_raw_fd(), target.as_raw_fd());
    // SAFETY: the empty paths mean the descriptors themselves.
    let done = unsafe { libc::syscall(libc::SYS_move_mount, from, c"".as_ptr(), to, c"".as_ptr(), flags) };
    Errno::result(done).call(|| "move_mount")?;
    Ok(())
}

fn descriptor<S: Into<String>>(raw: libc::c_long, call: impl FnOnce() -> S) -> Result<OwnedFd> {
    let raw = Errno::result(raw).call(call)?;
    let raw = i32::try_from(raw).map_err(|_| Error::new(Kind::System, "a descriptor is too large"))?;
    // SAFETY: the kernel has just made this descriptor, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(raw) })
}

fn c_string(text: &str) -> Result<CString> {
    CString::new(text)
        .map_err(|_| Error::new(Kind::Input, format!("{text:?} holds a zero byte")))
        .context(|| "mount")
}
