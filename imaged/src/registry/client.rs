//! One repository: its documents and blobs, from the registry or whoever stands in for it, with retries.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::Response;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, RANGE};

use super::Options;
use super::answer::Action;
use super::connection::{Connection, too_long};
use super::places::{self, Capabilities, Host};
use crate::assemble::wrong_digest;
use crate::error::{Context, Error, Kind, Result};
use crate::image::Reference;
use crate::log;
use crate::oci::{Descriptor, Digest, Document, media};
use crate::store::MAX_DOCUMENT;

/// The longest pause that a registry can make us take.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// A repository of a registry.
#[derive(Debug)]
pub(super) struct Client {
    /// Who stands in for the registry.
    mirrors: Vec<Connection>,
    origin: Connection,
    /// The blobs of which a mirror has sent something.
    mirrored: Mutex<HashSet<Digest>>,
    pub(super) options: Options,
}

/// A manifest or an index as the registry has it.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) document: Document,
    pub(super) media_type: String,
    pub(super) bytes: Vec<u8>,
    pub(super) digest: Digest,
}

/// A manifest's bytes, and what the registry says about them.
struct Stated {
    media_type: String,
    digest: Option<Digest>,
    bytes: Vec<u8>,
}

impl Client {
    /// A client that reads from the repository of `reference`. Makes no connection yet.
    pub(super) fn new(reference: &Reference, options: &Options) -> Result<Self> {
        Self::with(reference, options, Action::Pull, &[])
    }

    /// A client that writes to the repository, and may take blobs from others of the same registry.
    pub(super) fn to_push(reference: &Reference, options: &Options, from: &[String]) -> Result<Self> {
        Self::with(reference, options, Action::Push, from)
    }

    fn with(reference: &Reference, options: &Options, action: Action, from: &[String]) -> Result<Self> {
        let connect = |host: Host| {
            let own = match action {
                Action::Push => format!("repository:{}:pull,push", host.path),
                _ => format!("repository:{}:pull", host.path),
            };
            let others = from.iter().map(|path| format!("repository:{path}:pull"));
            let scopes = std::iter::once(own).chain(others).collect();
            Connection::new(host, reference.familiar_name(), action, scopes, options.stall)
        };
        let mut hosts = places::of(reference)?;
        let origin = match action {
            // Who takes uploads for the registry, or the registry.
            Action::Push => hosts.iter().position(|host| host.can.push),
            _ => None,
        };
        let origin = hosts.remove(origin.unwrap_or(hosts.len() - 1));
        let mirrors = match action {
            Action::Push => Vec::new(),
            _ => hosts.into_iter().map(&connect).collect::<Result<_>>()?,
        };
        Ok(Self {
            mirrors,
            origin: connect(origin)?,
            mirrored: Mutex::default(),
            options: options.clone(),
        })
    }

    /// The registry itself.
    pub(super) fn origin(&self) -> &Connection {
        &self.origin
    }

    /// Asks those who stand in for the registry, each once; and then the registry, again and again.
    async fn anywhere<T>(
        &self,
        can: impl Fn(&Capabilities) -> bool,
        ask: impl AsyncFn(&Connection) -> Result<T>,
    ) -> Result<T> {
        let able = self.mirrors.iter().filter(|mirror| can(&mirror.host.can));
        for mirror in able.filter(|mirror| mirror.is_usable()) {
            match ask(mirror).await {
                Ok(answer) => return Ok(answer),
                Err(error) => self.leave(mirror, &error),
            }
        }
        self.with_retries(async || ask(&self.origin).await).await
    }

    /// After the error of a mirror others are asked; one that cannot be reached is not asked again.
    pub(super) fn leave(&self, connection: &Connection, error: &Error) {
        if connection.host.is_mirror {
            log::debug(format_args!(
                "the mirror {}: {error}: asking the next",
                connection.host.root
            ));
        }
        if error.kind() == Kind::Network {
            connection.give_up();
        }
    }

    /// Takes note of who sends something of a blob.
    pub(super) fn note_sender(&self, digest: &Digest, sender: &Connection) {
        if sender.host.is_mirror {
            self.mirrored().insert(*digest);
        }
    }

    /// After wrong bytes: if a mirror sent them, no mirror is asked any more, and it is worth a second attempt.
    pub(super) fn distrust(&self, digest: &Digest) -> bool {
        let was_mirrored = self.mirrored().remove(digest);
        if was_mirrored {
            log::warn(format_args!(
                "a mirror of {} sent wrong bytes of {}: the registry itself is asked",
                self.origin.host.name,
                digest.short()
            ));
            self.mirrors.iter().for_each(Connection::give_up);
        }
        was_mirrored
    }

    fn mirrored(&self) -> MutexGuard<'_, HashSet<Digest>> {
        self.mirrored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a registry wants to be left alone for longer than anybody would wait.
    pub(super) fn is_asked_too_much(&self, error: &Error) -> bool {
        error.retry_after().is_some_and(|pause| pause > MAX_PAUSE)
    }

    /// The manifest or index under a reference's digest or tag.
    pub(super) async fn root_document(&self, reference: &Reference) -> Result<Fetched> {
        let name = match (reference.digest(), reference.tag()) {
            (Some(digest), _) => digest.to_string(),
            (None, tag) => tag.unwrap_or("latest").to_owned(),
        };
        let by_digest = reference.digest().is_some();
        let can = |can: &Capabilities| if by_digest { can.pull } else { can.resolve };
        self.anywhere(can, async |connection| {
            let stated = self.manifest(connection, &name).await?;
            let digest = Digest::of(&stated.bytes);
            let wanted = reference.digest().copied().or(stated.digest);
            if let Some(wanted) = wanted.filter(|wanted| *wanted != digest) {
                return Err(wrong_digest("manifest", &wanted, &digest));
            }
            Ok(Fetched {
                document: Document::parse(&stated.media_type, &stated.bytes)?,
                media_type: stated.media_type,
                bytes: stated.bytes,
                digest,
            })
        })
        .await
        .map_err(|error| match error.kind() {
            Kind::NotFound => Error::new(Kind::NotFound, format!("{reference} not found: manifest unknown")),
            _ => error.context(format!("get the manifest of {reference}")),
        })
    }

