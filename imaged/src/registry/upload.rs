//! One blob on its way to a registry (distribution-spec, "Pushing blobs"): not sent when it is there, mounted when
//! another repository of the registry has it, and otherwise sent in chunks, from where a broken connection left off.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RANGE};
use reqwest::{Method, Response, StatusCode, Url};

use super::client::Client;
use super::connection::Connection;
use crate::error::{Context, Error, Kind, Result};
use crate::log;
use crate::oci::{Descriptor, Digest, media};

/// The most that is sent, and held in memory, at once.
const CHUNK: u64 = 16 << 20;

/// What a registry hashes, or moves to its store, in a second at least, before it answers for the whole blob.
const KEEPING: u64 = 16 << 20;
/// The longest that this is waited for.
const MAX_KEEPING: Duration = Duration::from_secs(3600);

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

/// The bytes of a blob: a part of a file.
#[derive(Debug)]
pub struct Content {
    /// The file.
    pub file: File,
    /// Where in it they begin.
    pub offset: u64,
}

/// One blob to be sent.
pub(super) struct Upload {
    pub(super) client: Arc<Client>,
    pub(super) descriptor: Descriptor,
    pub(super) content: Content,
    /// Another repository of the registry that may have it.
    pub(super) origin: Option<String>,
}

/// Where an upload goes on, and from which byte.
struct Place {
    url: Url,
    at: u64,
}

/// What a step of an upload led to.
enum Next {
    Step(Place),
    Done,
}

impl Upload {
    /// Lets the registry have the blob.
    pub(super) async fn run(self) -> Result<(Digest, Sent)> {
        let digest = self.descriptor.digest;
        let sent = self
            .ensure()
            .await
            .context(|| format!("push the blob {}", digest.short()))?;
        Ok((digest, sent))
    }

    fn connection(&self) -> &Connection {
        self.client.origin()
    }

    async fn ensure(&self) -> Result<Sent> {
        if media::is_foreign(&self.descriptor.media_type) {
            return Ok(Sent::Skipped);
        }
        if is_there(&self.client, &self.descriptor.digest).await? {
            return Ok(Sent::Exists);
        }
        match self.begin(self.origin.as_deref()).await? {
            Next::Done => Ok(Sent::Mounted(self.origin.clone().unwrap_or_default())),
            Next::Step(place) => self.send(place).await.map(|()| Sent::Pushed),
        }
    }

    /// Begins an upload, unless the registry takes the blob from another of its repositories.
    async fn begin(&self, origin: Option<&str>) -> Result<Next> {
        let mut url = self.connection().url("blobs/uploads/")?;
        if let Some(origin) = origin {
            url.query_pairs_mut()
                .append_pair("mount", &self.descriptor.digest.to_string())
                .append_pair("from", origin);
        }
        let begun = self.client.with_retries(async || {
            let good = [StatusCode::ACCEPTED, StatusCode::CREATED];
            self.ask(Method::POST, &url, &HeaderMap::new(), Bytes::new(), &good)
                .await
        });
        let begun = begun.await?;
        match (begun.status(), origin) {
            (StatusCode::CREATED, Some(_)) => Ok(Next::Done),
            _ => Ok(Next::Step(Place {
                url: location(&begun)?,
                at: 0,
            })),
        }
    }

    async fn ask(
        &self,
        method: Method,
        url: &Url,
        headers: &HeaderMap,
        body: Bytes,
        good: &[StatusCode],
    ) -> Result<Response> {
        let response = self.connection().request(method, url, headers, body).await?;
        self.connection()
            .expect(response, |status| good.contains(status))
            .await
    }

