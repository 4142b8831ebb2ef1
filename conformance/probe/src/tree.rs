//! A listing of a directory tree that is equal when, and only when, two trees are: type, mode, owner, size,
//! modification time in nanoseconds, device number, extended attributes, hard-link sets, content.
//! Overlay's own attributes are not part of it.

use crate::{Result, sys};
use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::fmt::Write;
use std::fs;
use std::hash::Hasher;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

pub(crate) fn major(dev: u64) -> u64 {
    (dev >> 8) & 0xfff | (dev >> 32) & !0xfff
}

pub(crate) fn minor(dev: u64) -> u64 {
    dev & 0xff | (dev >> 12) & !0xff
}

/// One line per file, sorted by path. The root directory itself is left out: nobody agrees on its times.
pub(crate) fn listing(root: &Path) -> Result<String> {
    let mut listing = Listing {
        root,
        text: String::new(),
        links: HashMap::new(),
    };
    listing.directory(root)?;
    Ok(listing.text)
}

struct Listing<'a> {
    root: &'a Path,
    text: String,
    /// The first path seen of each file with several links.
    links: HashMap<(u64, u64), String>,
}

impl Listing<'_> {
    fn directory(&mut self, directory: &Path) -> Result<()> {
        let mut entries = fs::read_dir(directory)?.collect::<std::io::Result<Vec<_>>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            self.file(&entry.path())?;
        }
        Ok(())
    }

    fn file(&mut self, path: &Path) -> Result<()> {
        let meta = fs::symlink_metadata(path)?;
        let kind = meta.file_type();
        let name = path
            .strip_prefix(self.root)?
            .as_os_str()
            .as_bytes()
            .escape_ascii()
            .to_string();
        write!(
            self.text,
            "{name} {:o} {}:{}",
            meta.mode(),
            meta.uid(),
            meta.gid()
        )?;
        write!(self.text, " {}.{:09}", meta.mtime(), meta.mtime_nsec())?;
        for attribute in sys::xattr_names(path).unwrap_or_default() {
            if attribute.as_bytes().starts_with(b"trusted.overlay.") {
                continue;
            }
            let value = sys::xattr(path, &attribute)?;
            write!(
                self.text,
                " {}={}",
                attribute.to_string_lossy(),
                value.escape_ascii()
            )?;
        }
        if kind.is_symlink() {
            let target = fs::read_link(path)?;
            write!(self.text, " -> {}", target.as_os_str().as_bytes().escape_ascii())?;
        } else if kind.is_file() {
            self.regular(path, &name, &meta)?;
        } else if kind.is_char_device() || kind.is_block_device() {
            write!(self.text, " dev {}:{}", major(meta.rdev()), minor(meta.rdev()))?;
        }
        self.text.push('\n');
        if kind.is_dir() {
            self.directory(path)?;
        }
        Ok(())
    }

    fn regular(&mut self, path: &Path, name: &str, meta: &fs::Metadata) -> Result<()> {
        write!(self.text, " {} bytes", meta.len())?;
        if meta.nlink() > 1 {
            let first = self
                .links
                .entry((meta.dev(), meta.ino()))
                .or_insert_with(|| name.to_owned());
            if first != name {
                write!(self.text, " link to {first}")?;
                return Ok(());
            }
        }
        write!(self.text, " {:016x}", content_hash(path)?)?;
        Ok(())
    }
}

fn content_hash(path: &Path) -> Result<u64> {
    let mut file = fs::File::open(path)?;
    let mut hasher = DefaultHasher::new();
    let mut buffer = vec![0; 131_072];
    loop {
        let length = file.read(&mut buffer)?;
        if length == 0 {
            return Ok(hasher.finish());
        }
        hasher.write(&buffer[..length]);
    }
}
