//! What is in an archive: its files, taken out into a scratch directory of the store and hashed as they come.

use std::cell::Cell;
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::decompress::{decompressed, read_error};
use super::invalid;
use crate::error::{Error, Kind, Result};
use crate::layer::clean_path;
use crate::layer::tar::{self, Limits, Reader};
use crate::oci::{Digest, Hasher};
use crate::store::{MAX_DOCUMENT, MAX_DOCUMENTS, Scratch, Store, failed_at};

/// More files than any image has layers.
const MAX_FILES: u64 = 100_000;
/// The size of the pieces that are read and written.
const PIECE: usize = 256 << 10;
/// How many links may lead to each other.
const MAX_LINKS: usize = 10;

/// The files of an archive, by their paths in it.
#[derive(Debug)]
pub(super) struct Contents {
    scratch: Scratch,
    /// How many files were written: a path that comes again must not overwrite what another one has.
    written: u64,
    files: HashMap<String, Item>,
    /// Links, by what they lead to: both paths from the archive's root.
    links: HashMap<String, String>,
    /// The bytes of documents that were read so far: one may be named a thousand times.
    documents: Cell<u64>,
}

/// One file of an archive, on the store's file system.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) path: PathBuf,
    pub(super) digest: Digest,
    pub(super) size: u64,
}

impl Contents {
    /// Reads a tar stream, perhaps compressed.
    pub(super) fn of_stream(store: &Store, input: &mut dyn Read) -> Result<Self> {
        Self::of_tar(store, BufReader::with_capacity(PIECE, decompressed(input)?))
    }

    /// Takes a stream as one file, decompressed.
    pub(super) fn of_one_file(store: &Store, input: &mut dyn Read) -> Result<(Self, Item)> {
        let mut contents = Self::empty(store)?;
        let mut plain = decompressed(input)?;
        let item = contents.write(|out, hasher| copy_file(&mut plain, out, hasher))?;
        Ok((contents, item))
    }

    fn of_tar(store: &Store, mut input: impl BufRead) -> Result<Self> {
        let mut contents = Self::empty(store)?;
        let limits = Limits {
            entries: MAX_FILES,
            ..Limits::default()
        };
        let mut reader = Reader::new(&mut input, limits);
        while let Some(entry) = reader.next_entry()? {
            let path = text(clean_path(&entry.path)?)?;
            match &entry.kind {
                tar::Kind::File { segments: None, .. } => {
                    let item = contents.write(|out, hasher| copy_entry(&mut reader, out, hasher))?;
                    contents.put(path, item);
                }
                tar::Kind::HardLink(target) => contents.put_link(path, text(clean_path(target)?)?),
                tar::Kind::Symlink(target) => contents.link(path, target)?,
                _ => {}
            }
        }
        // To its end: what is damaged there says so, and who writes into our pipe gets rid of all of it.
        io::copy(&mut input, &mut io::sink()).map_err(read_error)?;
        match contents.files.is_empty() {
            true => Err(invalid("this is no archive of images: it has no files")),
            false => Ok(contents),
        }
    }

    /// Reads an OCI layout that is a directory.
    pub(super) fn of_directory(store: &Store, directory: &Path) -> Result<Self> {
        let mut contents = Self::empty(store)?;
        let mut pending = vec![String::new()];
        while let Some(relative) = pending.pop() {
            let path = directory.join(&relative);
            for entry in fs::read_dir(&path).map_err(|error| failed_at("read", &path, &error))? {
                let entry = entry.map_err(|error| failed_at("read", &path, &error))?;
                let Ok(name) = entry.file_name().into_string() else {
                    continue;
                };
                let name = if relative.is_empty() {
                    name
                } else {
                    format!("{relative}/{name}")
                };
                let kind = entry
                    .file_type()
                    .map_err(|error| failed_at("stat", &path, &error))?;
                if kind.is_dir() {
                    pending.push(name);
                } else if kind.is_file() {
                    let mut file =
                        File::open(entry.path()).map_err(|error| failed_at("open", &entry.path(), &error))?;
                    let item = contents.write(|out, hasher| copy_file(&mut file, out, hasher))?;
                    contents.files.insert(name, item);
                }
                if contents.files.len() as u64 > MAX_FILES {
                    return Err(Error::new(Kind::Limit, format!("more than {MAX_FILES} files")));
                }
            }
        }
        Ok(contents)
    }

    fn empty(store: &Store) -> Result<Self> {
        Ok(Self {
            scratch: store.scratch()?,
            written: 0,
            files: HashMap::new(),
            links: HashMap::new(),
            documents: Cell::new(0),
        })
    }

