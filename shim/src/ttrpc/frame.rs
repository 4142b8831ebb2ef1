//! ttrpc's frames (containerd/ttrpc, PROTOCOL.md): four bytes length, four bytes stream, one byte type, one byte flags,
//! all big endian, then the payload.

/// The header's length in bytes.
const HEADER: usize = 10;
/// The longest payload that the protocol allows, in bytes.
pub const MAX_PAYLOAD: usize = 4 << 20;

/// A client asks.
pub const REQUEST: u8 = 1;
/// The server answers.
pub const RESPONSE: u8 = 2;

/// A frame with its payload.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame {
    /// Which request it belongs to.
    pub stream: u32,
    /// [`REQUEST`], [`RESPONSE`] or another.
    pub kind: u8,
    /// A message.
    pub payload: Vec<u8>,
}

/// A payload that is longer than the protocol allows: the connection cannot go on.
#[derive(Debug, PartialEq, Eq)]
pub struct TooLong;

/// Writes a frame.
pub fn encode(stream: u32, kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let mut frame = Vec::with_capacity(HEADER + payload.len());
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(&stream.to_be_bytes());
    frame.extend_from_slice(&[kind, 0]);
    frame.extend_from_slice(payload);
    frame
}

/// Takes bytes as they come and gives frames. What a header announces is not allocated before it came.
#[derive(Debug, Default)]
pub struct Inbox {
    bytes: Vec<u8>,
}

impl Inbox {
    /// More bytes came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next frame, once it is complete.
    ///
    /// # Errors
    /// Its payload is too long.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, TooLong> {
        let Some((header, rest)) = self.bytes.split_first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let [a, b, c, d, e, f, g, h, kind, _flags] = *header;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if length > MAX_PAYLOAD {
            return Err(TooLong);
        }
        let Some(payload) = rest.get(..length) else {
            return Ok(None);
        };
        let frame = Frame {
            stream: u32::from_be_bytes([e, f, g, h]),
            kind,
            payload: payload.to_vec(),
        };
        self.bytes.drain(..HEADER + length);
        if self.bytes.is_empty() {
            // Between two requests there may be hours: nothing is kept for them.
            self.bytes = Vec::new();
        }
        Ok(Some(frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_header_is_big_endian() {
        let frame = encode(0x0102_0304, REQUEST, b"ab");
        assert_eq!(frame, [0, 0, 0, 2, 1, 2, 3, 4, 1, 0, b'a', b'b']);
    }

    #[test]
    fn a_payload_beyond_the_limit_is_refused_before_it_comes() {
        let mut inbox = Inbox::default();
        inbox.push(&[0, 0x40, 0, 1, 0, 0, 0, 1, 1, 0]);
        assert_eq!(inbox.next_frame(), Err(TooLong));
        let mut inbox = Inbox::default();
        inbox.push(&[0, 0x40, 0, 0, 0, 0, 0, 1, 1, 0]);
        assert_eq!(inbox.next_frame(), Ok(None));
    }

    proptest! {
        #[test]
        fn frames_come_whole_however_they_were_cut(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..6),
            cut in 1usize..50,
        ) {
            let sent: Vec<u8> = (0u32..).zip(&payloads)
                .flat_map(|(at, payload)| encode(at, RESPONSE, payload)).collect();
            let (mut inbox, mut got) = (Inbox::default(), Vec::new());
            for part in sent.chunks(cut) {
                inbox.push(part);
                while let Some(frame) = inbox.next_frame().expect("short") {
                    prop_assert_eq!(frame.stream as usize, got.len());
                    got.push(frame.payload);
                }
            }
            prop_assert_eq!(got, payloads);
            prop_assert_eq!(inbox.bytes.capacity(), 0);
        }

        #[test]
        fn nothing_makes_the_inbox_panic(bytes: Vec<u8>) {
            let mut inbox = Inbox::default();
            inbox.push(&bytes);
            while let Ok(Some(_)) = inbox.next_frame() {}
        }
    }
}
