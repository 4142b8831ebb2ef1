//! Giving an image to a registry (distribution-spec, "Push"): what it has is not sent, what another repository of the
//! same registry has is mounted, and the rest is sent in chunks, from where a broken connection left off.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::rc::Rc;

use bytes::Bytes;
use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RANGE};
use reqwest::{Method, Response, StatusCode, Url};
use tokio::task::{JoinSet, LocalSet};

use super::client::Client;
use super::{Options, pull};
use crate::error::{Context, Error, Kind, Result};
use crate::image::{Image, Reference};
use crate::oci::{Descriptor, Digest, Manifest, media};
use crate::store::{Name, Store};

/// The most that is sent, and held in memory, at once.
const CHUNK: u64 = 16 << 20;
/// The most that is read of an error's text.
const MAX_ANSWER: u64 = 64 << 10;

/// What happened to one blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// It was sent.
    Pushed,
    /// The registry had it.
    Exists,
    /// The registry took it from this other repository of its own.
    Mounted(String),
    /// It may not be given away (a foreign layer).
    Skipped,
}

/// Is told what a push does.
pub trait Witness: Sync {
    /// A layer is done.
    fn layer(&self, layer: &Digest, sent: &Sent);
}

/// A manifest as it was pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pushed {
    /// Its digest.
    pub digest: Digest,
    /// Its length.
    pub size: usize,
}

/// Pushes an image, whose blobs are in the store, under a tag; the store then knows it by the repository's digest.
///
/// # Errors
/// `Denied`, `Network`, `Unsupported`; `NotFound` and `Integrity` for blobs that the store lost.
pub fn push(
    store: &Store,
    image: &Image,
    reference: &Reference,
    options: &Options,
    witness: &dyn Witness,
) -> Result<Pushed> {
    let runtime = pull::runtime()?;
    let bytes = store.blob(&image.manifest)?;
    let manifest = store.manifest(image)?;
    let client = Rc::new(Client::new(reference, options)?);
    let pushed = Pushed {
        digest: image.manifest,
        size: bytes.len(),
    };
    let work = async {
        let origin = origin(store, image, reference)?;
        blobs(store, &client, &manifest, origin.as_deref(), witness).await?;
        put_manifest(&client, reference, &manifest, bytes.into()).await
    };
    runtime
        .block_on(LocalSet::new().run_until(work))
        .map_err(denied)?;
    store.put_names(&image.id, &names(reference, pushed.digest))?;
    Ok(pushed)
}

fn names(reference: &Reference, digest: Digest) -> Vec<Name> {
    let tag = Name {
        reference: reference.clone(),
        digest,
    };
    let by_digest = Name {
        reference: reference.with_digest(digest),
        digest,
    };
    vec![tag, by_digest]
}

/// Another repository of the same registry that has the image.
fn origin(store: &Store, image: &Image, reference: &Reference) -> Result<Option<String>> {
    let names = store.names(&image.id)?.digests;
    let others = names.iter().filter_map(|name| name.parse::<Reference>().ok());
    Ok(others
        .filter(|other| other.domain() == reference.domain() && other.path() != reference.path())
        .map(|other| other.path().to_owned())
        .next())
}

/// Sends the blobs, several at once.
async fn blobs(
    store: &Store,
    client: &Rc<Client>,
    manifest: &Manifest,
    origin: Option<&str>,
    witness: &dyn Witness,
) -> Result<()> {
    let mut waiting = manifest.layers.iter().chain([&manifest.config]);
    let mut running = JoinSet::new();
    loop {
        while running.len() < client.options.parallel
            && let Some(descriptor) = waiting.next()
        {
            let upload = Upload {
                client: Rc::clone(client),
                descriptor: descriptor.clone(),
                file: store.open_blob(&descriptor.digest)?,
                origin: origin.map(str::to_owned),
            };
            running.spawn_local(upload.run());
        }
        match running.join_next().await {
            None => return Ok(()),
            Some(done) => {
                let (digest, sent) =
                    done.map_err(|_| Error::new(Kind::System, "a task that pushes died"))??;
                if digest != manifest.config.digest {
                    witness.layer(&digest, &sent);
                }
            }
        }
    }
}

/// One blob on its way.
struct Upload {
    client: Rc<Client>,
    descriptor: Descriptor,
    file: File,
    origin: Option<String>,
}

impl Upload {
    async fn run(self) -> Result<(Digest, Sent)> {
        let digest = self.descriptor.digest;
        let sent = self
            .ensure()
            .await
            .context(|| format!("push the blob {}", digest.short()))?;
        Ok((digest, sent))
    }

    async fn ensure(&self) -> Result<Sent> {
        if media::is_foreign(&self.descriptor.media_type) {
            return Ok(Sent::Skipped);
        }
        let url = self.client.url(&format!("blobs/{}", self.descriptor.digest))?;
        let there = self.client.with_retries(async || {
            let response = self
                .client
                .request(Method::HEAD, &url, &HeaderMap::new(), Bytes::new())
                .await?;
            expect(response, &[StatusCode::OK, StatusCode::NOT_FOUND]).await
        });
        if there.await?.status() == StatusCode::OK {
            return Ok(Sent::Exists);
        }
        let mut url = self.client.url("blobs/uploads/")?;
        if let Some(origin) = &self.origin {
            url.query_pairs_mut()
                .append_pair("mount", &self.descriptor.digest.to_string())
                .append_pair("from", origin);
        }
        let begun = self.client.with_retries(async || {
            let response = self
                .client
                .request(Method::POST, &url, &HeaderMap::new(), Bytes::new())
                .await?;
            expect(response, &[StatusCode::ACCEPTED, StatusCode::CREATED]).await
        });
        let begun = begun.await?;
        if begun.status() == StatusCode::CREATED {
            return Ok(Sent::Mounted(self.origin.clone().unwrap_or_default()));
        }
        self.send(location(&begun, &url)?).await.map(|()| Sent::Pushed)
    }

