//! Trying a login at its registry, before it is kept.

use super::answer::Action;
use super::connection::Connection;
use super::credentials::Login;
use super::{Options, places, pull};
use crate::error::Result;
use crate::image::Reference;

/// Whether the registry accepts a login; returns what to keep: the login, or a token that was given in its place.
///
/// # Errors
/// `Denied` when it does not; `Network`, `Unsupported`.
pub fn login(domain: &str, login: &Login, options: &Options) -> Result<Login> {
    let connection = registry(domain, options)?.with_login(login.clone());
    pull::runtime()?.block_on(connection.try_login(login))
}

/// A connection to a registry as a whole.
pub(super) fn registry(domain: &str, options: &Options) -> Result<Connection> {
    // Any repository's registry is meant.
    let reference: Reference = format!("{domain}/x").parse()?;
    let hosts = places::of(&reference)?;
    let mut host = match hosts.into_iter().next_back() {
        Some(origin) => origin,
        None => places::origin(&reference)?,
    };
    host.path = String::new();
    Connection::new(host, String::new(), Action::Registry, Vec::new(), options.stall)
}