    /// Writes the next file of the scratch directory.
    fn write(&mut self, fill: impl FnOnce(&mut File, &mut Hasher) -> Result<u64>) -> Result<Item> {
        let path = self.scratch.path().join(self.written.to_string());
        self.written += 1;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| failed_at("create", &path, &error))?;
        let mut hasher = Hasher::new();
        let size = fill(&mut file, &mut hasher)?;
        let digest = hasher.finish();
        Ok(Item { path, digest, size })
    }

    /// A symbolic link: docker's older archives have one for each layer that is in them twice.
    fn link(&mut self, path: String, target: &[u8]) -> Result<()> {
        let target = String::from_utf8(target.to_vec()).map_err(|_| not_text())?;
        let mut parts: Vec<&str> = path.split('/').collect();
        parts.pop();
        for part in target.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        let target = parts.join("/");
        self.put_link(path, target);
        Ok(())
    }

    /// A file, in place of what had its path before: of what comes again, the last counts.
    fn put(&mut self, path: String, item: Item) {
        self.links.remove(&path);
        self.files.insert(path, item);
    }

    fn put_link(&mut self, path: String, target: String) {
        self.files.remove(&path);
        self.links.insert(path, target);
    }

    /// The file of a path, links followed.
    pub(super) fn get(&self, path: &str) -> Option<&Item> {
        let mut path = path.strip_prefix("./").unwrap_or(path);
        for _ in 0..MAX_LINKS {
            match self.files.get(path) {
                Some(item) => return Some(item),
                None => path = self.links.get(path)?,
            }
        }
        None
    }

    /// The file of a path that a document names.
    pub(super) fn need(&self, path: &str) -> Result<&Item> {
        self.get(path)
            .ok_or_else(|| invalid(format!("the archive has no file {path:?}, which it names")))
    }

    /// The blob with this digest, under OCI's name for it.
    pub(super) fn blob(&self, digest: &Digest) -> Result<&Item> {
        let item = self.need(&blob_path(digest))?;
        match item.digest == *digest {
            true => Ok(item),
            false => Err(crate::assemble::wrong_digest("blob", digest, &item.digest)),
        }
    }

    /// The blob with this digest, if the archive has it.
    pub(super) fn blob_if_there(&self, digest: &Digest) -> Result<Option<&Item>> {
        match self.get(&blob_path(digest)) {
            None => Ok(None),
            Some(_) => self.blob(digest).map(Some),
        }
    }

    /// The bytes of a file that must fit into memory.
    pub(super) fn document(&self, item: &Item) -> Result<Vec<u8>> {
        if item.size > MAX_DOCUMENT {
            return Err(Error::new(
                Kind::Limit,
                format!("a document of the archive is longer than {MAX_DOCUMENT} bytes"),
            ));
        }
        self.documents.set(self.documents.get() + item.size);
        if self.documents.get() > MAX_DOCUMENTS {
            return Err(Error::new(
                Kind::Limit,
                format!("the documents of the archive are longer than {MAX_DOCUMENTS} bytes together"),
            ));
        }
        fs::read(&item.path).map_err(|error| failed_at("read", &item.path, &error))
    }
}

fn blob_path(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

fn copy_entry<R: BufRead>(reader: &mut Reader<R>, out: &mut File, hasher: &mut Hasher) -> Result<u64> {
    let mut size = 0;
    loop {
        let piece = reader.data()?;
        if piece.is_empty() {
            return Ok(size);
        }
        hasher.update(piece);
        out.write_all(piece)
            .map_err(|error| crate::store::failed("write a file of the archive", &error))?;
        let length = piece.len();
        size += length as u64;
        reader.consume(length);
    }
}

fn copy_file(file: &mut impl Read, out: &mut File, hasher: &mut Hasher) -> Result<u64> {
    let mut size = 0;
    let mut buffer = vec![0; PIECE];
    loop {
        let count = file.read(&mut buffer).map_err(read_error)?;
        if count == 0 {
            return Ok(size);
        }
        hasher.update(&buffer[..count]);
        out.write_all(&buffer[..count])
            .map_err(|error| crate::store::failed("write a file of the archive", &error))?;
        size += count as u64;
    }
}

fn text(path: Vec<u8>) -> Result<String> {
    String::from_utf8(path).map_err(|_| not_text())
}

fn not_text() -> Error {
    invalid("a path in the archive is not UTF-8")
}
