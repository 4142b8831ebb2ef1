//! `-l`: where conmon's callers want the output kept.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::cli::Args;
use super::request::{absolute, usage};
use crate::error::Result;
use crate::stdio::log::file::Limits;
use crate::stdio::log::journald::Journald;
use crate::stdio::log::{self, Format, Partial};

/// Where the output goes besides the attach clients.
#[derive(Debug, PartialEq, Eq)]
pub enum Log {
    /// Nowhere.
    None,
    /// Directly to this program's own streams.
    Passthrough,
    /// To systemd's journal.
    Journald {
        /// Its socket.
        socket: PathBuf,
        /// What each record carries, `NAME=value`.
        fields: Vec<String>,
    },
    /// To a file.
    File {
        /// Its format.
        format: Format,
        /// Its path.
        path: PathBuf,
        /// How large it may become.
        limits: Limits,
        /// With so many bytes in all it ends.
        total: Option<u64>,
    },
}

/// Drivers that may stand without a path.
const NAMES: [&[u8]; 8] = [
    b"none",
    b"off",
    b"null",
    b"passthrough",
    b"journald",
    b"k8s-file",
    b"kubernetes-log-file",
    b"json-file",
];

impl Log {
    /// Several logs may be named; one of them may keep the output.
    ///
    /// # Errors
    /// A driver is not known, a file has no name, or several would keep the output.
    pub fn resolve(args: &Args, uuid: &str) -> Result<Self> {
        let mut found = Self::None;
        for typed in &args.log_path {
            let one = resolve_one(typed, args, uuid)?;
            match (&found, one) {
                (_, Self::None) => {}
                (Self::None, one) => found = one,
                _ => {
                    return Err(usage(
                        "only one of the logs may be a file, the journal or passthrough",
                    ));
                }
            }
        }
        if found == Self::Passthrough && args.terminal {
            return Err(usage(
                "cannot use a tty with passthrough logging mode to prevent attacks via TIOCSTI",
            ));
        }
        Ok(found)
    }

    /// Opens it, if it is one that is written here.
    ///
    /// # Errors
    /// The file cannot be opened, or nobody serves the journal.
    pub fn open(&self) -> Result<Option<log::Log>> {
        match self {
            Self::None | Self::Passthrough => Ok(None),
            Self::Journald { socket, fields } => {
                Journald::connect(socket, fields, None).map(|journal| Some(log::Log::journald(journal)))
            }
            Self::File {
                format,
                path,
                limits,
                total,
            } => {
                let mut log = log::open(path, *limits, *format, None)?;
                log.set_partial(Partial::AtOnce);
                if let Some(total) = total {
                    log.end_after(*total);
                }
                Ok(Some(log))
            }
        }
    }
}

fn resolve_one(typed: &OsStr, args: &Args, uuid: &str) -> Result<Log> {
    let bytes = typed.as_bytes();
    let (driver, path) = match bytes.iter().position(|byte| *byte == b':') {
        // A path, not a driver, whatever is in it.
        _ if bytes.starts_with(b"/") => (&b"k8s-file"[..], Some(bytes)),
        Some(colon) => (&bytes[..colon], Some(&bytes[colon + 1..])),
        None if NAMES.contains(&bytes) => (bytes, None),
        None => (&b"k8s-file"[..], Some(bytes)),
    };
    let path = path.filter(|path| !path.is_empty());
    let format = match driver {
        b"none" | b"off" | b"null" => return Ok(Log::None),
        b"passthrough" => return Ok(Log::Passthrough),
        b"journald" => {
            let socket = path.unwrap_or(b"/run/systemd/journal/socket");
            return Ok(Log::Journald {
                socket: absolute(Path::new(OsStr::from_bytes(socket)))?,
                fields: journal_fields(args, uuid),
            });
        }
        b"k8s-file" | b"kubernetes-log-file" => Format::Cri,
        b"json-file" => Format::Json,
        _ => {
            let shown = OsStr::from_bytes(driver).display();
            return Err(usage(format!("No such log driver {shown}"))
                .hint("there are k8s-file, json-file, journald, none and passthrough"));
        }
    };
    let path = path.ok_or_else(|| usage("log-path must not be empty"))?;
    // conmon's "no limit" is any number below 1.
    let limit = |size: Option<i64>| u64::try_from(size?).ok().filter(|size| *size > 0);
    Ok(Log::File {
        format,
        path: absolute(Path::new(OsStr::from_bytes(path)))?,
        limits: Limits {
            max_size: limit(args.log_size_max),
            max_files: match (args.log_rotate, args.log_max_files) {
                (true, None) => 2,
                // The newest is one more.
                (true, Some(files)) => files.saturating_add(1),
                (false, _) => 1,
            },
            compress: false,
        },
        total: limit(args.log_global_size_max),
    })
}

