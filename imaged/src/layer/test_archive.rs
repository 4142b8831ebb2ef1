//! Archives for the tests, made byte by byte so that they can be as wrong as the tests need.

use tar::{EntryType, Header};

/// An archive that grows.
#[derive(Debug, Clone, Default)]
pub(super) struct Archive(Vec<u8>);

/// An entry whose header can be changed before it is added.
pub(super) fn header(kind: u8, path: &[u8]) -> Header {
    let mut header = Header::new_gnu();
    header.as_mut_bytes()[..100].fill(0);
    header.as_mut_bytes()[..path.len()].copy_from_slice(path);
    header.set_entry_type(EntryType::new(kind));
    header.set_mode(if kind == b'5' { 0o755 } else { 0o644 });
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(1_000_000);
    header.set_size(0);
    header
}

impl Archive {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn add(mut self, mut header: Header, data: &[u8]) -> Self {
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.raw(data)
    }

    /// Bytes as they are, padded to a block.
    pub(super) fn raw(mut self, data: &[u8]) -> Self {
        self.0.extend_from_slice(data);
        let padding = (512 - self.0.len() % 512) % 512;
        self.0.resize(self.0.len() + padding, 0);
        self
    }

    pub(super) fn file(self, path: &str, data: &[u8]) -> Self {
        let mut header = header(b'0', path.as_bytes());
        header.set_size(data.len() as u64);
        self.add(header, data)
    }

    pub(super) fn dir(self, path: &str) -> Self {
        self.add(header(b'5', path.as_bytes()), &[])
    }

    pub(super) fn whiteout(self, path: &str) -> Self {
        self.file(path, b"")
    }

    pub(super) fn link(self, kind: u8, path: &str, target: &str) -> Self {
        let mut header = header(kind, path.as_bytes());
        header.as_mut_bytes()[157..157 + target.len()].copy_from_slice(target.as_bytes());
        self.add(header, &[])
    }

    pub(super) fn symlink(self, path: &str, target: &str) -> Self {
        self.link(b'2', path, target)
    }

    pub(super) fn hard_link(self, path: &str, target: &str) -> Self {
        self.link(b'1', path, target)
    }

    /// A PAX header for the next entry.
    pub(super) fn pax(self, records: &[(&str, &[u8])]) -> Self {
        let mut data = Vec::new();
        for (key, value) in records {
            let body = key.len() + value.len() + 3;
            let length = (1..8)
                .map(|digits| body + digits)
                .find(|length| length.to_string().len() + body == *length);
            data.extend_from_slice(format!("{} {key}=", length.unwrap()).as_bytes());
            data.extend_from_slice(value);
            data.push(b'\n');
        }
        let mut header = header(b'x', b"pax");
        header.set_size(data.len() as u64);
        self.add(header, &data)
    }

    pub(super) fn end(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 1024, 0);
        self.0
    }

    /// The archive so far, without its end.
    pub(super) fn cut(self, length: usize) -> Vec<u8> {
        self.0[..length].to_vec()
    }
}
