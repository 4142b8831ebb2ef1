//! Where systemd listens: its own sockets first, which save the way through a bus, then the bus.

use crate::error::{Error, Kind, Result};
use crate::plan::cgroup::systemd::Manager;
use std::env;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};

/// A place to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    name: Name,
    /// Whether systemd itself listens there, and no bus.
    pub(super) direct: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Name {
    Path(String),
    Abstract(String),
}

impl Address {
    /// A socket of the file system.
    pub(super) fn path(path: impl Into<String>, direct: bool) -> Self {
        Self {
            name: Name::Path(path.into()),
            direct,
        }
    }

    /// Connects.
    pub(super) fn connect(&self) -> Result<UnixStream> {
        let (connected, shown) = match &self.name {
            Name::Path(path) => (UnixStream::connect(path), path.clone()),
            Name::Abstract(name) => (
                SocketAddr::from_abstract_name(name).and_then(|address| UnixStream::connect_addr(&address)),
                format!("@{name}"),
            ),
        };
        connected.map_err(|error| {
            Error::syscall(
                format!("connect({shown:?})"),
                error.raw_os_error().unwrap_or(libc::EINVAL),
            )
        })
    }
}

/// All places where a systemd may be reached, the best first.
///
/// # Errors
/// When the environment names none for the user's.
pub(super) fn of(manager: Manager) -> Result<Vec<Address>> {
    match manager {
        Manager::System => Ok(system(variable("DBUS_SYSTEM_BUS_ADDRESS").as_deref())),
        Manager::User => {
            let found = user(
                variable("XDG_RUNTIME_DIR").as_deref(),
                variable("DBUS_SESSION_BUS_ADDRESS").as_deref(),
            );
            if found.is_empty() {
                return Err(Error::new(
                    Kind::System,
                    "neither XDG_RUNTIME_DIR nor DBUS_SESSION_BUS_ADDRESS says where the user's systemd is",
                )
                .hint("log in through PAM (ssh, not su), or: loginctl enable-linger USER; export XDG_RUNTIME_DIR=/run/user/UID"));
            }
            Ok(found)
        }
    }
}

/// Whether the environment says where a user's systemd is.
pub(super) fn has_user_bus() -> bool {
    of(Manager::User).is_ok()
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn system(bus: Option<&str>) -> Vec<Address> {
    match bus {
        Some(bus) => parse(bus),
        None => vec![
            Address::path("/run/systemd/private", true),
            Address::path("/run/dbus/system_bus_socket", false),
        ],
    }
}

fn user(runtime_dir: Option<&str>, bus: Option<&str>) -> Vec<Address> {
    let private = runtime_dir.map(|dir| Address::path(format!("{dir}/systemd/private"), true));
    let usual = runtime_dir.map(|dir| Address::path(format!("{dir}/bus"), false));
    let mut all: Vec<Address> = private.into_iter().collect();
    all.extend(bus.map(parse).unwrap_or_default());
    all.extend(usual);
    all
}

/// The unix sockets of a list of D-Bus addresses: `unix:path=/a,guid=…;unix:abstract=b`.
fn parse(list: &str) -> Vec<Address> {
    let sockets = list
        .split(';')
        .filter_map(|address| address.strip_prefix("unix:"));
    let names = sockets.filter_map(|keys| {
        keys.split(',').find_map(|pair| match pair.split_once('=')? {
            ("path", path) => Some(Name::Path(unescape(path))),
            ("abstract", name) => Some(Name::Abstract(unescape(name))),
            _ => None,
        })
    });
    names.map(|name| Address { name, direct: false }).collect()
}

/// Undoes `%41`.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        let code = others.first_chunk::<2>().filter(|_| *first == b'%');
        let code = code.and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &others[2..];
            }
            None => {
                bytes.push(*first);
                rest = others;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systemd_itself_comes_before_a_bus() {
        let direct = |all: Vec<Address>| all.iter().map(|address| address.direct).collect::<Vec<_>>();
        assert_eq!(direct(system(None)), [true, false]);
        assert_eq!(
            direct(user(Some("/run/user/7"), Some("unix:path=/x"))),
            [true, false, false]
        );
        assert_eq!(user(None, Some("unix:path=/x")), [Address::path("/x", false)]);
        assert_eq!(system(Some("unix:path=/y,guid=1")), [Address::path("/y", false)]);
        assert!(user(None, None).is_empty());
    }

    #[test]
    fn addresses_of_unix_sockets_are_found() {
        let abstract_one = Address {
            name: Name::Abstract("b".into()),
            direct: false,
        };
        let list = "tcp:host=a;unix:path=/with%20blank,guid=7;unix:guid=1,abstract=b;unix:tmpdir=/t";
        assert_eq!(parse(list), [Address::path("/with blank", false), abstract_one]);
        assert_eq!(unescape("%4"), "%4");
        assert_eq!(unescape("a%zz%41"), "a%zzA");
    }
}