    /// Sends the bytes: small blobs with the closing request, others in chunks before it.
    async fn send(&self, mut place: Place) -> Result<()> {
        let (mut failures, mut farthest) = (0, 0);
        loop {
            match self.step(&place).await {
                Ok(Next::Done) => return Ok(()),
                Ok(Next::Step(next)) => (place, failures) = (next, 0),
                // The registry may have lost the upload, too.
                Err(error)
                    if matches!(error.kind(), Kind::Network | Kind::NotFound)
                        && failures + 1 < self.client.options.attempts
                        && !self.client.is_asked_too_much(&error) =>
                {
                    log::warn(format_args!("{error}: trying again"));
                    self.client.pause(failures, &error).await;
                    failures += 1;
                    farthest = place.at.max(farthest);
                    match self.recovered(place).await? {
                        Next::Done => return Ok(()),
                        Next::Step(next) => place = next,
                    }
                    // Only attempts that bring nothing count as failures.
                    if place.at > farthest {
                        failures = 0;
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends the next chunk, or the last with what closes the upload.
    async fn step(&self, place: &Place) -> Result<Next> {
        let left = self.descriptor.size - place.at;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        if left > CHUNK {
            let range = format!("{}-{}", place.at, place.at + CHUNK - 1);
            headers.insert(CONTENT_RANGE, header(&range)?);
            let piece = self.piece(place.at, CHUNK)?;
            let good = [StatusCode::ACCEPTED, StatusCode::NO_CONTENT];
            let response = self
                .ask(Method::PATCH, &place.url, &headers, piece, &good)
                .await?;
            return Ok(Next::Step(Place {
                url: location(&response)?,
                at: place.at + CHUNK,
            }));
        }
        let mut url = place.url.clone();
        url.query_pairs_mut()
            .append_pair("digest", &self.descriptor.digest.to_string());
        let piece = self.piece(place.at, left)?;
        let patience = closing(self.descriptor.size);
        let response = self
            .connection()
            .request_patiently(Method::PUT, &url, &headers, piece, patience)
            .await?;
        let good = [StatusCode::CREATED, StatusCode::NO_CONTENT];
        let good = |status: &StatusCode| good.contains(status);
        self.connection().expect(response, good).await?;
        Ok(Next::Done)
    }

    /// After a failure: all may have arrived, or a part of it; or the registry has forgotten the upload.
    async fn recovered(&self, place: Place) -> Result<Next> {
        if is_there(&self.client, &self.descriptor.digest).await? {
            return Ok(Next::Done);
        }
        match self.progress(&place.url).await {
            Ok(place) => Ok(Next::Step(place)),
            Err(error) if error.kind() == Kind::Network => Ok(Next::Step(place)),
            Err(_) => self.begin(None).await,
        }
    }

    /// Where to go on, according to the registry.
    async fn progress(&self, url: &Url) -> Result<Place> {
        let good = [StatusCode::NO_CONTENT, StatusCode::ACCEPTED];
        let response = self
            .ask(Method::GET, url, &HeaderMap::new(), Bytes::new(), &good)
            .await?;
        let end = response
            .headers()
            .get(RANGE)
            .and_then(|range| range.to_str().ok()?.rsplit_once('-')?.1.parse::<u64>().ok());
        // Nothing at all is written as 0-0 by some: that is sent again.
        let at = end
            .filter(|end| *end > 0 && *end < self.descriptor.size)
            .map_or(0, |end| end + 1);
        let url = location(&response)?;
        Ok(Place { url, at })
    }

    fn piece(&self, at: u64, length: u64) -> Result<Bytes> {
        let mut piece = vec![0; usize::try_from(length).unwrap_or_default()];
        self.content
            .file
            .read_exact_at(&mut piece, self.content.offset + at)
            .map_err(|error| Error::io("read the blob", &error))?;
        Ok(piece.into())
    }
}

/// Whether the registry has a blob, or takes it from its other repository `origin`; none when it has to be sent.
pub(super) async fn offer(client: &Client, digest: &Digest, origin: Option<&str>) -> Result<Option<Sent>> {
    if is_there(client, digest).await? {
        return Ok(Some(Sent::Exists));
    }
    let Some(origin) = origin else {
        return Ok(None);
    };
    let connection = client.origin();
    let mut url = connection.url("blobs/uploads/")?;
    url.query_pairs_mut()
        .append_pair("mount", &digest.to_string())
        .append_pair("from", origin);
    let response = connection
        .request(Method::POST, &url, &HeaderMap::new(), Bytes::new())
        .await?;
    if response.status() == StatusCode::CREATED {
        return Ok(Some(Sent::Mounted(origin.to_owned())));
    }
    if let Ok(begun) = location(&response) {
        // An upload was begun that nobody goes on with; whether its end is heard of does not matter.
        let _ = connection
            .request(Method::DELETE, &begun, &HeaderMap::new(), Bytes::new())
            .await;
    }
    Ok(None)
}

/// Whether the registry has a blob.
pub(super) async fn is_there(client: &Client, digest: &Digest) -> Result<bool> {
    let connection = client.origin();
    let url = connection.url(&format!("blobs/{digest}"))?;
    let asked = client.with_retries(async || {
        let response = connection
            .request(Method::HEAD, &url, &HeaderMap::new(), Bytes::new())
            .await?;
        let good = [StatusCode::OK, StatusCode::NOT_FOUND];
        connection.expect(response, |status| good.contains(status)).await
    });
    Ok(asked.await?.status() == StatusCode::OK)
}

/// Puts a manifest or an index under a tag or its digest.
pub(super) async fn put_manifest(client: &Client, name: &str, media_type: &str, bytes: Bytes) -> Result<()> {
    let connection = client.origin();
    let url = connection.url(&format!("manifests/{name}"))?;
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, header(media_type)?);
    client
        .with_retries(async || {
            let response = connection
                .request(Method::PUT, &url, &headers, bytes.clone())
                .await?;
            connection.expect(response, StatusCode::is_success).await
        })
        .await
        .map(drop)
        .context(|| format!("push the manifest {name}"))
}

/// How much longer than others the answer may take that ends the upload of so many bytes.
fn closing(size: u64) -> Duration {
    Duration::from_secs(size / KEEPING).min(MAX_KEEPING)
}

fn header(text: &str) -> Result<HeaderValue> {
    text.parse()
        .map_err(|_| Error::new(Kind::Invalid, format!("\"{text}\" cannot be sent in a header")))
}

/// Where the registry wants the next request, seen from where the last one arrived.
fn location(response: &Response) -> Result<Url> {
    let base = response.url();
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
