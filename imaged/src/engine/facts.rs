//! Looks at the host for what the plan must know.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use nix::sys::stat::{major, minor};
use nix::sys::statfs::{CGROUP2_SUPER_MAGIC, statfs};
use nix::sys::utsname::uname;

use crate::error::{Error, Kind, Result};
use crate::plan::Options;
use crate::plan::facts::{Facts, HostDevice};
use crate::plan::id_map::{IdMap, IdMaps};
use crate::plan::options::{Device, DeviceNumber, Resources};
use crate::sys::userns;

/// Directories below /dev that are file systems of their own, or that every container has anyway.
const NOT_DEVICES: [&str; 8] = [
    "pts",
    "shm",
    "fd",
    "mqueue",
    "console",
    ".lxc",
    ".lxd-mounts",
    ".udev",
];

/// The facts that a container with these options needs.
///
/// # Errors
/// When a requested device does not exist, or the kernel does not say what it is.
pub(super) fn gather(options: &Options) -> Result<Facts> {
    let name = uname().map_err(|errno| Error::syscall("uname", errno as i32))?;
    let mut requested = Vec::new();
    for device in &options.devices {
        requested_device(device, &mut requested)?;
    }
    Ok(Facts {
        architecture: go_architecture(&name.machine().to_string_lossy()).to_owned(),
        kernel: kernel(&name.release().to_string_lossy()),
        hostname: name.nodename().to_string_lossy().into_owned(),
        cgroup2: has_cgroup2_alone(),
        last_capability: last_capability()?,
        devices: if options.privileged {
            host_devices()?
        } else {
            Vec::new()
        },
        requested_devices: requested,
        limited_devices: limited_devices(&options.resources)?,
        ids: own_ids()?,
        denies_groups: denies_groups(),
        bounding_capabilities: capabilities("CapBnd:")?,
    })
}

/// Whether nobody in this process's user namespace may change its groups.
pub(super) fn denies_groups() -> bool {
    fs::read_to_string("/proc/self/setgroups").is_ok_and(|text| text.trim() == "deny")
}

/// The ids of the user namespace that this process is in, if it is not the machine's.
fn own_ids() -> Result<IdMaps> {
    let ids = |path: &str| -> Result<Vec<IdMap>> {
        let lines = userns::lines(path)?.into_iter();
        let same = |(first, _, size)| IdMap {
            container: first,
            host: first,
            size,
        };
        Ok(lines.map(same).collect())
    };
    match userns::is_inside() {
        true => Ok(IdMaps {
            uids: ids("/proc/self/uid_map")?,
            gids: ids("/proc/self/gid_map")?,
        }),
        false => Ok(IdMaps::default()),
    }
}

/// What a plan of limits alone must know.
///
/// # Errors
/// When a device does not exist.
pub(super) fn for_limits(resources: &Resources) -> Result<Facts> {
    Ok(Facts {
        cgroup2: has_cgroup2_alone(),
        limited_devices: limited_devices(resources)?,
        ..Facts::default()
    })
}

/// Whether /sys/fs/cgroup is one cgroup2 file system.
pub(crate) fn has_cgroup2_alone() -> bool {
    statfs("/sys/fs/cgroup").is_ok_and(|facts| facts.filesystem_type() == CGROUP2_SUPER_MAGIC)
}

/// The numbers of the devices that limits name.
fn limited_devices(resources: &Resources) -> Result<BTreeMap<String, (u64, u64)>> {
    let numbers = |limit: &DeviceNumber| {
        let data = fs::metadata(&limit.path)
            .map_err(|error| Error::io(format!("stat {}", limit.path), &error).with_kind(Kind::NotStarted))?;
        match node(&data, &limit.path, "") {
            Some(device) => Ok((limit.path.clone(), (device.major, device.minor))),
            None => Err(no_device(&limit.path)),
        }
    };
    resources.devices().map(numbers).collect()
}

/// This machine's architecture in Go's words.
pub(crate) fn architecture() -> &'static str {
    go_architecture(std::env::consts::ARCH)
}

/// The kernel's word for a machine in Go's words.
fn go_architecture(machine: &str) -> &str {
    match machine {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "i386" | "i686" => "x86",
        "armv7l" | "armv6l" => "arm",
        other => other,
    }
}