/// What `podman logs` and journalctl(1) find the records by.
fn journal_fields(args: &Args, uuid: &str) -> Vec<String> {
    // An id is ASCII.
    let short = &uuid[..uuid.len().min(12)];
    let (name, tag) = (args.name.as_deref(), args.log_tag.as_deref());
    let mut fields = vec![
        format!("CONTAINER_ID_FULL={uuid}"),
        format!("CONTAINER_ID={short}"),
    ];
    fields.extend(tag.map(|tag| format!("CONTAINER_TAG={tag}")));
    fields.extend(name.map(|name| format!("CONTAINER_NAME={name}")));
    fields.push(format!("SYSLOG_IDENTIFIER={}", tag.or(name).unwrap_or(short)));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn log(more: &[&str]) -> Result<Log> {
        let base = ["conmon", "-c", "abc"];
        let args = Args::try_parse_from(base.iter().chain(more)).expect("a line of conmon's");
        Log::resolve(&args, "0123456789abcdef")
    }

    #[test]
    fn logs_are_named_as_conmon_names_them() {
        let log = |typed: &str| log(&["-l", typed]);
        let file = |format, path: &str| Log::File {
            format,
            path: path.into(),
            limits: Limits {
                max_size: None,
                max_files: 1,
                compress: false,
            },
            total: None,
        };
        assert_eq!(log("/a:b").expect("a path"), file(Format::Cri, "/a:b"));
        assert_eq!(log("k8s-file:/a:b").expect("a path"), file(Format::Cri, "/a:b"));
        assert_eq!(log("json-file:/a").expect("a path"), file(Format::Json, "/a"));
        for none in ["none", "off", "null", "none:"] {
            assert_eq!(log(none).expect("no log"), Log::None);
        }
        assert_eq!(log("passthrough").expect("no log"), Log::Passthrough);
        for wrong in ["k8s-file", "k8s-file:", "syslog:/x"] {
            assert!(log(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn one_log_keeps_the_output() {
        assert!(log(&["-l", "passthrough", "-t"]).is_err());
        assert!(log(&["-l", "/a", "-l", "/b"]).is_err());
        assert!(log(&["-l", "/a", "-l", "journald"]).is_err());
        assert!(log(&["-l", "none", "-l", "journald"]).is_ok());
    }

    #[test]
    fn rotation_keeps_so_many_beside_the_newest() {
        let limits = |more: &[&str]| {
            let line: Vec<&str> = ["-l", "/a", "--log-size-max", "10"]
                .iter()
                .chain(more)
                .copied()
                .collect();
            match log(&line).expect("valid") {
                Log::File { limits, .. } => limits,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!((limits(&[]).max_size, limits(&[]).max_files), (Some(10), 1));
        assert_eq!(limits(&["--log-size-max=-1"]).max_size, None);
        assert_eq!(limits(&["--log-rotate", "--log-max-files=3"]).max_files, 4);
    }

    #[test]
    fn the_whole_log_may_have_a_limit() {
        let total = |size: &str| match log(&["-l", "/a", "--log-global-size-max", size]).expect("valid") {
            Log::File { total, .. } => total,
            other => panic!("{other:?}"),
        };
        assert_eq!(total("16777216"), Some(16_777_216), "CRI-O's, with every exec");
        assert_eq!((total("0"), total("-1")), (None, None));
    }

    #[test]
    fn records_in_the_journal_are_found_by_the_containers_names() {
        let fields = |more: &[&str]| match log(&[&["-l", "journald"], more].concat()).expect("valid") {
            Log::Journald { socket, fields } => {
                assert_eq!(socket, Path::new("/run/systemd/journal/socket"));
                fields.join(" ")
            }
            other => panic!("{other:?}"),
        };
        let ids = "CONTAINER_ID_FULL=0123456789abcdef CONTAINER_ID=0123456789ab";
        assert_eq!(fields(&[]), format!("{ids} SYSLOG_IDENTIFIER=0123456789ab"));
        assert_eq!(
            fields(&["-n", "web"]),
            format!("{ids} CONTAINER_NAME=web SYSLOG_IDENTIFIER=web")
        );
        assert_eq!(
            fields(&["-n", "web", "--log-tag", "t"]),
            format!("{ids} CONTAINER_TAG=t CONTAINER_NAME=web SYSLOG_IDENTIFIER=t")
        );
    }
}
