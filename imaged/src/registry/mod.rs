//! Registries: getting images from them and giving images to them (distribution-spec, "Pull" and "Push").

mod answer;
mod auth;
mod blob;
pub mod builtin;
mod certificates;
mod client;
mod connection;
pub mod credentials;
mod documents;
mod fetch;
mod http;
mod lists;
mod login;
mod members;
mod outgoing;
mod places;
mod pull;
mod push;
mod repository;
mod search;
mod signatures;
mod upload;

use std::time::Duration;

use crate::error::{Error, Kind, Result};
use crate::image::{Image, Reference};
use crate::layer::Limits;
use crate::log;
use crate::oci::{Digest, Platform};
use crate::store::Store;

pub use crate::assemble::{Progress, Silent, Step};
pub use documents::{Raw, document, documents, small_blob};
pub use fetch::{fetch, without_login};
pub use lists::tags;
pub use login::login;
pub use places::candidates;
pub use push::{Parcel, Pushed, Witness, push, remember};
pub use repository::{Repository, nameless};
pub use search::{Hit, search};
pub use signatures::{check_policy, verify};
pub use upload::{Content, Sent};

/// How to pull.
#[derive(Debug, Clone)]
pub struct Options {
    /// The platform wanted of an image that has several; `None` for this machine's.
    pub platform: Option<Platform>,
    /// Whether the images for all other platforms are kept, too, as blobs.
    pub all_platforms: bool,
    /// How often something is tried that makes no progress.
    pub attempts: u32,
    /// The pause before the second attempt; it doubles with each further one.
    pub back_off: Duration,
    /// How long a registry may say nothing.
    pub stall: Duration,
    /// How many layers are downloaded and unpacked at once.
    pub parallel: usize,
    /// What a layer may make this machine do.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            platform: None,
            all_platforms: false,
            attempts: 5,
            back_off: Duration::from_millis(500),
            stall: Duration::from_secs(30),
            parallel: 4,
            limits: Limits::default(),
        }
    }
}

/// An image that was pulled.
#[derive(Debug, Clone)]
pub struct Pulled {
    /// The image, complete in the store.
    pub image: Image,
    /// The digest that the registry keeps it under.
    pub digest: Digest,
    /// Whether the reference meant this very image before.
    pub was_current: bool,
}

/// Gets the image that the first of the references that exists means; says which that was.
///
/// # Errors
/// As [`pull`]; of several references that do not exist, the last one's.
pub fn pull_first(
    store: &Store,
    references: &[Reference],
    options: &Options,
    progress: &dyn Progress,
) -> Result<(Reference, Pulled)> {
    let mut references = references.iter().peekable();
    while let Some(reference) = references.next() {
        match pull(store, reference, options, progress) {
            Err(error)
                if references.peek().is_some() && matches!(error.kind(), Kind::NotFound | Kind::Denied) =>
            {
                log::debug(format_args!("{reference}: {error}: trying the next registry"));
            }
            pulled => return pulled.map(|pulled| (reference.clone(), pulled)),
        }
    }
    Err(Error::new(
        Kind::NotFound,
        "no registry is searched for names that say none",
    ))
}

/// Gets the image that `reference` means from its registry, and keeps it in the store under that name.
/// Blocks; safe to interrupt at any point; may run for the same image in several processes at once.
///
/// # Errors
/// `NotFound`, `Denied`, `Network`, `Integrity`, `Limit`, `Unsupported`; nothing of a failed pull is visible.
pub fn pull(
    store: &Store,
    reference: &Reference,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Pulled> {
    // What dead processes left takes space that this pull may need.
    store.reclaim()?;
    match builtin::is_meant(reference) {
        true => builtin::install(store, reference, progress),
        false => pull::pull(store, reference, options, progress),
    }
}

/// Whether a `WWW-Authenticate` header of this text is understood; for the fuzzer, which has no registry.
#[doc(hidden)]
pub fn reads_challenge(header: &str) -> bool {
    auth::Challenge::parse(header).is_some()
}
