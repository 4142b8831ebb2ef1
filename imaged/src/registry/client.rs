//! Talking HTTP to one repository: addresses, authentication, retries, and documents small enough for memory.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, RANGE, WWW_AUTHENTICATE};
use reqwest::{Method, Response, StatusCode, Url};

use super::Options;
use super::auth::{Challenge, TokenAnswer, docker_login};
use super::http::{broken, http_client, is_loopback, retry_after, tell};
use crate::assemble::wrong_digest;
use crate::error::{Context, Error, Kind, Result};
use crate::image::Reference;
use crate::log;
use crate::oci::manifest::read_json;
use crate::oci::{Descriptor, Digest, Document, media};
use crate::store::MAX_DOCUMENT;

/// The longest pause that a registry can make us take.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// A repository of a registry.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    reference: Reference,
    base: String,
    /// The value of the Authorization header, once the registry wanted one.
    authorization: Mutex<Option<String>>,
    pub(super) options: Options,
}

/// A manifest or an index as the registry has it.
pub(super) struct Fetched {
    pub(super) document: Document,
    pub(super) bytes: Vec<u8>,
    pub(super) digest: Digest,
}

impl Client {
    /// A client for the repository of `reference`. Makes no connection yet.
    pub(super) fn new(reference: &Reference, options: &Options) -> Result<Self> {
        let host = if reference.domain() == "docker.io" {
            "registry-1.docker.io"
        } else {
            reference.domain()
        };
        let is_plain = is_loopback(host);
        let scheme = if is_plain { "http" } else { "https" };
        Ok(Self {
            http: http_client(host, is_plain, options)?,
            reference: reference.clone(),
            base: format!("{scheme}://{host}/v2/{}", reference.path()),
            authorization: Mutex::new(None),
            options: options.clone(),
        })
    }

    /// The manifest or index under the reference's digest or tag.
    pub(super) async fn root_document(&self) -> Result<Fetched> {
        let name = match (self.reference.digest(), self.reference.tag()) {
            (Some(digest), _) => digest.to_string(),
            (None, tag) => tag.unwrap_or("latest").to_owned(),
        };
        let (announced, stated, bytes) = self.manifest(&name).await?;
        let digest = Digest::of(&bytes);
        if let Some(wanted) = self
            .reference
            .digest()
            .copied()
            .or(stated)
            .filter(|wanted| *wanted != digest)
        {
            return Err(wrong_digest("manifest", &wanted, &digest));
        }
        Ok(Fetched {
            document: Document::parse(&announced, &bytes)?,
            bytes,
            digest,
        })
    }

    /// The manifest that an index points at.
    pub(super) async fn described_document(&self, descriptor: &Descriptor) -> Result<Fetched> {
        let (announced, _, bytes) = self.manifest(&descriptor.digest.to_string()).await?;
        check_content(descriptor, &bytes, "manifest")?;
        if announced != descriptor.media_type {
            return Err(Error::new(
                Kind::Integrity,
                format!(
                    "the registry calls the manifest \"{announced}\", but the index calls it \"{}\"",
                    descriptor.media_type
                ),
            ));
        }
        Ok(Fetched {
            document: Document::parse(&announced, &bytes)?,
            bytes,
            digest: descriptor.digest,
        })
    }

    /// The bytes of a manifest, with the media type and the digest that the registry states.
    async fn manifest(&self, name: &str) -> Result<(String, Option<Digest>, Vec<u8>)> {
        let mut headers = HeaderMap::new();
        for accepted in media::ACCEPT {
            headers.append(ACCEPT, accepted.parse().map_err(|_| unsendable(accepted))?);
        }
        let url = format!("{}/manifests/{name}", self.base);
        self.with_retries(async || {
            let response = self.get(&url, &headers).await?;
            let header = |name: &str| {
                Some(
                    response
                        .headers()
                        .get(name)?
                        .to_str()
                        .ok()?
                        .split(';')
                        .next()?
                        .trim()
                        .to_owned(),
                )
            };
            let announced = header(CONTENT_TYPE.as_str());
            let stated = header("docker-content-digest").and_then(|digest| digest.parse().ok());
            let bytes = self.body(response, MAX_DOCUMENT, "manifest").await?;
            Ok((announced.unwrap_or_default(), stated, bytes))
        })
        .await
        .context(|| format!("get the manifest of {}", self.reference))
    }