    /// The manifest that an index points at.
    pub(super) async fn described_document(&self, descriptor: &Descriptor) -> Result<Fetched> {
        self.anywhere(
            |can| can.pull,
            async |connection| {
                let stated = self.manifest(connection, &descriptor.digest.to_string()).await?;
                check_content(descriptor, &stated.bytes, "manifest")?;
                if stated.media_type != descriptor.media_type {
                    return Err(Error::new(
                        Kind::Integrity,
                        format!(
                            "the registry calls the manifest \"{}\", but the index calls it \"{}\"",
                            stated.media_type, descriptor.media_type
                        ),
                    ));
                }
                Ok(Fetched {
                    document: Document::parse(&stated.media_type, &stated.bytes)?,
                    media_type: stated.media_type,
                    bytes: stated.bytes,
                    digest: descriptor.digest,
                })
            },
        )
        .await
        .context(|| format!("get the manifest {}", descriptor.digest))
    }

    async fn manifest(&self, connection: &Connection, name: &str) -> Result<Stated> {
        let mut headers = HeaderMap::new();
        for accepted in media::ACCEPT {
            headers.append(ACCEPT, accepted.parse().map_err(|_| unsendable(accepted))?);
        }
        let url = connection.url(&format!("manifests/{name}"))?;
        let response = connection.get(&url, &headers).await?;
        let header = |name: &str| {
            let value = response.headers().get(name)?.to_str().ok()?;
            Some(value.split(';').next()?.trim().to_owned())
        };
        let media_type = header(CONTENT_TYPE.as_str()).unwrap_or_default();
        let digest = header("docker-content-digest").and_then(|digest| digest.parse().ok());
        let bytes = connection.body(response, MAX_DOCUMENT, "manifest").await?;
        Ok(Stated {
            media_type,
            digest,
            bytes,
        })
    }

    /// A blob that is small enough for memory, checked.
    pub(super) async fn small_blob(&self, descriptor: &Descriptor, what: &str) -> Result<Vec<u8>> {
        if descriptor.size > MAX_DOCUMENT {
            return Err(too_long(what, MAX_DOCUMENT));
        }
        self.anywhere(
            |can| can.pull,
            async |connection| {
                let url = connection.url(&format!("blobs/{}", descriptor.digest))?;
                let response = connection.get(&url, &HeaderMap::new()).await?;
                let bytes = connection.body(response, descriptor.size, what).await?;
                check_content(descriptor, &bytes, what)?;
                Ok(bytes)
            },
        )
        .await
        .context(|| format!("get the {what}"))
    }

    /// Starts to download a blob from its byte `from` on; also says from whom.
    pub(super) async fn open_blob(&self, digest: &Digest, from: u64) -> Result<(Response, &Connection)> {
        let mut headers = HeaderMap::new();
        if from > 0 {
            let range = format!("bytes={from}-");
            headers.insert(RANGE, range.parse().map_err(|_| unsendable(&range))?);
        }
        let relative = format!("blobs/{digest}");
        let able = self.mirrors.iter().filter(|mirror| mirror.host.can.pull);
        for mirror in able.filter(|mirror| mirror.is_usable()) {
            match mirror.get(&mirror.url(&relative)?, &headers).await {
                Ok(response) => return Ok((response, mirror)),
                Err(error) => self.leave(mirror, &error),
            }
        }
        let url = self.origin.url(&relative)?;
        Ok((self.origin.get(&url, &headers).await?, &self.origin))
    }

    /// Tries again what failed because of the network, with growing pauses.
    pub(super) async fn with_retries<T>(&self, attempt: impl AsyncFn() -> Result<T>) -> Result<T> {
        let mut failures = 0;
        loop {
            match attempt().await {
                Err(error)
                    if error.kind() == Kind::Network
                        && failures + 1 < self.options.attempts
                        && !self.is_asked_too_much(&error) =>
                {
                    log::warn(format_args!("{error}: trying again"));
                    self.pause(failures, &error).await;
                    failures += 1;
                }
                other => return other,
            }
        }
    }

    /// Waits before the next attempt, as long as the registry asked or the number of failures says.
    pub(super) async fn pause(&self, failures: u32, error: &Error) {
        let doubled = self.options.back_off.saturating_mul(1 << failures.min(10));
        let pause = error.retry_after().unwrap_or(doubled);
        tokio::time::sleep(pause.min(MAX_PAUSE)).await;
    }
}

/// Checks that bytes are what a descriptor promises.
fn check_content(descriptor: &Descriptor, bytes: &[u8], what: &str) -> Result<()> {
    if bytes.len() as u64 != descriptor.size {
        return Err(Error::new(
            Kind::Integrity,
            format!(
                "the {what} has {} bytes, but {} were promised",
                bytes.len(),
                descriptor.size
            ),
        ));
    }
    match Digest::of(bytes) {
        digest if digest == descriptor.digest => Ok(()),
        digest => Err(wrong_digest(what, &descriptor.digest, &digest)),
    }
}

fn unsendable(text: &str) -> Error {
    Error::new(Kind::Invalid, format!("\"{text}\" cannot be sent in a header"))
}
