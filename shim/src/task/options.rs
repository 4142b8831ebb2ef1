//! The options of a container's runtime: containerd's message for runc, which all of its clients can write, or TOML with
//! the same names, which is what containerd's CRI plugin passes to other shims (in a file, or in the message).

use serde::{Deserialize, Serialize};

use crate::error::{Call, Context, Error, Kind, Result};
use crate::ttrpc::wire::{Any, Malformed, fields};

/// How the runtime is called.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// The runtime's program; empty: the default.
    pub binary_name: String,
    /// The runtime's --root; empty: the default. The namespace is added to it.
    pub root: String,
    /// systemd makes the cgroups.
    pub systemd_cgroup: bool,
    /// No pivot_root.
    pub no_pivot_root: bool,
    /// No session keyring of the container's own.
    pub no_new_keyring: bool,
    /// A cgroup for the shim.
    pub shim_cgroup: String,
    /// Who owns the container's pipes.
    pub io_uid: u32,
    /// Which group does.
    pub io_gid: u32,
    /// The criu program.
    pub criu_path: String,
    /// Where checkpoints' images are.
    pub criu_image_path: String,
    /// Where criu works.
    pub criu_work_path: String,
}

/// The name of containerd's options for runc.
const RUNC: &str = "containerd.runc.v1.Options";
/// The name of its options for any other runtime.
const GENERIC: &str = "runtimeoptions.v1.Options";

/// Reads the options of a request; a file that they name is read by `read`.
///
/// # Errors
/// The message is of another type or malformed, the file cannot be read, or a line of TOML is not understood.
pub fn decode(any: Option<&Any>, read: impl FnOnce(&str) -> std::io::Result<String>) -> Result<Options> {
    let Some(any) = any else {
        return Ok(Options::default());
    };
    match any.type_name() {
        "" => Ok(Options::default()),
        RUNC => runc(&any.value).map_err(|error| malformed(any, error)),
        // cri-api's own name for it, too.
        GENERIC | "cri.runtimeoptions.v1.Options" => {
            let (path, body) = generic(&any.value).map_err(|error| malformed(any, error))?;
            match (body.is_empty(), path.is_empty()) {
                (false, _) => toml(&body).context(|| "the runtime's options"),
                (true, false) => {
                    let text = read(&path).call(|| format!("read({path})"))?;
                    toml(&text).context(|| path)
                }
                (true, true) => Ok(Options::default()),
            }
        }
        other => {
            let why = format!("the runtime's options are of an unknown type, {other}");
            Err(Error::new(Kind::Input, why).hint(format!("known are {RUNC} and {GENERIC}")))
        }
    }
}

fn malformed(any: &Any, error: Malformed) -> Error {
    Error::new(
        Kind::Input,
        format!("options of type {}: {error}", any.type_name()),
    )
}

fn runc(message: &[u8]) -> Result<Options, Malformed> {
    let mut options = Options::default();
    for field in fields(message) {
        match field? {
            (1, value) => options.no_pivot_root = value.truth(),
            (2, value) => options.no_new_keyring = value.truth(),
            (3, value) => options.shim_cgroup = value.text()?,
            (4, value) => options.io_uid = value.number32(),
            (5, value) => options.io_gid = value.number32(),
            (6, value) => options.binary_name = value.text()?,
            (7, value) => options.root = value.text()?,
            (8, value) => options.criu_path = value.text()?,
            (9, value) => options.systemd_cgroup = value.truth(),
            (10, value) => options.criu_image_path = value.text()?,
            (11, value) => options.criu_work_path = value.text()?,
            _ => {}
        }
    }
    Ok(options)
}

/// The path of a file, and TOML.
fn generic(message: &[u8]) -> Result<(String, String), Malformed> {
    let (mut path, mut body) = (String::new(), String::new());
    for field in fields(message) {
        match field? {
            (2, value) => path = value.text()?,
            (3, value) => body = value.text()?,
            _ => {}
        }
    }
    Ok((path, body))
}

/// Lines of `Name = value`, as in containerd's configuration of a runtime; the value is a text in quotes, a number or a
/// truth value. Tables are somebody else's.
///
/// # Errors
/// A name or value is not known: an option that is not obeyed must not look as if it was.
pub fn toml(text: &str) -> Result<Options> {
    let mut options = Options::default();
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            break;
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = || {
            Error::new(Kind::Input, format!("not understood: {line}"))
                .hint("one option a line: Name = \"text\", Name = 1 or Name = true")
        };
        let (name, value) = line.split_once('=').ok_or_else(wrong)?;
        set(&mut options, name.trim(), value.trim()).ok_or_else(wrong)?;
    }
    Ok(options)
}

fn set(options: &mut Options, name: &str, value: &str) -> Option<()> {
    match name {
        "BinaryName" => options.binary_name = quoted(value)?,
        "Root" => options.root = quoted(value)?,
        "SystemdCgroup" => options.systemd_cgroup = bare(value)?,
        "NoPivotRoot" => options.no_pivot_root = bare(value)?,
        "NoNewKeyring" => options.no_new_keyring = bare(value)?,
        "ShimCgroup" => options.shim_cgroup = quoted(value)?,
        "IoUid" => options.io_uid = bare(value)?,
        "IoGid" => options.io_gid = bare(value)?,
        "CriuPath" => options.criu_path = quoted(value)?,
        "CriuImagePath" => options.criu_image_path = quoted(value)?,
        "CriuWorkPath" => options.criu_work_path = quoted(value)?,
        // Those of the message that led here.
        "TypeUrl" | "ConfigPath" => {
            quoted(value)?;
        }
        _ => return None,
    }
    Some(())
}

