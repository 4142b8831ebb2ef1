//! A repository to read from or write to piece by piece, without the store: what copying needs.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;

use tokio::runtime::Runtime;

use super::blob::receive;
use super::client::Client;
use super::signatures::obey;
use super::upload::{Content, Sent, Upload, offer, put_manifest};
use super::{Options, Raw, pull};
use crate::error::{Error, Kind, Result};
use crate::image::Reference;
use crate::oci::{Descriptor, Digest};

/// A repository of a registry. Its calls block, and may come from several threads.
#[derive(Debug)]
pub struct Repository {
    client: Arc<Client>,
    runtime: Runtime,
    reference: Reference,
}

impl Repository {
    /// The repository of an image that is to be read.
    ///
    /// # Errors
    /// `Denied` when the registry is blocked, `Invalid` when a configuration cannot be understood.
    pub fn to_read(reference: &Reference, options: &Options) -> Result<Self> {
        Self::with(Client::new(reference, options)?, reference)
    }

    /// The repository of an image that is to be written; `from` is another of the registry that has parts of it.
    ///
    /// # Errors
    /// As for reading.
    pub fn to_write(reference: &Reference, from: Option<&str>, options: &Options) -> Result<Self> {
        let from: Vec<String> = from.map(str::to_owned).into_iter().collect();
        Self::with(Client::to_push(reference, options, &from)?, reference)
    }

    fn with(client: Client, reference: &Reference) -> Result<Self> {
        Ok(Self {
            client: Arc::new(client),
            runtime: pull::runtime()?,
            reference: reference.clone(),
        })
    }

    /// What the reference means.
    ///
    /// # Errors
    /// `NotFound`, `Denied`, `Network`, and what is wrong with the document.
    pub fn root(&self) -> Result<Raw> {
        self.runtime
            .block_on(self.client.root_document(&self.reference))
            .map(Raw::from)
    }

    /// The manifest that an index points at.
    ///
    /// # Errors
    /// As for the root.
    pub fn document(&self, descriptor: &Descriptor) -> Result<Raw> {
        self.runtime
            .block_on(self.client.described_document(descriptor))
            .map(Raw::from)
    }

    /// Whether the policy allows to take an image that has these digests: its own, and its index'.
    ///
    /// # Errors
    /// `Denied` when it does not.
    pub fn obey_policy(&self, digests: &[Digest]) -> Result<()> {
        self.runtime
            .block_on(obey(&self.client, &self.reference, digests))
    }

    /// A blob, whole and checked, in a file without a name.
    ///
    /// # Errors
    /// `Network`, `Integrity`; the failed call when there is no room for it.
    pub fn download(&self, descriptor: &Descriptor) -> Result<Content> {
        match self.download_once(descriptor) {
            Err(error) if error.kind() == Kind::Integrity && self.client.distrust(&descriptor.digest) => {
                self.download_once(descriptor)
            }
            result => result,
        }
    }

    fn download_once(&self, descriptor: &Descriptor) -> Result<Content> {
        let mut file = nameless()?;
        let failed = |error: &io::Error| Error::io("keep the blob in the temporary directory", error);
        receive(&self.client, &self.runtime, descriptor, &mut file, failed)?;
        Ok(Content { file, offset: 0 })
    }

    /// Whether the registry has a blob, or takes it from its other repository `origin`.
    ///
    /// # Errors
    /// `Denied`, `Network`.
    pub fn offer(&self, digest: &Digest, origin: Option<&str>) -> Result<Option<Sent>> {
        self.runtime.block_on(offer(&self.client, digest, origin))
    }

    /// Sends a blob.
    ///
    /// # Errors
    /// `Denied`, `Network`, `Unsupported`.
    pub fn upload(&self, descriptor: &Descriptor, content: Content) -> Result<Sent> {
        let upload = Upload {
            client: Arc::clone(&self.client),
            descriptor: descriptor.clone(),
            content,
            origin: None,
        };
        self.runtime.block_on(upload.run()).map(|(_, sent)| sent)
    }

    /// Puts a manifest or an index under its digest, or under the reference's tag.
    ///
    /// # Errors
    /// `Denied`, `Network`, `Unsupported`.
    pub fn put(&self, document: &Raw, is_root: bool) -> Result<()> {
        let name = match self.reference.tag() {
            Some(tag) if is_root => tag.to_owned(),
            _ => document.digest.to_string(),
        };
        let bytes = document.bytes.clone().into();
        self.runtime
            .block_on(put_manifest(&self.client, &name, &document.media_type, bytes))
    }
}

/// A file in the temporary directory that nobody else sees and that goes with its descriptor.
pub fn nameless() -> Result<File> {
    let directory = std::env::temp_dir();
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    match options.custom_flags(libc::O_TMPFILE).open(&directory) {
        // A file system, or a kernel, that does not know such files.
        Err(error)
            if matches!(error.raw_os_error(), Some(libc::EOPNOTSUPP | libc::EISDIR))
                || error.kind() == ErrorKind::NotFound && directory.is_dir() =>
        {
            let path = directory.join(format!("corten-{}-{:p}", std::process::id(), &directory));
            let mut options = OpenOptions::new();
            options.read(true).write(true).create_new(true).mode(0o600);
            options
                .open(&path)
                .and_then(|file| std::fs::remove_file(&path).map(|()| file))
        }
        file => file,
    }
    .map_err(|error| {
        Error::io(format!("make a file in {}", directory.display()), &error)
            .hint("TMPDIR names another directory")
    })
}
