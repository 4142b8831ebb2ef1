//! Downloading a layer's blob, with as many connections as it takes, into a channel.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::header::CONTENT_RANGE;
use reqwest::{Response, StatusCode};
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::client::Client;
use super::connection::Connection;
use crate::assemble::{Piece, Source, wrong_digest};
use crate::error::{Context, Error, Kind, Result};
use crate::log;
use crate::oci::{Descriptor, Hasher};

/// Pieces of a download that may wait for the decompressor.
const WAITING: usize = 12;
/// How often a connection may break, progress or not.
const MAX_BREAKS: u32 = 100;

/// A registry as the source of an image's layers.
#[derive(Debug)]
pub(super) struct Downloads {
    client: Arc<Client>,
    /// None when all downloads were given up.
    runtime: Mutex<Option<Runtime>>,
}

impl Downloads {
    pub(super) fn new(client: Arc<Client>, runtime: Runtime) -> Self {
        let runtime = Mutex::new(Some(runtime));
        Self { client, runtime }
    }
}

impl Source for Downloads {
    fn fetch(&self, descriptor: &Descriptor, from: u64) -> Result<Receiver<Piece>> {
        let (sender, receiver) = channel(WAITING);
        match &*self.runtime.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(runtime) => {
                runtime.spawn(download(
                    Arc::clone(&self.client),
                    descriptor.clone(),
                    from,
                    sender,
                ));
                Ok(receiver)
            }
            None => Err(Error::new(Kind::Closed, "the download was given up")),
        }
    }

    fn file(&self, _descriptor: &Descriptor) -> Option<&Path> {
        None
    }

    fn distrust(&self, descriptor: &Descriptor) -> bool {
        self.client.distrust(&descriptor.digest)
    }

    fn abandon(&self) {
        let runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner).take();
        runtime.into_iter().for_each(Runtime::shutdown_background);
    }
}

/// Writes a whole blob to a file, and checks it; `failed` makes an error of a write's.
///
/// # Errors
/// `Network`, `Integrity`; what `failed` makes.
pub(super) fn receive(
    client: &Arc<Client>,
    runtime: &Runtime,
    descriptor: &Descriptor,
    file: &mut File,
    failed: impl Fn(&io::Error) -> Error,
) -> Result<()> {
    let (sender, mut arriving) = channel(WAITING);
    runtime.spawn(download(Arc::clone(client), descriptor.clone(), 0, sender));
    let mut hasher = Hasher::new();
    loop {
        match arriving.blocking_recv() {
            Some(Piece::Data(piece)) => {
                hasher.update(&piece);
                file.write_all(&piece).map_err(|error| failed(&error))?;
            }
            Some(Piece::Retrying) => {}
            Some(Piece::End) => break,
            Some(Piece::Failed(error)) => return Err(error),
            None => return Err(Error::new(Kind::Closed, "the download was given up")),
        }
    }
    match hasher.finish() {
        found if found == descriptor.digest => Ok(()),
        found => Err(wrong_digest("blob", &descriptor.digest, &found)),
    }
}

/// Sends the blob's bytes from `from` on, in order, each once, into `output`; then how it ended. Ends early when nobody
/// listens.
pub(super) async fn download(client: Arc<Client>, descriptor: Descriptor, from: u64, output: Sender<Piece>) {
    let mut download = Download {
        client: &client,
        descriptor: &descriptor,
        output: &output,
        sent: from,
    };
    let last = match download.run().await {
        Ok(()) => Piece::End,
        Err(error) => Piece::Failed(error),
    };
    // Nobody listens when the layer was given up.
    let _ = output.send(last).await;
}

struct Download<'a> {
    client: &'a Client,
    descriptor: &'a Descriptor,
    output: &'a Sender<Piece>,
    sent: u64,
}

impl Download<'_> {
    async fn run(&mut self) -> Result<()> {
        // All of it may be there from an earlier pull.
        if self.sent > 0 && self.sent == self.descriptor.size {
            return Ok(());
        }
        let (mut failures, mut breaks) = (0, 0);
        loop {
            let before = self.sent;
            let error = match self.connection().await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            // Only attempts that bring nothing count as failures.
            failures = if self.sent > before { 0 } else { failures + 1 };
            breaks += 1;
            let is_final = failures >= self.client.options.attempts
                || breaks > MAX_BREAKS
                || self.client.is_asked_too_much(&error);
            if error.kind() != Kind::Network || is_final || self.output.is_closed() {
                return Err(error).context(|| format!("get layer {}", self.descriptor.digest.short()));
            }
            log::debug(format_args!(
                "layer {}: {error}: trying again from byte {}",
                self.descriptor.digest.short(),
                self.sent
            ));
            self.send(Piece::Retrying).await?;
            self.client.pause(failures, &error).await;
        }
    }

    /// One connection: from where the last one broke, until this one ends.
    async fn connection(&mut self) -> Result<()> {
        let (response, from) = self.client.open_blob(&self.descriptor.digest, self.sent).await?;
        let client = self.client;
        self.receive(response, from).await.map_err(|error| {
            client.leave(from, &error);
            match error.kind() {
                // The registry itself may have it right.
                Kind::Integrity if from.host.is_mirror => {
                    from.give_up();
                    error.with_kind(Kind::Network)
                }
                _ => error,
            }
        })
    }

    async fn receive(&mut self, mut response: Response, from: &Connection) -> Result<()> {
        let mut skip = self.sent - start_of(&response, self.sent)?;
        while let Some(mut piece) = from.piece(&mut response).await? {
            if skip > 0 {
                let skipped = piece.split_to(piece.len().min(usize::try_from(skip).unwrap_or(usize::MAX)));
                skip -= skipped.len() as u64;
            }
            if self.sent + piece.len() as u64 > self.descriptor.size {
                return Err(self.wrong_size("more"));
            }
            self.sent += piece.len() as u64;
            if !piece.is_empty() {
                self.client.note_sender(&self.descriptor.digest, from);
                self.send(Piece::Data(piece)).await?;
            }
        }
        match self.sent == self.descriptor.size {
            true => Ok(()),
            // It may only have broken off in a way that HTTP does not show.
            false => Err(self.wrong_size("less").with_kind(Kind::Network)),
        }
    }

    fn wrong_size(&self, comparison: &str) -> Error {
        Error::new(
            Kind::Integrity,
            format!(
                "the registry sent {comparison} than the {} bytes that were promised",
                self.descriptor.size
            ),
        )
    }

    async fn send(&self, piece: Piece) -> Result<()> {
        let gone = |_| Error::new(Kind::Closed, "the layer was given up");
        self.output.send(piece).await.map_err(gone)
    }
}

/// The first byte that an answer has, when those from `wanted` on were asked for.
fn start_of(response: &Response, wanted: u64) -> Result<u64> {
    if response.status() != StatusCode::PARTIAL_CONTENT {
        return Ok(0);
    }
    let range = response
        .headers()
        .get(CONTENT_RANGE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let start = range
        .strip_prefix("bytes ")
        .and_then(|range| range.split('-').next()?.trim().parse().ok());
    match start {
        Some(start) if start == wanted => Ok(start),
        _ => Err(Error::new(
            Kind::Integrity,
            format!("the registry was asked for the bytes from {wanted} on, and sent \"{range}\""),
        )),
    }
}
