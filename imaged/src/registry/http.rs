//! HTTP and HTTPS connections: to whom which is spoken, who is trusted, what a failed connection means.

use std::io;
use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::{Response, Url, redirect};

pub(super) use super::certificates::Trust;
use crate::error::{Error, Kind, Result};
use crate::log;

/// Tells of a request, and of how and by whom it was answered.
pub(super) fn tell(asked: &str, result: &Result<Response>, took: Duration) {
    let took = took.as_millis();
    match result {
        Ok(response) => log::debug(format_args!(
            "{asked}: {} from {} in {took} ms",
            response.status(),
            response.url().host_str().unwrap_or_default()
        )),
        Err(error) => log::debug(format_args!("{asked}: failed after {took} ms: {error}")),
    }
}

/// The clients for one host and for those that it sends to: token servers, stores of blobs. Reading the system's
/// certificates is saved where nothing is encrypted; what runs on this machine is not reached through a proxy.
#[derive(Debug)]
pub(super) struct Clients {
    trust: Trust,
    stall: Duration,
    /// By whether they encrypt, and whether they are for this machine; made when they are wanted.
    made: [[OnceLock<reqwest::Client>; 2]; 2],
}

impl Clients {
    /// Those for the host at `root`, of whom the first is made at once: its files may be no good.
    pub(super) fn new(root: &Url, trust: &Trust, stall: Duration) -> Result<Self> {
        let clients = Self {
            trust: trust.clone(),
            stall,
            made: Default::default(),
        };
        clients.of(root).map(drop)?;
        Ok(clients)
    }

    /// The one for an address.
    pub(super) fn of(&self, url: &Url) -> Result<&reqwest::Client> {
        let is_encrypted = url.scheme() != "http";
        let is_near = url.host_str().is_some_and(is_loopback);
        let place = &self.made[usize::from(is_encrypted)][usize::from(is_near)];
        match place.get() {
            Some(client) => Ok(client),
            None => {
                let client = http_client(is_encrypted, is_near, &self.trust, self.stall)?;
                Ok(place.get_or_init(|| client))
            }
        }
    }
}

fn http_client(is_encrypted: bool, is_near: bool, trust: &Trust, stall: Duration) -> Result<reqwest::Client> {
    // Fails only when another thread was faster, with the same provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("corten/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(stall)
        .redirect(redirect::Policy::none());
    if is_near {
        builder = builder.no_proxy();
    }
    builder = match (is_encrypted, trust.is_blind) {
        (false, _) => builder.tls_certs_only([]),
        (true, true) => builder.tls_danger_accept_invalid_certs(true),
        (true, false) => builder.tls_certs_merge(trust.certificates()?),
    };
    if let Some(identity) = trust.identity()? {
        builder = builder.identity(identity);
    }
    builder.build().map_err(|error| {
        Error::new(
            Kind::System,
            format!("prepare the HTTP client: {}", words(&error)),
        )
        .hint("HTTPS needs certificates: install ca-certificates, or name a bundle with SSL_CERT_FILE")
    })
}

/// Whether a host, with or without a port, is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A connection that could not be made, or broke.
pub(super) fn broken(error: &reqwest::Error) -> Error {
    let broken = Error::new(Kind::Network, words(error));
    match tls_error(error) {
        Some(rustls::Error::InvalidCertificate(_)) => broken.with_kind(Kind::Denied).hint(
            "the registry's certificate is not trusted: put its authority's into \
             /etc/docker/certs.d/HOST[:PORT]/ca.crt, or name a bundle with SSL_CERT_FILE",
        ),
        Some(rustls::Error::AlertReceived(_)) => broken.with_kind(Kind::Denied).hint(
            "the registry may want a certificate of ours: put it and its key into \
             /etc/docker/certs.d/HOST[:PORT]/client.cert and client.key",
        ),
        Some(rustls::Error::InvalidMessage(_)) => broken
            .with_kind(Kind::Unsupported)
            .hint(
                "does the registry speak HTTPS? Plain HTTP is spoken to registries on this machine only, and to \
                 those that registries.conf calls insecure",
            ),
        _ if error.is_connect() => broken.hint(
            "the registry was not reached: check its name (no name means docker.io), the network and HTTPS_PROXY",
        ),
        _ => broken,
    }
}

/// The error with its causes, as far as they say more.
fn words(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    for cause in causes(error) {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
    }
    text
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(std::error::Error::source(error), |cause| cause.source())
}

/// What was wrong with the encryption, if that was it. It comes as an I/O error, or as one in another.
fn tls_error(error: &reqwest::Error) -> Option<&rustls::Error> {
    let mut inner = causes(error).find_map(|cause| cause.downcast_ref::<io::Error>()?.get_ref());
    while let Some(error) = inner {
        match error.downcast_ref::<io::Error>() {
            Some(outer) => inner = outer.get_ref(),
            None => return error.downcast_ref(),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_spoken_to_without_tls() {
        for host in [
            "localhost",
            "localhost:5000",
            "127.0.0.1",
            "127.9.9.9:80",
            "[::1]:5000",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "localhost.example.com",
            "127.0.0.1.example.com",
            "10.0.0.1",
            "[::2]:5000",
            "docker.io",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
