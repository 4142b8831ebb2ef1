//! What a person sees of a pull: bars on a terminal, a line for each step elsewhere, in docker's words.

use std::collections::HashMap;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::image::Reference;
use crate::log;
use crate::oci::Digest;
use crate::registry::{Progress, Step};
use crate::sys::terminal;

/// Where to show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// For `pull`, whose output it is.
    Stdout,
    /// For verbs that have other output.
    Stderr,
}

/// Shows the steps of a pull.
pub(crate) struct Display {
    stream: Stream,
    /// On a terminal only.
    bars: Option<MultiProgress>,
    layers: Mutex<HashMap<Digest, ProgressBar>>,
}

impl Display {
    /// A display on this stream, with bars if it is a terminal.
    pub(crate) fn new(stream: Stream) -> Self {
        let (is_terminal, target) = match stream {
            Stream::Stdout => (io::stdout().is_terminal(), ProgressDrawTarget::stdout()),
            Stream::Stderr => (io::stderr().is_terminal(), ProgressDrawTarget::stderr()),
        };
        // Bars and lines about each step would write over each other.
        let bars = (is_terminal && !log::is_debug()).then(|| MultiProgress::with_draw_target(target));
        Self {
            stream,
            bars,
            layers: Mutex::new(HashMap::new()),
        }
    }

    fn line(&self, text: &str) {
        // A reader that went away is reported with the last line, whose writing can fail.
        let _ = match (&self.bars, self.stream) {
            (Some(bars), _) => bars.println(text),
            (None, Stream::Stdout) => writeln!(io::stdout(), "{text}"),
            (None, Stream::Stderr) => writeln!(io::stderr(), "{text}"),
        };
    }

    /// One bar of the terminal for each layer.
    fn update(&self, bars: &MultiProgress, blob: &Digest, step: Step) {
        let mut layers = self.layers.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = layers.entry(*blob).or_insert_with(|| {
            let bar = ProgressBar::new(0)
                .with_style(text_style())
                .with_prefix(blob.short())
                .with_message("Pulling fs layer");
            bars.add(bar)
        });
        match step {
            Step::Waiting(size) => bar.set_length(size),
            Step::Progress(bytes) => {
                if bar.position() == 0 {
                    bar.set_style(bar_style(terminal::size().map_or(80, |(_, columns)| columns)));
                }
                bar.set_message("Downloading");
                bar.set_position(bytes);
            }
            Step::Retrying => bar.set_message("Retrying"),
            Step::Downloaded => {
                bar.set_style(text_style());
                bar.set_message("Download complete");
            }
            Step::Present => settle(bars, bar, "Already exists"),
            Step::Complete => settle(bars, bar, "Pull complete"),
        }
    }
}

/// What is done moves up into the terminal's history: only what goes on needs room on the screen.
fn settle(bars: &MultiProgress, bar: &ProgressBar, message: &str) {
    let _ = bars.println(format!("{}: {message}", bar.prefix()));
    bar.finish_and_clear();
    bars.remove(bar);
}

fn text_style() -> ProgressStyle {
    style("{prefix}: {msg}")
}

/// A bar in the room that name, step and bytes leave on a line; on a narrow terminal the share alone.
fn bar_style(columns: u16) -> ProgressStyle {
    match columns.saturating_sub(49).min(50) {
        room @ 10.. => style(&format!(
            "{{prefix}}: {{msg}} [{{bar:{room}}}] {{decimal_bytes:>9}}/{{decimal_total_bytes}}"
        )),
        _ => style("{prefix}: {msg} {percent:>3}%"),
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).map_or_else(
        |_| ProgressStyle::default_bar(),
        |style| style.progress_chars("=> "),
    )
}

impl Progress for Display {
    fn begin(&self, reference: &Reference) {
        let name = match (reference.tag(), reference.digest()) {
            (Some(tag), _) => tag.to_owned(),
            (None, digest) => digest.map(ToString::to_string).unwrap_or_default(),
        };
        let path = if reference.domain() == "docker.io" {
            reference.path()
        } else {
            &reference.repository()
        };
        self.line(&format!("{name}: Pulling from {path}"));
    }

    fn layer(&self, blob: &Digest, step: Step) {
        if let Some(bars) = &self.bars {
            return self.update(bars, blob, step);
        }
        let text = match step {
            Step::Waiting(_) => "Pulling fs layer",
            Step::Present => "Already exists",
            Step::Retrying => "Retrying",
            Step::Downloaded => "Download complete",
            Step::Complete => "Pull complete",
            Step::Progress(_) => return,
        };
        self.line(&format!("{}: {text}", blob.short()));
    }
}
