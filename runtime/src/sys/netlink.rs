//! Route netlink (rtnetlink(7)): requests, their answers, and the attributes in both.

use crate::error::{Error, Result};
use nix::errno::Errno;
use nix::sys::socket::{self, AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType};
use std::os::fd::{AsRawFd, OwnedFd};

/// The size of `struct nlmsghdr`.
const HEADER: usize = 16;
/// More than the kernel puts into one datagram.
const DATAGRAM: usize = 64 * 1024;

const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_ACK: u16 = 0x4;
const NLM_F_DUMP: u16 = 0x300;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;

/// A socket; it belongs to the network namespace in which it was made.
#[derive(Debug)]
pub struct Netlink(OwnedFd);

/// A request, or a message of an answer.
#[derive(Debug, Clone)]
pub struct Message {
    kind: u16,
    body: Vec<u8>,
}

impl Message {
    /// A request of a kind (RTM_…) with its fixed part.
    pub fn new(kind: u16, fixed: &[u8]) -> Self {
        let body = fixed.to_vec();
        Self { kind, body }
    }

    /// With one more attribute.
    #[must_use]
    pub fn with(mut self, kind: u16, value: &[u8]) -> Self {
        let length = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
        self.body.extend(length.to_ne_bytes());
        self.body.extend(kind.to_ne_bytes());
        self.body.extend(value);
        self.body.resize(self.body.len().next_multiple_of(4), 0);
        self
    }

    /// With one more attribute, a string.
    #[must_use]
    pub fn with_text(self, kind: u16, text: &str) -> Self {
        let mut value = text.as_bytes().to_vec();
        value.push(0);
        self.with(kind, &value)
    }

    /// The kind, RTM_….
    pub fn kind(&self) -> u16 {
        self.kind
    }

    /// The first `N` bytes; none of a message that is shorter.
    pub fn fixed<const N: usize>(&self) -> Option<[u8; N]> {
        self.body.get(..N)?.try_into().ok()
    }

