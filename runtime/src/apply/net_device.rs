//! Moving a network device into the container, with its name and its permanent addresses.

use crate::error::{Context, Error, Kind, Result};
use crate::sys::netlink::{Message, Netlink};
use crate::sys::{files, process};
use std::collections::BTreeSet;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

const RTM_NEWLINK: u16 = 16;
const RTM_GETLINK: u16 = 18;
const RTM_NEWADDR: u16 = 20;
const RTM_GETADDR: u16 = 22;
const IFLA_IFNAME: u16 = 3;
const IFLA_NET_NS_FD: u16 = 28;
const IFA_FLAGS: u16 = 8;
const IFA_F_PERMANENT: u32 = 0x80;
/// What makes an address: itself, its peer, its broadcast and anycast forms, its flags and priority. Not its
/// label, which begins with the device's old name, nor its age.
const KEPT: &[u16] = &[1, 2, 4, 5, IFA_FLAGS, 9];
/// The sizes of `struct ifinfomsg` and `struct ifaddrmsg`.
const LINK: usize = 16;
const ADDRESS: usize = 8;

/// Moves the device `name` of the runtime's network namespace, brings it up there under `new_name`, in which
/// `%d` stands for the first free number.
///
/// # Errors
/// When there is no such device, one of the new name exists, or the kernel does not let it go.
pub(super) fn send(name: &str, new_name: &str, namespace: BorrowedFd<'_>) -> Result<()> {
    let here = Netlink::open()?;
    let there = open_in(namespace)?;
    let index = find(&here, name)?.ok_or_else(|| missing(name))?;
    let addresses = addresses(&here, index)?;
    if find(&there, new_name)?.is_some() {
        let text = format!("the container has a network device {new_name:?} already");
        return Err(Error::syscall(text, libc::EEXIST)
            .hint("give it another name, or a template such as eth%d, in linux.netDevices"));
    }
    let before = links(&there)?;
    let request = Message::new(RTM_NEWLINK, &link(index, 0))
        .with(IFLA_NET_NS_FD, &namespace.as_raw_fd().to_ne_bytes())
        .with_text(IFLA_IFNAME, new_name);
    here.ask(&request, "move the device").map_err(explain)?;
    let arrived = links(&there)?.into_iter().find(|index| !before.contains(index));
    let index = arrived.ok_or_else(|| Error::new(Kind::System, "the device did not arrive"))?;
    for address in addresses {
        let request = address.request(index);
        there
            .ask(&request, "add an address")
            .context(|| format!("keep the addresses of {name}"))?;
    }
    let up = Message::new(RTM_NEWLINK, &link(index, libc::IFF_UP.cast_unsigned()));
    there.ask(&up, "bring the device up").map(|_| ())
}

fn missing(name: &str) -> Error {
    Error::new(
        Kind::Config,
        format!("linux.netDevices: there is no network device {name:?}"),
    )
    .hint("`ip link` lists those of the runtime's network namespace")
}

fn explain(error: Error) -> Error {
    match error.errno() {
        Some(libc::EINVAL) => {
            error.hint("some devices, such as lo and bridges in use, stay where they are made")
        }
        Some(libc::EPERM) => {
            error.hint("moving a network device needs CAP_NET_ADMIN in both network namespaces")
        }
        _ => error,
    }
}

/// A socket in another network namespace. The runtime has one thread, and returns before anything else happens.
fn open_in(namespace: BorrowedFd<'_>) -> Result<Netlink> {
    let own = files::open("/proc/self/ns/net", libc::O_RDONLY)?;
    process::join_namespace(namespace, libc::CLONE_NEWNET)?;
    let socket = Netlink::open();
    process::join_namespace(own.as_fd(), libc::CLONE_NEWNET)?;
    socket
}

/// A `struct ifinfomsg` that changes no flags but those given.
fn link(index: i32, flags: u32) -> [u8; LINK] {
    let mut fixed = [0; LINK];
    fixed[4..8].copy_from_slice(&index.to_ne_bytes());
    fixed[8..12].copy_from_slice(&flags.to_ne_bytes());
    fixed[12..].copy_from_slice(&flags.to_ne_bytes());
    fixed
}

fn index_of(message: &Message) -> Option<i32> {
    let fixed = message.fixed::<LINK>()?;
    fixed[4..8].try_into().ok().map(i32::from_ne_bytes)
}

/// The number of a device; none when there is none of that name.
fn find(socket: &Netlink, name: &str) -> Result<Option<i32>> {
    let request = Message::new(RTM_GETLINK, &link(0, 0)).with_text(IFLA_IFNAME, name);
    match socket.ask(&request, "find a device") {
        Err(error) if error.errno() == Some(libc::ENODEV) => Ok(None),
        answer => Ok(answer?.as_ref().and_then(index_of)),
    }
}

fn links(socket: &Netlink) -> Result<BTreeSet<i32>> {
    let all = socket.list(&Message::new(RTM_GETLINK, &link(0, 0)), "list the devices")?;
    Ok(all.iter().filter_map(index_of).collect())
}

/// An address, to be given again.
struct Address {
    fixed: [u8; ADDRESS],
    attributes: Vec<(u16, Vec<u8>)>,
}

impl Address {
    /// The address in a message, if it is one of the device, permanent, and of global scope.
    fn of(message: &Message, device: i32) -> Option<Self> {
        let fixed = message.fixed::<ADDRESS>()?;
        let [_, _, short_flags, scope, index @ ..] = fixed;
        let attributes = message.attributes(ADDRESS);
        let long_flags = attributes.iter().find(|(kind, _)| *kind == IFA_FLAGS);
        let flags = long_flags.and_then(|(_, value)| Some(u32::from_ne_bytes((*value).try_into().ok()?)));
        let permanent = flags.unwrap_or_else(|| u32::from(short_flags)) & IFA_F_PERMANENT != 0;
        let global = scope == 0;
        let kept = attributes.into_iter().filter(|(kind, _)| KEPT.contains(kind));
        (permanent && global && i32::from_ne_bytes(index) == device).then(|| Self {
            fixed,
            attributes: kept.map(|(kind, value)| (kind, value.to_vec())).collect(),
        })
    }

    fn request(&self, device: i32) -> Message {
        let mut fixed = self.fixed;
        fixed[4..].copy_from_slice(&device.to_ne_bytes());
        let message = Message::new(RTM_NEWADDR, &fixed);
        self.attributes
            .iter()
            .fold(message, |message, (kind, value)| message.with(*kind, value))
    }
}

fn addresses(socket: &Netlink, device: i32) -> Result<Vec<Address>> {
    let all = socket.list(&Message::new(RTM_GETADDR, &[0; ADDRESS]), "list the addresses")?;
    Ok(all
        .iter()
        .filter_map(|message| Address::of(message, device))
        .collect())
}
