//! A request on its way: what goes along to whom, where it is sent on to, and how its body is seen to move.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{self, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Method, Response, StatusCode, Url};
use tokio::sync::Notify;

use crate::error::{Error, Kind, Result};

/// How often a request may be sent on.
pub(super) const MAX_REDIRECTS: u32 = 10;
/// The pieces in which a body is given to the connection.
const PIECE: usize = 64 << 10;
/// What may wait in the kernel's buffers, where nobody sees it move.
const BUFFERED: u64 = 4 << 20;
/// The slowest way to a registry that is waited for, in bytes a second.
const SLOWEST: u64 = 32 << 10;

/// A request, as it may have to be sent several times.
#[derive(Debug, Clone)]
pub(super) struct Outgoing {
    pub(super) method: Method,
    pub(super) url: Url,
    /// What everybody may read whom the request is sent on to.
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// What only the origin of `home` may read.
    pub(super) private: HeaderMap,
    pub(super) home: Url,
    /// Whether the body is for `home` alone, too.
    pub(super) is_body_private: bool,
    /// How much longer than others the answer may take.
    pub(super) patience: Duration,
}

impl Outgoing {
    /// A request without a body, and without secrets.
    pub(super) fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            home: url.clone(),
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            private: HeaderMap::new(),
            is_body_private: false,
            patience: Duration::ZERO,
        }
    }

    /// Makes it one that brings a form with secrets in it.
    pub(super) fn with_secret_form(mut self, form: String) -> Self {
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        self.method = Method::POST;
        self.headers.insert(CONTENT_TYPE, kind);
        self.body = form.into();
        self.is_body_private = true;
        self
    }

    /// Whether it goes to whom our secrets are for.
    fn is_home(&self) -> bool {
        self.url.origin() == self.home.origin()
    }

    /// The request for this client, and what shows how its body moves.
    pub(super) fn build(&self, client: &reqwest::Client) -> (reqwest::RequestBuilder, Arc<Taken>) {
        let taken = Arc::new(Taken::default());
        let mut request = client
            .request(self.method.clone(), self.url.clone())
            .headers(self.headers.clone());
        if self.is_home() {
            request = request.headers(self.private.clone());
        }
        if !self.body.is_empty() {
            request = request.body(reqwest::Body::wrap(Moving {
                left: self.body.clone(),
                taken: Arc::clone(&taken),
            }));
        } else if !matches!(self.method, Method::GET | Method::HEAD) {
            request = request.body(Bytes::new());
        }
        (request, taken)
    }

    /// How long nothing may happen after so much of the body was taken, where `stall` is borne of an idle connection.
    pub(super) fn limit(&self, stall: Duration, taken: &Taken) -> Duration {
        let taken = taken.bytes.load(Ordering::Relaxed);
        let unseen = Duration::from_secs(taken.min(BUFFERED) / SLOWEST);
        match taken == self.body.len() as u64 {
            true => stall + unseen + self.patience,
            false => stall + unseen,
        }
    }

    /// Where the answer sends this on to (RFC 9110, 15.4); none if it is the answer.
    ///
    /// # Errors
    /// `Unsupported` for where it must not go: from HTTPS to plain HTTP, or with a secret body elsewhere.
    pub(super) fn sent_on(&self, response: &Response) -> Result<Option<Self>> {
        let status = response.status();
        let is_known = matches!(status.as_u16(), 301..=303 | 307 | 308);
        let place = response.headers().get(LOCATION).filter(|_| is_known);
        let Some(url) = place.and_then(|place| self.url.join(place.to_str().ok()?).ok()) else {
            return Ok(None);
        };
        let refused = |why: &str| Err(Error::new(Kind::Unsupported, why));
        let mut next = Self { url, ..self.clone() };
        if becomes_get(&self.method, status) {
            next.method = Method::GET;
            next.body = Bytes::new();
            next.headers.remove(CONTENT_TYPE);
        }
        match (self.url.scheme(), next.url.scheme()) {
            ("https", "http") => refused("redirected from HTTPS to plain HTTP"),
            (_, "http" | "https") if next.is_home() => Ok(Some(next)),
            (_, "http" | "https") if next.is_body_private && !next.body.is_empty() => {
                refused("redirected elsewhere with a secret")
            }
            (_, "http" | "https") => Ok(Some(next)),
            (_, other) => refused(&format!("redirected to an address of \"{other}\"")),
        }
    }
}

/// Whether who follows asks only for what is there, as all browsers do.
fn becomes_get(method: &Method, status: StatusCode) -> bool {
    match status {
        StatusCode::SEE_OTHER => *method != Method::HEAD,
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => *method == Method::POST,
        _ => false,
    }
}

/// How much of a body the connection has taken.
#[derive(Debug, Default)]
pub(super) struct Taken {
    bytes: AtomicU64,
    /// Told whenever more was taken.
    pub(super) more: Notify,
}

/// A body that tells how much of it was taken.
struct Moving {
    left: Bytes,
    taken: Arc<Taken>,
}

impl Body for Moving {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut task::Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, Infallible>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.left.len().min(PIECE);
        let piece = self.left.split_to(length);
        self.taken.bytes.fetch_add(length as u64, Ordering::Relaxed);
        self.taken.more.notify_one();
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_patience_for_what_cannot_be_seen_to_move() {
        let stall = Duration::from_secs(30);
        let mut request = Outgoing::get("https://r.example/v2/".parse().unwrap());
        let taken = Taken::default();
        request.patience = Duration::from_secs(7);
        assert_eq!(request.limit(stall, &taken), Duration::from_secs(37));
        request.body = vec![0; 16 << 20].into();
        assert_eq!(request.limit(stall, &taken), stall);
        taken.bytes.store(1 << 20, Ordering::Relaxed);
        assert_eq!(request.limit(stall, &taken), Duration::from_secs(62));
        taken.bytes.store(16 << 20, Ordering::Relaxed);
        assert_eq!(request.limit(stall, &taken), Duration::from_secs(30 + 128 + 7));
    }
}
