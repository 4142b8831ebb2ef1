//! Frames of the attach socket: one byte type, three zero bytes, four bytes length (big endian), the payload.

use std::io::{self, Read, Write};

/// The most a frame may carry.
pub(super) const MAX_PAYLOAD: usize = 65_536;
const HEADER: usize = 8;

pub(super) const STDIN: u8 = 0;
pub(super) const STDOUT: u8 = 1;
pub(super) const STDERR: u8 = 2;
pub(super) const HELLO: u8 = 16;
pub(super) const WELCOME: u8 = 17;
pub(super) const STDIN_END: u8 = 18;
pub(super) const RESIZE: u8 = 19;
pub(super) const SIGNAL: u8 = 20;
pub(super) const EXITED: u8 = 21;
pub(super) const EXEC: u8 = 23;
pub(super) const FAILED: u8 = 24;

/// Writes one frame.
pub(super) fn write(mut out: impl Write, kind: u8, payload: &[u8]) -> io::Result<()> {
    let length = u32::try_from(payload.len())
        .ok()
        .filter(|_| payload.len() <= MAX_PAYLOAD);
    let length = length.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let mut frame = Vec::with_capacity(HEADER + payload.len());
    frame.extend_from_slice(&[kind, 0, 0, 0]);
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(payload);
    out.write_all(&frame)
}

/// Reads one frame into `payload` and returns its type; none at the end of the stream.
pub(super) fn read(mut from: impl Read, payload: &mut Vec<u8>) -> io::Result<Option<u8>> {
    let mut header = [0; HEADER];
    let mut have = 0;
    while have < HEADER {
        match from.read(&mut header[have..]) {
            Ok(0) if have == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => have += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let [kind, zero @ .., a, b, c, d] = header;
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    if zero != [0; 3] || length > MAX_PAYLOAD {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "malformed frame"));
    }
    payload.resize(length, 0);
    from.read_exact(payload)?;
    Ok(Some(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_the_way() {
        let mut wire = Vec::new();
        write(&mut wire, STDOUT, b"hello").unwrap();
        write(&mut wire, STDIN_END, b"").unwrap();
        assert_eq!(wire[..8], [1, 0, 0, 0, 0, 0, 0, 5]);
        let (mut from, mut payload) = (wire.as_slice(), Vec::new());
        assert_eq!(read(&mut from, &mut payload).unwrap(), Some(STDOUT));
        assert_eq!(payload, b"hello");
        assert_eq!(read(&mut from, &mut payload).unwrap(), Some(STDIN_END));
        assert!(payload.is_empty());
        assert_eq!(read(&mut from, &mut payload).unwrap(), None);
    }

    #[test]
    fn malformed_and_broken_frames_are_errors() {
        let mut payload = Vec::new();
        assert!(
            read([1, 0, 0, 0, 0, 0, 0, 5, b'x'].as_slice(), &mut payload).is_err(),
            "too short"
        );
        assert!(
            read([1, 1, 0, 0, 0, 0, 0, 0].as_slice(), &mut payload).is_err(),
            "not zero"
        );
        assert!(
            read([1, 0, 0, 0, 0xff, 0, 0, 0].as_slice(), &mut payload).is_err(),
            "too long"
        );
        assert!(read([1, 0].as_slice(), &mut payload).is_err(), "half a header");
        assert!(write(io::sink(), STDIN, &vec![0; MAX_PAYLOAD + 1]).is_err());
    }
}