    /// The attributes after a fixed part of that size: kinds and values.
    pub fn attributes(&self, fixed: usize) -> Vec<(u16, &[u8])> {
        let mut found = Vec::new();
        let mut rest = self.body.get(fixed..).unwrap_or_default();
        while let Some((length, kind)) = head(rest) {
            let Some(value) = rest.get(4..length) else { break };
            found.push((kind, value));
            rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
        found
    }

    fn encode(&self, flags: u16) -> Vec<u8> {
        let length = u32::try_from(HEADER + self.body.len()).unwrap_or(u32::MAX);
        let mut bytes = Vec::with_capacity(HEADER + self.body.len());
        bytes.extend(length.to_ne_bytes());
        bytes.extend(self.kind.to_ne_bytes());
        bytes.extend((flags | NLM_F_REQUEST).to_ne_bytes());
        // One request at a time on a socket: neither number nor port is needed to tell answers apart.
        bytes.extend([0; 8]);
        bytes.extend(&self.body);
        bytes
    }
}

/// An attribute's length and kind; without the bits that say how its value is encoded.
fn head(bytes: &[u8]) -> Option<(usize, u16)> {
    const KIND: u16 = 0x3fff;
    let number = |at: usize| Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let length = usize::from(number(0)?);
    (length >= 4).then_some((length, number(2)? & KIND))
}

/// The messages of a datagram.
fn decode(mut bytes: &[u8]) -> Vec<Message> {
    let mut messages = Vec::new();
    while let Some(length) = bytes
        .get(..4)
        .and_then(|four| four.try_into().ok())
        .map(u32::from_ne_bytes)
    {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let (Some(kind), Some(body)) = (bytes.get(4..6), bytes.get(HEADER..length)) else {
            break;
        };
        let kind = kind.try_into().map(u16::from_ne_bytes).unwrap_or_default();
        messages.push(Message::new(kind, body));
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    messages
}

impl Netlink {
    /// A socket in the calling process's network namespace.
    ///
    /// # Errors
    /// The kernel's, with the call.
    pub fn open() -> Result<Self> {
        let (family, flags) = (AddressFamily::Netlink, SockFlag::SOCK_CLOEXEC);
        let made = socket::socket(family, SockType::Raw, flags, SockProtocol::NetlinkRoute);
        let made = made.map_err(|errno| Error::syscall("socket(AF_NETLINK)", errno as i32))?;
        Ok(Self(made))
    }

    /// Asks for one thing, or for an effect; `what` is for the error.
    ///
    /// # Errors
    /// The kernel's refusal.
    pub fn ask(&self, request: &Message, what: &str) -> Result<Option<Message>> {
        self.talk(request, NLM_F_ACK, what)
            .map(|answer| answer.into_iter().next())
    }

    /// Asks for all things of a kind; `what` is for the error.
    ///
    /// # Errors
    /// The kernel's refusal.
    pub fn list(&self, request: &Message, what: &str) -> Result<Vec<Message>> {
        self.talk(request, NLM_F_DUMP, what)
    }

    fn talk(&self, request: &Message, flags: u16, what: &str) -> Result<Vec<Message>> {
        let failed = |errno: Errno| Error::syscall(format!("netlink({what})"), errno as i32);
        let kernel = NetlinkAddr::new(0, 0);
        let bytes = request.encode(flags);
        socket::sendto(self.0.as_raw_fd(), &bytes, &kernel, MsgFlags::empty()).map_err(failed)?;
        let mut answer = Vec::new();
        let mut datagram = vec![0; DATAGRAM];
        loop {
            let length = match socket::recv(self.0.as_raw_fd(), &mut datagram, MsgFlags::empty()) {
                Ok(length) => length,
                Err(Errno::EINTR) => continue,
                Err(errno) => return Err(failed(errno)),
            };
            for message in decode(datagram.get(..length).unwrap_or_default()) {
                match message.kind {
                    NLMSG_DONE => return Ok(answer),
                    NLMSG_ERROR => {
                        return match message.fixed().map(i32::from_ne_bytes) {
                            Some(0) => Ok(answer),
                            errno => Err(failed(Errno::from_raw(-errno.unwrap_or(-libc::EIO)))),
                        };
                    }
                    _ => answer.push(message),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        let message = Message::new(16, &[7; 16])
            .with_text(3, "eth0")
            .with(28, &5_u32.to_ne_bytes());
        let bytes = message.encode(NLM_F_ACK);
        assert_eq!(bytes.len() % 4, 0);
        let decoded = decode(&[bytes.clone(), bytes].concat());
        assert_eq!(decoded.len(), 2);
        assert_eq!(decoded[1].kind(), 16);
        assert_eq!(decoded[1].fixed(), Some([7; 16]));
        let attributes = decoded[1].attributes(16);
        assert_eq!(attributes, [(3, &b"eth0\0"[..]), (28, &5_u32.to_ne_bytes()[..])]);
    }

    #[test]
    fn lying_lengths_end_the_walk() {
        for length in [0_u16, 3, 5, 400] {
            let mut body = vec![0; 16];
            body.extend(length.to_ne_bytes());
            body.extend([1, 0]);
            assert!(Message::new(16, &body).attributes(16).is_empty(), "{length}");
        }
        for length in [0_u32, 15, 64, u32::MAX] {
            let mut bytes = vec![0; 16];
            bytes[..4].copy_from_slice(&length.to_ne_bytes());
            assert!(decode(&bytes).is_empty(), "{length}");
        }
    }

    #[test]
    fn the_loopback_device_is_found() {
        let request = Message::new(18, &[0; 16]).with_text(3, "lo");
        let found = Netlink::open()
            .unwrap()
            .ask(&request, "RTM_GETLINK lo")
            .unwrap()
            .unwrap();
        assert!(found.attributes(16).contains(&(3, b"lo\0")));
    }
}
