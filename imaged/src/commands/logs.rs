//! `corten logs`.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::engine::{Containers, logs};
use crate::error::{Error, Kind, Result};
use crate::format::timestamp::Timestamp;
use crate::settings::Settings;

/// Show what a container wrote.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show what the log's options (tag, labels, env) let each line carry
    #[arg(long)]
    details: bool,
    /// Go on until the container ends
    #[arg(short, long)]
    follow: bool,
    /// Only what was written since then (RFC 3339, seconds, or a duration such as 10m)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only so many lines from the end
    #[arg(short = 'n', long, value_name = "LINES", default_value = "all")]
    tail: String,
    /// Show when each line was written
    #[arg(short, long)]
    timestamps: bool,
    /// Only what was written before then
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Name or id
    #[arg(value_name = "CONTAINER")]
    container: String,
}

/// Runs the verb: standard output and error are what the container's were.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let query = query(args)?;
    let containers = Containers::new(settings);
    let record = containers.find(&args.container)?;
    let mut streams = Streams::new();
    let mut show = |entry: &logs::Entry| {
        let mut record = Vec::new();
        if args.timestamps {
            record.extend_from_slice(format!("{} ", entry.time).as_bytes());
        }
        if args.details {
            record.extend_from_slice((entry.details() + " ").as_bytes());
        }
        record.extend_from_slice(&entry.text);
        // What is followed is wanted now; the rest goes out in large pieces.
        streams
            .write(entry.stream == "stderr", &record, args.follow)
            .map_err(|error| write_failed(&error))
    };
    logs::read(&containers, &record, &query, &mut show)?;
    streams.flush().map_err(|error| write_failed(&error))?;
    Ok(ExitCode::SUCCESS)
}

/// Standard output and error, which may be one file: what comes later is never written sooner.
struct Streams {
    stdout: io::BufWriter<io::StdoutLock<'static>>,
    stderr: io::BufWriter<io::StderrLock<'static>>,
    /// The last record went to standard error.
    to_stderr: bool,
}

impl Streams {
    fn new() -> Self {
        Self {
            stdout: io::BufWriter::new(io::stdout().lock()),
            stderr: io::BufWriter::new(io::stderr().lock()),
            to_stderr: false,
        }
    }

    fn write(&mut self, to_stderr: bool, record: &[u8], now: bool) -> io::Result<()> {
        if to_stderr != self.to_stderr {
            self.flush()?;
            self.to_stderr = to_stderr;
        }
        match to_stderr {
            true => self.stderr.write_all(record)?,
            false => self.stdout.write_all(record)?,
        }
        if now { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stdout.flush()?;
        self.stderr.flush()
    }
}

fn query(args: &Args) -> Result<logs::Query> {
    let now = Timestamp::now();
    let time = |name: &str, text: &Option<String>| match text {
        None => Ok(None),
        Some(text) => Timestamp::parse_loose(text, now).map(Some).ok_or_else(|| {
            Error::new(
                Kind::Usage,
                format!(
                    "invalid value for \"{name}\": failed to parse value as time or duration: \"{text}\""
                ),
            )
        }),
    };
    let tail = match args.tail.as_str() {
        "all" => None,
        // Docker takes any negative number for all.
        text if text
            .strip_prefix('-')
            .is_some_and(|digits| digits.parse::<u64>().is_ok()) =>
        {
            None
        }
        text => Some(text.parse().map_err(|_| {
            Error::new(
                Kind::Usage,
                format!("invalid value for \"tail\": {text} is neither a number nor 'all'"),
            )
        })?),
    };
    Ok(logs::Query {
        tail,
        since: time("since", &args.since)?,
        until: time("until", &args.until)?,
        follow: args.follow,
    })
}

/// The log cannot be shown any more.
pub(super) fn write_failed(error: &io::Error) -> Error {
    let kind = if error.kind() == io::ErrorKind::BrokenPipe {
        Kind::Closed
    } else {
        Kind::System
    };
    Error::io("write the log out", error).with_kind(kind)
}