    /// A blob that is small enough for memory, checked.
    pub(super) async fn small_blob(&self, descriptor: &Descriptor, what: &str) -> Result<Vec<u8>> {
        if descriptor.size > MAX_DOCUMENT {
            return Err(too_long(what, MAX_DOCUMENT));
        }
        let url = self.blob_url(&descriptor.digest);
        let bytes = self
            .with_retries(async || {
                let response = self.get(&url, &HeaderMap::new()).await?;
                self.body(response, descriptor.size, what).await
            })
            .await
            .context(|| format!("get the {what} of {}", self.reference))?;
        check_content(descriptor, &bytes, what)?;
        Ok(bytes)
    }

    fn blob_url(&self, digest: &Digest) -> String {
        format!("{}/blobs/{digest}", self.base)
    }

    /// Starts to download a blob from its byte `from` on.
    pub(super) async fn open_blob(&self, digest: &Digest, from: u64) -> Result<Response> {
        let mut headers = HeaderMap::new();
        if from > 0 {
            let range = format!("bytes={from}-");
            headers.insert(RANGE, range.parse().map_err(|_| unsendable(&range))?);
        }
        self.get(&self.blob_url(digest), &headers).await
    }

    /// One piece of a body; `None` at its end.
    pub(super) async fn piece(&self, response: &mut Response) -> Result<Option<bytes::Bytes>> {
        match tokio::time::timeout(self.options.stall, response.chunk()).await {
            Err(_) => Err(self.stalled()),
            Ok(Err(error)) => Err(broken(&error)),
            Ok(Ok(piece)) => Ok(piece),
        }
    }

