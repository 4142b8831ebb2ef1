//! Archives as a copy needs them: where each file lies in one, and one written file by file.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use tar::{Archive, EntryType, Header};

use crate::error::{Error, Kind, Result};
use crate::registry::nameless;

/// More files than any archive of images has.
const MAX_FILES: usize = 100_000;
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
    let mut file =
        plain(File::open(path).map_err(|error| failed(&error))?).map_err(|error| failed(&error))?;
    file.seek(SeekFrom::Start(0)).map_err(|error| failed(&error))?;
    let mut files = HashMap::new();
    let mut links: Vec<(String, String)> = Vec::new();
    let mut archive = Archive::new(&file);
    let entries = archive.entries_with_seek().map_err(|error| failed(&error))?;
    for entry in entries {
        let entry = entry.map_err(|error| failed(&error))?;
        let name = String::from_utf8_lossy(&entry.path_bytes())
            .trim_start_matches("./")
            .to_owned();
        let kind = entry.header().entry_type();
        if kind.is_file() {
            let extent = Extent {
                offset: entry.raw_file_position(),
                size: entry.size(),
            };
            files.insert(name, extent);
        } else if let (true, Some(target)) =
            (kind.is_symlink() || kind.is_hard_link(), entry.link_name_bytes())
        {
            links.push((name, String::from_utf8_lossy(&target).into_owned()));
        }
        if files.len() + links.len() > MAX_FILES {
            return Err(Error::new(Kind::Limit, format!("more than {MAX_FILES} files")));
        }
    }
    // Docker's older archives have a link for each layer that is in them twice.
    for (name, target) in links {
        if let Some(extent) = files.get(target.trim_start_matches("../")).copied() {
            files.insert(name, extent);
        }
    }
    Ok((file, files))
}

/// A file whose content is not compressed.
fn plain(mut file: File) -> io::Result<File> {
    let mut start = Vec::new();
    (&mut file).take(4).read_to_end(&mut start)?;
    file.seek(SeekFrom::Start(0))?;
    let mut out = match start.as_slice() {
        [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd] => nameless().map_err(io::Error::other)?,
        _ => return Ok(file),
    };
    match start[0] {
        0x1f => io::copy(&mut flate2::read::MultiGzDecoder::new(file), &mut out)?,
        _ => io::copy(&mut zstd::stream::read::Decoder::new(file)?, &mut out)?,
    };
    Ok(out)
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
