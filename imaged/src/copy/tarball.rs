//! Archives as a copy needs them: where each file lies in one, and one written file by file.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, Read, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use ::tar::{EntryType, Header};

use crate::archive::{decompressed, is_compressed};
use crate::error::{Error, Kind, Result};
use crate::layer::tar::{self, Limits, Reader};
use crate::registry::nameless;

/// More files than any archive of images has.
const MAX_FILES: u64 = 100_000;
/// The size of the pieces that are read and written.
pub(super) const PIECE: usize = 256 << 10;

/// A part of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) offset: u64,
    pub(super) size: u64,
}

/// Reads a part of a file.
pub(super) struct Section<'a> {
    pub(super) file: &'a File,
    pub(super) extent: Extent,
}

impl Read for Section<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = buffer
            .len()
            .min(usize::try_from(self.extent.size).unwrap_or(usize::MAX));
        let count = self.file.read_at(&mut buffer[..wanted], self.extent.offset)?;
        if count == 0 && wanted > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.extent.offset += count as u64;
        self.extent.size -= count as u64;
        Ok(count)
    }
}

/// The archive, without its compression, and where its files are.
pub(super) fn index(path: &Path) -> Result<(File, HashMap<String, Extent>)> {
    let failed = |error: &io::Error| Error::io(format!("read {}", path.display()), error);
    let mut file = File::open(path).map_err(|error| failed(&error))?;
    let mut start = [0; 10];
    let length = file.read_at(&mut start, 0).map_err(|error| failed(&error))?;
    if !is_compressed(&start[..length]) {
        let files = files_of(Input::new(|at, buffer| file.read_at(buffer, at)), true)?;
        return Ok((file, files));
    }
    // Looked at as it comes: what is hostile ends before it fills the disk.
    let mut out = nameless()?;
    let mut plain = decompressed(&mut file)?;
    let keep = |_, buffer: &mut [u8]| {
        let count = plain.read(buffer)?;
        out.write_all(&buffer[..count]).map(|()| count)
    };
    let files = files_of(Input::new(keep), false)?;
    drop(plain);
    Ok((out, files))
}

/// A stream that knows where it stands. Its buffer is filled by `fill`, from a position on.
struct Input<F> {
    fill: F,
    buffer: Vec<u8>,
    /// The part of the buffer that was not taken.
    left: Range<usize>,
    position: u64,
}

impl<F: FnMut(u64, &mut [u8]) -> io::Result<usize>> Input<F> {
    fn new(fill: F) -> Self {
        Self {
            fill,
            buffer: vec![0; PIECE],
            left: 0..0,
            position: 0,
        }
    }
}

impl<F: FnMut(u64, &mut [u8]) -> io::Result<usize>> Read for Input<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl<F: FnMut(u64, &mut [u8]) -> io::Result<usize>> BufRead for Input<F> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left.is_empty() {
            self.left = 0..(self.fill)(self.position, &mut self.buffer)?;
        }
        Ok(&self.buffer[self.left.clone()])
    }

    /// Takes bytes; more than there are in the buffer are jumped over.
    fn consume(&mut self, count: usize) {
        self.position += count as u64;
        self.left.start = self.left.end.min(self.left.start.saturating_add(count));
    }
}

/// Where the files of an archive are; `jumps` if the input can go on from anywhere.
fn files_of<F>(mut input: Input<F>, jumps: bool) -> Result<HashMap<String, Extent>>
where
    F: FnMut(u64, &mut [u8]) -> io::Result<usize>,
{
    let limits = Limits {
        entries: MAX_FILES,
        ..Limits::default()
    };
    let mut files = HashMap::new();
    let mut links: Vec<(String, String)> = Vec::new();
    let name = |path: &[u8]| String::from_utf8_lossy(path).trim_start_matches("./").to_owned();
    let mut reader = Reader::new(&mut input, limits);
    while let Some(entry) = reader.next_entry()? {
        match entry.kind {
            tar::Kind::File { size, segments: None } => {
                let offset = reader.input().position;
                files.insert(name(&entry.path), Extent { offset, size });
                if let (true, Ok(size)) = (jumps, usize::try_from(size)) {
                    reader.consume(size);
                }
            }
            tar::Kind::HardLink(target) | tar::Kind::Symlink(target) => {
                links.push((name(&entry.path), String::from_utf8_lossy(&target).into_owned()));
            }
            _ => {}
        }
    }
    // Docker's older archives have a link for each layer that is in them twice.
    for (name, target) in links {
        if let Some(extent) = files.get(target.trim_start_matches("../")).copied() {
            files.insert(name, extent);
        }
    }
    Ok(files)
}