fn kernel(release: &str) -> (u32, u32) {
    let mut numbers = release
        .split(|c: char| !c.is_ascii_digit())
        .map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

fn last_capability() -> Result<u8> {
    let path = "/proc/sys/kernel/cap_last_cap";
    let text = fs::read_to_string(path).map_err(|error| Error::io(format!("read {path}"), &error))?;
    text.trim()
        .parse()
        .map_err(|_| Error::new(Kind::System, format!("{path} says '{}'", text.trim())))
}

/// This process's own effective capabilities, as a mask.
pub(super) fn own_capabilities() -> Result<u64> {
    capabilities("CapEff:")
}

/// One of this process's masks of capabilities.
fn capabilities(name: &str) -> Result<u64> {
    let path = "/proc/self/status";
    let text = fs::read_to_string(path).map_err(|error| Error::io(format!("read {path}"), &error))?;
    let mask = text.lines().find_map(|line| line.strip_prefix(name));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .ok_or_else(|| Error::new(Kind::System, format!("{path} has no {name}")))
}

fn requested_device(device: &Device, found: &mut Vec<HostDevice>) -> Result<()> {
    let path = Path::new(&device.source);
    let data = fs::metadata(path).map_err(|error| {
        Error::io(
            format!("gathering device information: stat {}", device.source),
            &error,
        )
        .with_kind(Kind::NotStarted)
    })?;
    if data.is_dir() {
        let before = found.len();
        walk(path, &device.target, &device.access, found)?;
        return match found.len() > before {
            true => Ok(()),
            false => Err(no_device(&device.source)),
        };
    }
    found.push(node(&data, &device.target, &device.access).ok_or_else(|| no_device(&device.source))?);
    Ok(())
}

fn no_device(path: &str) -> Error {
    Error::new(
        Kind::NotStarted,
        format!("error gathering device information: '{path}' is not a device node"),
    )
}

fn host_devices() -> Result<Vec<HostDevice>> {
    let mut found = Vec::new();
    walk(Path::new("/dev"), "/dev", "rwm", &mut found)?;
    Ok(found)
}

/// The device nodes below a directory; symbolic links are not followed.
fn walk(directory: &Path, target: &str, access: &str, found: &mut Vec<HostDevice>) -> Result<()> {
    let failed = |error: io::Error| Error::io(format!("read {}", directory.display()), &error);
    for entry in fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let data = match fs::symlink_metadata(entry.path()) {
            Ok(data) => data,
            // Devices come and go.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(error)),
        };
        let target = format!("{target}/{name}");
        if data.is_dir() && !NOT_DEVICES.contains(&name.as_str()) {
            walk(&entry.path(), &target, access, found)?;
        } else if !NOT_DEVICES.contains(&name.as_str()) {
            found.extend(node(&data, &target, access));
        }
    }
    Ok(())
}

fn node(data: &fs::Metadata, path: &str, access: &str) -> Option<HostDevice> {
    let kind = match data.file_type() {
        kind if kind.is_char_device() => 'c',
        kind if kind.is_block_device() => 'b',
        _ => return None,
    };
    Some(HostDevice {
        path: path.to_owned(),
        kind,
        major: major(data.rdev()),
        minor: minor(data.rdev()),
        mode: data.mode() & 0o7777,
        uid: data.uid(),
        gid: data.gid(),
        access: access.to_owned(),
    })
}

/// The bytes of the machine's memory, if it says so.
pub(crate) fn machine_memory() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let kilobytes = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    kilobytes
        .trim()
        .trim_end_matches(" kB")
        .parse::<u64>()
        .ok()?
        .checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_and_architectures() {
        assert_eq!(kernel("6.18.44-fc-v669"), (6, 18));
        assert_eq!(kernel("5"), (5, 0));
        assert_eq!(go_architecture("x86_64"), "amd64");
    }

    #[test]
    fn devices_of_the_host() {
        let null = Device {
            source: "/dev/null".into(),
            target: "/dev/x".into(),
            access: "r".into(),
        };
        let facts = gather(&Options {
            devices: vec![null],
            ..Options::default()
        })
        .unwrap();
        let device = &facts.requested_devices[0];
        assert_eq!(
            (device.path.as_str(), device.kind, device.major, device.minor),
            ("/dev/x", 'c', 1, 3)
        );
        let wrong = Device {
            source: "/etc/passwd".into(),
            target: "/x".into(),
            access: "r".into(),
        };
        let error = gather(&Options {
            devices: vec![wrong],
            ..Options::default()
        })
        .unwrap_err();
        assert!(error.to_string().contains("not a device node"), "{error}");
    }
}