    /// Sends the bytes: small blobs with the closing request, others in chunks before it.
    async fn send(&self, mut url: Url) -> Result<()> {
        let (mut at, mut failures) = (0, 0);
        while self.descriptor.size - at > CHUNK {
            match self.chunk(&url, at).await {
                Ok((next, end)) => (url, at, failures) = (next, end, 0),
                Err(error)
                    if error.kind() == Kind::Network && failures + 1 < self.client.options.attempts =>
                {
                    self.client.pause(failures, &error).await;
                    failures += 1;
                    // Part of the chunk may have arrived.
                    (url, at) = self.progress(&url).await.unwrap_or((url, at));
                }
                Err(error) => return Err(error),
            }
        }
        let last = self.piece(at, self.descriptor.size - at)?;
        url.query_pairs_mut()
            .append_pair("digest", &self.descriptor.digest.to_string());
        self.client
            .with_retries(async || {
                let response = self
                    .client
                    .request(Method::PUT, &url, &octets(), last.clone())
                    .await?;
                expect(response, &[StatusCode::CREATED, StatusCode::NO_CONTENT]).await
            })
            .await
            .map(drop)
    }

    async fn chunk(&self, url: &Url, at: u64) -> Result<(Url, u64)> {
        let mut headers = octets();
        let range = format!("{at}-{}", at + CHUNK - 1);
        headers.insert(CONTENT_RANGE, header(&range)?);
        let piece = self.piece(at, CHUNK)?;
        let response = self.client.request(Method::PATCH, url, &headers, piece).await?;
        let response = expect(response, &[StatusCode::ACCEPTED, StatusCode::NO_CONTENT]).await?;
        Ok((location(&response, url)?, at + CHUNK))
    }

    /// Where to go on, and from which byte, according to the registry.
    async fn progress(&self, url: &Url) -> Result<(Url, u64)> {
        let response = self
            .client
            .request(Method::GET, url, &HeaderMap::new(), Bytes::new())
            .await?;
        let response = expect(response, &[StatusCode::NO_CONTENT, StatusCode::ACCEPTED]).await?;
        let end = response
            .headers()
            .get(RANGE)
            .and_then(|range| range.to_str().ok()?.rsplit_once('-')?.1.parse::<u64>().ok());
        let end = end
            .filter(|end| *end < self.descriptor.size)
            .map_or(0, |end| end + 1);
        Ok((location(&response, url)?, end))
    }

    fn piece(&self, at: u64, length: u64) -> Result<Bytes> {
        let mut piece = vec![0; usize::try_from(length).unwrap_or_default()];
        self.file
            .read_exact_at(&mut piece, at)
            .map_err(|error| Error::io("read the blob", &error))?;
        Ok(piece.into())
    }
}

async fn put_manifest(
    client: &Client,
    reference: &Reference,
    manifest: &Manifest,
    bytes: Bytes,
) -> Result<()> {
    let url = client.url(&format!("manifests/{}", reference.tag().unwrap_or("latest")))?;
    let media_type = manifest.media_type.as_deref().unwrap_or(media::OCI_MANIFEST);
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, header(media_type)?);
    client
        .with_retries(async || {
            let response = client.request(Method::PUT, &url, &headers, bytes.clone()).await?;
            expect(response, &[StatusCode::CREATED, StatusCode::OK]).await
        })
        .await
        .map(drop)
        .context(|| format!("push the manifest of {reference}"))
}

fn octets() -> HeaderMap {
    HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"))])
}

fn header(text: &str) -> Result<HeaderValue> {
    text.parse()
        .map_err(|_| Error::new(Kind::Invalid, format!("\"{text}\" cannot be sent in a header")))
}

/// Where the registry wants the next request.
fn location(response: &Response, base: &Url) -> Result<Url> {
    let place = response
        .headers()
        .get(LOCATION)
        .and_then(|place| place.to_str().ok());
    let url = place.and_then(|place| base.join(place).ok());
    match url {
        // A token is not sent where anybody could read it, or to somebody else.
        Some(url) if url.scheme() == base.scheme() || url.scheme() == "https" => Ok(url),
        _ => Err(Error::new(
            Kind::Invalid,
            format!("the registry names {place:?} as the place for an upload"),
        )),
    }
}

/// The answer, if its status is one of these; otherwise an error with the registry's own words.
async fn expect(mut response: Response, good: &[StatusCode]) -> Result<Response> {
    let status = response.status();
    if good.contains(&status) {
        return Ok(response);
    }
    let mut text = Vec::new();
    while let Ok(Some(piece)) = response.chunk().await {
        text.extend_from_slice(&piece);
        if text.len() as u64 > MAX_ANSWER {
            break;
        }
    }
    let kind = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Kind::Denied,
        StatusCode::TOO_MANY_REQUESTS => Kind::Network,
        status if status.is_server_error() => Kind::Network,
        _ => Kind::Unsupported,
    };
    let words = serde_json::from_slice::<serde_json::Value>(&text).ok();
    let words = words.and_then(|text| Some(text["errors"][0]["message"].as_str()?.to_owned()));
    let words = words.map(|words| format!(": {words}")).unwrap_or_default();
    Err(Error::new(kind, format!("the registry answered {status}{words}")))
}

/// Docker's words for a registry that wants other credentials.
fn denied(error: Error) -> Error {
    match error.kind() {
        Kind::Denied => Error::new(Kind::Denied, "denied: requested access to the resource is denied")
            .hint("docker login, or corten login, keeps credentials for the registry"),
        _ => error,
    }
}