/// A text in quotes, perhaps before a comment. Escapes are in no path.
fn quoted(value: &str) -> Option<String> {
    let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    let (text, rest) = value[1..].split_once(quote)?;
    let plain = !(quote == '"' && text.contains('\\'));
    (plain && is_comment(rest)).then(|| text.to_owned())
}

fn bare<T: std::str::FromStr>(value: &str) -> Option<T> {
    value.split('#').next()?.trim().parse().ok()
}

fn is_comment(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.is_empty() || rest.starts_with('#')
}

/// How a container is saved (containerd.runc.v1.CheckpointOptions).
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// The container ends with it.
    pub exit: bool,
    /// Connections are saved, too.
    pub open_tcp: bool,
    /// So are sockets whose other end is outside.
    pub external_unix_sockets: bool,
    /// And a terminal.
    pub terminal: bool,
    /// And locks on files.
    pub file_locks: bool,
    /// Namespaces that are made but not filled again.
    pub empty_namespaces: Vec<String>,
    /// How cgroups are treated.
    pub cgroups_mode: String,
    /// Where the image goes, instead of the request's path.
    pub image_path: String,
    /// Where criu works.
    pub work_path: String,
}

/// Reads the options of `Checkpoint`.
///
/// # Errors
/// The message is malformed.
pub fn checkpoint(any: Option<&Any>) -> Result<Checkpoint, Malformed> {
    let mut options = Checkpoint::default();
    for field in fields(any.map_or(&[], |any| &any.value)) {
        match field? {
            (1, value) => options.exit = value.truth(),
            (2, value) => options.open_tcp = value.truth(),
            (3, value) => options.external_unix_sockets = value.truth(),
            (4, value) => options.terminal = value.truth(),
            (5, value) => options.file_locks = value.truth(),
            (6, value) => options.empty_namespaces.push(value.text()?),
            (7, value) => options.cgroups_mode = value.text()?,
            (8, value) => options.image_path = value.text()?,
            (9, value) => options.work_path = value.text()?,
            _ => {}
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ttrpc::wire::Message;

    fn any(kind: &str, message: Message) -> Any {
        Any {
            type_url: format!("types.example/{kind}"),
            value: message.into_bytes(),
        }
    }

    fn no_file(_: &str) -> std::io::Result<String> {
        Err(std::io::ErrorKind::NotFound.into())
    }

    #[test]
    fn runc_s_options_are_read() {
        let message = Message::new()
            .number(1, true)
            .number(2, true)
            .number(4, 1000u32)
            .number(5, 100u32)
            .text(6, "/bin/crun")
            .text(7, "/root")
            .number(9, true);
        let options = decode(Some(&any(RUNC, message)), no_file).expect("well formed");
        assert_eq!(
            options,
            Options {
                no_pivot_root: true,
                no_new_keyring: true,
                io_uid: 1000,
                io_gid: 100,
                binary_name: "/bin/crun".to_owned(),
                root: "/root".to_owned(),
                systemd_cgroup: true,
                ..Options::default()
            }
        );
    }

    #[test]
    fn toml_comes_in_the_message_or_in_a_file() {
        let text = "# a comment\nBinaryName = \"/bin/runc\" # why\n\nSystemdCgroup = true\nIoUid=5\nRoot = '/r'\n[other]\nx = 1\n";
        let expected = Options {
            binary_name: "/bin/runc".to_owned(),
            systemd_cgroup: true,
            io_uid: 5,
            root: "/r".to_owned(),
            ..Options::default()
        };
        let message = any(GENERIC, Message::new().text(3, text));
        assert_eq!(decode(Some(&message), no_file).expect("well formed"), expected);
        let message = any(GENERIC, Message::new().text(2, "/a/file"));
        let options = decode(Some(&message), |path| {
            assert_eq!(path, "/a/file");
            Ok(text.to_owned())
        });
        assert_eq!(options.expect("well formed"), expected);
        decode(Some(&message), no_file).expect_err("no such file");
    }

    #[test]
    fn what_is_not_obeyed_is_refused() {
        for wrong in [
            "Debug = true",
            "SystemdCgroup = yes",
            "SystemdCgroup",
            "BinaryName = /bin/runc",
            "BinaryName = \"a\" b",
            "BinaryName = \"a\\\\b\"",
            "IoUid = -1",
        ] {
            toml(wrong).expect_err(wrong);
        }
        decode(Some(&any("some.Options", Message::new())), no_file).expect_err("unknown");
        let broken = Any {
            type_url: RUNC.to_owned(),
            value: vec![0x32, 9],
        };
        decode(Some(&broken), no_file).expect_err("malformed");
    }

    #[test]
    fn no_options_are_the_defaults() {
        let default =
            |any: Option<&Any>| decode(any, no_file).expect("nothing to read") == Options::default();
        assert!(default(None));
        assert!(default(Some(&Any::default())));
        assert!(default(Some(&any(GENERIC, Message::new()))));
    }
}
