//! The log that callers read: lines in logrus' text or JSON form, in a file or on standard error.
//!
//! There is one log for the whole program, set up once by `main` from the command line. The last line of
//! level `error` is what containerd, podman and docker show as the reason of a failure.

use crate::error::{Error, Kind, Result};
use crate::timestamp;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// How the lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Format {
    /// `time="…" level=error msg="…"`
    #[default]
    Text,
    /// `{"level":"error","msg":"…","time":"…"}`
    Json,
}

impl Format {
    /// The format called `name` on the command line.
    ///
    /// # Errors
    /// When there is no such format.
    pub(crate) fn parse(name: &str) -> Result<Self> {
        match name {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(Error::new(Kind::Usage, format!("invalid log-format: {name}"))
                .hint("--log-format is text or json")),
        }
    }
}

/// Where the log goes, how it looks and how much it says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    /// The file to append to; standard error when absent.
    pub(crate) file: Option<PathBuf>,
    /// The form of the lines.
    pub(crate) format: Format,
    /// Whether debug lines are written.
    pub(crate) debug: bool,
}

struct Log {
    file: Option<File>,
    format: Format,
    debug: bool,
}

static LOG: OnceLock<Log> = OnceLock::new();

/// Opens the log; called once, before anything is worth logging.
///
/// # Errors
/// When the file cannot be opened for appending.
pub(crate) fn open(settings: &Settings) -> Result<()> {
    let file = settings.file.as_deref().map(open_file).transpose()?;
    // A second call would find the log open already: the first one wins.
    let _already_open = LOG.set(Log {
        file,
        format: settings.format,
        debug: settings.debug,
    });
    Ok(())
}

fn open_file(path: &Path) -> Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o644)
        .open(path)
        .map_err(|error| {
            Error::syscall(
                format!("open {}", path.display()),
                error.raw_os_error().unwrap_or(0),
            )
            .context("open the log")
            .hint("--log names a file in an existing directory that the caller may write to")
        })
}

/// Logs what helps to understand a run; only with `--debug`.
pub(crate) fn debug(message: &str) {
    if LOG.get().is_some_and(|log| log.debug) {
        write("debug", message, &[], Fallback::StandardError);
    }
}

/// Logs what went wrong without stopping the command.
pub(crate) fn warn(message: &str) {
    write("warning", message, &[], Fallback::StandardError);
}

/// Logs the reason of a failure, and what to do about it, into the log file; `main` prints both on standard
/// error itself.
pub(crate) fn error(message: &str, hints: &[String]) {
    write("error", message, hints, Fallback::Nowhere);
}

/// Where a line goes when no file was named.
#[derive(PartialEq, Eq)]
enum Fallback {
    StandardError,
    Nowhere,
}

/// A log that cannot be written must not fail the command: such errors are dropped.
fn write(level: &str, message: &str, hints: &[String], fallback: Fallback) {
    let format = LOG.get().map_or(Format::Text, |log| log.format);
    let line = render(format, level, message, hints, &timestamp::now_in_seconds());
    match LOG.get().and_then(|log| log.file.as_ref()) {
        Some(mut file) => drop(file.write_all(line.as_bytes())),
        None if fallback == Fallback::StandardError => {
            drop(std::io::stderr().write_all(line.as_bytes()));
        }
        None => {}
    }
}

/// One line with its line end, as logrus writes it; hints are a further field.
fn render(format: Format, level: &str, message: &str, hints: &[String], time: &str) -> String {
    let quoted = serde_json::Value::from(message).to_string();
    let hints = match (hints, format) {
        ([], _) => String::new(),
        (hints, Format::Text) => format!(" hints={:?}", hints.join("; ")),
        (hints, Format::Json) => format!(",\"hints\":{}", serde_json::Value::from(hints)),
    };
    match format {
        Format::Text => format!(
            "time=\"{time}\" level={level} msg={}{hints}\n",
            quote_if_needed(message, quoted)
        ),
        Format::Json => {
            format!("{{\"level\":\"{level}\",\"msg\":{quoted}{hints},\"time\":\"{time}\"}}\n")
        }
    }
}

/// Logrus leaves words of plain characters unquoted.
fn quote_if_needed(message: &str, quoted: String) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._/@^+".contains(c);
    if !message.is_empty() && message.chars().all(plain) {
        message.to_owned()
    } else {
        quoted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: &str = "2026-11-21T02:21:28Z";

    #[test]
    fn text_lines_are_logrus_lines() {
        assert_eq!(
            render(
                Format::Text,
                "error",
                "container \"x\" does not exist",
                &["look".into(), "think".into()],
                TIME
            ),
            "time=\"2026-11-21T02:21:28Z\" level=error msg=\"container \\\"x\\\" does not exist\" hints=\"look; think\"\n"
        );
        assert_eq!(
            render(Format::Text, "debug", "done", &[], TIME),
            "time=\"2026-11-21T02:21:28Z\" level=debug msg=done\n"
        );
    }

    #[test]
    fn json_lines_are_one_object_each() {
        assert_eq!(
            render(Format::Json, "error", "a\nb \"c\"", &[], TIME),
            "{\"level\":\"error\",\"msg\":\"a\\nb \\\"c\\\"\",\"time\":\"2026-11-21T02:21:28Z\"}\n"
        );
        assert_eq!(
            render(Format::Json, "error", "no", &["\"look\"".into()], TIME),
            "{\"level\":\"error\",\"msg\":\"no\",\"hints\":[\"\\\"look\\\"\"],\"time\":\"2026-11-21T02:21:28Z\"}\n"
        );
    }

    #[test]
    fn unknown_formats_are_refused() {
        let error = Format::parse("xml").unwrap_err();
        assert_eq!(error.to_string(), "invalid log-format: xml");
    }
}
