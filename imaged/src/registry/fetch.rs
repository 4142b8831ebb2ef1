//! A file of any web server: what `import` takes from an address.

use std::io::{self, Read};
use std::time::Duration;

use bytes::{Buf, Bytes};
use reqwest::{Response, Url};
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::certificates::Trust;
use super::http::{Clients, broken};
use super::outgoing::{MAX_REDIRECTS, Outgoing};
use super::places::address;
use super::{Options, pull};
use crate::error::{Context, Error, Kind, Result};

/// What is at an address of HTTP or HTTPS, as it arrives. Private authorities are those of `certs.d`, as for registries.
///
/// # Errors
/// `Invalid` for what is no address, `Network` for a server that is not reached or answers otherwise than with a file.
pub fn fetch(text: &str, options: &Options) -> Result<impl Read + use<>> {
    let url = address(text)?;
    let host = match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (host, _) => host.unwrap_or_default().to_owned(),
    };
    let clients = Clients::new(&url, &Trust::of(&host)?, options.stall)?;
    let runtime = pull::runtime()?;
    let what = format!("get {}", without_login(text));
    let response = runtime.block_on(get(&clients, Outgoing::get(url), options.stall));
    Ok(Download {
        response: response.context(|| what.clone())?,
        what,
        runtime,
        stall: options.stall,
        piece: Bytes::new(),
        is_done: false,
    })
}

/// An address without the name and the password that may be in it; other text as it is.
pub fn without_login(text: &str) -> String {
    match text.parse::<Url>() {
        Ok(mut url) if url.has_host() && !(url.username().is_empty() && url.password().is_none()) => {
            // Both fail for addresses without a host alone.
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.into()
        }
        _ => text.to_owned(),
    }
}

async fn get(clients: &Clients, mut request: Outgoing, stall: Duration) -> Result<Response> {
    for _ in 0..=MAX_REDIRECTS {
        let (built, _) = request.build(clients.of(&request.url)?);
        let response = timeout(stall, built.send())
            .await
            .map_err(|_| silent(stall))?
            .map_err(|error| broken(&error))?;
        match request.sent_on(&response)? {
            Some(next) => request = next,
            None if response.status().is_success() => return Ok(response),
            None => {
                let kind = match response.status().as_u16() {
                    404 | 410 => Kind::NotFound,
                    401 | 403 => Kind::Denied,
                    _ => Kind::Network,
                };
                return Err(Error::new(
                    kind,
                    format!("the server answers {}", response.status()),
                ));
            }
        }
    }
    Err(Error::new(Kind::Unsupported, "too many redirections"))
}

fn silent(stall: Duration) -> Error {
    Error::new(
        Kind::Network,
        format!("the server said nothing for {} s", stall.as_secs()),
    )
}

/// A file on its way.
struct Download {
    /// For errors.
    what: String,
    runtime: Runtime,
    response: Response,
    stall: Duration,
    piece: Bytes,
    is_done: bool,
}

impl Download {
    fn next(&mut self) -> Result<Option<Bytes>> {
        let next = async { timeout(self.stall, self.response.chunk()).await };
        self.runtime
            .block_on(next)
            .map_err(|_| silent(self.stall))?
            .map_err(|error| broken(&error))
    }
}

impl Read for Download {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() && !self.is_done {
            match self
                .next()
                .context(|| self.what.clone())
                .map_err(io::Error::other)?
            {
                Some(piece) => self.piece = piece,
                None => self.is_done = true,
            }
        }
        let count = self.piece.len().min(buffer.len());
        self.piece.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_are_not_told() {
        for (text, told) in [
            ("https://me:secret@a.example/x.tar?y", "https://a.example/x.tar?y"),
            ("http://me@a.example:8080/x", "http://a.example:8080/x"),
            ("https://a.example/x", "https://a.example/x"),
            ("-", "-"),
            ("dir/file.tar", "dir/file.tar"),
        ] {
            assert_eq!(without_login(text), told);
        }
    }
}