    /// A whole body of at most `limit` bytes.
    async fn body(&self, mut response: Response, limit: u64, what: &str) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.piece(&mut response).await? {
            bytes.extend_from_slice(&piece);
            if bytes.len() as u64 > limit {
                return Err(too_long(what, limit));
            }
        }
        Ok(bytes)
    }

    /// Asks for something, with authentication if the registry wants it; an answer that is no success is an error.
    async fn get(&self, url: &str, headers: &HeaderMap) -> Result<Response> {
        let url = url.parse().map_err(|_| unsendable(url))?;
        let response = self
            .request(Method::GET, &url, headers, bytes::Bytes::new())
            .await?;
        self.successful(response)
    }

    /// Whether an address is the registry's own.
    fn is_ours(&self, url: &Url) -> bool {
        self.base
            .parse::<Url>()
            .is_ok_and(|base| base.origin() == url.origin())
    }

    /// An address below the repository's.
    pub(super) fn url(&self, relative: &str) -> Result<Url> {
        let url = format!("{}/{relative}", self.base);
        url.parse().map_err(|_| unsendable(&url))
    }

    /// Sends a request, with authentication if the registry wants it; the answer may be anything.
    pub(super) async fn request(
        &self,
        method: Method,
        url: &Url,
        headers: &HeaderMap,
        body: bytes::Bytes,
    ) -> Result<Response> {
        let send = || {
            let mut request = self
                .http
                .request(method.clone(), url.clone())
                .headers(headers.clone());
            if !matches!(method, Method::GET | Method::HEAD) {
                request = request.body(body.clone());
            }
            // An upload may go on at another host, whom our credentials do not concern.
            let authorization = self.authorization.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(value) = authorization.as_ref().filter(|_| self.is_ours(url)) {
                request = request.header(AUTHORIZATION, value);
            }
            drop(authorization);
            self.exchange(request)
        };
        let response = send().await?;
        if response.status() != StatusCode::UNAUTHORIZED || !self.is_ours(url) {
            return Ok(response);
        }
        self.authenticate(&response).await?;
        send().await
    }

    async fn exchange(&self, request: reqwest::RequestBuilder) -> Result<Response> {
        let request = request.build().map_err(|error| broken(&error))?;
        // What follows the path may be a secret: a signature, the state of an upload.
        let mut url = request.url().clone();
        url.set_query(None);
        let (asked, begun) = (format!("{} {url}", request.method()), Instant::now());
        let result = match tokio::time::timeout(self.options.stall, self.http.execute(request)).await {
            Err(_) => Err(self.stalled()),
            Ok(Err(error)) => Err(broken(&error)),
            Ok(Ok(response)) => Ok(response),
        };
        tell(&asked, &result, begun.elapsed());
        result
    }

    /// Does what the registry's 401 demands.
    async fn authenticate(&self, response: &Response) -> Result<()> {
        let challenges = response.headers().get_all(WWW_AUTHENTICATE);
        let challenge = challenges
            .iter()
            .find_map(|value| Challenge::parse(value.to_str().ok()?));
        let login = docker_login(self.reference.domain())?;
        log::debug(format_args!(
            "the registry wants credentials: {challenge:?}; docker's configuration has {}",
            if login.is_some() { "a login for it" } else { "none" }
        ));
        let value = match challenge {
            None => return Err(self.denied()),
            Some(Challenge::Basic) => format!("Basic {}", login.ok_or_else(|| self.denied())?),
            Some(Challenge::Bearer {
                realm,
                service,
                scope,
            }) => {
                format!("Bearer {}", self.token(&realm, service, scope, login).await?)
            }
        };
        *self.authorization.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        Ok(())
    }

    async fn token(
        &self,
        realm: &str,
        service: Option<String>,
        scope: Option<String>,
        login: Option<String>,
    ) -> Result<String> {
        let bad = || {
            Error::new(
                Kind::Invalid,
                format!("the registry names \"{realm}\" as its token server"),
            )
        };
        let mut url: Url = realm.parse().map_err(|_| bad())?;
        if url.scheme() != "https" && !url.host_str().is_some_and(is_loopback) {
            return Err(bad().hint("credentials are only sent over HTTPS"));
        }
        let scope = scope.unwrap_or_else(|| format!("repository:{}:pull", self.reference.path()));
        url.query_pairs_mut().append_pair("scope", &scope);
        if let Some(service) = service {
            url.query_pairs_mut().append_pair("service", &service);
        }
        let mut request = self.http.get(url);
        if let Some(login) = login {
            request = request.header(AUTHORIZATION, format!("Basic {login}"));
        }
        let response = self.successful(self.exchange(request).await?)?;
        let bytes = self.body(response, 1 << 20, "token").await?;
        read_json::<TokenAnswer>(&bytes, "token server's answer")?.token()
    }

    fn successful(&self, response: Response) -> Result<Response> {
        let status = response.status();
        match status {
            _ if status.is_success() => Ok(response),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(self.denied()),
            StatusCode::NOT_FOUND => Err(self.not_found()),
            _ => {
                let error = Error::new(Kind::Network, format!("the registry answered {status}"));
                let busy = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
                Err(match retry_after(response.headers()) {
                    _ if !busy => error.with_kind(Kind::Unsupported),
                    Some(pause) => error.with_retry_after(pause),
                    None => error,
                })
            }
        }
    }

    fn denied(&self) -> Error {
        let name = self.reference.familiar_name();
        Error::new(
            Kind::Denied,
            format!("pull access denied for {name}, repository does not exist or may require 'docker login'"),
        )
    }

    fn not_found(&self) -> Error {
        Error::new(
            Kind::NotFound,
            format!("{} not found: manifest unknown", self.reference),
        )
    }

    fn stalled(&self) -> Error {
        let seconds = self.options.stall.as_secs_f32();
        Error::new(
            Kind::Network,
            format!("the registry said nothing for {seconds} s"),
        )
    }

    /// Tries again what failed because of the network, with growing pauses.
    pub(super) async fn with_retries<T>(&self, attempt: impl AsyncFn() -> Result<T>) -> Result<T> {
        let mut failures = 0;
        loop {
            match attempt().await {
                Err(error) if error.kind() == Kind::Network && failures + 1 < self.options.attempts => {
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
pub(super) fn check_content(descriptor: &Descriptor, bytes: &[u8], what: &str) -> Result<()> {
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

fn too_long(what: &str, limit: u64) -> Error {
    Error::new(Kind::Limit, format!("the {what} is longer than {limit} bytes"))
}

fn unsendable(text: &str) -> Error {
    Error::new(Kind::Invalid, format!("\"{text}\" cannot be sent in a header"))
}