/// Writes a file of an archive: always the same bytes for the same content.
pub(super) fn append(out: &mut impl Write, name: &str, size: u64, content: &mut impl Read) -> Result<()> {
    let failed = |error: &io::Error| Error::io(format!("write {name} into the archive"), error);
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o644);
    header.set_size(size);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_path(name).map_err(|error| failed(&error))?;
    header.set_cksum();
    out.write_all(header.as_bytes()).map_err(|error| failed(&error))?;
    let written = io::copy(&mut content.take(size), out).map_err(|error| failed(&error))?;
    if written < size {
        return Err(Error::new(Kind::Integrity, format!("{name} was cut off")));
    }
    let padding = usize::try_from((512 - size % 512) % 512).unwrap_or_default();
    out.write_all(&[0; 512][..padding])
        .map_err(|error| failed(&error))
}

/// Ends an archive.
pub(super) fn finish(out: &mut impl Write) -> Result<()> {
    out.write_all(&[0; 1024])
        .and_then(|()| out.flush())
        .map_err(|error| Error::io("write the archive's end", &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(kind: u8, size: u64) -> Header {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::new(kind));
        header.set_path("name").unwrap();
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(size);
        header.set_cksum();
        header
    }

    fn gzip(plain: &mut dyn Read) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        io::copy(plain, &mut encoder).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn files_are_found_in_plain_and_compressed_archives() {
        let dir = tempfile::tempdir().unwrap();
        let large = vec![7; 3 * PIECE + 5];
        let mut archive = Vec::new();
        append(&mut archive, "./a", 3, &mut &b"abc"[..]).unwrap();
        append(&mut archive, "large", large.len() as u64, &mut &large[..]).unwrap();
        let mut link = header(b'2', 0);
        link.set_link_name("../large").unwrap();
        link.set_path("x/again").unwrap();
        link.set_cksum();
        archive.extend_from_slice(link.as_bytes());
        append(&mut archive, "last", 4, &mut &b"last"[..]).unwrap();
        finish(&mut archive).unwrap();
        let zstd = zstd::encode_all(&archive[..], 1).unwrap();
        let packed = gzip(&mut &archive[..]);
        for (kind, bytes) in [("plain", archive), ("gzip", packed), ("zstd", zstd)] {
            let path = dir.path().join(kind);
            std::fs::write(&path, bytes).unwrap();
            let (file, files) = index(&path).unwrap();
            let read = |name: &str| {
                let (mut bytes, extent) = (Vec::new(), files[name]);
                let mut section = Section { file: &file, extent };
                section.read_to_end(&mut bytes).unwrap();
                bytes
            };
            assert_eq!(read("a"), b"abc", "{kind}");
            assert_eq!(read("large"), large, "{kind}");
            assert_eq!(read("x/again"), large, "{kind}");
            assert_eq!(read("last"), b"last", "{kind}");
        }
    }

    /// It was decompressed into the temporary directory, and then read into memory.
    #[test]
    fn a_long_name_without_end_is_refused_before_it_is_decompressed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        let header = header(b'L', 1 << 30);
        let mut archive = header.as_bytes().chain(io::repeat(b'x').take(1 << 24));
        std::fs::write(&path, gzip(&mut archive)).unwrap();
        let error = index(&path).unwrap_err();
        assert_eq!(error.kind(), Kind::Limit, "{error}");
        assert!(error.to_string().contains("long name has"), "{error}");
    }

    #[test]
    fn a_file_that_is_cut_off_is_noticed_when_it_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        std::fs::write(&path, header(b'0', 1 << 30).as_bytes()).unwrap();
        let (file, files) = index(&path).unwrap();
        let extent = files["name"];
        assert!(
            Section { file: &file, extent }
                .read_to_end(&mut Vec::new())
                .is_err()
        );
    }
}
