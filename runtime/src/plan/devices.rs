//! Device nodes and links: the defaults that every Linux program expects, and those of config.json.

use super::build::Input;
use super::op::RootOp;
use super::root::inside;
use crate::error::{Error, Kind, Result};
use crate::oci;

/// The nodes of runtime-spec, "Default Devices".
const NODES: [(&str, u64, u64); 6] = [
    ("/dev/null", 1, 3),
    ("/dev/zero", 1, 5),
    ("/dev/full", 1, 7),
    ("/dev/random", 1, 8),
    ("/dev/urandom", 1, 9),
    ("/dev/tty", 5, 0),
];

/// The links of runtime-spec, "Dev symbolic links", and the terminal multiplexer's.
const LINKS: [(&str, &str); 5] = [
    ("/dev/fd", "/proc/self/fd"),
    ("/dev/stdin", "/proc/self/fd/0"),
    ("/dev/stdout", "/proc/self/fd/1"),
    ("/dev/stderr", "/proc/self/fd/2"),
    ("/dev/ptmx", "pts/ptmx"),
];

/// The nodes and links to make: none where /dev is somebody else's.
pub(super) fn plan<'a>(input: &Input<'a>) -> Result<Vec<RootOp<'a>>> {
    if input.spec.mounts.iter().any(is_bound_dev) {
        return Ok(Vec::new());
    }
    let bind = input.has_user_namespace();
    let configured = &input.linux.devices;
    let mut ops: Vec<RootOp<'a>> = Vec::new();
    for (path, major, minor) in NODES {
        if !configured
            .iter()
            .any(|device| device.path.trim_end_matches('/') == path)
        {
            let (mode, uid, gid) = (0o666, 0, 0);
            ops.push(RootOp::Device {
                path: path.into(),
                kind: 'c',
                major,
                minor,
                mode,
                uid,
                gid,
                bind,
            });
        }
    }
    for (index, device) in configured.iter().enumerate() {
        // The link to the container's own instance is what works there.
        if device.path != "/dev/ptmx" {
            ops.push(node(index, device, bind)?);
        }
    }
    ops.extend(LINKS.map(|(path, target)| RootOp::Link {
        path: path.into(),
        target: target.into(),
    }));
    Ok(ops)
}

/// Whether a mount puts a ready /dev in place.
fn is_bound_dev(mount: &oci::Mount<'_>) -> bool {
    let bind = mount
        .options
        .iter()
        .any(|word| *word == "bind" || *word == "rbind");
    mount.destination.trim_end_matches('/') == "/dev" && (bind || mount.kind.as_deref() == Some("bind"))
}

fn node<'a>(index: usize, device: &'a oci::Device<'a>, bind: bool) -> Result<RootOp<'a>> {
    let kind = match &*device.kind {
        "c" | "u" => 'c',
        "b" => 'b',
        "p" => 'p',
        other => {
            let text = format!("linux.devices[{index}].type: found {other:?}, expected c, b, u or p");
            return Err(Error::new(Kind::Config, text));
        }
    };
    let number = |value: Option<i64>| u64::try_from(value.unwrap_or(0)).unwrap_or(0);
    Ok(RootOp::Device {
        path: inside(device.path.trim_end_matches('/')),
        kind,
        major: number(device.major),
        minor: number(device.minor),
        mode: device.file_mode.unwrap_or(0o666) & 0o7777,
        uid: device.uid.unwrap_or(0),
        gid: device.gid.unwrap_or(0),
        bind: bind && kind != 'p',
    })
}
